// What happens while a transmission runs, and the hand on its channel.

import { FINAL, transmitter } from "./api.js";
import { lateness } from "./delays.js";
import { h } from "./dom.js";
import { durationOf } from "./frames.js";
import { clock, count, db, percent, scientific, words } from "./wording.js";

const TWICE_MS = 3000;
const SETTLED_MS = 250; // a slider that rests that long is meant

export function live(id) {
  const stage = h("p", {});
  const bar = h("progress", { max: 1, value: 0, "aria-label": "progress of the transmission" });
  const made = h("progress", { max: 1, value: 0, "aria-label": "progress of the reconstruction", hidden: true });
  const figures = h("dl", { class: "figures" });
  const stop = h("button", { type: "button" }, "Cancel");
  const note = h("p", { class: "refusal", role: "alert", hidden: true });
  const air = channel(id);
  stop.addEventListener("click", async () => {
    stop.disabled = true;
    try {
      const { live: source } = await transmitter.cancel(id);
      if (!source) return;
      // a live one is whole where it ends; asked a second time, which a double click must not, nobody waits for that
      stop.textContent = "Break off";
      setTimeout(() => (stop.disabled = false), TWICE_MS);
    } catch (error) {
      note.textContent = error.message;
      note.hidden = false;
    }
  });
  const element = h("div", { class: "card" }, stage, bar, made, figures, air.element, note, h("p", {}, stop));

  function show(job, video) {
    const over = FINAL.has(job.state);
    const endless = Boolean(job.source.live);
    const far = endless ? `${clock(durationOf(job))} so far` : percent(job.progress);
    const ended = job.live?.ended ? `; ${job.live.ended}` : "";
    stage.textContent = over ? "sent; the receiver regenerates" : `${words(job.stage)}, ${far}${ended}`;
    bar.hidden = endless;
    bar.value = job.progress;
    stop.textContent = !endless ? "Cancel" : job.live?.ended ? "Break off" : "Stop";
    made.hidden = !video?.frames_expected;
    made.value = video?.progress ?? 0;
    stop.hidden = over;
    const shown = [
      ["SNR measured", db(video?.snr_db ?? job.snr_db)],
      ["symbols", count(Math.max(job.total_symbols ?? 0, video?.symbols_received ?? 0))],
      ["CBR", scientific(job.cbr)],
      ["keyframes", count(job.keyframes ?? 0)],
      ["blocks lost", count(video?.blocks_lost ?? 0)],
      ["frames made", count(video?.frames_written ?? 0)],
      ...lateness(job),
    ];
    figures.replaceChildren(...shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    air.follow(job);
  }
  return { element, show, leave: air.leave };
}

/** The SNR of this transmission's channel, to be moved while it runs. */
function channel(id) {
  const slider = h("input", { type: "range", id: "air", min: -10, max: 30, step: 0.5, disabled: true });
  const set = h("output", { for: "air" }, "–");
  const note = h("p", { class: "help" }, "It takes effect with the next burst; the noise stays that of the seed.");
  const element = h(
    "div",
    { class: "option air" },
    h("label", { for: "air" }, "SNR of the channel, now"),
    h("div", { class: "inputs" }, slider, set),
    note,
  );
  let timer = 0;
  let known = false;
  let asked = false;

  const tell = (conditions) => {
    slider.value = conditions.snr_db;
    set.textContent = `${db(conditions.snr_db)}, ${conditions.model}`;
  };
  slider.addEventListener("input", () => {
    set.textContent = db(Number(slider.value));
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        tell(await transmitter.changeChannel(id, { snr_db: Number(slider.value) }));
      } catch (error) {
        note.textContent = error.message;
      }
    }, SETTLED_MS);
  });

  async function follow(job) {
    element.hidden = FINAL.has(job.state);
    const onAir = job.state === "RUNNING" && Boolean(job.video_url);
    if (known || asked || !onAir) return;
    asked = true;
    try {
      tell(await transmitter.channel(id));
      known = true;
      slider.disabled = false;
    } catch (error) {
      if (error.status !== 409) note.textContent = error.message;
    }
    asked = false;
  }
  return { element, follow, leave: () => clearTimeout(timer) };
}

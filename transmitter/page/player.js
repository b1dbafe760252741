// Source and reconstruction over one another, in step, with a divider between them.

import { h } from "./dom.js";
import { clock } from "./wording.js";

const JUMP_S = 0.25; // further apart than that they are set together, below it one is slowed or hastened
const NOTES = {
  both: "",
  source: "The reconstruction stands beside the source once it is whole.",
  none: "There is no reconstruction.",
  reconstruction: "A live source is not kept; this is what the receiver made of it.",
};
const SPEEDS = [0.25, 0.5, 1];

/**
 * kind: "both", "source" as long as there is no reconstruction, "none" where none will come, "reconstruction"
 * where there is no source (sourceUrl is null then).
 * sounds: whether the reconstruction has sound.
 * onTime: told the time shown, seconds.
 */
export function player({ kind, sourceUrl, contentUrl, source, sounds, onTime }) {
  const before = sourceUrl ? video(sourceUrl, "the source") : null;
  const after = contentUrl ? video(contentUrl, "the reconstruction") : null;
  const leader = after ?? before;
  const frame_s = 1 / source.frame_rate;
  const state = { rate: 1, playing: false, ticking: 0, sourceFails: false };

  const note = h("p", { class: "dim" }, NOTES[kind]);
  const stage = h("div", { class: "stage" }, before, after);
  stage.style.setProperty("--aspect", aspect(source));
  const split = before && after ? divider(stage, after) : null;
  if (split) {
    stage.append(h("span", { class: "side left" }, "source"), h("span", { class: "side right" }, "reconstruction"));
  }

  const play = h("button", { type: "button", class: "play", "aria-label": "play" }, "▶");
  const time = h("span", { class: "time" }, clock(0));
  const back = h("button", { type: "button", "aria-label": "one frame back" }, "◂");
  const on = h("button", { type: "button", "aria-label": "one frame on" }, "▸");
  const speed = h(
    "select",
    { "aria-label": "speed" },
    SPEEDS.map((x) => h("option", { value: x }, `${x}×`)),
  );
  speed.value = 1;
  const heard = h(
    "select",
    { "aria-label": "sound" },
    h("option", { value: "" }, "no sound"),
    before ? h("option", { value: "before" }, "sound of the source") : null,
    sounds ? h("option", { value: "after" }, "sound of the reconstruction") : null,
  );
  const element = h(
    "div",
    { class: "player" },
    stage,
    h("div", { class: "controls" }, play, back, on, time, h("span", { class: "gap" }), speed, heard),
    note,
  );

  const followers = () => (split && !state.sourceFails ? [before] : []);
  const tell = () => {
    time.textContent = clock(leader.currentTime);
    onTime(leader.currentTime);
  };
  const tick = () => {
    for (const one of followers()) keepStep(one, leader, state.rate);
    tell();
    if (state.playing) state.ticking = requestAnimationFrame(tick);
  };
  const setPlaying = (playing) => {
    state.playing = playing;
    play.textContent = playing ? "❙❙" : "▶";
    play.setAttribute("aria-label", playing ? "pause" : "play");
    cancelAnimationFrame(state.ticking);
    if (playing) state.ticking = requestAnimationFrame(tick);
  };
  const toggle = () => {
    if (state.playing) {
      for (const one of [leader, ...followers()]) one.pause();
      return;
    }
    if (leader.ended) seek(0);
    leader.play().catch((error) => (note.textContent = `Your browser does not play it: ${error.message}`));
    for (const one of followers()) one.play().catch(() => {});
  };
  const seek = (seconds) => {
    const to = Math.max(0, Math.min(seconds, leader.duration || seconds));
    for (const one of [leader, ...followers()]) one.currentTime = to;
    tell();
  };
  const step = (frames) => {
    leader.pause();
    // the middle of a frame: at its edge a browser may show either
    seek((Math.floor(leader.currentTime / frame_s + 1e-3) + frames + 0.5) * frame_s);
  };

  leader.addEventListener("play", () => setPlaying(true));
  leader.addEventListener("pause", () => {
    setPlaying(false);
    for (const one of followers()) {
      one.pause();
      one.currentTime = leader.currentTime;
    }
  });
  leader.addEventListener("seeked", tell);
  before?.addEventListener("error", () => {
    state.sourceFails = true;
    before.hidden = true;
    split?.withdraw();
    stage.hidden = !after;
    note.textContent = `Your browser does not show the source (${source.codec}), or it is not kept any more.`;
  });
  after?.addEventListener("error", () => (note.textContent = "The receiver's video cannot be shown here."));
  play.addEventListener("click", toggle);
  stage.addEventListener("click", (event) => event.target.closest(".divider") ?? toggle());
  back.addEventListener("click", () => step(-1));
  on.addEventListener("click", () => step(1));
  speed.addEventListener("change", () => {
    state.rate = Number(speed.value);
    for (const one of [before, after].filter(Boolean)) one.playbackRate = state.rate;
  });
  heard.addEventListener("change", () => {
    if (before) before.muted = heard.value !== "before";
    if (after) after.muted = heard.value !== "after";
  });
  const leave = () => {
    cancelAnimationFrame(state.ticking);
    for (const one of [before, after].filter(Boolean)) {
      one.pause();
      one.removeAttribute("src");
      one.load(); // lets the connection go
    }
  };
  return { element, kind, seek, step, leave };
}

function video(src, name) {
  // asked for as a page, with an Origin: the receiver answers named pages and no others
  const element = h("video", { crossorigin: "anonymous", src, playsinline: true, preload: "auto", "aria-label": name });
  element.muted = true;
  return element;
}

/** Width to height as displayed. */
export function aspect({ width, height, pixel_aspect: pixel }) {
  const [across, down] = (pixel ?? "1:1").split(":").map(Number);
  return (width * across) / (height * down);
}

/** Brings `one` nearer to `leader` while both play. */
function keepStep(one, leader, rate) {
  const ahead = one.currentTime - leader.currentTime;
  if (one.readyState < 3 || one.seeking) return;
  if (one.paused && !one.ended && !leader.paused) one.play().catch(() => {});
  if (Math.abs(ahead) > JUMP_S) one.currentTime = leader.currentTime;
  else one.playbackRate = rate * (Math.abs(ahead) < 0.01 ? 1 : Math.max(0.7, Math.min(1.3, 1 - 2 * ahead)));
}

/** Left of it the source, right of it the reconstruction; a slider for keyboard and screen reader. */
function divider(stage, after) {
  const handle = h("div", {
    class: "divider",
    role: "slider",
    tabindex: 0,
    "aria-label": "divider between source and reconstruction, percent of the width",
    "aria-valuemin": 0,
    "aria-valuemax": 100,
  });
  let place = 50;
  const put = (percent) => {
    place = Math.max(0, Math.min(100, percent));
    handle.style.left = `${place}%`;
    after.style.clipPath = `inset(0 0 0 ${place}%)`;
    handle.setAttribute("aria-valuenow", Math.round(place));
  };
  const drag = (event) => {
    const box = stage.getBoundingClientRect();
    put((100 * (event.clientX - box.left)) / box.width);
  };
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
    handle.focus();
  });
  handle.addEventListener("pointermove", (event) => handle.hasPointerCapture(event.pointerId) && drag(event));
  handle.addEventListener("keydown", (event) => {
    const stride = event.shiftKey ? 10 : 2;
    const to = { ArrowLeft: place - stride, ArrowRight: place + stride, Home: 0, End: 100 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    put(to);
  });
  stage.append(handle);
  put(50);
  const withdraw = () => {
    put(0);
    handle.hidden = true;
    for (const label of stage.querySelectorAll(".side.left")) label.hidden = true;
  };
  return { withdraw };
}

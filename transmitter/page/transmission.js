// One transmission: while it runs its progress and its channel, then what went in beside what came out.

import { FINAL, VIDEO_FINAL, receiver, transmitter } from "./api.js";
import { compare } from "./compare.js";
import { constellation } from "./constellation.js";
import { announce, h } from "./dom.js";
import { frameTimes } from "./frames.js";
import { headline } from "./headline.js";
import { ledger } from "./ledger.js";
import { live } from "./live.js";
import { payload } from "./payload.js";
import { questions, taskAnswers } from "./questions.js";
import { recent } from "./recent.js";
import { timeline } from "./timeline.js";
import { state } from "./wording.js";

const LOOK_MS = 1500;

export function transmission(id) {
  const parts = Object.fromEntries(
    ["title", "running", "compare", "chart", "answers", "ledger", "received", "payload", "downloads"].map((name) => [
      name,
      h("section", {}),
    ]),
  );
  const view = {
    id,
    parts,
    gone: false,
    timer: 0,
    turn: 0,
    shown: {},
    stream: null,
    live: null,
    player: null,
    chart: null,
    questions: null,
  };
  view.element = h(
    "article",
    {},
    h("p", {}, h("a", { href: "#/" }, "← all transmissions")),
    parts.title,
    parts.running,
    parts.compare,
    parts.chart,
    parts.answers,
    h("div", { class: "columns" }, parts.ledger, parts.received),
    parts.payload,
    parts.downloads,
  );
  view.leave = () => {
    view.gone = true;
    clearTimeout(view.timer);
    view.stream?.close();
    view.player?.leave();
    view.chart?.leave();
    view.live?.leave();
    view.questions?.leave();
  };
  begin(view);
  return view;
}

async function begin(view) {
  try {
    view.job = await transmitter.get(view.id);
    await transmitter.grant(view.id);
  } catch (error) {
    view.parts.title.replaceChildren(h("p", { class: "refusal", role: "alert" }, error.message));
    return;
  }
  if (view.gone) return;
  if (view.job.source.live) view.parts.title.after(view.parts.compare); // on a phone the figures fill a screen
  if (!FINAL.has(view.job.state)) follow(view);
  await look(view);
}

function follow(view) {
  view.live = live(view.id);
  view.parts.running.replaceChildren(view.live.element);
  view.stream = transmitter.follow(view.id, (event) => {
    Object.assign(view.job, event);
    view.live.show(view.job, view.video);
    if (FINAL.has(event.state)) {
      view.stream.close(); // or the browser would ask again
      announce(`the transmission is ${state(event.state)}`);
      clearTimeout(view.timer);
      look(view);
    }
  });
}

/** Reads everything there is now, shows it, and does so again while anything can change. */
async function look(view) {
  const began = performance.now();
  const turn = (view.turn += 1);
  const found = await gather(view);
  if (view.gone || turn !== view.turn) return; // left, or overtaken by a newer look
  Object.assign(view, found);
  show(view);
  const over = FINAL.has(view.job.state) && (!view.video || VIDEO_FINAL.has(view.video.state));
  // a long video's documents take long to read: the pause grows with them
  const pause = LOOK_MS + 3 * (performance.now() - began);
  if (!over || found.unreachable) view.timer = setTimeout(() => look(view), pause);
}

async function gather(view) {
  const found = { refusal: "", unreachable: false };
  try {
    found.job = await transmitter.get(view.id);
    found.semantics = await transmitter.semantics(view.id);
    if (!found.job.video_url) return found;
    const from = receiver(found.job.video_url);
    found.receiver = from;
    found.video = await from.get();
    await from.grant();
    found.runs = await from.segments();
    found.captions = await from.captions();
    found.symbols = await from.constellation();
    found.asked = await from.questions();
    found.pictures = new Set((await from.keyframes()).map((keyframe) => keyframe.number));
  } catch (error) {
    found.unreachable = error.status === 0;
    // a transmission that has just begun, or failed, need not have a video
    if (error.status !== 404 || found.job?.state === "SUCCEEDED") found.refusal = error.message;
  }
  return found;
}

function show(view) {
  const { parts, job, semantics, video } = view;
  renew(view, "title", [job.state, job.total_symbols, job.cbr, job.error, view.refusal, video?.error], headline);
  view.live?.show(job, video);
  if (view.live && FINAL.has(job.state) && (!video || VIDEO_FINAL.has(video.state))) {
    view.live.leave();
    view.live = null;
    parts.running.replaceChildren();
  }
  view.times = frameTimes(job, semantics);
  compare(view);
  const endless = job.source.live && !FINAL.has(job.state);
  const told = semantics && endless ? recent(view) : view;
  if (semantics && !job.options.task) showTimeline(view, told);
  showAnswers(view);
  const counted = [job.symbols, job.bits, job.return_bytes, job.channel_changes, job.sound, job.delays, job.live, video?.sound];
  renew(view, "ledger", counted, () => ledger(job, video));
  renew(view, "received", [video?.bursts_received, video?.state], () => constellation(view.symbols, video));
  if (semantics && !job.options.task) {
    const entries = [
      endless,
      semantics.captions.length,
      semantics.keyframes.length,
      view.captions?.length,
      view.pictures?.size,
      job.sound,
    ];
    renew(view, "payload", entries, () => payload(told, seek(view), endless));
  }
  renew(view, "downloads", [video?.state], downloads);
}

/**
 * Makes a section anew, but only where what it shows has changed, and not under the hands of whoever is in it: as
 * long as the transmission goes on the next look will do.
 */
function renew(view, name, facts, make) {
  const key = JSON.stringify(facts);
  if (view.shown[name] === key) return;
  if (!FINAL.has(view.job.state) && view.parts[name].contains(document.activeElement)) return;
  view.shown[name] = key;
  view.parts[name].replaceChildren(...make(view));
}

const seek = (view) => (seconds) => view.player?.seek(seconds);

function showAnswers(view) {
  const { job, video, parts } = view;
  if (job.options.task) {
    renew(view, "answers", [video?.answers, video?.state], () => taskAnswers(job, video));
  } else if (video) {
    if (!view.questions) {
      view.questions = questions(!job.source.live);
      parts.answers.replaceChildren(view.questions.element);
    }
    view.questions.follow(view.receiver, view.asked ?? []);
  }
}

function showTimeline(view, told) {
  if (!view.chart) {
    view.chart = timeline(seek(view), (frames) => view.player?.step(frames));
    view.parts.chart.replaceChildren(view.chart.element);
  }
  view.chart.draw(told);
}

function downloads({ id, job, video, receiver: from }) {
  const link = (text, href, name) => h("li", {}, h("a", name ? { href, download: name } : { href }, text));
  const whole = video && VIDEO_FINAL.has(video.state) && video.frames_written > 0;
  return [
    h("h2", {}, "Downloads"),
    h(
      "ul",
      { class: "downloads" },
      whole ? link("Reconstruction, MP4", from.downloadUrl()) : null,
      job.source.live ? null : link("Source as uploaded", transmitter.sourceUrl(id), job.source.name || id),
      link("Transmission and ledger, JSON", transmitter.resourceUrl(id), `${id}.json`),
      link("Semantics, JSON", transmitter.semanticsUrl(id), `${id}-semantics.json`),
      from ? link("Where every frame comes from, JSON", from.segmentsUrl()) : null,
    ),
  ];
}

// Over time: how far each candidate's meaning had moved, where keyframes stand, what was said, what was lost.

import { h, s } from "./dom.js";
import { PROVENANCE, REASON, clock } from "./wording.js";

const PLOT = { top: 16, height: 104 };
const STRIP = { top: 128, height: 14 };
const WORDS = { top: 148, height: 20 };
const HEIGHT = 188;
const MOST_DOTS = 1500; // of candidates; above that the line alone, and those that became keyframes

/**
 * seek: takes seconds; step: takes frames, both of the player.
 */
export function timeline(seek, step) {
  const chart = s("svg", { class: "chart", role: "img", "aria-label": "scores, keyframes, provenance and captions" });
  const cursor = s("line", { class: "cursor", y1: 0, y2: WORDS.top + WORDS.height });
  const box = h("div", {
    class: "timeline",
    role: "slider",
    tabindex: 0,
    "aria-label": "position in the video, seconds",
    "aria-valuemin": 0,
    "aria-valuenow": 0,
  });
  const now = h("p", { class: "now" });
  const legend = h("p", { class: "legend" });
  const intro = h("p", { class: "dim" });
  const element = h("div", {}, h("h2", {}, "What was judged, sent and made"), intro, box, now, legend);
  box.append(chart);
  let view = null;
  let seconds = 0;

  const width = () => Math.max(280, box.clientWidth);
  const long = () => view.times.duration - view.times.begin;
  const x = (time) => (long() ? (width() * (time - view.times.begin)) / long() : 0);
  const at = (time) => {
    seconds = time;
    if (!view) return;
    // a live video plays on between two looks at what is known of it
    const shown = Math.max(view.times.begin, Math.min(time, view.times.duration));
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(shown));
    box.setAttribute("aria-valuenow", shown.toFixed(2));
    const said = description(view, shown);
    box.setAttribute("aria-valuetext", said);
    now.textContent = said;
  };
  const draw = (shown) => {
    view = { ...shown, said: spans(shown) };
    box.setAttribute("aria-valuemin", view.times.begin.toFixed(2));
    box.setAttribute("aria-valuemax", view.times.duration.toFixed(2));
    chart.setAttribute("viewBox", `0 0 ${width()} ${HEIGHT}`);
    chart.setAttribute("height", HEIGHT);
    const layers = [scores, keyframes, runs, captions, axis].map((layer) => layer(view, x, width()));
    chart.replaceChildren(...layers, cursor);
    legend.replaceChildren(...explain(view));
    intro.textContent = introduction(view);
    at(seconds);
  };
  const point = (event) => {
    const { left, width: wide } = box.getBoundingClientRect();
    const time = view.times.begin + Math.max(0, Math.min(1, (event.clientX - left) / wide)) * long();
    seek(time);
    at(time);
  };
  box.addEventListener("pointerdown", (event) => {
    if (!view) return;
    box.setPointerCapture(event.pointerId);
    point(event);
  });
  box.addEventListener("pointermove", (event) => box.hasPointerCapture(event.pointerId) && point(event));
  box.addEventListener("keydown", (event) => {
    if (!view) return;
    const { duration } = view.times;
    const to = {
      Home: 0,
      End: duration,
      PageUp: neighbour(view, seconds, -1),
      PageDown: neighbour(view, seconds, 1),
    }[event.key];
    const frames = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (to === undefined && frames === undefined) return;
    event.preventDefault();
    if (to === undefined && !event.shiftKey) step(frames);
    else seek(to ?? Math.max(0, seconds + frames));
  });
  const resized = new ResizeObserver(() => view && draw(view));
  resized.observe(box);
  return { element, draw, at, leave: () => resized.disconnect() };
}

/** The keyframe before or after, seconds. */
function neighbour({ semantics, times }, seconds, way) {
  const all = semantics.keyframes.map((keyframe) => keyframe.time_s).sort((a, b) => way * (a - b));
  return all.find((time) => way * (time - seconds) > 0.03) ?? (way > 0 ? times.duration : 0);
}

function scoreOf(semantics) {
  return semantics.rule === "absolute" ? (candidate) => candidate.p_no : (candidate) => candidate.s_rel;
}

function scores({ semantics }, x, width) {
  const score = scoreOf(semantics);
  const values = [...semantics.candidates.map(score), semantics.threshold];
  const [low, high] = [Math.min(0, ...range(values)), Math.max(0, ...range(values))];
  const y = (value) => PLOT.top + PLOT.height * (1 - (value - low) / (high - low || 1));
  const points = semantics.candidates.map((c) => `${x(c.time_s).toFixed(1)},${y(score(c)).toFixed(1)}`);
  const few = semantics.candidates.length <= MOST_DOTS;
  const dots = semantics.candidates.filter((candidate) => few || candidate.decision);
  const line = y(semantics.threshold);
  return s(
    "g",
    {},
    points.length ? s("polyline", { class: "scores", points: points.join(" ") }) : null,
    dots.map((c) =>
      s("circle", {
        class: c.decision ? "chosen" : "candidate",
        cx: x(c.time_s),
        cy: y(score(c)),
        r: c.decision ? 4 : 2,
      }),
    ),
    points.length
      ? [
          s("line", { class: "threshold", x1: 0, x2: width, y1: line, y2: line }),
          s("text", { class: "mark", x: 4, y: line - 4 }, `threshold ${semantics.threshold}`),
        ]
      : null,
  );
}

/** Smallest and largest, without spreading a long list over a call's arguments. */
function range(values) {
  return values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
}

function keyframes({ semantics }, x) {
  const line = (k) =>
    s(
      "line",
      {
        class: `keyframe reason-${k.reason}${k.delivered ? "" : " missing"}`,
        x1: x(k.time_s),
        x2: x(k.time_s),
        y1: PLOT.top,
        y2: STRIP.top + STRIP.height,
      },
      s("title", {}, `keyframe ${k.number}: ${REASON[k.reason] ?? k.reason}${k.delivered ? "" : ", not there"}`),
    );
  return s("g", {}, semantics.keyframes.map(line));
}

function runs({ runs: all, times }, x) {
  const bar = (run) => {
    const [from, to] = [x(times.time(run.first_frame)), x(times.time(run.last_frame + 1))];
    const title = `frames ${run.first_frame} to ${run.last_frame}: ${PROVENANCE[run.provenance]}`;
    return s(
      "rect",
      { class: `run ${run.provenance}`, x: from, y: STRIP.top, width: Math.max(1, to - from), height: STRIP.height },
      s("title", {}, run.reason ? `${title}; ${run.reason}` : title),
    );
  };
  // received ones last: a single frame must not vanish under its neighbours
  const ordered = [...(all ?? [])].sort((a, b) => (a.provenance === "received") - (b.provenance === "received"));
  return s("g", {}, ordered.map(bar));
}

function captions({ said }, x) {
  const bar = (caption) => {
    const [from, to] = [x(caption.from), x(caption.to)];
    return s(
      "svg",
      { x: from, y: WORDS.top, width: Math.max(1, to - from - 1), height: WORDS.height },
      s("rect", { class: "caption", width: "100%", height: "100%", rx: 3 }),
      to - from > 40 ? s("text", { x: 5, y: 14 }, caption.text) : null,
      s("title", {}, caption.text),
    );
  };
  return s("g", {}, said.map(bar));
}

/** Captions with the seconds from which and to which they hold. */
export function spans({ semantics, times }) {
  const time = new Map(semantics.keyframes.map((keyframe) => [keyframe.number, keyframe.time_s]));
  return semantics.captions.map((caption) => ({
    ...caption,
    from: time.get(caption.first) ?? 0,
    to: time.get(caption.last) ?? times.duration,
  }));
}

function axis({ times }, x, width) {
  const rough = ((times.duration - times.begin) * 60) / width;
  const stride = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find((step) => step >= rough) ?? 7200;
  const marks = [];
  for (let time = (Math.floor(times.begin / stride) + 1) * stride; x(time) < width - 16; time += stride) {
    const text = times.duration < 60 ? `${time} s` : clock(time).replace(/\.\d+$/, "");
    marks.push(s("text", { class: "mark", x: x(time), y: HEIGHT - 4, "text-anchor": "middle" }, text));
  }
  return s("g", {}, marks);
}

function description({ times, runs: all, said }, seconds) {
  const frame = times.frame(seconds);
  const run = (all ?? []).find((one) => one.first_frame <= frame && frame <= one.last_frame);
  const caption = said.find(({ from, to }) => from <= seconds && seconds <= to);
  const where = `${clock(seconds)}, frame ${frame}`;
  const parts = [where, run && PROVENANCE[run.provenance], run?.reason, caption && `“${caption.text}”`];
  return parts.filter(Boolean).join(" · ");
}

function explain({ semantics, runs: all }) {
  const entry = (name, text) => h("span", {}, h("i", { class: `tag ${name}` }), text);
  const provenances = new Set((all ?? []).map((run) => run.provenance));
  const reasons = new Set(semantics.keyframes.map((keyframe) => keyframe.reason));
  return [
    ...[...provenances].map((name) => entry(name, PROVENANCE[name])),
    ...[...reasons].map((name) => entry(`reason-${name}`, `keyframe: ${REASON[name] ?? name}`)),
  ];
}

function introduction({ semantics, times, endless }) {
  const asked = semantics.candidates.length;
  const hint = endless ? "" : " Click or use the arrow keys to seek.";
  const since = times.begin ? "In the last minute: " : "";
  const chosen = semantics.candidates.filter((candidate) => candidate.decision).length;
  const name = semantics.rule === "absolute" ? "P(no)" : "S_rel";
  if (!asked) return `${since}${semantics.keyframes.length} keyframes; no candidate was compared.`;
  return (
    `${since}${semantics.mllm} compared ${asked} candidates with the keyframe before them; ${name} lower is more alike. ` +
    `Keyframes for their meaning: ${chosen}; in all: ${semantics.keyframes.length}.${hint}`
  );
}

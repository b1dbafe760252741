// What was sent, readable: header, captions, keyframes, in the order of time, and whether it arrived.

import { h } from "./dom.js";
import { soundSent } from "./sound.js";
import { spans } from "./timeline.js";
import { REASON, bytes, clock } from "./wording.js";

const FIRST_ROWS = 20;

/** newestFirst: of what goes on the newest entries are of interest. */
export function payload(view, seek, newestFirst) {
  const { job, semantics } = view;
  const entries = [
    ...spans(view).map((caption) => captionEntry(caption, view)),
    ...semantics.keyframes.map((keyframe) => keyframeEntry(keyframe, view)),
  ].sort((a, b) => a.time - b.time || a.rank - b.rank);
  if (newestFirst) entries.reverse();
  const body = h(
    "tbody",
    {},
    headerRow(job),
    soundRow(job),
    entries.slice(0, FIRST_ROWS).map((entry) => row(entry, seek)),
  );
  const rest = entries.length - FIRST_ROWS;
  const more = h("button", { type: "button", hidden: rest <= 0 }, `Show the other ${rest}`);
  more.addEventListener("click", () => {
    body.append(...entries.slice(FIRST_ROWS).map((entry) => row(entry, seek)));
    more.remove();
  });
  return [
    h("h2", {}, "What crossed the channel"),
    h("p", { class: "dim" }, "The semantic payload: everything that the receiver made the video from.", newestFirst ? " The newest first." : ""),
    h(
      "div",
      { class: "wide" },
      h(
        "table",
        { class: "payload" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["time", "what", "content", "bytes", "arrived"].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        body,
      ),
    ),
    h("p", {}, more),
  ];
}

function headerRow({ source, options }) {
  const said = `${source.width}×${source.height}, ${source.frame_rate} frames/s, keyframes coded as ${options.coding}, seed ${options.seed}`;
  return h("tr", {}, h("td", {}, "–"), h("td", {}, "header"), h("td", {}, said), h("td"), h("td"));
}

function soundRow(job) {
  const sent = soundSent(job);
  if (!sent) return null;
  const cells = ["–", "sound", sent.said].map((text) => h("td", {}, text));
  return h("tr", {}, cells, h("td", { class: "n" }, sent.size), h("td"));
}

function captionEntry(caption, { captions }) {
  const arrived = captions?.some((one) => one.first === caption.first && one.last === caption.last);
  // eighths of a per mille of the picture's diagonal per frame
  const moves = `motion ${(caption.motion / 80).toFixed(2)} % of the diagonal per frame`;
  const motion = caption.motion === null ? "" : moves;
  const said = [h("q", {}, caption.text), h("span", { class: "dim" }, motion)];
  return { time: caption.from, rank: 1, kind: "caption", said, size: caption.bytes, arrived };
}

function keyframeEntry(keyframe, { pictures, receiver }) {
  const here = pictures?.has(keyframe.number);
  const layer = keyframe.layer === null ? "" : keyframe.layer === 0 ? ", anchor" : `, layer ${keyframe.layer}`;
  const way = keyframe.symbols ? `${keyframe.symbols} symbols without bits` : "tokens";
  const coded = keyframe.crf === null ? way : `CRF ${Math.round(keyframe.crf)}`;
  const fate = keyframe.bytes === 0 ? ", given up for the budget" : `, ${coded}`;
  const name = `keyframe ${keyframe.number}, frame ${keyframe.frame}`;
  const picture = here
    ? h("img", {
        crossorigin: "anonymous",
        src: receiver.keyframeUrl(keyframe.number),
        alt: `${name} as received`,
        loading: "lazy",
      })
    : null;
  const said = [picture, h("span", {}, `${name}: ${REASON[keyframe.reason] ?? keyframe.reason}${layer}${fate}`)];
  const arrived = keyframe.bytes === 0 ? null : keyframe.delivered;
  return { time: keyframe.time_s, rank: 0, kind: "keyframe", said, size: keyframe.bytes, arrived };
}

function row({ time, kind, said, size, arrived }, seek) {
  const fate = arrived === null ? "not sent" : arrived ? "yes" : "no";
  return h(
    "tr",
    {},
    h("td", {}, h("button", { type: "button", class: "quiet", onclick: () => seek(time) }, clock(time))),
    h("td", {}, kind),
    h("td", {}, h("div", { class: "said" }, said)),
    h("td", { class: "n" }, size ? bytes(size) : ""),
    h("td", { class: arrived === false ? "refusal" : "" }, fate),
  );
}

// Which video stands in a transmission's page: the source, both, or a live one as it comes.

import { FINAL, VIDEO_FINAL, transmitter } from "./api.js";
import { h } from "./dom.js";
import { livePlayer } from "./live_player.js";
import { aspect, player } from "./player.js";
import { sounds } from "./sound.js";

/** The player is made once with the source, and again when the reconstruction is whole. */
export function compare(view) {
  const { job, video, parts } = view;
  const kind = kindOf(view);
  if (view.player?.kind === kind) return;
  view.player?.leave();
  const onTime = (seconds) => view.chart?.at(seconds);
  view.player =
    kind === "live" ? livePlayer(view.receiver, aspect(job.source), onTime) : recorded(view, kind, video, onTime);
  parts.compare.replaceChildren(view.player.element);
}

function kindOf({ job, video, receiver }) {
  const whole = video && VIDEO_FINAL.has(video.state) && video.frames_written > 0;
  const over = FINAL.has(job.state) && (!video || VIDEO_FINAL.has(video.state));
  if (job.source.live) return whole ? "reconstruction" : over ? "nothing" : receiver ? "live" : "waiting";
  return whole ? "both" : over || job.options.task ? "none" : "source";
}

const WITHOUT_VIDEO = {
  nothing: "There is no reconstruction, and a live source is not kept.",
  waiting: "The live video begins in some seconds.",
};

function recorded(view, kind, video, onTime) {
  if (kind in WITHOUT_VIDEO) {
    return { kind, element: h("p", { class: "dim" }, WITHOUT_VIDEO[kind]), seek() {}, step() {}, leave() {} };
  }
  const { job } = view;
  return player({
    kind,
    sourceUrl: job.source.live ? null : transmitter.sourceUrl(view.id),
    contentUrl: kind === "both" || kind === "reconstruction" ? view.receiver.contentUrl() : null,
    source: job.source,
    sounds: sounds(video),
    onTime,
  });
}

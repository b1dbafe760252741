// A live video while it comes: near its newest picture, and how far behind it.

import { h } from "./dom.js";
import { liveFeed } from "./live_feed.js";

const PLAYLIST = "application/vnd.apple.mpegurl";
const LOOK_MS = 250;
const FIRST_HOLD = 1.5; // segments that are held back, so that the next one is there in time
const MOST_HOLD = 5;
const JUMP = 3; // segments further behind than what is held back: no hastening makes up for that
const HASTE = 1.1;

/** aspect: width to height. onTime: told the time shown, seconds since the beginning. */
export function livePlayer(from, aspect, onTime) {
  const video = h("video", { playsinline: true, crossorigin: "anonymous", "aria-label": "the live video" });
  video.muted = true; // none is sent; unmuted ones may not begin by themselves
  const stage = h("div", { class: "stage" }, video, h("span", { class: "side left" }, "live"));
  stage.style.setProperty("--aspect", aspect);
  const play = h("button", { type: "button", class: "play", "aria-label": "pause" }, "❙❙");
  const note = h("span", { class: "dim" }, "waiting for the first picture");
  const element = h("div", { class: "player" }, stage, h("div", { class: "controls" }, play, note));
  const state = { paused: false, hold: FIRST_HOLD, segment_s: 1, over: false };

  const playing = () => {
    if (!state.paused) video.play().catch((error) => (note.textContent = `Your browser does not play it: ${error.message}`));
  };
  play.addEventListener("click", () => {
    state.paused = !state.paused;
    play.textContent = state.paused ? "▶" : "❙❙";
    play.setAttribute("aria-label", state.paused ? "play" : "pause");
    if (state.paused) video.pause();
    else playing();
  });

  const way = wayFor(video);
  let feed = null;
  let timer = 0;
  if (way === "feed") {
    feed = liveFeed(video, from, {
      onList: ({ segments }) => (state.segment_s = Math.max(...segments.map((segment) => segment.seconds))),
      onEnd(error) {
        state.over = true;
        note.textContent = error ? `It is not shown any more: ${error.message}` : "That was the last of it.";
      },
    });
    video.addEventListener("waiting", () => (state.hold = Math.min(MOST_HOLD, state.hold + 0.5)));
    timer = setInterval(() => {
      if (!video.buffered.length) return;
      onTime(video.currentTime);
      if (!state.over) note.textContent = stay(video, state, playing);
    }, LOOK_MS);
  } else if (way === "native") {
    video.src = from.liveUrl();
    video.addEventListener("loadedmetadata", () => {
      note.textContent = "";
      playing();
    });
    video.addEventListener("error", () => (note.textContent = "The live video cannot be shown here."));
  } else {
    const link = h("a", { href: from.liveUrl() }, "the playlist");
    element.replaceChildren(h("p", {}, "This browser plays no live video in a page; open ", link, " in a player such as VLC or mpv."));
  }

  return {
    element,
    kind: "live",
    seek() {}, // there is only now
    step() {},
    leave() {
      clearInterval(timer);
      feed?.leave();
      video.pause();
      video.removeAttribute("src");
      video.load();
    },
  };
}

/** Apple's browsers play HLS themselves; elsewhere Media Source Extensions take its segments. */
function wayFor(video) {
  const native = video.canPlayType(PLAYLIST) !== "";
  if (native && navigator.vendor.startsWith("Apple")) return "native";
  if ("MediaSource" in window) return "feed";
  return native ? "native" : "none";
}

/** Keeps what is played near the newest picture; says how far behind it is. */
function stay(video, state, playing) {
  const { buffered } = video;
  const newest = buffered.end(buffered.length - 1);
  const behind = newest - video.currentTime;
  const hold = state.hold * state.segment_s;
  if (!state.paused) {
    const outside = !within(buffered, video.currentTime);
    if (outside || behind > hold + JUMP * state.segment_s) {
      video.currentTime = Math.max(buffered.start(buffered.length - 1), newest - hold);
    }
    video.playbackRate = behind > hold + state.segment_s ? HASTE : 1;
    if (video.paused && behind > 0) playing();
  }
  return `${Math.max(0, behind).toFixed(1)} s behind the newest picture that is here`;
}

function within(ranges, time) {
  for (let n = 0; n < ranges.length; n += 1) if (ranges.start(n) <= time && time <= ranges.end(n)) return true;
  return false;
}

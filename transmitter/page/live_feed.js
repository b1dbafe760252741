// A live playlist into a video element, segment by segment (Media Source Extensions).

import { mediaType, playlist } from "./playlist.js";

const KEPT_S = 30; // behind the newest picture: nobody goes back, and days must not fill the memory
const AT_FIRST = 3; // segments, of those in the window
const NOT_YET = new Set([0, 409]); // the receiver is away for a moment, or has nothing to show so far

/**
 * from: the receiver's interface to the video.
 * onList: told every playlist. onEnd: told the error, or null after the last segment.
 */
export function liveFeed(video, from, { onList, onEnd }) {
  const source = new MediaSource();
  const state = { gone: false, timer: 0, wake: () => {} };
  const address = URL.createObjectURL(source);
  video.src = address;
  source.addEventListener(
    "sourceopen",
    () => {
      URL.revokeObjectURL(address);
      follow(source, from, state, onList).then(
        () => state.gone || onEnd(null),
        (error) => state.gone || onEnd(error),
      );
    },
    { once: true },
  );
  return {
    leave() {
      state.gone = true;
      clearTimeout(state.timer);
      state.wake();
    },
  };
}

async function follow(source, from, state, onList) {
  let buffer = null;
  let last = null;
  while (!state.gone) {
    const list = await newest(from);
    if (list) {
      onList(list);
      if (!buffer) {
        const head = await from.bytes(list.head);
        buffer = source.addSourceBuffer(mediaType(head));
        await put(buffer, head);
        last = (list.segments.at(-AT_FIRST) ?? list.segments[0]).number - 1;
      }
      last = await takeNew(buffer, from, list, last, state);
      if (list.ended && last === list.segments.at(-1).number) {
        source.endOfStream();
        return;
      }
    }
    // RFC 8216, 6.3.4: no more often than half the target duration
    await new Promise((resolve) => {
      state.wake = resolve;
      state.timer = setTimeout(resolve, 500 * (list?.target ?? 2));
    });
  }
}

async function newest(from) {
  try {
    return playlist(await from.livePlaylist(), from.liveUrl());
  } catch (error) {
    if (NOT_YET.has(error.status)) return null;
    throw error;
  }
}

/** Appends what is newer than `last`; gives the number of the newest that is in the buffer now. */
async function takeNew(buffer, from, { segments }, last, state) {
  for (const { number, url } of segments) {
    if (state.gone) break;
    if (number <= last) continue;
    let bytes;
    try {
      bytes = await from.bytes(url);
    } catch (error) {
      if (error.status === 404) continue; // it left the window meanwhile
      if (NOT_YET.has(error.status)) break;
      throw error;
    }
    await put(buffer, bytes);
    last = number;
  }
  await forgetOld(buffer);
  return last;
}

async function forgetOld(buffer) {
  const { buffered } = buffer;
  if (!buffered.length) return;
  const before = buffered.end(buffered.length - 1) - KEPT_S;
  if (before > buffered.start(0) + KEPT_S) await settled(buffer, () => buffer.remove(0, before));
}

const put = (buffer, bytes) => settled(buffer, () => buffer.appendBuffer(bytes));

function settled(buffer, act) {
  return new Promise((resolve, reject) => {
    buffer.onupdateend = resolve;
    buffer.onerror = () => reject(new Error("the browser does not take a segment of the live video"));
    act();
  });
}

// A file that is uploaded whatever becomes of the connection: what has come is asked for, and the rest is sent.

import { Refused } from "./api.js";
import { forget, keep, keptUpload } from "./kept_uploads.js";
import { append, begin, giveUp, look } from "./tus.js";

const PAUSES_S = [1, 2, 4, 8, 15, 30]; // between tries; the last one again and again
const TRANSIENT = new Set([0, 401, 408, 502, 503, 504]); // of 401 the next request asks for another key
const KEPT = new Set([401, 403, 409, 507]); // after these the transmitter still has what came

/**
 * onShare: told the share that has left.
 * onWait: told that the connection is gone and after how many seconds it is tried again.
 */
export function resumable(file, { onShare, onWait }) {
  let url = keptUpload(file);
  let paused = false;
  let breakOff = () => {};

  /** Uploads what is missing. Gives the transmission's id, or null where it was paused. */
  async function run(options) {
    paused = false;
    let mayBeginAnew = true;
    let known = null; // where what has come is known without asking
    let failed = 0;
    while (!paused) {
      try {
        if (!url) {
          url = await begin(file, options);
          keep(file, url);
          known = { offset: 0, id: null };
        }
        const there = known ?? (await look(url));
        known = null;
        if (there.id) return whole(there.id);
        if (paused) break;
        const { id } = await send(there.offset, () => {
          failed = 0;
          mayBeginAnew = true;
        });
        if (id) return whole(id);
      } catch (error) {
        if (paused) break;
        if (url && error.status === 404 && mayBeginAnew) {
          dropped(); // it was given up there: too long nothing had come
          mayBeginAnew = false;
          continue;
        }
        const transient = url && TRANSIENT.has(error.status) && !(error.status === 401 && failed);
        if (!transient) {
          if (!KEPT.has(error.status)) dropped();
          throw error;
        }
        await readable();
        await wait(PAUSES_S[Math.min(failed, PAUSES_S.length - 1)]);
        failed += 1;
      }
    }
    return null;
  }

  async function send(offset, onMove) {
    onShare(offset / file.size);
    const piece = append(url, file, offset, (sent) => {
      onMove();
      onShare(sent / file.size);
    });
    breakOff = piece.abort;
    return piece.done;
  }

  /** A file that was changed or deleted meanwhile fails like a connection, and would do so for ever. */
  async function readable() {
    try {
      await file.slice(0, 1).arrayBuffer();
    } catch (error) {
      await abandon();
      throw new Refused(`${file.name} cannot be read any more (${error.message}); choose it again`, 0);
    }
  }

  function wait(seconds) {
    onWait(seconds);
    return new Promise((resolve) => {
      const timer = setTimeout(() => breakOff(), 1000 * seconds);
      breakOff = () => {
        clearTimeout(timer);
        window.removeEventListener("online", breakOff);
        resolve();
      };
      window.addEventListener("online", breakOff);
    });
  }

  function whole(id) {
    forget(file);
    return id;
  }

  function dropped() {
    url = null;
    forget(file);
  }

  function pause() {
    paused = true;
    breakOff();
  }

  /** Nothing of it is kept here or there. */
  async function abandon() {
    pause();
    const left = url;
    dropped();
    // a transmitter that is not there gives it up by itself after a while
    if (left) await giveUp(left).catch((error) => [0, 404].includes(error.status) || Promise.reject(error));
  }

  return {
    run,
    pause,
    abandon,
    /** The share that the transmitter has already; 0 where it has nothing, null where it does not say. */
    async share() {
      if (!url) return 0;
      try {
        const { offset } = await look(url);
        return offset / file.size;
      } catch (error) {
        if (error.status !== 404) return null;
        dropped();
        return 0;
      }
    },
  };
}

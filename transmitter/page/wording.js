// Numbers and names as people read them.

const GROUPED = new Intl.NumberFormat("en");

export const count = (n) => GROUPED.format(n);
export const db = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(1)} dB`);
export const percent = (share) => `${(100 * share).toFixed(1)} %`;
export const words = (name) => name.replaceAll("_", " ");

/** Like 4.3e-4. */
export function scientific(value) {
  if (value === null || value === undefined) return "–";
  const [mantissa, exponent] = value.toExponential(2).split("e");
  return `${mantissa}e${Number(exponent)}`;
}

/** Minutes and seconds, with hundredths: videos are looked at by the frame. */
export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(2).padStart(5, "0")}`;
}

export const seconds = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(value < 10 ? 2 : 1)} s`);

export const when = (stamp) => new Date(stamp).toLocaleString();

export function bytes(n) {
  for (const [size, unit] of [
    [2 ** 30, "GiB"],
    [2 ** 20, "MiB"],
    [2 ** 10, "KiB"],
  ]) {
    if (n >= size) return `${(n / size).toFixed(1)} ${unit}`;
  }
  return `${n} bytes`;
}

const STATES = {
  ACCEPTED: "waiting",
  RUNNING: "running",
  SUCCEEDED: "done",
  FAILED: "failed",
  CANCELLED: "cancelled",
};
export const state = (name) => STATES[name] ?? name.toLowerCase();

export const PROVENANCE = {
  received: "keyframe, received as a picture",
  regenerated: "regenerated from its semantics",
  concealed: "concealed after a loss",
};

export const SYMBOL_CLASS = {
  pilot: "pilots: known symbols",
  control: "control words",
  header: "stream header, time stamps, stream end",
  caption: "captions with motion scores",
  keyframe: "keyframes",
  sound: "sound",
  answer: "answers to questions",
  face: "points and motion of faces",
  retransmission: "repetitions, with their pilots and control words",
};

export const BURST_PART = { bulk: "keyframes", protected: "text and headers", control: "control words" };

export const REASON = {
  first: "first frame",
  last: "last frame",
  semantic: "new meaning",
  cut: "hard cut",
  bridge: "motion that could not be bridged",
  max_gap: "longest gap",
  interval: "at intervals",
  portrait: "another portrait of the face",
};

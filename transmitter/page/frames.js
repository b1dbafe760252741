// When a frame is shown: exact where the transmitter named its time, in between in proportion.

/** Seconds of the video as far as they are known; of a live one those that were read. Null: not known. */
export function durationOf({ source, frames }) {
  return source.live ? (frames ?? 0) / source.frame_rate : source.duration_s;
}

/** A function from frame number to seconds, and its inverse. */
export function frameTimes(job, semantics) {
  const { frame_rate: rate } = job.source;
  const duration = durationOf(job);
  const known = new Map([[0, 0]]);
  for (const { frame, time_s: time } of [...(semantics?.candidates ?? []), ...(semantics?.keyframes ?? [])]) {
    known.set(frame, time);
  }
  const frames = job.frames ?? job.source.frames ?? Math.round((duration ?? 0) * rate);
  if (duration) known.set(frames, duration);
  const points = [...known].sort((a, b) => a[0] - b[0]);

  const between = (value, from, to) => {
    let low = 0;
    let high = points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle][from] <= value) low = middle;
      else high = middle;
    }
    const [a, b] = [points[low], points[high]];
    if (a === b || a[from] === b[from]) return a[to] + (value - a[from]) * (to === 1 ? 1 / rate : rate);
    return a[to] + ((value - a[from]) * (b[to] - a[to])) / (b[from] - a[from]);
  };
  return {
    frames,
    begin: 0,
    duration: duration ?? frames / rate,
    time: (frame) => between(frame, 0, 1),
    frame: (seconds) => Math.max(0, Math.min(frames - 1, Math.floor(between(seconds, 1, 0) + 1e-3))),
  };
}

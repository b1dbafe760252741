// Of a live transmission that goes on, its newest minute: days go into no picture.

const SHOWN_S = 60;

/** The same view with nothing that is older in its semantics and runs; `times.begin` says where it begins, seconds. */
export function recent(view) {
  const { times, semantics, runs } = view;
  const begin = Math.max(0, times.duration - SHOWN_S);
  const keyframes = semantics.keyframes.filter((keyframe) => keyframe.time_s >= begin);
  const numbers = new Set(keyframes.map((keyframe) => keyframe.number));
  return {
    ...view,
    endless: true,
    times: { ...times, begin },
    semantics: {
      ...semantics,
      keyframes,
      candidates: semantics.candidates.filter((candidate) => candidate.time_s >= begin),
      captions: semantics.captions.filter((caption) => numbers.has(caption.first)),
    },
    runs: runs?.filter((run) => times.time(run.last_frame + 1) > begin),
  };
}

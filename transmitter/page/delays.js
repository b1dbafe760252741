// How late a transmission's segments are, and what became of a live source's frames.

import { count, seconds } from "./wording.js";

/** Pairs of name and value; none where the link's symbol rate is not known and the source is no live one. */
export function lateness({ delays, live }) {
  const pairs = [];
  if (delays) {
    const live = delays.mean_latency_s !== null;
    pairs.push(["late, on average", seconds(live ? delays.mean_latency_s : delays.mean_s)]);
    pairs.push(["late, at most", seconds(live ? delays.longest_latency_s : delays.longest_s)]);
    const bound = delays.latency_s ?? delays.deadline_s;
    if (bound !== null) pairs.push([`within ${seconds(bound)}`, `${count(delays.kept ?? 0)} of ${count(delays.segments)}`]);
  }
  if (live) {
    pairs.push(["frames dropped", count(live.dropped)]);
    pairs.push(["skipped at first", count(live.skipped)]);
  }
  return pairs;
}

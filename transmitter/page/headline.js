// What a transmission is, and what it cost, in its first lines.

import { FINAL } from "./api.js";
import { h } from "./dom.js";
import { durationOf } from "./frames.js";
import { clock, count, scientific, state, when } from "./wording.js";

/** Marks what is sent while it comes. */
export const liveTag = () => h("span", { class: "state live" }, "live");

/** The head of a transmission's page. */
export function headline({ job, refusal, video }) {
  const { source } = job;
  const duration = durationOf(job);
  const facts = [
    `${source.width}×${source.height}`,
    `${source.frame_rate.toFixed(2)} frames/s`,
    duration ? clock(duration) : null,
    source.codec,
    when(job.created_at),
  ];
  const cut = video?.error ?? null;
  return [
    h("h1", {}, source.name || job.id, " ", h("span", { class: `state ${job.state.toLowerCase()}` }, state(job.state)), source.live ? liveTag() : null),
    h("p", { class: "dim" }, facts.filter(Boolean).join(" · ")),
    (source.remarks ?? []).map((remark) => h("p", { class: "dim" }, remark)),
    job.error ? h("p", { class: "refusal", role: "alert" }, job.error.detail) : null,
    cut ? h("p", { class: "refusal", role: "alert" }, cut.detail) : null,
    refusal ? h("p", { class: "refusal", role: "alert" }, refusal) : null,
    job.cbr ? h("p", { class: "lead" }, sentence(job)) : null,
  ]
    .flat()
    .filter(Boolean);
}

function sentence(job) {
  const over = FINAL.has(job.state);
  const seconds = durationOf(job);
  const rate = over && seconds ? `, ${count(Math.round(job.total_symbols / seconds))} for a second of video` : "";
  return `${count(job.total_symbols)} channel symbols${over ? "" : " so far"}${rate}: a CBR of ${scientific(job.cbr)}.`;
}

// Earlier transmissions, a page at a time, looked at again and again: live ones and other people's begin elsewhere.

import { FINAL, transmitter } from "./api.js";
import { h } from "./dom.js";
import { liveTag } from "./headline.js";
import { db, percent, scientific, state, when } from "./wording.js";

const PAGE = 25;
const AGAIN_MS = 3000; // while one is under way
const QUIET_MS = 10e3;

export function listing() {
  const rows = h("tbody", {});
  const more = h("button", { type: "button", hidden: true }, "Show more");
  const note = h("p", { class: "dim" });
  const head = ["Clip", "State", "SNR", "CBR", "Sent"].map((name) => h("th", { scope: "col" }, name));
  const table = h("table", { class: "list", hidden: true }, h("thead", {}, h("tr", {}, head)), rows);
  const element = h(
    "section",
    {},
    h("h2", {}, "Transmissions"),
    note,
    h("div", { class: "wide" }, table),
    h("p", {}, more),
  );
  let shown = PAGE;
  let timer = 0;
  let left = false;

  async function refresh() {
    clearTimeout(timer);
    try {
      const { jobs, next } = await newest(shown);
      renew(rows, jobs.map(row));
      table.hidden = jobs.length === 0;
      more.hidden = next === null;
      note.textContent = jobs.length ? "" : "None yet.";
      const underWay = jobs.some((job) => !FINAL.has(job.state));
      if (!left) timer = setTimeout(refresh, underWay ? AGAIN_MS : QUIET_MS);
    } catch (error) {
      note.textContent = error.message;
      if (!left) timer = setTimeout(refresh, 2 * AGAIN_MS);
    }
  }
  more.addEventListener("click", () => {
    shown += PAGE;
    refresh();
  });
  refresh();
  const leave = () => {
    left = true;
    clearTimeout(timer);
  };
  return { element, refresh, leave };
}

/** Puts `fresh` rows in; the link that has the focus keeps it. */
function renew(rows, fresh) {
  const focused = rows.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  rows.replaceChildren(...fresh);
  if (focused) [...rows.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

/** The newest `wanted` transmissions, in as many requests as the interface's page takes. */
async function newest(wanted) {
  const jobs = [];
  let next = 0;
  while (next !== null && jobs.length < wanted) {
    const page = await transmitter.list(next, Math.min(200, wanted - jobs.length));
    jobs.push(...page.transmissions);
    next = page.next_offset ?? null;
  }
  return { jobs, next };
}

function row(job) {
  const { live } = job.source;
  const running = FINAL.has(job.state) || live ? "" : ` ${percent(job.progress)}`;
  const size = `${job.source.width}×${job.source.height}`;
  return h(
    "tr",
    {},
    h("td", {}, h("a", { href: `#/t/${job.id}` }, job.source.name || job.id), h("span", { class: "dim" }, ` ${size}`)),
    h("td", {}, h("span", { class: `state ${job.state.toLowerCase()}` }, state(job.state)), live ? liveTag() : running),
    h("td", { class: "n" }, db(job.snr_db)),
    h("td", { class: "n" }, scientific(job.cbr)),
    h("td", {}, when(job.created_at)),
  );
}

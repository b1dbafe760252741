// The ledger: what every channel use was spent on.

import { lateness } from "./delays.js";
import { h } from "./dom.js";
import { soundNote } from "./sound.js";
import { SYMBOL_CLASS, count, db, percent, scientific, words } from "./wording.js";

export function ledger(job, video) {
  const symbols = Object.entries(job.symbols ?? {}).sort((a, b) => b[1] - a[1]);
  if (!symbols.length) return [h("h2", {}, "The ledger"), h("p", { class: "dim" }, "Nothing was sent yet.")];
  const total = symbols.reduce((sum, [, n]) => sum + n, 0);
  const most = symbols[0][1] || 1;
  const row = ([name, n]) => {
    const bar = h("i", { class: `bar class-${name}` });
    bar.style.width = `${(100 * n) / most}%`;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, SYMBOL_CLASS[name] ?? words(name), h("div", {}, bar)),
      h("td", { class: "n" }, count(n)),
      h("td", { class: "n" }, percent(n / total)),
      h("td", { class: "n" }, job.bits?.[name] ? count(job.bits[name]) : ""),
    );
  };
  const bits = Object.values(job.bits ?? {}).reduce((sum, n) => sum + n, 0);
  return [
    h("h2", {}, "The ledger"),
    h("p", { class: "dim" }, "Every complex symbol that left the transmitter, counted once, by what it carried."),
    h(
      "table",
      { class: "ledger" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["class", "symbols", "share", "bits"].map((t, i) => h("th", { scope: "col", class: i ? "n" : "" }, t)),
        ),
      ),
      h("tbody", {}, symbols.map(row)),
      h(
        "tfoot",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "row" }, "all"),
          h("td", { class: "n" }, count(total)),
          h("td"),
          h("td", { class: "n" }, count(bits)),
        ),
      ),
    ),
    h(
      "dl",
      { class: "figures" },
      [
        ["CBR", scientific(job.cbr)],
        ["blocks sent", count(job.blocks_sent)],
        ["blocks lost", count(job.blocks_lost)],
        ["bursts repeated", count(job.retransmissions)],
        ["bytes back, not in the CBR", count(job.return_bytes)],
        ["symbols back, not in the CBR", count(job.return_link?.symbols ?? 0)],
        ["changes of the channel", count(job.channel_changes ?? 0)],
        ...lateness(job),
      ].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
    soundNote(job, video),
    changes(job.last_channel_changes ?? []),
    schemes(job.mcs ?? {}),
  ];
}

function changes(list) {
  const last = list.at(-1);
  const where = (change) => `after ${count(change.total_symbols)} symbols ${change.model} at ${db(change.snr_db)}`;
  return last ? h("p", { class: "dim" }, `The channel was changed while this ran, last ${where(last)}.`) : "";
}

function schemes(mcs) {
  const rows = Object.entries(mcs).flatMap(([name, used]) =>
    Object.entries(used).map(([scheme, n]) => [name, scheme, n]),
  );
  if (!rows.length) return "";
  return h(
    "details",
    {},
    h("summary", {}, "Modulation and code rates"),
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["class", "scheme", "blocks"].map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(([name, scheme, n]) =>
          h("tr", {}, h("td", {}, name), h("td", {}, scheme), h("td", { class: "n" }, count(n))),
        ),
      ),
    ),
  );
}

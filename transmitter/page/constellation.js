// A fair sample of the symbols as the receiver has them after equalisation.

import { h } from "./dom.js";
import { BURST_PART, count, db } from "./wording.js";

const SIDE = 320; // CSS pixels
const FARTHEST = 2.5; // after a deep fade a symbol may lie anywhere; the axes hold the bulk of them

export function constellation(symbols, video) {
  const head = h("h2", {}, "As received");
  if (!symbols?.i.length) return [head, h("p", { class: "dim" }, "No symbol has arrived yet.")];
  const dense = window.devicePixelRatio || 1;
  const canvas = h("canvas", {
    width: SIDE * dense,
    height: SIDE * dense,
    role: "img",
    "aria-label": `constellation of ${symbols.i.length} received symbols`,
  });
  const reach = extent(symbols);
  const look = getComputedStyle(document.documentElement);
  const colour = (name) => look.getPropertyValue(`--burst-${name}`).trim();
  const pen = canvas.getContext("2d");
  pen.scale(dense, dense);
  pen.strokeStyle = look.getPropertyValue("--line").trim();
  pen.beginPath();
  pen.moveTo(SIDE / 2, 0);
  pen.lineTo(SIDE / 2, SIDE);
  pen.moveTo(0, SIDE / 2);
  pen.lineTo(SIDE, SIDE / 2);
  pen.stroke();
  const colours = Object.fromEntries([...new Set(symbols.class)].map((name) => [name, colour(name)]));
  pen.globalAlpha = 0.7;
  for (let n = 0; n < symbols.i.length; n += 1) {
    pen.fillStyle = colours[symbols.class[n]];
    const [across, down] = [symbols.i[n], -symbols.q[n]].map((v) => (SIDE / 2) * (1 + v / reach));
    pen.fillRect(across - 1, down - 1, 2, 2);
  }
  const parts = [...new Set(symbols.class)];
  return [
    head,
    h(
      "p",
      { class: "dim" },
      `${count(symbols.i.length)} of ${count(video.symbols_received)} symbols, equalised; axes to ±${reach.toFixed(1)}. `,
      `Newest SNR: ${db(video.snr_db)}.`,
    ),
    canvas,
    h(
      "p",
      { class: "legend" },
      parts.map((name) => h("span", {}, h("i", { class: `tag burst-${name}` }), BURST_PART[name] ?? name)),
    ),
  ];
}

function extent({ i, q }) {
  const sizes = [...i, ...q].map(Math.abs).sort((a, b) => a - b);
  return Math.min(FARTHEST, 1.1 * Math.max(1, sizes[Math.floor(0.998 * (sizes.length - 1))]));
}

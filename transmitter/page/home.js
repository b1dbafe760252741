// Clips in, options, and the transmissions there are.

import { transmitter } from "./api.js";
import { clip } from "./clip.js";
import { announce, h } from "./dom.js";
import { same } from "./kept_uploads.js";
import { listing } from "./listing.js";
import { optionsForm } from "./options.js";
import { unfinished } from "./unfinished.js";

const ACCEPT = "video/*,.mkv,.avi,.ts,.mts,.m2ts,.mpg,.ogv,.flv,.y4m,.mov";

// Files that were chosen; an upload goes on while another view is shown.
let chosen = [];
// What the view that is shown does when one of them changes, or is accepted.
let changed = () => {};
let accepted = () => {};

export function home() {
  const list = listing();
  const shown = sender(list);
  const element = h("div", {}, h("h1", {}, "Send a clip"), shown.element, list.element);
  const leave = () => {
    shown.leave();
    list.leave();
  };
  return { element, leave };
}

function sender(list) {
  const input = h("input", { type: "file", id: "clips", accept: ACCEPT, multiple: true, class: "hidden-visually" });
  const files = h("ul", { class: "files" });
  const send = h("button", { type: "submit", class: "primary", disabled: true }, "Send");
  const zone = h(
    "label",
    { class: "drop", for: "clips" },
    h("strong", {}, "Drop clips here"),
    h("span", { class: "dim" }, " or choose files. They go to this transmitter and nowhere else."),
  );
  const place = h("div", {}, h("p", { class: "dim" }, "Reading the options…"));
  const left = unfinished();
  const here = (file) => chosen.some((entry) => !entry.over && same(entry.file, file));
  let form = null;
  let sending = false;
  let gone = false;

  const take = (added) => {
    for (const file of added) {
      if (here(file)) {
        announce(`${file.name} is in the list already`);
        continue;
      }
      left.chosen(file);
      const entry = clip(file, { onChange: () => changed(), onAccepted: () => accepted() });
      chosen.push(entry);
      files.append(entry.element);
    }
    changed();
  };
  changed = () => {
    const waiting = chosen.filter((entry) => entry.waiting && !entry.over).length;
    send.disabled = !form || sending || !waiting;
    send.textContent = waiting > 1 ? `Send ${waiting} clips` : "Send";
  };
  accepted = list.refresh;
  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // the same file may be chosen again
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", kind === "dragenter" || kind === "dragover");
      if (kind === "drop") take(event.dataTransfer.files);
    });
  }
  transmitter.schema().then(
    (schema) => {
      form = optionsForm(schema);
      place.replaceChildren(form.element);
      changed();
    },
    (error) => place.replaceChildren(h("p", { class: "refusal", role: "alert" }, error.message)),
  );

  const submit = async (event) => {
    event.preventDefault();
    const batch = chosen.filter((entry) => entry.waiting && !entry.over);
    const options = form.read();
    sending = true;
    files.scrollIntoView({ block: "nearest" }); // the button is far below
    let newest = null;
    for (const entry of batch) if (entry.waiting && !entry.over) newest = (await entry.send(options)) ?? newest;
    sending = false;
    changed();
    if (!gone && batch.length === 1 && newest) location.hash = `#/t/${newest}`;
  };
  chosen = chosen.filter((entry) => !entry.over);
  files.append(...chosen.map((entry) => entry.element));
  left.show(here);
  const element = h(
    "form",
    { class: "card", onsubmit: submit },
    input,
    zone,
    files,
    left.element,
    place,
    h("p", {}, send),
  );
  return { element, leave: () => (gone = true) };
}

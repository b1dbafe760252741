// Clips in, options, and the transmissions there are.

import { FINAL, transmitter } from "./api.js";
import { announce, h } from "./dom.js";
import { listing } from "./listing.js";
import { optionsForm } from "./options.js";

const ACCEPT = "video/*,.mkv,.avi,.ts,.mts,.m2ts,.mpg,.ogv,.flv,.y4m,.mov";

export function home() {
  const list = listing();
  const element = h("div", {}, h("h1", {}, "Send a clip"), sender(list), list.element);
  return { element, leave: list.leave };
}

function sender(list) {
  const chosen = [];
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
  let form = null;

  const take = (added) => {
    for (const file of added) {
      const entry = clip(file, () => {
        chosen.splice(chosen.indexOf(entry), 1);
        enable();
      });
      chosen.push(entry);
      files.append(entry.element);
    }
    enable();
  };
  const enable = () => {
    send.disabled = !form || !chosen.some((entry) => entry.waiting);
    const waiting = chosen.filter((entry) => entry.waiting).length;
    send.textContent = waiting > 1 ? `Send ${waiting} clips` : "Send";
  };
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
      enable();
    },
    (error) => place.replaceChildren(h("p", { class: "refusal", role: "alert" }, error.message)),
  );

  const submit = async (event) => {
    event.preventDefault();
    const batch = chosen.filter((entry) => entry.waiting);
    const options = form.read();
    send.disabled = true;
    let newest = null;
    for (const entry of batch) newest = (await entry.send(options)) ?? newest;
    enable();
    if (batch.length === 1 && newest) location.hash = `#/t/${newest.id}`;
    else list.refresh();
  };
  return h("form", { class: "card", onsubmit: submit }, input, zone, files, place, h("p", {}, send));
}

/** One file that waits, is uploaded, and then is a transmission or a refusal. */
function clip(file, onRemove) {
  const status = h("span", { class: "dim" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": `upload of ${file.name}` });
  const remove = h("button", { type: "button", class: "quiet", "aria-label": `leave out ${file.name}` }, "leave out");
  const element = h("li", {}, h("span", { class: "name" }, file.name), bar, status, remove);
  const entry = { element, waiting: true, send };
  remove.addEventListener("click", () => {
    element.remove();
    entry.waiting = false;
    onRemove();
  });

  async function send(options) {
    bar.hidden = false;
    remove.hidden = true;
    status.className = "dim";
    try {
      const job = await transmitter.submit(file, options, (share) => {
        bar.value = share;
        status.textContent = share < 1 ? "uploading" : "being looked at";
      });
      entry.waiting = false;
      status.replaceChildren(h("a", { href: `#/t/${job.id}` }, FINAL.has(job.state) ? "over" : "accepted"));
      announce(`${file.name} was accepted`);
      return job;
    } catch (error) {
      status.textContent = error.message;
      status.className = "refusal";
      remove.hidden = false;
      announce(error.message);
      return null;
    } finally {
      bar.hidden = true;
    }
  }
  return entry;
}

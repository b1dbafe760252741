// Uploads that an earlier visit left unfinished: a page may read their files only once they are chosen again.

import { Refused } from "./api.js";
import { h } from "./dom.js";
import { forget, keptUploads, same } from "./kept_uploads.js";
import { giveUp, look } from "./tus.js";
import { bytes, percent } from "./wording.js";

export function unfinished() {
  const list = h("ul", { class: "files" });
  const element = h(
    "div",
    { hidden: true },
    h("p", { class: "dim" }, "Not finished. Choose the file again, and its upload goes on where it was:"),
    list,
  );
  const rows = [];
  const tidy = () => (element.hidden = list.childElementCount === 0);

  async function add(upload, isHere) {
    const share = await shareOf(upload);
    if (share === null || isHere(upload)) return;
    const give = h("button", { type: "button", class: "quiet", "aria-label": `give up ${upload.name}` }, "give up");
    const status = h("span", { class: "dim" }, `${percent(share)} of ${bytes(upload.size)}`);
    const row = { upload, element: h("li", {}, h("span", { class: "name" }, upload.name), status, give) };
    give.addEventListener("click", async () => {
      try {
        await giveUp(upload.url);
      } catch (error) {
        if (error.status !== 404) {
          status.textContent = error.message;
          return;
        }
      }
      forget(upload);
      row.element.remove();
      tidy();
    });
    rows.push(row);
    list.append(row.element);
    tidy();
  }

  return {
    element,
    /** Shows what is kept, except what `isHere` says is in the list of files already. */
    show(isHere) {
      for (const upload of keptUploads()) if (!isHere(upload)) add(upload, isHere);
    },
    /** The file was chosen: it is in the list of files from now on. */
    chosen(file) {
      rows.find((row) => same(row.upload, file))?.element.remove();
      tidy();
    },
  };
}

/** What has come of it; null where it is whole or not kept any more, which is noted. */
async function shareOf(upload) {
  try {
    const { offset, id } = await look(upload.url);
    if (id === null) return offset / upload.size;
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) return null;
  }
  forget(upload);
  return null;
}

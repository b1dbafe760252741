// The key to the services, where they ask for one: typed once, kept as long as the tab, shown in a header.

import { h } from "./dom.js";

const PLACE = "semvid-key";
let asking = null; // one question at a time, however many requests were refused
let declined = false;

export const key = () => sessionStorage.getItem(PLACE);

export const shown = () => (key() ? { Authorization: `Bearer ${key()}` } : {});

/**
 * Asks the user for a key after `refused` was not taken. Whether it is worth asking the service again.
 * origin: of the service, for the question.
 */
export async function askForKey(refused, origin) {
  if (key() !== refused) return true; // somebody has typed another meanwhile
  if (declined) return false;
  asking ??= question(refused, origin).finally(() => (asking = null));
  return asking;
}

function question(refused, origin) {
  const input = h("input", { type: "password", id: "key", autocomplete: "off", spellcheck: "false", required: true });
  const later = h("button", { type: "button" }, "Not now");
  const said = refused ? `The key was not taken by ${origin}.` : `${origin} asks who you are.`;
  const form = h(
    "form",
    {},
    h("h2", { id: "key-title" }, "A key, please"),
    h("p", {}, said, " Its operator makes keys with ", h("code", {}, "semvid keys new NAME"), "."),
    h("p", {}, h("label", { for: "key" }, "Key"), " ", input),
    h("p", { class: "dim" }, "It is kept until this tab is closed."),
    h("p", {}, h("button", { type: "submit", class: "primary" }, "Use it"), " ", later),
  );
  const dialog = h("dialog", { class: "card", "aria-labelledby": "key-title" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sessionStorage.setItem(PLACE, input.value.trim());
      dialog.close("taken");
    });
    later.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      declined = dialog.returnValue !== "taken";
      dialog.remove();
      resolve(!declined);
    });
  });
}

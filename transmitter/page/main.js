// Which view is shown: `#/` to send and list, `#/t/ID` for one transmission.

import { h } from "./dom.js";
import { home } from "./home.js";
import { transmission } from "./transmission.js";

const view = document.getElementById("view");
let leave = () => {};

function show() {
  leave();
  const id = location.hash.match(/^#\/t\/([\w-]{1,64})$/)?.[1];
  const shown = id ? transmission(id) : home();
  leave = shown.leave;
  view.replaceChildren(h("div", {}, shown.element));
  document.title = id ? `semvid: ${id}` : "semvid";
  window.scrollTo(0, 0);
}

// a clip that is dropped beside its place must not take the place of the page
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
window.addEventListener("hashchange", () => {
  show();
  view.focus({ preventScroll: true });
});
show();

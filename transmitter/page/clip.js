// One file that waits, is uploaded, and then is a transmission or a refusal.

import { announce, h } from "./dom.js";
import { resumable } from "./resumable.js";
import { bytes, percent } from "./wording.js";

/**
 * `onChange` is told whenever `waiting` or `over` may be another; `over`: it is no matter of the list any more.
 * `onAccepted`: that it is a transmission.
 */
export function clip(file, { onChange, onAccepted }) {
  const status = h("span", { class: "dim" }, bytes(file.size));
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": `upload of ${file.name}` });
  const quiet = (text, act) =>
    h("button", { type: "button", class: "quiet", "aria-label": `${text}: ${file.name}`, onclick: act }, text);
  const pause = quiet("pause", () => way.pause());
  const goOn = quiet("go on", () => send());
  const anew = quiet("begin anew", beginAnew);
  const giveUp = quiet("give up", () => dropped().then((done) => done && takeOut()));
  const remove = quiet("leave out", takeOut);
  const buttons = [pause, goOn, anew, giveUp, remove];
  const element = h("li", {}, h("span", { class: "name" }, file.name), bar, status, buttons);
  const entry = { file, element, waiting: true, over: false, send };
  let given = {};

  const way = resumable(file, {
    onShare(share) {
      bar.value = share;
      const part = `${percent(share)} of ${bytes(file.size)}`;
      say(share < 1 ? part : "being looked at");
    },
    onWait: (seconds) => say(`no connection; tried again in ${seconds} s`),
  });

  /** Which of the buttons are of use now. */
  function offer(...useful) {
    for (const button of buttons) button.hidden = !useful.includes(button);
    bar.hidden = !useful.includes(pause) && !useful.includes(goOn);
    onChange();
  }

  function say(text, kind = "dim") {
    status.textContent = text;
    status.className = kind;
  }

  function refuse(error) {
    say(error.message, "refusal");
    announce(error.message);
    entry.waiting = true;
    offer(remove);
  }

  /** Gives the transmission's id; null where it was paused, taken out, or refused. */
  async function send(options) {
    given = options ?? given;
    entry.waiting = false;
    offer(pause);
    say("beginning");
    try {
      const id = await way.run(given);
      if (entry.over) return null;
      if (id === null) {
        say(`paused at ${percent(bar.value)} of ${bytes(file.size)}`);
        offer(goOn, giveUp);
        return null;
      }
      entry.over = true;
      status.replaceChildren(h("a", { href: `#/t/${id}` }, "accepted"));
      announce(`${file.name} was accepted`);
      offer();
      onAccepted();
      return id;
    } catch (error) {
      if (!entry.over) refuse(error);
      return null;
    }
  }

  /** Whether the transmitter keeps nothing of it any more. */
  async function dropped() {
    try {
      await way.abandon();
      return true;
    } catch (error) {
      refuse(error);
      return false;
    }
  }

  function takeOut() {
    entry.over = true;
    element.remove();
    onChange();
  }

  async function beginAnew() {
    if (!(await dropped())) return;
    say(bytes(file.size));
    offer(remove);
  }

  offer(remove);
  way.share().then((share) => {
    if (!share || !entry.waiting) return;
    say(`${percent(share)} of ${bytes(file.size)} is there already; it goes on with the options that it was begun with`);
    offer(anew, remove);
  });
  return entry;
}

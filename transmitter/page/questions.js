// Questions about a video, and their answers; of a task, which sends nothing else, the answers alone.

import { announce, h } from "./dom.js";
import { count, percent } from "./wording.js";

const LOOK_MS = 700;

/** A task's questions beside what arrived at the receiver. */
export function taskAnswers(job, video) {
  const arrived = new Map((video?.answers ?? []).map((answer) => [answer.number, answer]));
  const rows = job.options.task.map((question, number) => [question, answerOf(arrived.get(number)), ""]);
  return [
    h("h2", {}, "Answers"),
    h("p", { class: "dim" }, "Only these crossed the channel: no picture, no sound, and not the questions."),
    table(rows),
  ];
}

const OUTCOME = {
  outside: "the model measures nothing of this and does not guess",
  gone: "the source is not kept any more",
  failed: "the transmitter could not answer; its log says why",
};

function answerOf(answer) {
  if (!answer) return "has not arrived";
  return answer.outcome === "answered" ? sure(answer.text, answer.sure) : OUTCOME[answer.outcome];
}

const sure = (text, share) => (share === null ? text : `${text} (${percent(share)} sure)`);

/**
 * A form to ask with, and all that was asked; lives as long as its view.
 * ofSource: whether the source is kept, so that it can be asked about.
 */
export function questions(ofSource) {
  const text = h("input", { type: "text", id: "question", maxlength: 200, placeholder: "how many people are there?" });
  const by = h(
    "select",
    { "aria-label": "who answers" },
    ofSource ? h("option", { value: "source" }, "the transmitter, about the source") : null,
    h("option", { value: "reconstruction" }, "the receiver, about the reconstruction"),
  );
  const send = h("button", { type: "submit" }, "Ask");
  const note = h("p", { class: "refusal", role: "alert", hidden: true });
  const list = h("div", {});
  let from = null;
  let gone = false;

  const show = (asked) => list.replaceChildren(asked.length ? table(asked.map(row)) : "");
  const refuse = (message) => {
    note.textContent = message;
    note.hidden = !message;
  };
  async function ask(event) {
    event.preventDefault();
    send.disabled = true;
    refuse("");
    try {
      let asked = await from.ask(text.value, by.value);
      while (!gone && asked.state === "WAITING") {
        show(await from.questions());
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        asked = await from.question(asked.id);
      }
      show(await from.questions());
      announce(asked.answer ?? asked.error?.detail ?? "");
    } catch (error) {
      refuse(error.message);
    }
    send.disabled = false;
  }
  const element = h(
    "div",
    {},
    h("h2", {}, "Questions"),
    h(
      "form",
      { class: "ask", onsubmit: ask },
      h("label", { for: "question", class: "hidden-visually" }, "Question about the video"),
      h("div", { class: "inputs" }, text, by, send),
    ),
    note,
    list,
  );
  return {
    element,
    leave: () => (gone = true),
    /** Says which receiver is asked, and what was asked before. */
    follow(receiver, asked) {
      from = receiver;
      if (!send.disabled) show(asked);
    },
  };
}

function row(asked) {
  const answer = asked.state === "WAITING" ? "…" : asked.answer === null ? asked.error.detail : sure(asked.answer, asked.sure);
  const cost =
    asked.answered_by === "source"
      ? `source; ${count(asked.symbols_received)} symbols, ${count(asked.question_bytes + asked.return_bytes)} bytes back`
      : "reconstruction; nothing crossed";
  return [asked.question, answer, cost];
}

function table(rows) {
  return h(
    "table",
    { class: "answers" },
    h("tbody", {}, rows.map((cells) => h("tr", {}, h("th", { scope: "row" }, cells[0]), cells.slice(1).map((c) => h("td", {}, c))))),
  );
}

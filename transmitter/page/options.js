// The options of a transmission, as the OpenAPI document describes them: a new one appears here by itself.

import { h } from "./dom.js";
import { words } from "./wording.js";

const own = (read) => ["skem", "skim"].includes(read("keyframe_method"));
// What stands in front, in this order; everything else that the schema has comes under "More options".
const FRONT = {
  "channel.snr_db": { label: "SNR of the channel, dB", slider: [-10, 30, 0.5], rest: 10, empty: "own" },
  "channel.model": { label: "Channel model", empty: "the channel's own" },
  keyframe_method: { label: "Keyframe method" },
  keyframe_count: { label: "Keyframes in all", when: (read) => read("keyframe_method") === "skim" },
  segment_s: { label: "Segment, s", when: (read) => !own(read), empty: "by meaning" },
  focus: { label: "Semantic focus" },
  threshold: { label: "Threshold", slider: [-1, 1, 0.01] },
  target_cbr: { label: "Target CBR", when: own, empty: "none" },
  sound: { label: "Sound" },
};

// What the schema calls the default is the service's own choice here, which only the service knows.
const CHOSEN_BY_SERVICE = { mllm: "the service's own" };

/** A form for `TransmissionOptions`; `read()` gives what differs from the defaults, ready for JSON. */
export function optionsForm(openapi) {
  const schemas = openapi.components.schemas;
  const fields = new Map(flatten(schemas, schemas.TransmissionOptions ?? schemas["TransmissionOptions-Output"]));
  const controls = new Map();
  for (const [name, empty] of Object.entries(CHOSEN_BY_SERVICE)) {
    if (fields.has(name)) fields.set(name, { ...fields.get(name), default: undefined, empty });
  }
  for (const [name, field] of fields) controls.set(name, control(name, field, FRONT[name] ?? { empty: field.empty }));
  const read = (name) => controls.get(name)?.value() ?? fields.get(name)?.default;
  const hide = () => {
    for (const [name, { when }] of Object.entries(FRONT)) {
      if (when && controls.has(name)) controls.get(name).element.hidden = !when(read);
    }
  };
  const front = Object.keys(FRONT).filter((name) => controls.has(name));
  const rest = [...controls.keys()].filter((name) => !(name in FRONT));
  const elements = (names) => names.map((name) => controls.get(name).element);
  const element = h(
    "fieldset",
    { class: "options", oninput: hide },
    h("legend", { class: "hidden-visually" }, "Options"),
    h("div", { class: "grid" }, elements(front)),
    h("details", {}, h("summary", {}, "More options"), h("div", { class: "grid" }, elements(rest))),
  );
  hide();
  return {
    element,
    read() {
      const options = {};
      for (const [name, { element: shown, value }] of controls) {
        const given = value();
        if (shown.hidden || given === undefined || given === fields.get(name).default) continue;
        const [outer, inner] = name.split(".");
        if (inner) options[outer] = { ...options[outer], [inner]: given };
        else options[outer] = given;
      }
      return options;
    },
  };
}

/** Pairs of dotted name and field; an object among the options is taken apart. */
function flatten(schemas, object, prefix = "") {
  return Object.entries(object.properties).flatMap(([name, property]) => {
    const field = describe(schemas, property);
    if (field.properties) return flatten(schemas, field, `${name}.`);
    return field.type === "array" ? [] : [[prefix + name, field]]; // points of a trace come from a program
  });
}

/** One property with its references and alternatives resolved. */
function describe(schemas, property) {
  const target = (schema) =>
    schema.$ref ? { ...schemas[schema.$ref.split("/").pop()], description: undefined } : schema;
  const choices = (property.anyOf ?? property.allOf ?? [property]).map(target).filter((c) => c.type !== "null");
  const merged = Object.assign({}, ...choices);
  const allowed = choices.flatMap((choice) => choice.enum ?? (choice.const === undefined ? [] : [choice.const]));
  return {
    ...merged,
    words: allowed,
    numeric: choices.find((choice) => ["number", "integer"].includes(choice.type)),
    default: property.default,
    description: property.description ?? "",
  };
}

function control(name, field, { label = spelled(name), slider, rest, empty }) {
  const id = `option-${name}`;
  const described = { id, "aria-describedby": `${id}-help` };
  let input;
  let beside = null;
  if (field.words.length && !field.numeric) {
    const none = field.default === undefined ? [h("option", { value: "" }, empty ?? "the default")] : [];
    input = h(
      "select",
      described,
      none,
      field.words.map((word) => h("option", { value: word }, words(word))),
    );
    if (field.default !== undefined) input.value = field.default;
  } else if (field.type === "boolean") {
    input = h("input", { ...described, type: "checkbox" });
    input.checked = Boolean(field.default);
  } else if (field.type === "array") {
    input = h("textarea", { ...described, rows: 2, placeholder: "one a line" });
  } else if (field.numeric && !field.words.length) {
    const { minimum, maximum, type } = field.numeric;
    const step = type === "integer" ? 1 : "any";
    input = h("input", { ...described, type: "number", min: minimum, max: maximum, step, placeholder: empty ?? "" });
    if (field.default !== undefined) input.value = field.default;
    if (slider) beside = range(label, input, slider, field.default ?? rest);
  } else {
    const most = field.maxLength ?? 100;
    input = h("input", { ...described, type: "text", maxlength: most, placeholder: empty ?? "" });
    if (field.default !== undefined) input.value = field.default;
  }
  const element = h(
    "div",
    { class: "option" },
    h("label", { for: id }, label),
    h("div", { class: "inputs" }, beside, input),
    h("p", { class: "help", id: `${id}-help` }, field.description),
  );
  return { element, value: () => valueOf(input, field) };
}

/** `channel.rician_k_db` as "Channel rician k db". */
function spelled(name) {
  const text = words(name.replace(".", " "));
  return text[0].toUpperCase() + text.slice(1);
}

/** A slider that writes into a number's input and follows it. */
function range(label, input, [min, max, step], value) {
  const slider = h("input", { type: "range", min, max, step, "aria-label": label });
  slider.value = value;
  slider.addEventListener("input", () => (input.value = slider.value));
  input.addEventListener("input", () => (slider.value = input.value === "" ? value : input.value));
  return slider;
}

function valueOf(input, field) {
  if (input.type === "checkbox") return input.checked;
  if (input.value.trim() === "") return undefined;
  if (field.type === "array") return input.value.split("\n").filter((line) => line.trim());
  const number = Number(input.value);
  return field.numeric && Number.isFinite(number) ? number : input.value;
}

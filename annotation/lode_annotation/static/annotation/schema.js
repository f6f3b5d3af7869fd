// @ts-check
// The schema editor: the config is checked while one types, the palette it makes is shown, gone labels are asked about.

import { shapeFor } from "../editor/kinds/index.js";
import { controlOf } from "../editor/model/relations.js";
import { HttpError, postJSON } from "../lode/http.js";

/** @typedef {{value: string, class_id: number, hotkey: string|null}} Label */
/** @typedef {{name: string, type: string, choice: string, required: boolean, labels: Label[]}} Control */
/** @typedef {{id: number, name: string, control: string}} Known a class of the newest revision */
/** @typedef {{ok: boolean, controls: Control[], problems: {line: number, error: string}[]}} Checked */

const WAIT = 300;
const COLORS = 12;

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [css]
 * @param {...(Node|string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
function make(tag, css = "", ...children) {
  const element = document.createElement(tag);
  if (css) element.className = css;
  element.append(...children);
  return element;
}

/** @param {HTMLElement} preview */
function start(preview) {
  const field = document.getElementById(preview.dataset.for ?? "");
  if (!(field instanceof HTMLTextAreaElement)) return;
  const known = /** @type {Known[]} */ (JSON.parse(document.getElementById("known-labels")?.textContent ?? "[]"));
  /** @type {Map<number, string>} */
  const renames = new Map();
  let timer = 0;
  let turn = 0;

  const check = async () => {
    const mine = ++turn;
    try {
      const body = { config: field.value, schema: preview.dataset.schema ?? "" };
      const checked = /** @type {Checked} */ (await postJSON(preview.dataset.check ?? "", body));
      if (mine === turn) show(preview, checked, known, renames);
    } catch (error) {
      if (mine === turn && error instanceof HttpError) {
        preview.replaceChildren(make("p", "note note-danger", error.message));
      }
    }
  };
  field.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(check, WAIT);
  });
  void check();
}

/**
 * @param {HTMLElement} preview
 * @param {Checked} checked
 * @param {Known[]} known classes of the newest revision
 * @param {Map<number, string>} renames what was chosen so far
 */
function show(preview, checked, known, renames) {
  const words = preview.dataset;
  if (!checked.ok) {
    const rows = checked.problems.map((problem) =>
      make("li", "", make("b", "", `${words.wordLine ?? "Line"} ${problem.line}`), ` ${problem.error}`),
    );
    preview.replaceChildren(make("ul", "errors", ...rows));
    return;
  }
  const parts = checked.controls.map((control) => palette(control, words, known));
  const there = new Set(checked.controls.flatMap((control) => control.labels.map((label) => label.class_id)));
  const gone = known.filter((one) => !there.has(one.id));
  if (gone.length) parts.push(goneLabels(gone, freshLabels(checked, known), words, renames));
  preview.replaceChildren(...parts);
}

/**
 * The labels of each control that the newest revision does not have.
 * @param {Checked} checked
 * @param {Known[]} known
 * @returns {Map<string, string[]>}
 */
function freshLabels(checked, known) {
  const ids = new Set(known.map((one) => one.id));
  const fresh = checked.controls.map((control) => {
    const labels = control.labels.filter((label) => !ids.has(label.class_id)).map((label) => label.value);
    return /** @type {[string, string[]]} */ ([control.name, labels]);
  });
  return new Map(fresh);
}

/**
 * @param {Control} control
 * @param {DOMStringMap} words
 * @param {Known[]} known
 */
function palette(control, words, known) {
  const many = controlOf([control]) ? words.wordLinks : control.choice === "single" ? words.wordSingle : words.wordMultiple;
  const kind = shapeFor(control)?.titles().many ?? many;
  const rule = control.required ? ` · ${words.wordRequired ?? ""}` : "";
  const rows = control.labels.map((label) => {
    const key = make("kbd", label.hotkey ? "" : "schema-nokey", label.hotkey ?? " ");
    const color = ((label.class_id - 1) % COLORS) + 1;
    const row = make("li", "", key, make("span", `chip chip-class c${color}`, make("i", "swatch"), label.value));
    row.append(make("span", "muted small", `#${label.class_id}`));
    if (known.length && !known.some((one) => one.id === label.class_id)) row.append(make("span", "small schema-new", words.wordNew ?? ""));
    return row;
  });
  const title = make("p", "small muted", `${control.name} · ${kind ?? ""}${rule}`);
  return make("div", "schema-control", title, make("ul", "schema-palette", ...rows));
}

/**
 * For each label that is gone: retired, or has it a new name?
 * @param {Known[]} gone
 * @param {Map<string, string[]>} fresh by control, labels that the newest revision does not have
 * @param {DOMStringMap} words
 * @param {Map<number, string>} renames
 */
function goneLabels(gone, fresh, words, renames) {
  const several = fresh.size > 1;
  const rows = gone.map((one) => {
    const select = make("select", "form-select");
    select.name = `rename:${one.id}`;
    select.append(new Option(words.wordRetire ?? "", ""));
    for (const name of fresh.get(one.control) ?? []) {
      select.append(new Option(`${words.wordRename ?? ""} ${name}`, name, false, renames.get(one.id) === name));
    }
    select.addEventListener("change", () => renames.set(one.id, select.value));
    return make("label", "", make("b", "", several ? `${one.control}: ${one.name}` : one.name), select);
  });
  return make("div", "schema-gone", make("p", "small muted", words.wordGone ?? ""), ...rows);
}

for (const preview of document.querySelectorAll("[data-schema-preview]")) {
  if (preview instanceof HTMLElement) start(preview);
}

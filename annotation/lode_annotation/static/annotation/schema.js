// @ts-check
// The schema editor: the config is checked while one types, the palette it makes is shown, gone labels are asked about.

import { shapeFor } from "../editor/kinds/index.js";
import { HttpError, postJSON } from "../lode/http.js";

/** @typedef {{value: string, class_id: number, hotkey: string|null}} Label */
/** @typedef {{name: string, type: string, choice: string, required: boolean, labels: Label[]}} Control */
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
  const known = /** @type {string[]} */ (JSON.parse(document.getElementById("known-labels")?.textContent ?? "[]"));
  /** @type {Map<string, string>} */
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
 * @param {string[]} known labels of the newest revision
 * @param {Map<string, string>} renames what was chosen so far
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
  const labels = new Set(checked.controls.flatMap((control) => control.labels.map((label) => label.value)));
  const gone = known.filter((label) => !labels.has(label));
  const fresh = [...labels].filter((label) => !known.includes(label));
  if (gone.length) parts.push(goneLabels(gone, fresh, words, renames));
  preview.replaceChildren(...parts);
}

/**
 * @param {Control} control
 * @param {DOMStringMap} words
 * @param {string[]} known
 */
function palette(control, words, known) {
  const many = control.choice === "single" ? words.wordSingle : words.wordMultiple;
  const kind = shapeFor(control)?.titles().many ?? many;
  const rule = control.required ? ` · ${words.wordRequired ?? ""}` : "";
  const rows = control.labels.map((label) => {
    const key = make("kbd", label.hotkey ? "" : "schema-nokey", label.hotkey ?? " ");
    const color = ((label.class_id - 1) % COLORS) + 1;
    const row = make("li", "", key, make("span", `chip chip-class c${color}`, make("i", "swatch"), label.value));
    row.append(make("span", "muted small", `#${label.class_id}`));
    if (known.length && !known.includes(label.value)) row.append(make("span", "small schema-new", words.wordNew ?? ""));
    return row;
  });
  const title = make("p", "small muted", `${control.name} · ${kind ?? ""}${rule}`);
  return make("div", "schema-control", title, make("ul", "schema-palette", ...rows));
}

/**
 * For each label that is gone: retired, or has it a new name?
 * @param {string[]} gone
 * @param {string[]} fresh labels that the newest revision does not have
 * @param {DOMStringMap} words
 * @param {Map<string, string>} renames
 */
function goneLabels(gone, fresh, words, renames) {
  const rows = gone.map((label) => {
    const select = make("select", "form-select");
    select.name = `rename:${label}`;
    select.append(new Option(words.wordRetire ?? "", ""));
    for (const name of fresh) {
      select.append(new Option(`${words.wordRename ?? ""} ${name}`, name, false, renames.get(label) === name));
    }
    select.addEventListener("change", () => renames.set(label, select.value));
    return make("label", "", make("b", "", label), select);
  });
  return make("div", "schema-gone", make("p", "small muted", words.wordGone ?? ""), ...rows);
}

for (const preview of document.querySelectorAll("[data-schema-preview]")) {
  if (preview instanceof HTMLElement) start(preview);
}

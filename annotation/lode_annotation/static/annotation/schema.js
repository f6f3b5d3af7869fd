// @ts-check
// The schema editor: the config is checked while one types, the palette it makes is shown, gone labels are asked about.

import { shapeFor } from "../editor/kinds/index.js";
import { HttpError, postJSON } from "../lode/http.js";

/** @typedef {{value: string, class_id: number, hotkey: string|null}} Label */
/** @typedef {{name: string, type: string, choice: string, required: boolean, labels: Label[]}} Control */
/** @typedef {{id: number, name: string, control: string}} Known a class of the newest revision */
/** @typedef {Map<string, string>} Chosen what was chosen so far, by the class that it is about */
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
  /** @type {Chosen} */
  const chosen = new Map();
  let timer = 0;
  let turn = 0;

  const check = async () => {
    const mine = ++turn;
    try {
      const body = { config: field.value, schema: preview.dataset.schema ?? "" };
      const checked = /** @type {Checked} */ (await postJSON(preview.dataset.check ?? "", body));
      if (mine === turn) show(preview, checked, known, chosen);
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
 * @param {Chosen} chosen
 */
function show(preview, checked, known, chosen) {
  const words = preview.dataset;
  if (!checked.ok) {
    const rows = checked.problems.map((problem) =>
      make("li", "", make("b", "", `${words.wordLine ?? "Line"} ${problem.line}`), ` ${problem.error}`),
    );
    preview.replaceChildren(make("ul", "errors", ...rows));
    return;
  }
  const parts = checked.controls.map((control) => palette(control, words, known, chosen));
  const there = new Set(checked.controls.flatMap((control) => control.labels.map((label) => label.class_id)));
  const gone = known.filter((one) => !there.has(one.id));
  if (gone.length) parts.push(goneLabels(gone, checked, known, words, chosen));
  preview.replaceChildren(...parts);
}

/**
 * The labels of each control that the newest revision does not have.
 * @param {Checked} checked
 * @param {Known[]} known
 * @returns {Map<string, string[]>}
 */
function freshLabels(checked, known) {
  const fresh = checked.controls.map((control) => {
    const labels = control.labels.filter((label) => !isKnown(label, known)).map((label) => label.value);
    return /** @type {[string, string[]]} */ ([control.name, labels]);
  });
  return new Map(fresh);
}

/**
 * @param {Label} label
 * @param {Known[]} known
 */
function isKnown(label, known) {
  return known.some((one) => one.id === label.class_id);
}

/**
 * @param {Control} control
 * @param {DOMStringMap} words
 * @param {Known[]} known
 * @param {Chosen} chosen
 */
function palette(control, words, known, chosen) {
  const many = control.choice === "single" ? words.wordSingle : words.wordMultiple;
  const kind = shapeFor(control)?.titles().many ?? many;
  const rule = control.required ? ` · ${words.wordRequired ?? ""}` : "";
  const rows = control.labels.map((label) => {
    const key = make("kbd", label.hotkey ? "" : "schema-nokey", label.hotkey ?? " ");
    const color = ((label.class_id - 1) % COLORS) + 1;
    const row = make("li", "", key, make("span", `chip chip-class c${color}`, make("i", "swatch"), label.value));
    row.append(make("span", "muted small", `#${label.class_id}`));
    if (known.length && !isKnown(label, known)) {
      row.append(make("span", "small schema-new", words.wordNew ?? ""));
      const kept = control.labels.filter((one) => isKnown(one, known)).map((one) => one.value);
      if (kept.length) row.append(splitFrom(control.name, label.value, kept, words, chosen));
    }
    return row;
  });
  const title = make("p", "small muted", `${control.name} · ${kind ?? ""}${rule}`);
  return make("div", "schema-control", title, make("ul", "schema-palette", ...rows));
}

/**
 * Which of the labels that stay a new one is split off from: a person has to look through the items of that one.
 * @param {string} control
 * @param {string} label
 * @param {string[]} kept
 * @param {DOMStringMap} words
 * @param {Chosen} chosen
 */
function splitFrom(control, label, kept, words, chosen) {
  const key = JSON.stringify([control, label]);
  const select = make("select", "form-select schema-split");
  select.name = "split";
  select.setAttribute("aria-label", `${label}: ${words.wordSplit ?? ""}`);
  select.append(new Option(words.wordAlone ?? "", ""));
  for (const name of kept) {
    const value = JSON.stringify([control, label, name]);
    select.append(new Option(`${words.wordSplit ?? ""} ${name}`, value, false, chosen.get(key) === value));
  }
  select.addEventListener("change", () => chosen.set(key, select.value));
  return select;
}

/**
 * For each label that is gone: retired, has it a new name, or does another label take it in?
 * @param {Known[]} gone
 * @param {Checked} checked
 * @param {Known[]} known
 * @param {DOMStringMap} words
 * @param {Chosen} chosen
 */
function goneLabels(gone, checked, known, words, chosen) {
  const several = checked.controls.length > 1;
  const fresh = freshLabels(checked, known);
  const rows = gone.map((one) => {
    const key = String(one.id);
    const select = make("select", "form-select");
    select.append(new Option(words.wordRetire ?? "", ""));
    /** @type {(way: string, word: string|undefined, labels: string[]) => void} */
    const offer = (way, word, labels) => {
      for (const name of labels) {
        const option = new Option(`${word ?? ""} ${name}`, name, false, chosen.get(key) === `${way}:${name}`);
        option.dataset.way = way;
        select.append(option);
      }
    };
    offer("rename", words.wordRename, fresh.get(one.control) ?? []);
    const control = checked.controls.find((each) => each.name === one.control);
    offer("merge", words.wordMerge, (control?.labels ?? []).map((label) => label.value));
    const name = () => {
      const way = select.selectedOptions[0]?.dataset.way ?? "rename";
      select.name = `${way}:${one.id}`;
      return way;
    };
    name();
    select.addEventListener("change", () => chosen.set(key, `${name()}:${select.value}`));
    return make("label", "", make("b", "", several ? `${one.control}: ${one.name}` : one.name), select);
  });
  return make("div", "schema-gone", make("p", "small muted", words.wordGone ?? ""), ...rows);
}

for (const preview of document.querySelectorAll("[data-schema-preview]")) {
  if (preview instanceof HTMLElement) start(preview);
}

// @ts-check
// The schema editor: the config as a form and as XML, checked while one types; the palette it makes is shown, gone labels
// are asked about.

import { shapeFor } from "../editor/kinds/index.js";
import { controlOf } from "../editor/model/relations.js";
import { find } from "../lode/dom.js";
import { HttpError, postJSON } from "../lode/http.js";
import { Renames } from "./renames.js";
import { SchemaForm } from "./schema_form.js";

/** @typedef {{value: string, class_id: number, hotkey: string|null}} Label */
/** @typedef {{name: string, type: string, choice: string, required: boolean, labels: Label[]}} Control */
/** @typedef {import("./renames.js").Known} Known */
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
  const renames = new Renames(known);
  const kinds = JSON.parse(document.getElementById("question-kinds")?.textContent ?? "{}");
  const form = new SchemaForm(find("[data-schema-form]"), field, kinds, renames);
  startViews(field);
  let timer = 0;
  let turn = 0;

  const check = async () => {
    const mine = ++turn;
    try {
      const body = { config: field.value, schema: preview.dataset.schema ?? "" };
      const checked = /** @type {Checked} */ (await postJSON(preview.dataset.check ?? "", body));
      if (mine === turn) show(preview, checked, renames, form);
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

/** The config is seen as a form or as XML. @param {HTMLTextAreaElement} field */
function startViews(field) {
  const buttons = document.querySelectorAll("button[data-schema-view]");
  const choose = (/** @type {string} */ view) => {
    find("[data-schema-form]").hidden = view !== "form";
    find("[data-schema-xml]").hidden = view === "form";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.getAttribute("data-schema-view") === view));
  };
  for (const button of buttons) button.addEventListener("click", () => choose(button.getAttribute("data-schema-view") ?? ""));
  choose(field.classList.contains("is-invalid") ? "xml" : "form");
}

/**
 * @param {HTMLElement} preview
 * @param {Checked} checked
 * @param {Renames} renames what was chosen so far
 * @param {SchemaForm} form
 */
function show(preview, checked, renames, form) {
  const words = preview.dataset;
  const { known } = renames;
  for (const button of document.querySelectorAll("button[formaction]")) button.toggleAttribute("disabled", !checked.ok);
  if (!checked.ok) {
    const rows = checked.problems.map((problem) =>
      make("li", "", make("b", "", `${words.wordLine ?? "Line"} ${problem.line}`), ` ${problem.error}`),
    );
    preview.replaceChildren(make("ul", "errors", ...rows));
    return;
  }
  const parts = checked.controls.map((control) => palette(control, words, known, form.kinds.get(control.type)));
  const there = new Set(checked.controls.flatMap((control) => control.labels.map((label) => label.class_id)));
  const gone = known.filter((one) => !there.has(one.id));
  if (gone.length) parts.push(goneLabels(gone, freshLabels(checked, known), words, renames, () => form.render()));
  preview.replaceChildren(...parts);
}

/**
 * The labels of each control that the newest revision does not have.
 * @param {Checked} checked
 * @param {readonly Known[]} known
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
 * @param {readonly Known[]} known
 * @param {import("./schema_form.js").Kind} [asked]
 */
function palette(control, words, known, asked) {
  const many = controlOf([control]) ? words.wordLinks : control.choice === "single" ? words.wordSingle : words.wordMultiple;
  const kind = shapeFor(control)?.titles().many ?? (asked && !asked.choice ? asked.title.toLowerCase() : many);
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
 * @param {Renames} renames
 * @param {() => void} chosen
 */
function goneLabels(gone, fresh, words, renames, chosen) {
  const several = fresh.size > 1;
  const rows = gone.map((one) => {
    const select = make("select", "form-select");
    select.name = `rename:${one.id}`;
    select.append(new Option(words.wordRetire ?? "", ""));
    for (const name of fresh.get(one.control) ?? []) {
      select.append(new Option(`${words.wordRename ?? ""} ${name}`, name, false, renames.nameOf(one) === name));
    }
    select.addEventListener("change", () => {
      renames.say(one.id, select.value);
      chosen();
    });
    return make("label", "", make("b", "", several ? `${one.control}: ${one.name}` : one.name), select);
  });
  return make("div", "schema-gone", make("p", "small muted", words.wordGone ?? ""), ...rows);
}

for (const preview of document.querySelectorAll("[data-schema-preview]")) {
  if (preview instanceof HTMLElement) start(preview);
}

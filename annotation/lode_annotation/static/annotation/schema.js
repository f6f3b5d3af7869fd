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
/** @typedef {Map<string, string>} Chosen what a label is split off from, or merged into, by what it is about */
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
  /** @type {Chosen} */
  const chosen = new Map();
  let timer = 0;
  let turn = 0;

  const check = async () => {
    const mine = ++turn;
    try {
      const body = { config: field.value, schema: preview.dataset.schema ?? "" };
      const checked = /** @type {Checked} */ (await postJSON(preview.dataset.check ?? "", body));
      if (mine === turn) show(preview, checked, renames, chosen, form);
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
 * @param {Chosen} chosen
 * @param {SchemaForm} form
 */
function show(preview, checked, renames, chosen, form) {
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
  const parts = checked.controls.map((control) => palette(control, words, known, chosen, form.kinds.get(control.type)));
  const there = new Set(checked.controls.flatMap((control) => control.labels.map((label) => label.class_id)));
  const gone = known.filter((one) => !there.has(one.id));
  if (gone.length) parts.push(goneLabels(gone, checked, renames, chosen, words, () => form.render()));
  preview.replaceChildren(...parts);
}

/**
 * The labels of each control that the newest revision does not have.
 * @param {Checked} checked
 * @param {readonly Known[]} known
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
 * @param {readonly Known[]} known
 */
function isKnown(label, known) {
  return known.some((one) => one.id === label.class_id);
}

/**
 * @param {Control} control
 * @param {DOMStringMap} words
 * @param {readonly Known[]} known
 * @param {Chosen} chosen
 * @param {import("./schema_form.js").Kind} [asked]
 */
function palette(control, words, known, chosen, asked) {
  const many = controlOf([control]) ? words.wordLinks : control.choice === "single" ? words.wordSingle : words.wordMultiple;
  const kind = shapeFor(control)?.titles().many ?? (asked && !asked.choice ? asked.title.toLowerCase() : many);
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
 * @param {Renames} renames
 * @param {Chosen} chosen
 * @param {DOMStringMap} words
 * @param {() => void} changed told when another was chosen
 */
function goneLabels(gone, checked, renames, chosen, words, changed) {
  const several = checked.controls.length > 1;
  const fresh = freshLabels(checked, renames.known);
  const rows = gone.map((one) => {
    const key = String(one.id);
    const select = make("select", "form-select");
    select.append(new Option(words.wordRetire ?? "", ""));
    /** @type {(way: string, word: string|undefined, labels: string[], taken: string|undefined) => void} */
    const offer = (way, word, labels, taken) => {
      for (const name of labels) {
        const option = new Option(`${word ?? ""} ${name}`, name, false, taken === name);
        option.dataset.way = way;
        select.append(option);
      }
    };
    const merged = chosen.get(key);
    offer("rename", words.wordRename, fresh.get(one.control) ?? [], merged ? undefined : renames.nameOf(one));
    const control = checked.controls.find((each) => each.name === one.control);
    offer("merge", words.wordMerge, (control?.labels ?? []).map((label) => label.value), merged);
    const way = () => select.selectedOptions[0]?.dataset.way ?? "rename";
    select.name = `${way()}:${one.id}`;
    select.addEventListener("change", () => {
      select.name = `${way()}:${one.id}`;
      const into = way() === "merge" ? select.value : "";
      into ? chosen.set(key, into) : chosen.delete(key);
      renames.say(one.id, into ? "" : select.value);
      changed();
    });
    return make("label", "", make("b", "", several ? `${one.control}: ${one.name}` : one.name), select);
  });
  return make("div", "schema-gone", make("p", "small muted", words.wordGone ?? ""), ...rows);
}

for (const preview of document.querySelectorAll("[data-schema-preview]")) {
  if (preview instanceof HTMLElement) start(preview);
}

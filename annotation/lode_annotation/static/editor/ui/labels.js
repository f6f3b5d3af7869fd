// @ts-check
/**
 * The palettes on the right: the labels of regions, and the questions asked of the whole item or of the selected regions, as
 * buttons with their keys or as forms.
 */

import { keyName } from "../../lode/keyboard.js";
import { gettext } from "../../lode/words.js";
import { answerFor } from "../kinds/index.js";
import { inWords } from "../model/answers.js";
import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";

/** @typedef {import("../model/types.js").Control} Control */
/** @typedef {import("../model/types.js").Label} Label */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../stage.js").Stage} Stage */

const SEARCH_FROM = 14;

/**
 * @typedef {object} PaletteHost
 * @property {Stage} stage
 * @property {(control: Control, label: Label) => void} pick a label was chosen by pointer
 * @property {(control: Control, label: Label) => string} keyOf
 * @property {(control: Control, label: Label) => boolean} isOn
 * @property {(control: Control) => any} suggestion what a pre-label says that nobody took yet
 * @property {(control: Control, next: (had: any) => any, typing: boolean) => void} say
 * @property {(control: Control) => {said: any, mixed: boolean}} said
 * @property {(control: Control) => string} was what was said before, in words, where it was something else
 * @property {(control: Control) => boolean} isAsked whether a question is asked of what is selected
 * @property {(control: Control) => boolean} mayAnswer
 * @property {() => readonly import("../media/index.js").Entry[]} entries those of the item, where it is a list
 * @property {(label: Label) => boolean} isExplained whether there is a guideline of it, or an example
 * @property {(label: Label) => void} explain
 */
/** @typedef {{control: Control, panel: HTMLElement, field: import("../kinds/index.js").Field|null, before: HTMLElement}} Question */

export class LabelPanels {
  /** @param {HTMLElement} root @param {PaletteHost} host */
  constructor(root, host) {
    this.root = root;
    this.host = host;
    /** @type {{control: Control, label: Label, button: HTMLButtonElement, count: HTMLElement|null}[]} */
    this.entries = [];
    /** @type {Question[]} */
    this.questions = [];
    this.title = h("h2", { class: "ed-attributes-head" });
  }

  /** @param {readonly Control[]} controls */
  set(controls) {
    this.entries = [];
    this.questions = [];
    const several = controls.filter((one) => !answerFor(one)).length > 1;
    this.root.replaceChildren(...controls.map((control) => (answerFor(control) ? this.#question(control) : this.#panel(control, several))));
  }

  /** What the questions are asked of. @param {string} words */
  head(words) {
    this.title.textContent = words;
    if (this.questions.length && !this.title.isConnected) this.root.prepend(this.title);
  }

  /** @returns {HTMLElement[]} those of the questions that have a form */
  fields() {
    return this.questions.flatMap(({ field }) => (field ? [field.element] : []));
  }

  /** A panel of buttons, or of a form. @param {Control} control @returns {HTMLElement} */
  #question(control) {
    const field = answerFor(control)?.field?.(control, (next, typing) => this.host.say(control, next, typing)) ?? null;
    const panel = this.#panel(control, true, field);
    const before = h("p", { class: "ed-hint ed-before" });
    panel.append(before);
    this.questions.push({ control, panel, field, before });
    return panel;
  }

  /** @param {Control} control @param {boolean} named @param {import("../kinds/index.js").Field|null} [field] in place of buttons */
  #panel(control, named, field) {
    const asking = answerFor(control) !== undefined;
    const list = h("div", {
      class: "ed-labels",
      role: asking && control.choice !== "multiple" ? "radiogroup" : "group",
      "aria-label": control.name,
      "data-control": control.name,
    });
    const title = h("h2", {}, asking || named ? control.name : gettext("Labels"));
    if (control.required) title.append(h("span", { class: "ed-required", title: gettext("Required") }, "*"));
    const panel = h("section", { class: "ed-panel", "data-panel": control.name }, title);
    if (field) {
      panel.append(h("div", { "data-field": control.name }, field.element));
      return panel;
    }
    for (const label of control.labels) list.append(this.#button(control, label, asking));
    if (control.labels.length >= SEARCH_FROM) panel.append(this.#search(list));
    panel.append(list);
    return panel;
  }

  /** @param {Control} control @param {Label} label @param {boolean} asking */
  #button(control, label, asking) {
    const key = this.host.keyOf(control, label);
    const swatch = h("span", { class: asking ? "ed-tick" : "ed-swatch", "aria-hidden": "true" }, asking ? icon("check") : null);
    swatch.style.setProperty("--c", this.host.stage.palette.of(control.name, label.value));
    const count = asking ? null : h("span", { class: "ed-label-count" });
    const button = h(
      "button",
      {
        type: "button",
        class: "ed-label",
        title: label.guideline || undefined,
        role: asking ? (control.choice === "multiple" ? "checkbox" : "radio") : undefined,
        "aria-keyshortcuts": key.replace("Digit", "") || undefined,
        "data-label": label.value,
        onclick: () => this.host.pick(control, label),
        onmousedown: (event) => event.preventDefault(),
      },
      key ? h("kbd", { "aria-hidden": "true" }, keyName(key)) : h("span", { class: "ed-nokey" }),
      swatch,
      h("span", { class: "ed-label-name" }, label.value),
      count,
    );
    this.entries.push({ control, label, button, count });
    if (!this.host.isExplained(label)) return button;
    const words = gettext("Guideline of {label}", { label: label.value });
    const mark = h("button", { type: "button", class: "ed-explain", title: words, "aria-label": words, "data-explain": label.value, onclick: () => this.host.explain(label), onmousedown: (event) => event.preventDefault() }, icon("book"));
    return h("div", { class: "ed-label-row", role: "presentation" }, button, mark);
  }

  /** @param {HTMLElement} list */
  #search(list) {
    const field = h("input", { type: "search", class: "ed-search", placeholder: gettext("Find a label"), "aria-label": gettext("Find a label") });
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      for (const button of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-label]"))) {
        button.hidden = !(button.dataset.label ?? "").toLowerCase().includes(wanted);
      }
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        field.value = "";
        field.dispatchEvent(new Event("input"));
        field.blur();
      } else if (event.key === "Enter") {
        event.preventDefault();
        const buttons = /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-label]"));
        [...buttons].find((button) => !button.hidden)?.click();
        field.value = "";
        field.dispatchEvent(new Event("input"));
        field.blur();
      }
    });
    return field;
  }

  /** Count how often each label stands. @param {readonly Region[]} shapes */
  count(shapes) {
    /** How often each is, by its control. @type {Map<string, Map<string, number>>} */
    const counts = new Map(this.entries.map(({ control }) => [control.name, new Map()]));
    for (const { control, labels, pending } of shapes) {
      const own = pending ? undefined : counts.get(control);
      if (own) for (const label of labels) own.set(label, (own.get(label) ?? 0) + 1);
    }
    for (const { control, label, count } of this.entries) {
      if (count) count.textContent = String(counts.get(control.name)?.get(label.value) ?? "");
    }
  }

  /** Show which labels are on. */
  refresh() {
    for (const { control, label, button } of this.entries) {
      const on = this.host.isOn(control, label);
      button.classList.toggle("is-on", on);
      if (answerFor(control)) {
        button.setAttribute("aria-checked", String(on));
        button.classList.toggle("is-suggested", this.host.suggestion(control)?.includes(label.value) ?? false);
      } else {
        button.setAttribute("aria-pressed", String(on));
      }
    }
    for (const { control, panel, field, before } of this.questions) {
      panel.hidden = !this.host.isAsked(control);
      const { said, mixed } = this.host.said(control);
      field?.show(said, this.host.mayAnswer(control), mixed, this.host.entries());
      const was = this.host.was(control);
      const offered = field ? inWords(this.host.suggestion(control)) : "";
      before.textContent = [was && gettext("before: {words}", { words: was }), offered && gettext("pre-label: {words}", { words: offered })].filter(Boolean).join("; ");
    }
    this.root.hidden = [...this.root.children].every((one) => one === this.title || /** @type {HTMLElement} */ (one).hidden);
  }

  /** Show which question waits for an answer. @param {string} control */
  point(control) {
    const panel = this.root.querySelector(`[data-panel="${CSS.escape(control)}"]`);
    panel?.classList.add("is-missing");
    panel?.scrollIntoView({ block: "nearest" });
    setTimeout(() => panel?.classList.remove("is-missing"), 2500);
  }
}

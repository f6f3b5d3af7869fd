// @ts-check
/** The palettes on the right: the labels of regions, and the questions asked of the whole item. Keys stand on the labels. */

import { keyName } from "../../lode/keyboard.js";
import { gettext } from "../../lode/words.js";
import { asks, isShape } from "../kinds/index.js";
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
 * @property {(control: Control) => Region|undefined} suggestion a pre-label of a Choices control nobody took yet
 */

export class LabelPanels {
  /** @param {HTMLElement} root @param {PaletteHost} host */
  constructor(root, host) {
    this.root = root;
    this.host = host;
    /** @type {{control: Control, label: Label, button: HTMLButtonElement, count: HTMLElement|null}[]} */
    this.entries = [];
  }

  /** @param {readonly Control[]} controls */
  set(controls) {
    this.entries = [];
    this.root.replaceChildren(...controls.map((control) => this.#panel(control, controls.filter((one) => asks(one) === asks(control)).length > 1)));
  }

  /** @param {Control} control @param {boolean} named */
  #panel(control, named) {
    const asking = asks(control);
    const list = h("div", {
      class: "ed-labels",
      role: asking && control.choice !== "multiple" ? "radiogroup" : "group",
      "aria-label": control.name,
      "data-control": control.name,
    });
    for (const label of control.labels) list.append(this.#button(control, label, asking));
    const title = h("h2", {}, asking || named ? control.name : gettext("Labels"));
    if (control.required) title.append(h("span", { class: "ed-required", title: gettext("Required") }, "*"));
    const panel = h("section", { class: "ed-panel", "data-panel": control.name }, title);
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
    return button;
  }

  /** @param {HTMLElement} list */
  #search(list) {
    const field = h("input", { type: "search", class: "ed-search", placeholder: gettext("Find a label"), "aria-label": gettext("Find a label") });
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      for (const button of list.querySelectorAll("button")) {
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
        const first = [...list.querySelectorAll("button")].find((button) => !button.hidden);
        first?.click();
        field.value = "";
        field.dispatchEvent(new Event("input"));
        field.blur();
      }
    });
    return field;
  }

  /** Count how often each label stands. @param {Iterable<Region>} regions */
  count(regions) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const region of regions) {
      if (!isShape(region) || region.pending) continue;
      for (const label of region.labels) counts.set(`${region.control}/${label}`, (counts.get(`${region.control}/${label}`) ?? 0) + 1);
    }
    for (const { control, label, count } of this.entries) {
      if (count) count.textContent = String(counts.get(`${control.name}/${label.value}`) ?? "");
    }
  }

  /** Show which labels are on. */
  refresh() {
    for (const { control, label, button } of this.entries) {
      const on = this.host.isOn(control, label);
      button.classList.toggle("is-on", on);
      if (asks(control)) {
        button.setAttribute("aria-checked", String(on));
        const suggested = this.host.suggestion(control);
        button.classList.toggle("is-suggested", suggested?.labels.includes(label.value) ?? false);
      } else {
        button.setAttribute("aria-pressed", String(on));
      }
    }
  }

  /** Show which question waits for an answer. @param {string} control */
  point(control) {
    const panel = this.root.querySelector(`[data-panel="${CSS.escape(control)}"]`);
    panel?.classList.add("is-missing");
    panel?.scrollIntoView({ block: "nearest" });
    setTimeout(() => panel?.classList.remove("is-missing"), 2500);
  }
}

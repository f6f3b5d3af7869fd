// @ts-check
/** The relations of the selected regions: a row each, with direction, the other region and class. */

import { find, h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";
import { gettext, ngettext } from "../../lode/words.js";
import { directionOf, otherEnd } from "../model/relations.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../model/relations.js").Relation} Relation */

/** So many rows are shown. */
const MOST = 50;
const ICONS = { out: "arrow-right", in: "arrow-left", both: "arrows-left-right" };

export class RelationPanel {
  /** @param {HTMLElement} root @param {Editor} editor */
  constructor(root, editor) {
    this.root = root;
    this.editor = editor;
    this.rows = find("[data-relation-rows]", root);
    this.held = "";
  }

  /** Bring the rows up to date. */
  refresh() {
    const { relations, stage, store } = this.editor;
    const all = relations.selected();
    this.root.hidden = !all.length;
    const shown = all.slice(0, MOST);
    const numbers = new Map(all.length ? this.editor.list.ordered().map((region, at) => [region.key, at + 1]) : []);
    const colour = (/** @type {import("../model/types.js").Region|undefined} */ region) => region && stage.scene.colourOf(region);
    const facts = shown.map((one) => [one.key, relations.words(one), relations.seenFrom(one), numbers.get(this.#other(one)), colour(store.regions.get(this.#other(one)))]);
    const held = JSON.stringify([facts, all.length, stage.editable, relations.meant?.key, relations.control?.labels.map((label) => label.value)]);
    if (held === this.held) return;
    this.held = held;
    const focused = document.activeElement instanceof HTMLElement && this.rows.contains(document.activeElement) ? document.activeElement.dataset.part : undefined;
    const more = all.length - shown.length;
    const rest = more ? h("p", { class: "ed-hint" }, ngettext("{n} more relation", "{n} more relations", more)) : null;
    this.rows.replaceChildren(...shown.map((one) => this.#row(one, numbers.get(this.#other(one)) ?? 0)), ...(rest ? [rest] : []));
    if (focused) /** @type {HTMLElement|null} */ (this.rows.querySelector(`[data-part="${CSS.escape(focused)}"]`))?.focus();
    if (shown.some((one) => one.key === relations.current)) this.rows.querySelector(".is-current")?.scrollIntoView?.({ block: "nearest" });
  }

  /** @param {Relation} relation */
  #other(relation) {
    return otherEnd(relation, this.editor.relations.seenFrom(relation));
  }

  /** @param {Relation} relation @param {number} number of the other region */
  #row(relation, number) {
    const { relations, store, stage } = this.editor;
    const other = store.regions.get(this.#other(relation));
    const words = relations.words(relation);
    const name = other?.labels.join(", ") || gettext("no label");
    const swatch = h("span", { class: "ed-swatch", "aria-hidden": "true" });
    if (other) swatch.style.setProperty("--c", stage.scene.colourOf(other));
    const part = (/** @type {string} */ which) => `${relation.key} ${which}`;
    const current = relations.meant?.key === relation.key;
    const does = this.#onIt(relation.key);
    return h(
      "div",
      { class: current ? "ed-relation is-current" : "ed-relation", role: "group", "aria-label": words, "data-field": "relation", "data-relation": relation.key },
      this.#button(part("turn"), ICONS[directionOf(relation, relations.seenFrom(relation))], gettext("Change the direction: {words}", { words }), does((one) => relations.turn(one))),
      h(
        "button",
        { type: "button", class: "ed-relation-other", "data-part": part("other"), title: gettext("Select the other region"), onclick: () => other && this.editor.pick(other.key, false) },
        h("span", { class: "ed-row-number", "aria-hidden": "true" }, String(number || "")),
        swatch,
        h("span", { class: "ed-row-name" }, name),
      ),
      this.#classes(relation, part("class"), words),
      stage.editable && this.#button(part("delete"), "trash", gettext("Delete the relation {words}", { words }), does((one) => relations.remove(one))),
    );
  }

  /** Done to the relation as it is by then: a row is drawn a frame after the change. @param {string} key */
  #onIt(key) {
    return (/** @type {(relation: Relation) => void} */ act) => () => {
      const now = this.editor.store.relations.get(key);
      if (now) act(now);
    };
  }

  /** @param {string} part @param {string} image @param {string} title @param {() => void} run */
  #button(part, image, title, run) {
    const button = h("button", { type: "button", class: "ed-relation-button", "data-part": part, title, "aria-label": title, disabled: !this.editor.stage.editable, onclick: run }, icon(image));
    button.addEventListener("mousedown", (event) => event.preventDefault());
    return button;
  }

  /** @param {Relation} relation @param {string} part @param {string} words */
  #classes(relation, part, words) {
    const { relations, stage } = this.editor;
    const [label = ""] = relation.labels;
    const known = relations.control?.labels.map((one) => one.value) ?? [];
    if (!relations.control || !stage.editable) return label && h("span", { class: "ed-relation-class" }, label);
    const options = ["", ...known, ...(known.includes(label) || !label ? [] : [label])];
    const select = h(
      "select",
      { class: "ed-relation-class", "data-part": part, "aria-label": gettext("Class of the relation {words}", { words }), onchange: this.#onIt(relation.key)((one) => relations.classify(one, select.value || null)) },
      ...options.map((one) => h("option", { value: one, selected: one === label }, one || gettext("no class"))),
    );
    return select;
  }
}

// @ts-check
/** What is laid over the picture to compare an answer with: a line of the legend each, with its count and its key. */

import { h } from "../../lode/dom.js";
import { keyName } from "../../lode/keyboard.js";
import { gettext } from "../../lode/words.js";
import { isShape } from "../kinds/index.js";
import { isRelation } from "../model/relations.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../keymap.js").Command} Command */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {{who: string, late: boolean, answered: boolean, shapes: readonly Region[], on: boolean}} Other another person's work */
/** @typedef {{css: string, title: string, count: number, on: boolean, command: string, toggle: () => void}} Line */

export class Layers {
  /** @param {HTMLElement} root the legend @param {Editor} editor */
  constructor(root, editor) {
    this.root = root;
    this.editor = editor;
    this.scene = editor.stage.scene;
    /** @type {Other[]} */
    this.others = [];
    for (const event of ["load", "change", "show"]) editor.store.addEventListener(event, () => this.refresh());
  }

  /**
   * Take up another answer's layers.
   * @param {readonly Region[]} truth what the project holds
   * @param {readonly Region[]} before those of it that the answer changed
   * @param {readonly Omit<Other, "on">[]} others
   */
  set(truth, before, others) {
    this.scene.truth = truth.filter(isShape);
    this.scene.trueRelations = truth.filter(isRelation);
    this.scene.before = before;
    this.others = others.map((other) => ({ ...other, on: false }));
    this.#show();
  }

  /** @returns {Command[]} */
  commands() {
    const { scene } = this;
    const group = gettext("View");
    const others = () => this.others.some((other) => other.on);
    return [
      { id: "layer.own", title: gettext("Show this answer"), group, keys: ["Shift+g"], active: () => scene.showOwn, run: () => this.#toggle("showOwn") },
      { id: "before", title: gettext("Show the current labels"), group, keys: ["g"], active: () => scene.showBefore, run: () => this.#toggle("showBefore") },
      { id: "layer.others", title: gettext("Show other people's work"), group, keys: ["Shift+k"], when: () => this.others.length > 0, active: others, run: () => this.#showOthers(!others()) },
    ];
  }

  /** Bring the legend up to date. */
  refresh() {
    const lines = this.#lines();
    const { keymap } = this.editor;
    const held = JSON.stringify([lines, lines.map((line) => keymap.keysOf(line.command))]);
    if (this.root.dataset.held === held) return;
    this.root.dataset.held = held;
    const focused = [...this.root.children].indexOf(/** @type {Element} */ (document.activeElement));
    this.root.replaceChildren(...lines.map((line) => this.#button(line)));
    const again = this.root.children[focused];
    if (again instanceof HTMLElement) again.focus();
  }

  /** @returns {Line[]} those that have something */
  #lines() {
    const { scene } = this;
    const shapes = this.editor.store.shapes();
    const own = shapes.filter((shape) => !shape.pending).length;
    const { keymap } = this.editor;
    const does = (/** @type {string} */ command) => ({ command, toggle: () => keymap.run(command) });
    const lines = [
      { css: "own", title: gettext("This answer"), count: own, on: scene.showOwn, ...does("layer.own") },
      { css: "truth", title: gettext("Current labels"), count: scene.truth.length, on: scene.showBefore, ...does("before") },
      { css: "prediction", title: gettext("Pre-labels"), count: shapes.length - own, on: scene.showPrelabels, ...does("prelabels") },
    ];
    const answered = gettext("{who}’s answer");
    const words = (/** @type {Other} */ other) => (other.answered ? answered : other.late ? gettext("{who}, submitted too late") : gettext("{who}, unfinished")).replace("{who}", other.who);
    const others = this.others.map((other) => ({
      css: "other",
      title: words(other),
      count: other.shapes.length,
      on: other.on,
      command: this.others.length === 1 ? "layer.others" : "",
      toggle: () => this.#showOthers(!other.on, other),
    }));
    return [...lines.filter((line) => line.count), ...others];
  }

  /** @param {Line} line */
  #button({ css, title, count, on, command, toggle }) {
    const [key] = this.editor.keymap.keysOf(command);
    const button = h(
      "button",
      { type: "button", class: `ed-layer ed-layer-${css}`, "aria-pressed": String(on), onclick: toggle },
      h("span", { class: "ed-layer-name" }, title),
      h("span", { class: "ed-sum" }, String(count)),
      key && h("kbd", { "aria-hidden": "true" }, keyName(key)),
    );
    button.addEventListener("mousedown", (event) => event.preventDefault());
    return button;
  }

  /** @param {"showOwn"|"showBefore"} what */
  #toggle(what) {
    this.scene[what] = !this.scene[what];
    this.#show();
  }

  /** @param {boolean} on @param {Other} [only] */
  #showOthers(on, only) {
    for (const other of only ? [only] : this.others) other.on = on;
    this.#show();
  }

  #show() {
    this.scene.ghosts = this.others.flatMap((other) => (other.on ? other.shapes : []));
    this.scene.regroup();
    this.editor.refresh();
    this.refresh();
  }
}

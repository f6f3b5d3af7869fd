// @ts-check
/** The colours of the labels of a task's schema. */

import { Palette } from "../../lode/canvas/palette.js";

/** @typedef {import("../model/types.js").Control} Control */
/** @typedef {import("../model/types.js").Label} Label */

export class LabelPalette extends Palette {
  /** @param {Element} root where the `--lode-...` properties hold */
  constructor(root) {
    super(root);
    /** The colour of a label, by its control. @type {Map<string, Map<string|undefined, string>>} */
    this.byControl = new Map();
  }

  /** @param {readonly Control[]} controls */
  setControls(controls) {
    const coloured = (/** @type {Label} */ label, /** @type {number} */ at) => label.color || this.nth(label.class_id ?? at + 1);
    this.byControl = new Map(
      controls.map(({ name, labels }) => [name, new Map(labels.map((label, at) => [label.value, coloured(label, at)]))]),
    );
  }

  /** @param {string} control @param {string|undefined} label @returns {string} */
  of(control, label) {
    return this.byControl.get(control)?.get(label) ?? this.nth(1);
  }
}

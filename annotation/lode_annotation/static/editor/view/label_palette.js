// @ts-check
/** The colours of the labels of a task's schema. */

import { Palette } from "../../lode/canvas/palette.js";

/** @typedef {import("../model/types.js").Control} Control */

export class LabelPalette extends Palette {
  /** @param {Element} root where the `--lode-...` properties hold */
  constructor(root) {
    super(root);
    /** @type {Map<string, string>} */
    this.byLabel = new Map();
  }

  /** @param {readonly Control[]} controls */
  setControls(controls) {
    this.byLabel = new Map();
    for (const control of controls) {
      control.labels.forEach((label, at) => {
        this.byLabel.set(`${control.name}/${label.value}`, label.color || this.nth(label.class_id ?? at + 1));
      });
    }
  }

  /** @param {string} control @param {string|undefined} label @returns {string} */
  of(control, label) {
    return this.byLabel.get(`${control}/${label}`) ?? this.nth(1);
  }
}

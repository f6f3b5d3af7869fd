// @ts-check
/** The tool of kinds that are drawn with one drag, from a corner to the opposite one. */

import { span } from "../../lode/canvas/geometry.js";

/** @typedef {import("../model/types.js").Bounds} Bounds */
/** @typedef {import("../stage.js").Press} Press */

const SMALLEST_ON_SCREEN = 4;

/**
 * While armed it always draws, whatever lies below; Alt selects through.
 * @param {string} kind its name
 * @param {(part: Bounds) => object} within the geometry that fills a part of the picture
 * @returns {import("./index.js").Shape<any>["tool"]}
 */
export function dragTool(kind, within) {
  return (stage, ink, drawn) => {
    const { overlay } = stage;
    /** @type {Bounds|null} */
    let part = null;
    let busy = false;

    /** @param {Press} press */
    function drag(press) {
      if (!busy) return hover(press);
      const held = ink();
      if (!held) return;
      part = span(press.from.image, press.image, stage.size);
      overlay.draft = { shape: { kind, ...within(part) }, ...held };
      overlay.crosshair(press.stage);
      overlay.invalidate();
    }

    /** @param {Press} press */
    function up(press) {
      const made = part;
      rest();
      overlay.crosshair(press.stage);
      if (!made) return;
      const width = made.right - made.left;
      const height = made.bottom - made.top;
      const across = Math.max(width, height) * stage.viewport.scale;
      if (across >= SMALLEST_ON_SCREEN && width > 0 && height > 0) drawn(within(made));
    }

    function rest() {
      busy = false;
      part = null;
      overlay.draft = null;
      overlay.invalidate();
    }

    /** @param {Press} press */
    function hover(press) {
      stage.cursor("crosshair");
      overlay.crosshair(press.stage);
    }

    function cancel() {
      rest();
      overlay.crosshair(null);
    }

    return { id: kind, draws: true, snaps: () => true, down: () => (busy = true), move: drag, up, cancel, hover };
  };
}

// @ts-check
/** Draw boxes. While armed it always draws, whatever lies below; Alt selects through. */

import { span } from "../geometry.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Press} Press */

const SMALLEST_ON_SCREEN = 4;

/**
 * @param {Stage} stage
 * @param {() => {colour: string, text: string}|null} pen the label in hand
 * @param {(box: import("../model/types.js").Box) => void} drawn
 * @returns {import("../stage.js").Tool}
 */
export function boxTool(stage, pen, drawn) {
  const { overlay } = stage;
  let drawing = false;

  /** @param {Press} press */
  function move(press) {
    if (!drawing) return hover(press);
    const ink = pen();
    if (!ink) return;
    overlay.draft = { box: span(press.from.image, press.image, stage.size), ...ink };
    overlay.crosshair(press.stage);
    overlay.invalidate();
  }

  /** @param {Press} press */
  function up(press) {
    const box = overlay.draft?.box;
    rest();
    overlay.crosshair(press.stage);
    if (!box) return;
    const across = Math.max(box.width, box.height) * stage.viewport.scale;
    if (across >= SMALLEST_ON_SCREEN && box.width > 0 && box.height > 0) drawn(box);
  }

  function rest() {
    drawing = false;
    overlay.draft = null;
    overlay.invalidate();
  }

  /** @param {Press} press */
  function hover(press) {
    stage.cursor("crosshair");
    overlay.crosshair(press.stage);
  }

  return {
    id: "box",
    down: () => {
      drawing = true;
    },
    move,
    up,
    cancel: () => {
      rest();
      overlay.crosshair(null);
    },
    hover,
  };
}

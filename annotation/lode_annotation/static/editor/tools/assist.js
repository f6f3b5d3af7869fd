// @ts-check
/**
 * A click on an object asks what it is, and so does a box drawn around it where the assistant takes one; a press on a
 * handle of what was suggested adjusts it, as the select tool does.
 */

import { span } from "../../lode/canvas/geometry.js";

/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {{clicked: (at: Press["image"]) => void, boxed: (box: [number, number, number, number]) => void, boxes: () => boolean}} Asks what is asked, and whether boxes may be */

/** How far a press may move and still be a click, in CSS pixels. */
const SLACK = 4;

/** @param {Stage} stage @param {Tool} select @param {Asks} asks @returns {Tool} */
export function assistTool(stage, select, asks) {
  const { overlay } = stage;
  let adjusting = false;
  /** @param {Press} press */
  const isClick = ({ stage: to, from }) => Math.hypot(to.x - from.stage.x, to.y - from.stage.y) <= SLACK;
  /** @param {Press} press */
  const frame = (press) => span(press.from.image, press.image, stage.size);
  /** @param {ReturnType<typeof frame>|null} drawn */
  const show = (drawn) => {
    overlay.marquee = drawn;
    overlay.invalidate();
  };
  return {
    id: "assist",
    grips: true,
    snaps: () => adjusting && (select.snaps?.() ?? false),
    down(press) {
      adjusting = press.editable && overlay.handleAt(press.stage) !== null;
      if (adjusting) select.down(press);
    },
    move(press) {
      if (adjusting) return select.move(press);
      overlay.crosshair(press.stage);
      if (press.editable && asks.boxes()) show(isClick(press) ? null : frame(press));
    },
    up(press) {
      if (adjusting) select.up(press);
      else if (press.editable && isClick(press)) asks.clicked(press.from.image);
      else if (press.editable && asks.boxes()) {
        const { left, top, right, bottom } = frame(press);
        if (right > left && bottom > top) asks.boxed([left, top, right, bottom]);
      }
      adjusting = false;
      show(null);
    },
    cancel() {
      if (adjusting) select.cancel();
      adjusting = false;
      show(null);
      overlay.crosshair(null);
    },
    hover(press) {
      const handle = press.editable ? overlay.handleAt(press.stage) : null;
      stage.cursor(handle?.cursor ?? "crosshair");
      overlay.crosshair(handle ? null : press.stage);
    },
  };
}

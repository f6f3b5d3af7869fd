// @ts-check
/** A click on an object asks what it is; a press on a handle of what was suggested adjusts it, as the select tool does. */

/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */

/** How far a press may move and still be a click, in CSS pixels. */
const SLACK = 4;

/** @param {Stage} stage @param {Tool} select @param {(at: Press["image"]) => void} clicked @returns {Tool} */
export function assistTool(stage, select, clicked) {
  const { overlay } = stage;
  let adjusting = false;
  return {
    id: "assist",
    grips: true,
    snaps: () => adjusting && (select.snaps?.() ?? false),
    down(press) {
      adjusting = press.editable && overlay.handleAt(press.stage) !== null;
      if (adjusting) select.down(press);
    },
    move(press) {
      if (adjusting) select.move(press);
      else overlay.crosshair(press.stage);
    },
    up(press) {
      const { stage: to, from, editable } = press;
      if (adjusting) select.up(press);
      else if (editable && Math.hypot(to.x - from.stage.x, to.y - from.stage.y) <= SLACK) clicked(from.image);
      adjusting = false;
    },
    cancel() {
      if (adjusting) select.cancel();
      adjusting = false;
      overlay.crosshair(null);
    },
    hover(press) {
      const handle = press.editable ? overlay.handleAt(press.stage) : null;
      stage.cursor(handle?.cursor ?? "crosshair");
      overlay.crosshair(handle ? null : press.stage);
    },
  };
}

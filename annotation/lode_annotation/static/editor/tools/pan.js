// @ts-check
/** Move the picture with the pointer. */

/** @typedef {import("../stage.js").Stage} Stage */

/**
 * @param {Stage} stage
 * @returns {import("../stage.js").Tool}
 */
export function panTool(stage) {
  /** @type {import("../model/types.js").Point|null} */
  let last = null;
  return {
    id: "pan",
    down: (press) => {
      last = press.stage;
      stage.cursor("grabbing");
    },
    move: (press) => {
      if (!last) return stage.cursor("grab");
      stage.viewport.panBy(press.stage.x - last.x, press.stage.y - last.y);
      last = press.stage;
    },
    up: () => {
      last = null;
      stage.cursor("grab");
    },
    cancel: () => {
      last = null;
    },
    hover: () => stage.cursor("grab"),
  };
}

// @ts-check
/** Links the region that was selected with the one that is pressed. */

import { REACH } from "../../lode/canvas/geometry.js";
import { regionAt } from "../view/hit.js";

/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */

/** @param {Stage} stage @param {(key: string) => void} pressed a region was @param {() => void} left the tool was @returns {Tool} */
export function linkTool(stage, pressed, left) {
  const under = (/** @type {Press} */ press) => regionAt(stage.store, press.image, REACH / stage.viewport.scale);
  const point = (/** @type {Press["image"]|null} */ at) => {
    stage.scene.linkTo = at;
    stage.scene.invalidate(false);
  };
  return {
    id: "link",
    down(press) {
      const region = under(press);
      if (region) pressed(region.key);
    },
    move: (press) => point(press.image),
    up() {},
    cancel() {
      point(null);
      left();
    },
    interrupt() {},
    hover(press) {
      stage.cursor(under(press) ? "pointer" : "crosshair");
      point(press.image);
    },
  };
}

// @ts-check
/** Keypoints, edited: a press sets one, its one handle moves it. */

import { around, step, within } from "../../lode/canvas/geometry.js";
import { keypoint as drawing } from "../../lode/canvas/kinds/keypoint.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../model/types.js").Region & Point & {width: number}} KeypointRegion `width`: Label Studio's size of the dot, in percent */

/** Percent come and go through floats: this much of a pixel does not count as a move. */
const STILL = 0.01;
/** The `width` of new ones. */
const WIDTH = 0.5;

/**
 * Set keypoints, one with each press, where the button is let go. While armed it always sets, whatever lies below.
 * @type {import("./index.js").MakeTool}
 */
function tool(stage, ink, drawn) {
  const { overlay } = stage;

  /** @param {Press} press */
  function hover(press) {
    stage.cursor("crosshair");
    overlay.crosshair(press.stage);
  }

  /** @param {Press} press */
  function up(press) {
    if (ink()) drawn({ ...within(press.image, stage.size), width: WIDTH });
  }

  return { id: drawing.name, draws: true, snaps: () => true, down: () => {}, move: hover, up, cancel: () => overlay.crosshair(null), hover };
}

/** @type {import("./index.js").Shape<KeypointRegion>} */
export const keypoint = {
  ...drawing,
  drawn: true,
  result: "keypointlabels",
  control: "KeyPointLabels",
  icon: "M12 3v5M12 16v5M3 12h5M16 12h5M10.5 10.5h3v3h-3z",
  key: "m",
  studioKey: "k",
  titles: () => ({
    many: gettext("keypoints"),
    draw: gettext("Set keypoints"),
    place: gettext("Add a keypoint in the middle of the view"),
  }),
  decode({ x, y, width }, size) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return null;
    return { x: (x * size.width) / 100, y: (y * size.height) / 100, width: Number.isFinite(width) ? width : WIDTH };
  },
  encode: ({ x, y, width }, size) => ({ x: (x * 100) / size.width, y: (y * 100) / size.height, width }),
  differs: (was, is) => Math.hypot(was.x - is.x, was.y - is.y) > STILL,
  move(region, dx, dy, image) {
    const by = step(around([region]), dx, dy, image);
    return { ...region, x: region.x + by.x, y: region.y + by.y };
  },
  handles: ({ x, y }) => [{ name: "at", x, y, cursor: "move" }],
  drag: (region, _handle, to, image) => ({ ...region, ...within(to, image) }),
  offers: ({ x, y }) => ({ points: [{ x, y }], edges: [] }),
  place: ({ left, top, right, bottom }) => ({ x: (left + right) / 2, y: (top + bottom) / 2, width: WIDTH }),
  tool,
};

// @ts-check
/** Masks, edited: painted with a brush, erased, filled, and picked by colour (`mask_tools.js`). */

import { clamp } from "../../lode/canvas/geometry.js";
import { mask as drawing } from "../../lode/canvas/kinds/mask.js";
import { cut, equal, maskOf, Pixels, stroke } from "../../lode/canvas/mask.js";
import { fromBrush, toBrush } from "../../lode/canvas/rle.js";
import { gettext } from "../../lode/words.js";
import { eraser, filler, hand, painter, picker } from "./mask_tools.js";

/** @typedef {import("../model/types.js").Region & import("../../lode/canvas/kinds/mask.js").MaskGeometry} MaskRegion */

const ERASER =
  "M19 20h-10.5l-4.2-4.3a1 1 0 0 1 0-1.4l10-10a1 1 0 0 1 1.4 0l5 5a1 1 0 0 1 0 1.4l-9.2 9.3M18 13.3l-6.3-6.3";
const BUCKET =
  "M5 16l1.5 1.6a2.1 2.1 0 1 1-3 0zM13.7 3l-6.5 6.5a2 2 0 0 0 0 2.8l4.5 4.5a2 2 0 0 0 2.8 0l6.5-6.5zM6.5 11h13.5";
const WAND =
  "M6 21l15-15-3-3-15 15 3 3M15 6l3 3M9 3a2 2 0 0 0 2 2a2 2 0 0 0-2 2a2 2 0 0 0-2-2a2 2 0 0 0 2-2M19 13a2 2 0 0 0 2 2a2 2 0 0 0-2 2a2 2 0 0 0-2-2a2 2 0 0 0 2-2";

/** @type {import("./index.js").Shape<MaskRegion>} */
export const mask = {
  ...drawing,
  drawn: true,
  result: "brushlabels",
  control: "BrushLabels",
  icon: "M3 21v-4a4 4 0 1 1 4 4h-4M21 3a16 16 0 0 0-12.8 10.2M21 3a16 16 0 0 1-10.2 12.8M10.6 9a9 9 0 0 1 4.4 4.4",
  key: "t",
  studioKey: "b",
  titles: () => ({
    many: gettext("masks"),
    draw: gettext("Paint masks"),
    place: gettext("Add a round mask in the middle of the view"),
  }),
  decode(value, size) {
    const found = value.format === "rle" ? fromBrush(value.rle, size) : null;
    return found && { mask: found };
  },
  encode: (region, size) => ({ format: "rle", rle: toBrush(region.mask, size) }),
  differs: (was, is) => !equal(was.mask, is.mask),
  move(region, dx, dy, image) {
    const { left, top, width, height } = region.mask;
    const x = clamp(left + Math.round(dx), 0, image.width - width);
    const y = clamp(top + Math.round(dy), 0, image.height - height);
    return { ...region, mask: cut({ ...region.mask, left: x, top: y }, image) };
  },
  handles: () => [],
  drag: (region) => region,
  place({ left, top, right, bottom }) {
    const radius = Math.max(0.5, Math.min(right - left, bottom - top) / 2);
    const middle = { x: radius, y: radius };
    const side = Math.ceil(2 * radius);
    const pixels = new Pixels(side, side);
    stroke(pixels, middle, middle, radius, 1);
    const found = /** @type {import("../../lode/canvas/mask.js").Mask} */ (maskOf(pixels));
    const [x, y] = [Math.floor((left + right) / 2 - radius), Math.floor((top + bottom) / 2 - radius)];
    return { mask: { ...found, left: found.left + Math.max(0, x), top: found.top + Math.max(0, y) } };
  },
  tool: painter,
  more: [
    { id: "mask-erase", key: "Shift+e", studioKey: "e", icon: ERASER, title: () => gettext("Erase from the selected mask"), tool: eraser },
    { id: "mask-fill", key: "Shift+d", icon: BUCKET, title: () => gettext("Fill a hole of the selected mask"), tool: filler },
    { id: "mask-wand", key: "Shift+w", studioKey: "w", icon: WAND, title: () => gettext("Pick masks by colour"), tool: picker },
  ],
  settings: (stage) => [
    { id: "mask.less", title: gettext("Smaller brush, or fewer colours"), keys: ["<"], run: () => change(stage, -1) },
    { id: "mask.more", title: gettext("Larger brush, or more colours"), keys: [">"], run: () => change(stage, 1) },
  ],
};

/** @param {import("../stage.js").Stage} stage @param {-1|1} way */
function change(stage, way) {
  if (stage.tool?.id === "mask-wand") {
    hand.tolerance = clamp(hand.tolerance + way * 4, 0, 255);
    stage.say(gettext("Tolerance {n}", { n: hand.tolerance }));
    return;
  }
  const by = Math.max(1, Math.round(hand.size / 8));
  hand.size = clamp(hand.size + way * by, 1, 500);
  stage.hover();
}

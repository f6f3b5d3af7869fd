// @ts-check
/** Points: a kind of region as somebody would add it, in one module and one line of the registry. */

import { step, within } from "../../lode/canvas/geometry.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("../model/types.js").Region & {x: number, y: number}} PointRegion */

const RADIUS = 4;

/** @type {import("./index.js").Shape<PointRegion>["tool"]} */
function tool(stage, ink, drawn) {
  const { overlay } = stage;
  return {
    id: "point",
    draws: true,
    down: () => {},
    move: (press) => overlay.crosshair(press.stage),
    up: (press) => {
      if (ink()) drawn(within(press.image, stage.size));
    },
    cancel: () => overlay.crosshair(null),
    hover: (press) => overlay.crosshair(press.stage),
  };
}

/** @type {import("./index.js").Shape<PointRegion>} */
export const point = {
  name: "point",
  drawn: true,
  result: "spotlabels",
  control: "SpotLabels",
  icon: "M12 8v8M8 12h8",
  key: "~",
  titles: () => ({
    many: gettext("points"),
    draw: gettext("Draw points"),
    place: gettext("Add a point in the middle of the view"),
  }),
  decode(value, size) {
    if (typeof value.x !== "number" || typeof value.y !== "number") return null;
    return { x: (value.x * size.width) / 100, y: (value.y * size.height) / 100 };
  },
  encode: ({ x, y }, size) => ({ x: (x * 100) / size.width, y: (y * 100) / size.height }),
  read: (geometry) => (Array.isArray(geometry) ? { x: geometry[0], y: geometry[1] } : null),
  bounds: ({ x, y }) => ({ left: x - RADIUS, top: y - RADIUS, right: x + RADIUS, bottom: y + RADIUS }),
  area: () => 0,
  upright: () => false,
  hit: ({ x, y }, at, margin) => Math.hypot(at.x - x, at.y - y) <= RADIUS + margin,
  trace({ x, y }, pen) {
    pen.moveTo(x - RADIUS, y);
    pen.lineTo(x, y - RADIUS);
    pen.lineTo(x + RADIUS, y);
    pen.lineTo(x, y + RADIUS);
    pen.closePath();
  },
  measure: ({ x, y }) => `${Math.round(x)}, ${Math.round(y)}`,
  differs: (was, is) => Math.hypot(was.x - is.x, was.y - is.y) > 0.01,
  move(region, dx, dy, image) {
    const { x, y } = region;
    const by = step({ left: x, top: y, right: x, bottom: y }, dx, dy, image);
    return { ...region, x: x + by.x, y: y + by.y };
  },
  handles: ({ x, y }) => [{ name: "at", x, y, cursor: "move" }],
  drag: (region, _handle, to, image) => ({ ...region, ...within(to, image) }),
  place: ({ left, top, right, bottom }) => ({ x: (left + right) / 2, y: (top + bottom) / 2 }),
  tool,
};

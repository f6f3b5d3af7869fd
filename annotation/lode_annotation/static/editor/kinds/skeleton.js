// @ts-check
/** Skeletons, edited: placed point by point (`skeleton_tool.js`); then single points are moved, hidden and taken away. */

import { around, step, within } from "../../lode/canvas/geometry.js";
import { distance } from "../../lode/canvas/kinds/points.js";
import { skeleton as drawing, edgesOf, HIDDEN, labelled, VISIBLE } from "../../lode/canvas/kinds/skeleton.js";
import { gettext } from "../../lode/words.js";
import { isNumber } from "./points.js";
import { polyline } from "./polyline.js";
import { addMissing, hand, hide, nextPoint, placer, skip } from "./skeleton_tool.js";

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Size} Size */
/** @typedef {import("../../lode/canvas/kinds/skeleton.js").Joint} Joint */
/** @typedef {{points: string[], edges: [number, number][]}} Template the points of a class by name, and the places of those that its edges join */
/** @typedef {import("../model/types.js").Region & {points: readonly Joint[], asks: Template}} SkeletonRegion */

/** Percent come and go through floats: this much of a pixel does not count as a move. */
const STILL = 0.01;
/** A point that is not labelled. @type {Joint} */
const NONE = { x: 0, y: 0, v: 0 };

/** @param {import("../model/types.js").Control|undefined} control @param {string|undefined} label @returns {Template|undefined} */
function templateOf(control, label) {
  return label === undefined ? undefined : control?.options?.classes?.[label];
}

/** @param {any} vertex @param {Template} asks @returns {boolean} whether it is a point of the class */
function isOf(vertex, asks) {
  if (vertex === null || typeof vertex !== "object" || vertex.isBezier) return false;
  return isNumber(vertex.x) && isNumber(vertex.y) && asks.points.includes(vertex.id) && [HIDDEN, VISIBLE].includes(vertex.visibility ?? VISIBLE);
}

/** @param {SkeletonRegion} region @param {number} at @param {Partial<Joint>} change @returns {SkeletonRegion} */
function having(region, at, change) {
  return { ...region, points: region.points.with(at, { .../** @type {Joint} */ (region.points[at]), ...change }) };
}

/** The first point before one that an edge joins it to, as Label Studio draws them. @param {SkeletonRegion} region @param {number} at */
function before({ points, asks }, at) {
  const joined = asks.edges.flatMap(([one, two]) => (one === at ? [two] : two === at ? [one] : []));
  const found = joined.filter((other) => other < at && points[other]?.v);
  return found.length ? { prevPointId: asks.points[Math.min(...found)] } : {};
}

/** @type {import("./index.js").Shape<SkeletonRegion>} */
export const skeleton = {
  ...drawing,
  drawn: true,
  result: polyline.result,
  control: `${polyline.control} skeleton="true"`,
  icon: "M12 6.5v7M12 13.5l-4 6M12 13.5l4 6M6 9.5h12M10.2 4.7a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0-3.6 0",
  key: "Alt+p",
  placeKey: "Alt+Shift+p",
  titles: () => ({
    many: gettext("skeletons"),
    draw: gettext("Draw skeletons"),
    place: gettext("Add a skeleton in the middle of the view"),
  }),
  decode({ vertices, closed, [polyline.result]: labels }, size, control) {
    const asks = templateOf(control, Array.isArray(labels) ? labels[0] : undefined);
    if (!asks || closed || !Array.isArray(vertices) || !vertices.length) return null;
    const byName = new Map(vertices.map((vertex) => [vertex?.id, vertex]));
    if (byName.size < vertices.length || !vertices.every((vertex) => isOf(vertex, asks))) return null;
    const points = asks.points.map((name) => {
      const vertex = byName.get(name);
      if (!vertex) return NONE;
      return { x: (vertex.x * size.width) / 100, y: (vertex.y * size.height) / 100, v: vertex.visibility ?? VISIBLE };
    });
    return { points, asks };
  },
  encode: (region, size) => ({
    vertices: region.points.flatMap(({ x, y, v }, at) => {
      if (!v) return [];
      const place = { id: region.asks.points[at], x: (x * 100) / size.width, y: (y * 100) / size.height, isBezier: false };
      return [{ ...place, ...before(region, at), visibility: v }];
    }),
    closed: false,
  }),
  differs: (was, is) =>
    was.points.length !== is.points.length ||
    was.points.some((point, at) => {
      const other = /** @type {Joint} */ (is.points[at]);
      return point.v !== other.v || distance(point, other) > STILL;
    }),
  move(region, dx, dy, image) {
    const by = step(around(labelled(region.points)), dx, dy, image);
    return { ...region, points: region.points.map((one) => (one.v ? { ...one, x: one.x + by.x, y: one.y + by.y } : one)) };
  },
  handles: (region) =>
    region.points.flatMap(({ x, y, v }, at) => {
      const held = hand.key === region.key && hand.at === at;
      return v ? [{ name: String(at), x, y, cursor: "move", look: `${v === HIDDEN ? "is-hollow" : ""} ${held ? "is-held" : ""}` }] : [];
    }),
  called: (region, handle) => calledOf(region, Number(handle)),
  drag(region, handle, to, image) {
    Object.assign(hand, { key: region.key, at: Number(handle) });
    return having(region, Number(handle), within(to, image));
  },
  offers: (region) => ({ points: labelled(region.points), edges: edgesOf(region) }),
  without: (region, handle) => (labelled(region.points).length > 1 ? having(region, Number(handle), NONE) : null),
  cut(region, image) {
    const inside = (/** @type {Joint} */ { x, y }) => x >= 0 && y >= 0 && x <= image.width && y <= image.height;
    const points = region.points.map((one) => (inside(one) ? one : NONE));
    return labelled(points).length ? { ...region, points } : null;
  },
  grow: (region, dx, dy, image) => {
    const at = hand.key === region.key && region.points[hand.at]?.v ? hand.at : region.points.findLastIndex(({ v }) => v);
    const { x, y } = /** @type {Joint} */ (region.points[at]);
    return having(region, at, within({ x: x + dx, y: y + dy }, image));
  },
  relabel(region, control, label) {
    const asks = templateOf(control, label);
    if (!asks) return null;
    // a point of the same name is the same point
    const points = asks.points.map((name) => region.points[region.asks.points.indexOf(name)] ?? NONE);
    return labelled(points).length ? { ...region, points, asks } : null;
  },
  place({ left, top, right, bottom }, asks) {
    const count = asks.points.length;
    const points = asks.points.map((/** @type {string} */ _name, /** @type {number} */ at) => {
      const angle = (2 * Math.PI * at) / count - Math.PI / 2;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      return { x: (left + right + x * (right - left)) / 2, y: (top + bottom + y * (bottom - top)) / 2, v: VISIBLE };
    });
    return { points, asks };
  },
  tool: placer,
  settings: (stage) => [
    { id: "skeleton.hide", title: gettext("Place the next point as hidden; of a skeleton, hide or show a point"), keys: ["Shift+h", "Shift+u"], run: () => hide(stage) },
    { id: "skeleton.skip", title: gettext("Skip the next point: it is not labelled"), keys: ["Alt+x"], run: () => skip(stage) },
    { id: "skeleton.missing", title: gettext("Place the points that the selected skeleton lacks"), keys: ["Alt+m"], run: () => addMissing(stage) },
    { id: "skeleton.point", title: gettext("Take the next point of the selected skeleton in hand"), keys: ["Alt+n"], run: () => nextPoint(stage) },
  ],
};

/** A point's name, and that it is hidden. @param {SkeletonRegion} region @param {number} at */
function calledOf(region, at) {
  const name = region.asks.points[at] ?? "";
  return region.points[at]?.v === HIDDEN ? gettext("{name}, hidden", { name }) : name;
}

// @ts-check
/** Polygons, edited: one closed outline, drawn a press a point; its points are moved, added and taken away one by one. */

import { around, step, within } from "../../lode/canvas/geometry.js";
import { areaOf, away, distance, edges, polygon as drawing } from "../../lode/canvas/kinds/polygon.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {{points: readonly Point[]}} Outline */
/** @typedef {import("../model/types.js").Region & Outline} PolygonRegion */

const FEWEST = 3;
/** Percent come and go through floats: this much of a pixel does not count as a move. */
const STILL = 0.01;
/** How near to the first point a press closes the outline, in CSS pixels; nearer to the last than a third, it is the same point. */
const CLOSING = 9;

/** @param {unknown} pair @returns {boolean} */
function isPair(pair) {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "number" && Number.isFinite(part));
}

/**
 * Draw polygons a press a point. Enter or a press on the first point closes; Backspace takes the last point back; Escape
 * gives up.
 * @type {import("./index.js").Shape<PolygonRegion>["tool"]}
 */
function tool(stage, ink, drawn) {
  const { overlay, viewport } = stage;
  /** @type {Point[]} */
  let points = [];

  /** @param {Point|null} pointer in image pixels */
  function show(pointer) {
    const held = ink();
    const path = pointer && points.length ? [...points, within(pointer, stage.size)] : points;
    overlay.draft = held && path.length ? { shape: { kind: drawing.name, points: path, open: true }, marks: points, ...held } : null;
    overlay.invalidate();
  }

  /** @param {Press} press */
  function hover(press) {
    const first = points[0];
    const closes = first && points.length >= FEWEST && isNear(press, first, CLOSING);
    stage.cursor(closes ? "pointer" : "crosshair");
    overlay.crosshair(press.stage);
    if (points.length) show(press.image);
  }

  /** @param {Press} press */
  function up(press) {
    const first = points[0];
    const last = points.at(-1);
    if (!ink()) return;
    if (first && points.length >= FEWEST && isNear(press, first, CLOSING)) return void close();
    if (!last || !isNear(press, last, CLOSING / 3)) points = [...points, within(press.image, stage.size)];
    show(press.image);
  }

  /** @param {Press} press @param {Point} point @param {number} reach in CSS pixels */
  function isNear(press, point, reach) {
    return distance(press.stage, viewport.toStage(point)) <= reach;
  }

  function close() {
    const made = points;
    rest();
    if (made.length >= FEWEST && areaOf(made) > 0) drawn({ points: made });
  }

  function rest() {
    points = [];
    overlay.draft = null;
    overlay.invalidate();
  }

  /** @param {string} name @returns {boolean} */
  function key(name) {
    if (!points.length || !["Enter", "Backspace", "Escape"].includes(name)) return false;
    if (name === "Escape") rest();
    else if (name === "Backspace") points = points.slice(0, -1);
    else if (points.length >= FEWEST) close();
    if (name === "Backspace") show(null);
    return true;
  }

  function cancel() {
    rest();
    overlay.crosshair(null);
  }

  const interrupt = () => overlay.crosshair(null);
  return { id: drawing.name, draws: true, down: () => {}, move: hover, up, cancel, interrupt, hover, key };
}

/** @type {import("./index.js").Shape<PolygonRegion>} */
export const polygon = {
  ...drawing,
  drawn: true,
  result: "polygonlabels",
  control: "PolygonLabels",
  icon: "M6 5l11 2 2 9-9 4-6-7zM4.5 3.5h3v3h-3zM15.5 5.5h3v3h-3zM17.5 14.5h3v3h-3zM8.5 18.5h3v3h-3zM2.5 11.5h3v3h-3z",
  key: "o",
  titles: () => ({
    many: gettext("polygons"),
    draw: gettext("Draw polygons"),
    place: gettext("Add a polygon in the middle of the view"),
  }),
  decode(value, size) {
    // An outline that somebody left open is not ours to close.
    if (!Array.isArray(value.points) || value.closed === false) return null;
    if (value.points.length < FEWEST || !value.points.every(isPair)) return null;
    const points = value.points.map((/** @type {[number, number]} */ [x, y]) => ({ x: (x * size.width) / 100, y: (y * size.height) / 100 }));
    return { points };
  },
  encode: ({ points }, size) => ({
    points: points.map(({ x, y }) => [(x * 100) / size.width, (y * 100) / size.height]),
    closed: true,
  }),
  differs: (was, is) =>
    was.points.length !== is.points.length ||
    was.points.some((point, at) => distance(point, /** @type {Point} */ (is.points[at])) > STILL),
  move(region, dx, dy, image) {
    const by = step(around(region.points), dx, dy, image);
    return { ...region, points: region.points.map(({ x, y }) => ({ x: x + by.x, y: y + by.y })) };
  },
  handles: ({ points }) => points.map((point, at) => ({ ...point, name: String(at), cursor: "move" })),
  drag: (region, handle, to, image) => ({ ...region, points: region.points.with(Number(handle), within(to, image)) }),
  place: ({ left, top, right, bottom }) => ({
    points: [{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }],
  }),
  insert(region, point, margin) {
    const distances = edges(region.points).map((edge) => away(point, edge));
    const nearest = Math.min(...distances);
    if (nearest > margin || region.points.some((one) => distance(one, point) <= margin)) return null;
    return { ...region, points: region.points.toSpliced(distances.indexOf(nearest) + 1, 0, point) };
  },
  without(region, handle) {
    if (region.points.length <= FEWEST) return null;
    return { ...region, points: region.points.toSpliced(Number(handle), 1) };
  },
  tool,
};

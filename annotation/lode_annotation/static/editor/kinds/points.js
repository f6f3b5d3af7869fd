// @ts-check
/** What the kinds that are drawn point by point share: the tool, and how points are moved, added and taken away. */

import { around, step, within } from "../../lode/canvas/geometry.js";
import { away, distance, edges } from "../../lode/canvas/kinds/points.js";

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Size} Size */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../model/types.js").Region & {points: readonly Point[]}} Pointed */
/**
 * @typedef {object} Course how a kind is drawn point by point
 * @property {string} name of the kind
 * @property {number} fewest points that it has
 * @property {0|-1} end the place of the point on which a press ends the drawing: the first or the last
 * @property {number} reach how near to that point a press ends it, in CSS pixels
 * @property {(points: readonly Point[]) => boolean} sound whether points make one
 */

/** Percent come and go through floats: this much of a pixel does not count as a move. */
const STILL = 0.01;
/** How near to the last point a press means the same point, in CSS pixels. */
const SAME = 3;

/** @param {unknown} value @returns {boolean} */
export function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * Draw a press a point. Enter or a press on the point that ends it does so; Backspace takes the last point back; Escape
 * gives up.
 * @param {Course} course
 * @returns {import("./index.js").Shape<any>["tool"]}
 */
export function pointTool({ name, fewest, end, reach, sound }) {
  return (stage, ink, drawn) => {
    const { overlay, viewport } = stage;
    /** @type {Point[]} */
    let points = [];

    /** @param {Point|null} pointer in image pixels */
    function show(pointer) {
      const held = ink();
      const path = pointer && points.length ? [...points, within(pointer, stage.size)] : points;
      overlay.draft = held && path.length ? { shape: { kind: name, points: path, open: true }, marks: points, ...held } : null;
      overlay.invalidate();
    }

    /** @param {Press} press */
    function hover(press) {
      stage.cursor(ends(press) ? "pointer" : "crosshair");
      overlay.crosshair(press.stage);
      if (points.length) show(press.image);
    }

    /** @param {Press} press */
    function up(press) {
      const last = points.at(-1);
      if (!ink()) return;
      if (ends(press)) return void finish();
      if (!last || !isNear(press, last, SAME)) points = [...points, within(press.image, stage.size)];
      show(press.image);
    }

    /** @param {Press} press */
    function ends(press) {
      const at = points.at(end);
      return at !== undefined && points.length >= fewest && isNear(press, at, reach);
    }

    /** @param {Press} press @param {Point} point @param {number} most in CSS pixels */
    function isNear(press, point, most) {
      return distance(press.stage, viewport.toStage(point)) <= most;
    }

    function finish() {
      const made = points;
      rest();
      if (made.length >= fewest && sound(made)) drawn({ points: made });
    }

    function rest() {
      points = [];
      overlay.draft = null;
      overlay.invalidate();
    }

    /** @param {string} pressed @returns {boolean} */
    function key(pressed) {
      if (!points.length || !["Enter", "Backspace", "Escape"].includes(pressed)) return false;
      if (pressed === "Escape") rest();
      else if (pressed === "Backspace") points = points.slice(0, -1);
      else if (points.length >= fewest) finish();
      if (pressed === "Backspace") show(null);
      return true;
    }

    function cancel() {
      rest();
      overlay.crosshair(null);
    }

    const interrupt = () => overlay.crosshair(null);
    return { id: name, draws: true, snaps: () => true, down: () => {}, move: hover, up, cancel, interrupt, hover, key };
  };
}

/**
 * The members of a `Shape` that change its points one by one.
 * @template {Pointed} R
 * @param {{fewest: number, closed: boolean, sound: (points: readonly Point[]) => boolean}} how what is not sound is not made
 */
export function pointEdits({ fewest, closed, sound }) {
  /** @param {R} region @param {readonly Point[]} points @returns {R|null} */
  const having = (region, points) => (sound(points) ? { ...region, points } : null);
  return {
    /** @param {R} was @param {R} is */
    differs: (was, is) =>
      was.points.length !== is.points.length ||
      was.points.some((point, at) => distance(point, /** @type {Point} */ (is.points[at])) > STILL),
    /** @param {R} region @param {number} dx @param {number} dy @param {Size} image @returns {R} */
    move(region, dx, dy, image) {
      const by = step(around(region.points), dx, dy, image);
      return { ...region, points: region.points.map(({ x, y }) => ({ x: x + by.x, y: y + by.y })) };
    },
    /** @param {R} region */
    handles: ({ points }) => points.map((point, at) => ({ ...point, name: String(at), cursor: "move" })),
    /** @param {R} region @param {string} handle @param {Point} to @param {Size} image @returns {R} */
    drag: (region, handle, to, image) => having(region, region.points.with(Number(handle), within(to, image))) ?? region,
    /** @param {R} region @returns {import("../snap.js").Offer} */
    offers: ({ points }) => ({ points, edges: edges(points, closed) }),
    /** @param {R} region @param {Point} point @param {number} margin @returns {R|null} */
    insert(region, point, margin) {
      const distances = edges(region.points, closed).map((edge) => away(point, edge));
      const nearest = Math.min(...distances);
      if (nearest > margin || region.points.some((one) => distance(one, point) <= margin)) return null;
      return { ...region, points: region.points.toSpliced(distances.indexOf(nearest) + 1, 0, point) };
    },
    /** @param {R} region @param {string} handle @returns {R|null} */
    without: (region, handle) =>
      region.points.length <= fewest ? null : having(region, region.points.toSpliced(Number(handle), 1)),
  };
}

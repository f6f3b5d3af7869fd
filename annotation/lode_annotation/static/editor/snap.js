// @ts-check
/** What the hand draws or drags catches on: points and edges of other regions, and the picture's border. */

import { meet } from "../lode/canvas/geometry.js";
import { distance, nearestOn } from "../lode/canvas/kinds/points.js";
import { s } from "../lode/dom.js";
import { shapeOf } from "./kinds/index.js";

/** @typedef {import("./model/types.js").Bounds} Bounds */
/** @typedef {import("./model/types.js").Point} Point */
/** @typedef {import("./model/types.js").Region} Region */
/** @typedef {import("./model/types.js").Size} Size */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {{points: readonly Point[], edges: readonly [Point, Point][]}} Offer places that others catch on */
/** @typedef {{at: Point, edge: [Point, Point]|null, away: number}} Catch `edge`: the one it lies on; null for a point */

/** How near the hand must come, in CSS pixels. */
const REACH = 8;
/** Half the side of the mark on a point, in CSS pixels. */
const MARK = 5;
/** @type {ReadonlySet<string>} */
const NONE = new Set();
/** A region with more points is not moved by them all. */
const MOST_OWN = 64;

/** The picture's border. @param {Size} size @returns {Offer} */
export function borderOf({ width, height }) {
  const corners = [{ x: 0, y: 0 }, { x: width, y: 0 }, { x: width, y: height }, { x: 0, y: height }];
  return { points: corners, edges: corners.map((point, at) => [point, /** @type {Point} */ (corners[(at + 1) % 4])]) };
}

/**
 * The place to catch on near a point: a point before an edge, the nearest of each.
 * @param {Point} point
 * @param {Iterable<Offer>} offers
 * @param {number} reach in the same pixels
 * @returns {Catch|null}
 */
export function caught(point, offers, reach) {
  /** @type {Catch|null} */
  let onPoint = null;
  /** @type {Catch|null} */
  let onEdge = null;
  for (const { points, edges } of offers) {
    for (const at of points) {
      const away = distance(at, point);
      if (away <= (onPoint?.away ?? reach)) onPoint = { at, edge: null, away };
    }
    if (onPoint) continue;
    for (const edge of edges) {
      const at = nearestOn(point, edge);
      const away = distance(at, point);
      if (away <= (onEdge?.away ?? reach)) onEdge = { at, edge, away };
    }
  }
  return onPoint ?? onEdge;
}

export class Snap {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.on = false;
    this.marked = false;
    this.mark = s("path", { class: "ed-snap" });
    stage.overlay.root.append(this.mark);
    stage.viewport.addEventListener("change", () => this.#show(null));
  }

  /** Whether it catches now. @param {boolean} otherwise a key is held that turns it round */
  catches(otherwise) {
    return this.on !== otherwise;
  }

  /** Where a point of the hand comes to lie, which is then marked. @param {Point} point in image pixels @param {boolean} otherwise @returns {Point} */
  place(point, otherwise) {
    const found = this.catches(otherwise) ? caught(point, this.#near({ left: point.x, top: point.y, right: point.x, bottom: point.y }), this.#reach) : null;
    this.#show(found);
    return found?.at ?? point;
  }

  /** How far moved regions are moved on, so that one of their points catches. @param {readonly Region[]} moved @param {boolean} otherwise @returns {Point} */
  shift(moved, otherwise) {
    /** @type {{point: Point, found: Catch}|null} */
    let best = null;
    for (const region of this.catches(otherwise) ? moved : []) {
      const kind = shapeOf(region);
      const own = kind.offers?.(region).points ?? [];
      const offers = own.length <= MOST_OWN ? this.#near(kind.bounds(region)) : [];
      for (const point of own) {
        const found = caught(point, offers, this.#reach);
        const before = best?.found;
        const better = found && (!before || (!found.edge && before.edge) || (!found.edge === !before.edge && found.away < before.away));
        if (better) best = { point, found };
      }
    }
    this.#show(best?.found ?? null);
    return best ? { x: best.found.at.x - best.point.x, y: best.found.at.y - best.point.y } : { x: 0, y: 0 };
  }

  /** The hand has let go. */
  rest() {
    this.#show(null);
  }

  get #reach() {
    return REACH / this.stage.viewport.scale;
  }

  /** What is offered near a part of the picture: by the regions seen that are not in hand, and by the border. @param {Bounds} part @returns {Offer[]} */
  #near({ left, top, right, bottom }) {
    const { store, size, holding, current } = this.stage;
    const inHand = (holding ?? current)?.draws ? NONE : store.selection;
    const reach = this.#reach;
    const around = { left: left - reach, top: top - reach, right: right + reach, bottom: bottom + reach };
    const offers = [borderOf(size)];
    for (const region of store.shapes()) {
      const kind = shapeOf(region);
      if (!kind.offers || inHand.has(region.key) || !store.isShown(region)) continue;
      if (meet(kind.bounds(region), around)) offers.push(kind.offers(region));
    }
    return offers;
  }

  /** @param {Catch|null} found */
  #show(found) {
    const { viewport } = this.stage;
    if (!found && !this.marked) return;
    this.marked = found !== null;
    if (!found) return this.mark.setAttribute("d", "");
    const { x, y } = viewport.toStage(found.at);
    const [a, b] = (found.edge ?? []).map((point) => viewport.toStage(point));
    const line = a && b ? `M${a.x} ${a.y}L${b.x} ${b.y}` : "";
    this.mark.setAttribute("d", `${line}M${x - MARK} ${y}L${x} ${y - MARK}L${x + MARK} ${y}L${x} ${y + MARK}Z`);
  }
}

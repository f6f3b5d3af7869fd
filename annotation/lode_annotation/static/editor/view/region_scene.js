// @ts-check
/** What the editor draws of the passive regions: one's own, pre-labels, what was there before, and another person's. */

import { Scene } from "../../lode/canvas/scene.js";
import { gettext } from "../../lode/words.js";
import { boundsOf, shapeOf } from "../kinds/index.js";

/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../../lode/canvas/viewport.js").Viewport} Viewport */
/** @typedef {import("./label_palette.js").LabelPalette} LabelPalette */

export class RegionScene extends Scene {
  /**
   * @param {HTMLCanvasElement} imageCanvas
   * @param {HTMLCanvasElement} regionCanvas
   * @param {Store} store
   * @param {Viewport} viewport
   * @param {LabelPalette} palette
   */
  constructor(imageCanvas, regionCanvas, store, viewport, palette) {
    super(imageCanvas, regionCanvas, viewport, palette, shapeOf);
    this.store = store;
    this.labels = palette;
    this.showPrelabels = true;
    /** Another person's regions, for comparing. @type {readonly Region[]} */
    this.ghosts = [];
    /** What the project held before, where the answer differs. @type {readonly Region[]} */
    this.before = [];
    this.showBefore = true;
    /** All that the project holds; shown in place of what differs where the answer itself is not. @type {readonly Region[]} */
    this.truth = [];
    this.showOwn = true;
    /** Keys whose outlines the overlay draws instead. @type {ReadonlySet<string>} */
    this.lifted = new Set();
    /** Regions under the hand, as they would be. @type {ReadonlyMap<string, Region>} */
    this.moved = new Map();
    /** What is being painted, in place of the region of its key. @type {{shape: {kind: string, key?: string} & Record<string, unknown>, colour: string}|null} */
    this.live = null;
    /** The relations that the project holds, between the regions of the truth. @type {readonly import("../model/relations.js").Relation[]} */
    this.trueRelations = [];
    /** The key of the region that is being linked. @type {string|null} */
    this.linkFrom = null;
    /** Where the pointer is meanwhile. @type {import("../model/types.js").Point|null} */
    this.linkTo = null;
    /** Whether the item is a text, of which nothing is drawn here. */
    this.resting = false;
    /** Told when what is drawn has changed. */
    this.heard = () => {};
    for (const event of ["load", "change", "select", "show"]) store.addEventListener(event, () => this.regroup());
  }

  /** @override */
  regroup() {
    super.regroup();
    this.heard();
  }

  /** @override */
  drawNow() {
    if (this.resting) this.frame = 0;
    else super.drawNow();
  }

  /** Whether a region lies on the picture that is drawn. @param {Region} region */
  isHere(region) {
    return this.store.isHere(region);
  }

  /** Whether it is to be seen there. @param {Region} region */
  isShown(region) {
    return this.store.isShown(region);
  }

  /** @override @returns {import("../../lode/canvas/scene.js").Layer<Region>[]} */
  layers() {
    const drawn = this.store.shapes().filter((shape) => this.isShown(shape) && this.#isDrawn(shape));
    const shown = this.moved.size ? drawn.map((shape) => this.moved.get(shape.key) ?? shape) : drawn;
    const name = (/** @type {Region} */ region) => (this.lifted.has(region.key) && !shapeOf(region).inText ? "" : nameOf(region));
    const live = /** @type {Region[]} */ (/** @type {unknown} */ (this.live ? [this.live.shape] : []));
    const colour = (/** @type {Region} */ region) => this.colourOf(region);
    const pending = this.showPrelabels ? shown.filter((shape) => shape.pending) : [];
    const { dashes } = this.palette;
    return [
      { shapes: this.showOwn ? shown.filter((shape) => !shape.pending) : [], colour, name },
      { shapes: pending, colour, dash: dashes.prediction, name, look: "prediction" },
      { shapes: live, colour: () => this.live?.colour ?? "", name: () => "", live: true },
      ...(this.showBefore ? [this.#truth()] : []),
      { shapes: this.ghosts.filter((shape) => this.isHere(shape)), colour: () => this.palette.other, dash: dashes.other, name: nameOf, look: "other" },
    ];
  }

  /** @override @returns {import("../../lode/canvas/arrow.js").Arrow[]} */
  arrows() {
    const own = this.showOwn;
    const truth = own ? null : new Map(this.truth.map((region) => [region.id, region]));
    const place = (/** @type {string} */ key) => {
      const region = truth ? truth.get(key) : this.store.regions.get(key);
      if (!region || !(own ? this.isShown(region) : this.isHere(region))) return null;
      return boundsOf(this.moved.get(key) ?? region);
    };
    const shown = own ? this.store.relations.values() : this.showBefore ? this.trueRelations : [];
    const arrows = [...shown].flatMap(({ from, to, both, control, labels }) => {
      const [start, end] = [place(from), place(to)];
      const [label] = labels;
      const colour = label === undefined ? this.palette.link : this.labels.of(control, label);
      return start && end ? [{ from: start, to: end, colour, name: label ?? "", both }] : [];
    });
    const start = this.linkFrom === null ? null : place(this.linkFrom);
    if (!start || !this.linkTo) return arrows;
    const { x, y } = this.linkTo;
    return [...arrows, { from: start, to: { left: x, top: y, right: x, bottom: y }, colour: this.palette.link, name: "", both: false }];
  }

  /** Whether it is drawn here: of what is lifted a bitmap alone is, and what is part of a text. @param {Region} shape */
  #isDrawn(shape) {
    if (shape.key === this.live?.shape.key) return false;
    if (!this.lifted.has(shape.key)) return true;
    const { bitmap, inText } = shapeOf(shape);
    return bitmap !== undefined || inText === true;
  }

  /**
   * Under the answer only what differs from it, in sparse dashes; by itself all of it, solid.
   * @returns {import("../../lode/canvas/scene.js").Layer<Region>}
   */
  #truth() {
    const colour = () => this.palette.truth;
    const here = (/** @type {Region} */ shape) => this.isHere(shape);
    if (!this.showOwn) return { shapes: this.truth.filter(here), colour, name: nameOf, look: "truth" };
    const was = (/** @type {Region} */ region) => gettext("was {name}", { name: nameOf(region) });
    return { shapes: this.before.filter(here), colour, dash: this.palette.dashes.before, name: was, look: "before" };
  }

  /** @param {Region} region @returns {string} */
  colourOf(region) {
    return region.pending ? this.palette.prediction : this.labels.of(region.control, region.labels[0]);
  }
}

/** @param {Region} region */
export function nameOf(region) {
  const name = region.labels.join(", ") || "–";
  if (!region.pending) return name;
  const doubt = region.questioned ? ` ${gettext("wrong?")}` : "?";
  return region.score === null ? `${name}${doubt}` : `${name}${doubt} ${Math.round(region.score * 100)} %`;
}

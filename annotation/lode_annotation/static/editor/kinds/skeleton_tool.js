// @ts-check
/**
 * Places the points of skeletons one after the other, the name of the next one beside the pointer. Pressed with Shift, or by
 * a key, a point is hidden; another key skips one. Backspace takes the last one back, Enter ends with the points that are
 * there, Escape gives up. With all points placed or skipped the skeleton is done.
 */

import { within } from "../../lode/canvas/geometry.js";
import { HIDDEN, VISIBLE } from "../../lode/canvas/kinds/skeleton.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("./index.js").Ink} Ink */
/** @typedef {import("./skeleton.js").Joint} Joint */
/** @typedef {import("./skeleton.js").SkeletonRegion} SkeletonRegion */
/** @typedef {import("./skeleton.js").Template} Template */

export const TOOL = "skeleton";

/** The point that keys move and hide: of the region of that key, at that place; that which was touched last. */
export const hand = { key: "", at: 0 };

/** @typedef {{asks: Template, points: readonly Joint[], todo: readonly number[], done: number, region: SkeletonRegion|null}} Work `todo`: the places of the points to be placed, of which so many are done; `region`: that which lacked them, null for a new one */

/** @param {Template} asks @returns {Work} */
function begun(asks) {
  return { asks, points: asks.points.map(() => ({ x: 0, y: 0, v: 0 })), todo: [...asks.points.keys()], done: 0, region: null };
}

/** @implements {Partial<import("../stage.js").Tool>} */
export class Placer {
  /** @param {Stage} stage @param {() => Ink|null} ink @param {(geometry: object) => void} drawn */
  constructor(stage, ink, drawn) {
    this.id = TOOL;
    this.draws = true;
    this.stage = stage;
    this.ink = ink;
    this.drawn = drawn;
    /** @type {Work|null} */
    this.work = null;
    /** Where the pointer is, in image pixels. @type {Point|null} */
    this.at = null;
  }

  snaps() {
    return true;
  }

  down() {}

  /** @param {Press} press */
  move(press) {
    this.hover(press);
  }

  /** @param {Press} press */
  hover(press) {
    this.stage.cursor("crosshair");
    this.at = within(press.image, this.stage.size);
    this.stage.overlay.crosshair(press.stage);
    this.#show(press.shift);
  }

  /** @param {Press} press */
  up(press) {
    this.at = within(press.image, this.stage.size);
    this.set(press.shift ? HIDDEN : VISIBLE);
  }

  /** Place the next point where the pointer is; 0 skips it. @param {0|1|2} v @returns {boolean} whether there was one */
  set(v) {
    const work = this.#atWork();
    const next = work?.todo[work.done];
    if (!work || next === undefined || (v && !this.at)) return false;
    const joint = v ? { .../** @type {Point} */ (this.at), v } : { x: 0, y: 0, v: 0 };
    this.work = { ...work, points: work.points.with(next, joint), done: work.done + 1 };
    if (this.work.done === work.todo.length) this.#finish();
    else this.#show(false);
    return true;
  }

  /** Go on with a skeleton that lacks points. @param {SkeletonRegion} region */
  complete(region) {
    const todo = region.points.flatMap(({ v }, at) => (v ? [] : [at]));
    this.work = { asks: region.asks, points: region.points, todo, done: 0, region };
    this.#show(false);
  }

  /** @param {string} pressed @returns {boolean} */
  key(pressed) {
    const { work } = this;
    if (!work || !(work.done || work.region) || !["Enter", "Backspace", "Escape"].includes(pressed)) return false;
    if (pressed === "Escape") this.#rest();
    else if (pressed === "Enter") this.#finish();
    else if (work.done) this.#back(work);
    return true;
  }

  cancel() {
    this.#rest();
    this.stage.overlay.crosshair(null);
  }

  interrupt() {
    this.stage.overlay.crosshair(null);
  }

  /** What is being placed: begun again where the label in hand has other points. @returns {Work|null} */
  #atWork() {
    if (this.work?.region) return this.work;
    const asks = this.ink()?.asks;
    if (!asks) return null;
    if (this.work?.asks !== asks) this.work = begun(asks);
    return this.work;
  }

  /** The label that is drawn. @param {SkeletonRegion|null} region @returns {{colour: string, text: string}|null} */
  #label(region) {
    return region ? { colour: this.stage.scene.colourOf(region), text: region.labels[0] ?? "" } : this.ink();
  }

  /** @param {Work} work */
  #back(work) {
    const last = /** @type {number} */ (work.todo[work.done - 1]);
    const points = work.points.with(last, { x: 0, y: 0, v: 0 });
    this.work = { ...work, points, done: work.done - 1 };
    this.#show(false);
  }

  /** @param {boolean} hidden whether the next point would be */
  #show(hidden) {
    const { overlay } = this.stage;
    const work = this.#atWork();
    const label = work && this.#label(work.region);
    const next = work?.todo[work.done];
    if (!work || !label || next === undefined) return;
    const begun = work.points.some(({ v }) => v);
    const points = this.at ? work.points.with(next, { ...this.at, v: hidden ? HIDDEN : VISIBLE }) : work.points;
    overlay.draft = begun ? { shape: { kind: TOOL, points, asks: work.asks }, marks: [], colour: label.colour, text: label.text } : null;
    const said = { name: work.asks.points[next] ?? "", n: next + 1, all: work.points.length };
    const words = hidden ? gettext("{name}, hidden ({n} of {all})", said) : gettext("{name} ({n} of {all})", said);
    overlay.say(words, this.at && this.stage.viewport.toStage(this.at));
    overlay.invalidate();
  }

  #finish() {
    const { work } = this;
    this.#rest();
    if (!work?.points.some(({ v }) => v)) return;
    if (!work.region) return this.drawn({ points: work.points, asks: work.asks });
    const region = /** @type {SkeletonRegion|undefined} */ (this.stage.store.regions.get(work.region.key));
    if (!work.done || !region) return;
    const placed = work.todo.slice(0, work.done);
    const points = region.points.map((point, at) => (placed.includes(at) ? /** @type {Joint} */ (work.points[at]) : point));
    const made = /** @type {SkeletonRegion} */ ({ ...region, points, changed: true });
    this.stage.store.transact(gettext("Add points"), (change) => change.replace(made));
  }

  #rest() {
    this.work = null;
    this.stage.overlay.draft = null;
    this.stage.overlay.say("", null);
    this.stage.overlay.invalidate();
  }
}

/** @type {import("./index.js").MakeTool} */
export const placer = (stage, ink, drawn) => new Placer(stage, ink, drawn);

/** The tool, where it is in hand. @param {Stage} stage */
function inHand({ tool }) {
  return tool instanceof Placer ? tool : null;
}

/** The selected skeleton that may be changed; null where none is, or several. @param {Stage} stage @returns {SkeletonRegion|null} */
function selected({ store }) {
  const [only, ...more] = store.selectedShapes();
  if (!only || more.length || only.kind !== TOOL || only.pending || store.locked.has(only.key)) return null;
  return /** @type {SkeletonRegion} */ (only);
}

/** The point under the pointer, else that in hand. @param {Stage} stage @param {SkeletonRegion} region @returns {number} */
function pointOf(stage, region) {
  const over = stage.pointer && stage.overlay.handleAt(stage.pointer);
  if (over) return Number(over.name);
  return hand.key === region.key && region.points[hand.at]?.v ? hand.at : -1;
}

/** Place the next point as hidden; with none to be placed, hide or show one of the selected skeleton. @param {Stage} stage */
export function hide(stage) {
  if (inHand(stage)?.set(HIDDEN)) return;
  const region = selected(stage);
  const at = region ? pointOf(stage, region) : -1;
  const point = region?.points[at];
  if (!region || !point) return stage.say(gettext("Point at a point of the selected skeleton, or take one in hand."));
  Object.assign(hand, { key: region.key, at });
  const points = region.points.with(at, { ...point, v: point.v === HIDDEN ? VISIBLE : HIDDEN });
  const made = /** @type {SkeletonRegion} */ ({ ...region, points, changed: true });
  const name = region.asks.points[at] ?? "";
  const words = point.v === HIDDEN ? gettext("Show {name}", { name }) : gettext("Hide {name}", { name });
  stage.store.transact(words, (change) => change.replace(made));
}

/** @param {Stage} stage */
export function skip(stage) {
  inHand(stage)?.set(0);
}

/** @param {Stage} stage */
export function addMissing(stage) {
  const region = selected(stage);
  if (!region || region.points.every(({ v }) => v)) return stage.say(gettext("Select one skeleton that lacks points first."));
  stage.use(TOOL);
  inHand(stage)?.complete(region);
}

/** @param {Stage} stage */
export function nextPoint(stage) {
  const region = selected(stage);
  if (!region) return stage.say(gettext("Select one skeleton first."));
  const there = region.points.flatMap(({ v }, at) => (v ? [at] : []));
  const before = hand.key === region.key ? hand.at : -1;
  const at = there.find((one) => one > before) ?? /** @type {number} */ (there[0]);
  Object.assign(hand, { key: region.key, at });
  const point = /** @type {Joint} */ (region.points[at]);
  stage.overlay.say(region.asks.points[at] ?? "", stage.viewport.toStage(point));
  stage.say(region.asks.points[at] ?? "");
  stage.overlay.invalidate();
}

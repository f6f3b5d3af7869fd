// @ts-check
/**
 * The kinds of region and of answer that the editor edits: one module and one line each.
 *
 * A shape lies on the picture and is drawn, selected and moved; an answer is given about the whole item, or about a
 * region, and stands in the palettes. Everything else in the editor asks a region's kind and names none. A result of a kind that is not listed is
 * kept and sent back as it came.
 */

import { box } from "./box.js";
import { choice } from "./choice.js";
import { ellipse } from "./ellipse.js";
import { keypoint } from "./keypoint.js";
import { mask } from "./mask.js";
import { number } from "./number.js";
import { pairwise } from "./pairwise.js";
import { polygon } from "./polygon.js";
import { polyline } from "./polyline.js";
import { ranking } from "./ranking.js";
import { rating } from "./rating.js";
import { skeleton } from "./skeleton.js";
import { span } from "./span.js";
import { taxonomy } from "./taxonomy.js";
import { text } from "./text.js";
import { isRelation } from "../model/relations.js";

/** @typedef {import("../model/types.js").Bounds} Bounds */
/** @typedef {import("../model/types.js").Control} Control */
/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../model/types.js").Size} Size */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {{name: string, x: number, y: number, cursor: string, round?: boolean, look?: string}} Handle a place to drag, in image pixels; a round one turns; `look`: classes that it is drawn in */
/** @typedef {{colour: string, text: string, control: string, asks?: any}} Ink the label in hand, and what it asks beyond its name */
/** @typedef {(stage: Stage, ink: () => Ink|null, drawn: (geometry: object) => void) => Tool} MakeTool */
/**
 * One of several tools of a kind, or its only one; `id` is its tool's.
 * @typedef {{id: string, key: string, studioKey?: string, icon: string, title: () => string, tool: MakeTool}} KindTool
 */
/**
 * What every kind has.
 * @typedef {object} Common
 * @property {string} name the `kind` of its regions
 * @property {string} result Label Studio's `type` of a result, of a shape also the name of the labels in its `value`
 * @property {string} control Label Studio's tag of the control, with what it says where kinds share a tag
 */
/**
 * A kind of shape on the picture. Shapes are never changed in place; coordinates are pixels of the upright image.
 * @template {Region} R
 * @typedef {import("../../lode/canvas/kinds/index.js").Drawing<R> & Common & {
 *   drawn: true,
 *   icon: string,
 *   key: string,
 *   placeKey?: string,
 *   studioKey?: string,
 *   titles: () => {many: string, draw: string, place: string},
 *   decode: (value: Record<string, any>, size: Size, control?: Control) => object|null,
 *   encode: (region: R, size: Size) => Record<string, unknown>,
 *   differs: (was: R, is: R) => boolean,
 *   move: (region: R, dx: number, dy: number, image: Size) => R,
 *   handles: (region: R, scale: number) => Handle[],
 *   drag: (region: R, handle: string, to: Point, image: Size) => R,
 *   place: (part: Bounds, asks?: any) => object,
 *   tool?: MakeTool,
 *   inText?: boolean,
 *   more?: readonly KindTool[],
 *   settings?: (stage: Stage) => {id: string, title: string, keys: string[], run: () => void}[],
 *   grow?: (region: R, dx: number, dy: number, image: Size) => R,
 *   insert?: (region: R, point: Point, margin: number) => R|null,
 *   without?: (region: R, handle: string) => R|null,
 *   turn?: (region: R, degrees: number, image: Size) => R,
 *   called?: (region: R, handle: string) => string,
 *   relabel?: (region: R, control: Control, label: string) => R|null,
 *   cut?: (region: R, image: Size) => R|null,
 *   offers?: (region: R) => import("../snap.js").Offer,
 * }} Shape
 * How it is drawn stands in `lode/canvas/kinds/`. `icon`: strokes on a 24 by 24 grid. `studioKey`: Label Studio's key of its
 * tool. `placeKey`: the key that places one, where it is not Shift and the tool's. `decode` reads the geometry out of a
 * result's value, null where it is not one of this kind; `encode` writes it, without the labels. `differs`: by more than
 * percent lose on their way. `place` makes one within some part of the picture, for those who draw by keys. `grow` moves
 * the far edge. `insert` puts a handle on the outline near a point, `without` takes one away; null where that cannot be.
 * `inText`: it is part of a text, which the document shows and edits without tools (`text/`), and lies on no picture.
 * `more`: its further tools; `settings`: commands that set them.
 * `called` names a handle. `relabel` is the region with another label of a control; null where it cannot have it.
 * `turn` turns it clockwise about its middle. `cut` is the part that lies on a picture, null where none does; a kind
 * without it is left out where it sticks out. `offers`: the points and edges that the hand catches on while it draws or
 * drags others, and by which the region itself catches when it is moved. The `scale` of handles is CSS pixels an image pixel.
 */
/**
 * Part of a form. `mixed`: of several regions, which do not say the same; `entries`: of the item, where it is a list.
 * @typedef {{element: HTMLElement, show: (said: any, editable: boolean, mixed: boolean, entries?: readonly import("../media/index.js").Entry[]) => void}} Field
 */
/**
 * A kind of answer, about the whole item or about a region. What is said is plain JSON, as a value has it.
 * @typedef {Common & {
 *   drawn: false,
 *   said: string,
 *   read: (said: unknown) => any,
 *   isEmpty: (said: any) => boolean,
 *   wrong: (control: Control, said: any) => string,
 *   sent?: (said: any) => any,
 *   picked?: (control: Control, had: any, value: string) => any,
 *   field?: (control: Control, say: (next: (had: any) => any, typing: boolean) => void) => Field,
 * }} Answer
 * `said`: its key in a value. `read`: null where it is not one of this kind. `wrong`: why it cannot be submitted, as a
 * sentence. `sent`: without what says nothing. It has `picked`, what is said after one more label was picked by its button
 * or key, or `field`, its part of a form, which says what follows on what was said.
 */

/** @type {readonly (Shape<any>|Answer)[]} */
const KINDS = [box, polygon, polyline, ellipse, keypoint, skeleton, mask, span, choice, taxonomy, text, number, rating, pairwise, ranking];

const byName = new Map(KINDS.map((kind) => [kind.name, kind]));
const byControl = new Map(KINDS.map((kind) => [kind.control, kind]));

/** The kinds that are drawn, in the order of their tools. */
export const SHAPES = KINDS.filter((kind) => kind.drawn);

/** The tools of a kind, that which draws first. @param {Shape<any>} kind @returns {readonly KindTool[]} */
export function toolsOf(kind) {
  const { name, key, studioKey, icon, tool } = kind;
  if (!tool) return [];
  return [{ id: name, key, ...(studioKey ? { studioKey } : {}), icon, title: () => kind.titles().draw, tool }, ...(kind.more ?? [])];
}

/** @param {Control} control @returns {Shape<any>|Answer|undefined} undefined for a control that is not edited here */
export function kindFor(control) {
  return byControl.get(control.type);
}

/** @param {{type: string}} control @returns {Shape<any>|undefined} */
export function shapeFor(control) {
  const kind = byControl.get(control.type);
  return kind?.drawn ? kind : undefined;
}

/** The kind of a control that asks a question, about the whole item or about regions. @param {Control} control @returns {Answer|undefined} */
export function answerFor(control) {
  const kind = byControl.get(control.type);
  return kind?.drawn === false ? kind : undefined;
}

/** Whether a control's labels are buttons with keys. @param {Control} control @returns {boolean} */
export function hasButtons(control) {
  const kind = byControl.get(control.type);
  return kind !== undefined && (kind.drawn || kind.picked !== undefined);
}

/** @param {Region} region @returns {Shape<any>|Answer|undefined} undefined for one that is kept as it came */
export function kindOf(region) {
  return byName.get(region.kind);
}

/** @param {Region|null|undefined} region @returns {boolean} whether it lies on the picture */
export function isShape(region) {
  return region ? byName.get(region.kind)?.drawn === true : false;
}

/** The kind of a region that lies on the picture. @param {{kind: string}} region @returns {Shape<any>} */
export function shapeOf(region) {
  return /** @type {Shape<any>} */ (byName.get(region.kind));
}

/** @param {Region} region @returns {boolean} whether it is a result that this editor does not edit */
export function isKept(region) {
  return !byName.has(region.kind) && !isRelation(region);
}

/** @param {Region} region @returns {boolean} an answer that was taken back */
export function isEmpty(region) {
  const kind = byName.get(region.kind);
  return kind?.drawn === false && kind.isEmpty(region.said);
}

/** @param {Region} region on the picture @returns {Bounds} */
export function boundsOf(region) {
  return shapeOf(region).bounds(region);
}

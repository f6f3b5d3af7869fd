// @ts-check
/**
 * The tools of masks. A brush adds to the selected mask of the label in hand, or begins a new one; an eraser takes from
 * the selected one. While a stroke lasts its pixels are a byte each, and only what it touches is drawn again; the store
 * gets the mask, as runs, when the hand lets go: a stroke is a step.
 */

import { clamp, union } from "../../lode/canvas/geometry.js";
import { boundsOf, eachRun, equal, holeAt, maskOf, pixelsOf, Pixels, stroke, wand } from "../../lode/canvas/mask.js";
import { bitmapOf, tinted } from "../../lode/canvas/tint.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("../../lode/canvas/mask.js").Mask} Mask */
/** @typedef {import("../../lode/canvas/geometry.js").Bounds} Bounds */
/** @typedef {import("../../lode/canvas/geometry.js").Point} Point */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("./index.js").Ink} Ink */
/** @typedef {import("./index.js").MakeTool} MakeTool */
/** @typedef {import("./mask.js").MaskRegion} MaskRegion */

/** The brush's diameter in image pixels, and how far colours may differ that the wand takes; for as long as the page is open. */
export const hand = { size: 24, tolerance: 24 };

/** Tolerance a CSS pixel that the wand is dragged to the right. */
const DRAG = 0.5;

/** The selected mask that may be changed; null where none is, or several. @param {Stage} stage @returns {MaskRegion|null} */
function selected({ store }) {
  const shapes = store.selectedShapes();
  const [only] = shapes;
  if (shapes.length !== 1 || only?.kind !== "mask" || only.pending || store.locked.has(only.key)) return null;
  return /** @type {MaskRegion} */ (only);
}

/** The selected mask, where it has the label in hand. @param {Stage} stage @param {Ink} ink */
function ofLabel(stage, ink) {
  const region = selected(stage);
  return region && region.control === ink.control && region.labels[0] === ink.text ? region : null;
}

/** @param {Stage} stage @param {Ink} ink @param {MaskRegion|null} region @returns {string} */
function colourOf(stage, ink, region) {
  return region ? stage.scene.colourOf(region) : ink.colour;
}

/**
 * Keep a mask as one step: in place of a region's, or as a new region; null deletes.
 * @param {Stage} stage
 * @param {MaskRegion|null} region
 * @param {Mask|null} mask
 * @param {string} what in words
 * @param {(geometry: object) => void} drawn
 */
function keep(stage, region, mask, what, drawn) {
  if (!region) {
    if (mask) drawn({ mask });
  } else if (!mask) {
    stage.store.transact(what, (change) => change.remove(region.key));
  } else if (!equal(region.mask, mask)) {
    stage.store.transact(what, (change) => change.replace(/** @type {MaskRegion} */ ({ ...region, mask, changed: true })));
  }
}

/** A stroke under the hand. */
class Stroke {
  /** @param {Stage} stage @param {MaskRegion|null} region @param {string} colour @param {0|1} value */
  constructor(stage, region, colour, value) {
    this.stage = stage;
    this.region = region;
    this.colour = colour;
    this.value = value;
    this.pixels = region ? pixelsOf(region.mask, stage.size) : new Pixels(stage.size.width, stage.size.height);
    /** What may hold pixels. @type {Bounds|null} */
    this.part = region && boundsOf(region.mask);
    const canvas = document.createElement("canvas");
    canvas.width = stage.size.width;
    canvas.height = stage.size.height;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    if (region) {
      const { source, left, top } = bitmapOf(region.mask, colour);
      this.context.drawImage(source, left, top);
    }
    const live = { source: canvas, left: 0, top: 0, ...stage.size };
    const mask = { left: 0, top: 0, ...stage.size, runs: new Uint32Array() };
    stage.scene.live = { shape: { ...region, kind: "mask", mask, live }, colour };
    stage.scene.regroup();
    stage.overlay.invalidate();
  }

  /** @param {Point} from @param {Point} to in image pixels */
  line(from, to) {
    const part = stroke(this.pixels, from, to, hand.size / 2, this.value);
    if (!part) return;
    this.part = this.part ? union([this.part, part]) : part;
    const { width, height } = this.pixels;
    // the pixels beside it, too: they may have been an edge, or be one now
    const left = Math.max(0, part.left - 1);
    const top = Math.max(0, part.top - 1);
    const around = { left, top, right: Math.min(width, part.right + 1), bottom: Math.min(height, part.bottom + 1) };
    this.context.clearRect(left, top, around.right - left, around.bottom - top);
    this.context.drawImage(tinted(this.pixels, around, this.colour), left, top);
    this.stage.scene.invalidatePart(around);
  }

  /** @returns {Mask|null} */
  get mask() {
    return this.part && maskOf(this.pixels, this.part);
  }
}

/** @param {Stage} stage */
function lift(stage) {
  if (!stage.scene.live) return;
  stage.scene.live = null;
  stage.scene.regroup();
  stage.overlay.invalidate();
}

/** @param {string} id @param {0|1} value what it leaves of a pixel @returns {MakeTool} */
function brush(id, value) {
  return (stage, ink, drawn) => {
    /** @type {Stroke|null} */
    let work = null;
    /** @type {Point} */
    let last = { x: 0, y: 0 };

    /** @param {Press} press */
    function hover(press) {
      stage.cursor("crosshair");
      stage.overlay.ring(press.stage, (hand.size / 2) * stage.viewport.scale);
    }

    /** @param {Press} press */
    function down(press) {
      const held = ink();
      if (!held) return;
      const region = value ? ofLabel(stage, held) : selected(stage);
      if (!value && !region) return stage.say(gettext("The eraser takes from the selected mask: select one that is not locked."));
      work = new Stroke(stage, region, colourOf(stage, held, region), value);
      last = press.image;
      work.line(last, last);
    }

    /** @param {Press} press */
    function move(press) {
      hover(press);
      work?.line(last, press.image);
      last = press.image;
    }

    function up() {
      const done = work;
      cancel();
      if (!done) return;
      keep(stage, done.region, done.mask, value ? gettext("Paint") : gettext("Erase"), drawn);
    }

    function cancel() {
      work = null;
      stage.overlay.ring(null);
      lift(stage);
    }

    return { id, draws: true, down, move, up, cancel, interrupt: up, hover };
  };
}

export const painter = brush("mask", 1);
export const eraser = brush("mask-erase", 0);

/** Two masks as one. @param {Mask} one @param {Mask} two @param {Stage} stage */
function joined(one, two, { size }) {
  const pixels = pixelsOf(one, size);
  eachRun(two, (y, start, end) => pixels.data.fill(1, y * size.width + start, y * size.width + end));
  return maskOf(pixels, union([boundsOf(one), boundsOf(two)]));
}

/** A press in a hole of the selected mask fills it. @type {MakeTool} */
export function filler(stage, _ink, drawn) {
  const hover = () => stage.cursor("crosshair");

  /** @param {Press} press */
  function up({ image }) {
    const region = selected(stage);
    const hole = region && holeAt(region.mask, Math.floor(image.x), Math.floor(image.y));
    if (!region || !hole) return stage.say(gettext("There is no hole of the selected mask here."));
    keep(stage, region, joined(region.mask, hole, stage), gettext("Fill a hole"), drawn);
  }

  return { id: "mask-fill", draws: true, down: () => {}, move: hover, up, cancel: () => {}, hover };
}

/** A press takes what is of a like colour around it; dragged to the right more colours, to the left fewer. @type {MakeTool} */
export function picker(stage, ink, drawn) {
  /** @type {{region: MaskRegion|null, colour: string, tolerance: number, mask: Mask|null}|null} */
  let work = null;
  let frame = 0;
  /** @type {Press|null} */
  let latest = null;

  function pick() {
    frame = 0;
    const colours = stage.colours();
    if (!work || !latest || !colours) return;
    const [x, y] = [Math.floor(latest.from.image.x), Math.floor(latest.from.image.y)];
    if (x < 0 || y < 0 || x >= colours.width || y >= colours.height) return;
    hand.tolerance = clamp(Math.round(work.tolerance + (latest.stage.x - latest.from.stage.x) * DRAG), 0, 255);
    const found = maskOf(wand(colours, x, y, hand.tolerance));
    const { region, colour } = work;
    work.mask = found && region ? joined(region.mask, found, stage) : found;
    if (!work.mask) return;
    stage.scene.live = { shape: /** @type {MaskRegion} */ ({ ...region, kind: "mask", mask: work.mask }), colour };
    stage.scene.regroup();
    stage.overlay.invalidate();
  }

  /** @param {Press} press */
  function down(press) {
    const held = ink();
    if (!held) return;
    const region = ofLabel(stage, held);
    work = { region, colour: colourOf(stage, held, region), tolerance: hand.tolerance, mask: null };
    latest = press;
    pick();
  }

  /** @param {Press} press */
  function move(press) {
    hover();
    latest = press;
    if (work) frame ||= requestAnimationFrame(pick);
  }

  /** @param {Press} press */
  function up(press) {
    if (press.stage.x !== latest?.stage.x) latest = press;
    if (frame || latest === press) pick();
    const done = work;
    cancel();
    if (done?.mask) keep(stage, done.region, done.mask, gettext("Pick by colour"), drawn);
  }

  function cancel() {
    cancelAnimationFrame(frame);
    frame = 0;
    work = null;
    lift(stage);
  }

  const hover = () => stage.cursor("crosshair");
  return { id: "mask-wand", draws: true, down, move, up, cancel, hover };
}

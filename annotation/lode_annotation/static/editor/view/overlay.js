// @ts-check
/** The selected regions, their handles and whatever is being drawn, as SVG above the canvases. */

import { pathOf } from "../../lode/canvas/outline.js";
import { boundsOf, shapeOf } from "../kinds/index.js";
import { s } from "../../lode/dom.js";
import { nameOf } from "./region_scene.js";

/** @typedef {import("../model/types.js").Bounds} Bounds */
/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../kinds/index.js").Handle} Handle */
/** @typedef {{kind: string} & Record<string, unknown>} Sketch a shape that is being drawn: its kind and its geometry */
/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {import("../../lode/canvas/viewport.js").Viewport} Viewport */
/** @typedef {import("./region_scene.js").RegionScene} RegionScene */

const CAUSE_MARGIN = 5;
/** The ring where an assistant is asked, in CSS pixels. */
const ASKED = 9;
/** The side of a handle and how near a press must come, in CSS pixels: for a mouse or pen, and for a finger. */
const FINE = { side: 9, reach: 9 };
const COARSE = { side: 20, reach: 22 };

/** Between the pointer and words beside it, and the room that these have on its right, in CSS pixels. */
const WORDS_ASIDE = 12;
const WORDS_ROOM = 220;

export class Overlay {
  /**
   * @param {SVGSVGElement} root
   * @param {Store} store
   * @param {Viewport} viewport
   * @param {RegionScene} scene
   */
  constructor(root, store, viewport, scene) {
    this.root = root;
    this.store = store;
    this.viewport = viewport;
    this.scene = scene;
    /** Regions under the hand, as they would be; the store hears of them when the hand lets go. @type {Map<string, Region>} */
    this.moved = new Map();
    scene.moved = this.moved;
    /** `marks`: the points set so far. @type {{shape: Sketch, colour: string, text: string, marks?: readonly Point[]}|null} */
    this.draft = null;
    /** @type {Bounds|null} */
    this.marquee = null;
    this.editable = true;
    /** Whether the tool in hand takes handles, and how large a finger needs them. */
    this.gripping = true;
    this.showCrosshair = true;
    this.grip = FINE;
    /** Where the failure lies that caused the task. @type {Bounds|null} */
    this.cause = null;
    this.causeLine = s("path", { class: "ed-cause" });
    this.shadow = s("path", { class: "ed-shadow" });
    this.outline = s("path", { class: "ed-outline" });
    this.colour = s("path", { class: "ed-outline-colour" });
    this.rubber = s("rect", { class: "ed-marquee" });
    this.sketch = s("path", { class: "ed-draft" });
    this.size = /** @type {SVGTextElement} */ (s("text", { class: "ed-size" }));
    /** What stands beside the pointer. */
    this.words = /** @type {SVGTextElement} */ (s("text", { class: "ed-size ed-words" }));
    this.acrossLine = s("path", { class: "ed-crosshair" });
    this.brush = s("path", { class: "ed-brush" });
    /** Where an assistant is asked. @type {readonly Point[]} */
    this.asked = [];
    this.asking = s("path", { class: "ed-asking" });
    /** As many as were ever in sight at once. @type {SVGElement[]} */
    this.handles = [];
    root.append(this.acrossLine, this.causeLine, this.shadow, this.outline, this.colour, this.rubber, this.sketch, this.size, this.brush, this.asking, this.words);
    this.frame = 0;
    viewport.addEventListener("change", () => this.invalidate());
    for (const event of ["load", "change", "select", "show"]) store.addEventListener(event, () => this.#lift());
  }

  /** Take the selected regions from the canvas to here. */
  #lift() {
    const lifted = new Set(this.#lifted().map((shape) => shape.key));
    this.scene.lifted = lifted;
    this.scene.regroup();
    this.invalidate();
  }

  #lifted() {
    const shown = (/** @type {Region} */ shape) => this.store.isShown(shape) && shape.key !== this.scene.live?.shape.key;
    return this.store.selectedShapes().filter(shown);
  }

  invalidate() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const shapes = this.#lifted().map((shape) => this.moved.get(shape.key) ?? shape);
    const line = shapes.map((shape) => this.#outlineOf(shape)).join("");
    this.shadow.setAttribute("d", line);
    this.outline.setAttribute("d", line);
    if (this.moved.size && shapes.some((shape) => shapeOf(shape).bitmap)) this.scene.regroup();
    else if (this.moved.size && this.store.relations.size) this.scene.invalidate(false);
    const only = shapes.length === 1 ? shapes[0] : undefined;
    this.colour.setAttribute("d", line);
    this.colour.style.stroke = only ? this.scene.colourOf(only) : "";
    this.colour.classList.toggle("is-pending", shapes.some((shape) => shape.pending));
    this.#drawHandles(only);
    this.#drawCause();
    this.#drawDraft();
    this.#drawAsked();
    this.#drawSize(only);
    if (this.marquee) {
      const { left, top, right, bottom } = this.marquee;
      const at = this.viewport.toStage({ x: left, y: top });
      this.rubber.setAttribute("x", String(at.x));
      this.rubber.setAttribute("y", String(at.y));
      this.rubber.setAttribute("width", String((right - left) * this.viewport.scale));
      this.rubber.setAttribute("height", String((bottom - top) * this.viewport.scale));
    }
    this.rubber.toggleAttribute("hidden", !this.marquee);
  }

  /** @param {Region} shape whether it has handles */
  #grips(shape) {
    return this.editable && this.gripping && (!shape.pending || shape.suggested) && !this.store.locked.has(shape.key);
  }

  /** @param {Region|undefined} only */
  #drawHandles(only) {
    const grips = only && this.#grips(only) ? shapeOf(only).handles(only, this.viewport.scale) : [];
    /** @type {readonly (Point & {name?: string, round?: boolean, look?: string})[]} */
    const shown = this.draft?.marks ?? grips;
    while (this.handles.length < shown.length) this.handles.push(s("rect", { class: "ed-handle" }));
    this.handles.forEach((handle, at) => {
      const place = shown[at];
      if (!place) return handle.remove();
      if (!handle.isConnected) this.root.append(handle);
      handle.setAttribute("data-handle", place.name ?? "");
      handle.setAttribute("class", `ed-handle ${place.look ?? ""}`.trim());
      const point = this.viewport.toStage(place);
      const { side } = this.grip;
      handle.setAttribute("x", String(point.x - side / 2));
      handle.setAttribute("y", String(point.y - side / 2));
      handle.setAttribute("width", String(side));
      handle.setAttribute("height", String(side));
      handle.setAttribute("rx", place.round ? String(side / 2) : "0");
    });
  }

  /** @param {boolean} finger */
  gripFor(finger) {
    this.grip = finger ? COARSE : FINE;
    this.invalidate();
  }

  /** Whether the tool in hand takes handles. @param {boolean} gripping */
  setGripping(gripping) {
    this.gripping = gripping;
    this.invalidate();
  }

  /** Outline the place that caused the task, and draw the eye to it. @param {Bounds|null} cause */
  point(cause) {
    this.cause = cause;
    this.causeLine.classList.remove("is-new");
    this.invalidate();
    if (cause) requestAnimationFrame(() => this.causeLine.classList.add("is-new"));
  }

  #drawCause() {
    if (!this.cause) return this.causeLine.setAttribute("d", "");
    const aside = CAUSE_MARGIN / this.viewport.scale;
    const start = this.viewport.toStage({ x: this.cause.left - aside, y: this.cause.top - aside });
    const end = this.viewport.toStage({ x: this.cause.right + aside, y: this.cause.bottom + aside });
    this.causeLine.setAttribute("d", `M${place(start.x, start.y)}H${end.x.toFixed(2)}V${end.y.toFixed(2)}H${start.x.toFixed(2)}Z`);
  }

  #drawAsked() {
    const rings = this.asked.map((point) => ringAt(this.viewport.toStage(point), ASKED));
    this.asking.setAttribute("d", rings.join(""));
  }

  #drawDraft() {
    this.sketch.setAttribute("d", this.draft ? this.#outlineOf(this.draft.shape) : "");
    this.sketch.classList.toggle("is-unfilled", this.draft !== null && shapeOf(this.draft.shape).unfilled === true);
    if (this.draft) this.sketch.style.stroke = this.draft.colour;
  }

  /** @param {Region|undefined} only */
  #drawSize(only) {
    const shape = /** @type {Region|undefined} */ (this.draft?.shape ?? only);
    this.size.toggleAttribute("hidden", !shape);
    if (!shape) return;
    const name = this.draft ? this.draft.text : only ? nameOf(only) : "";
    const edge = boundsOf(shape);
    const at = this.viewport.toStage({ x: edge.left, y: edge.bottom });
    this.size.setAttribute("x", String(Math.max(4, at.x)));
    this.size.setAttribute("y", String(Math.min(this.viewport.stage.height - 6, at.y + 16)));
    this.size.textContent = `${name}  ${shapeOf(shape).measure(shape)}`;
  }

  /** @param {Point|null} at on the stage */
  crosshair(at) {
    this.ring(null);
    this.say("", null);
    const { width, height } = this.viewport.stage;
    const path = at && this.showCrosshair ? `M0 ${round(at.y)}H${width}M${round(at.x)} 0V${height}` : "";
    this.acrossLine.setAttribute("d", path);
  }

  /** Words beside the pointer. @param {string} words "" for none @param {Point|null} at on the stage */
  say(words, at) {
    this.words.textContent = at ? words : "";
    if (!at || !words) return;
    const left = at.x > this.viewport.stage.width - WORDS_ROOM;
    this.words.setAttribute("text-anchor", left ? "end" : "start");
    this.words.setAttribute("x", String(at.x + (left ? -WORDS_ASIDE : WORDS_ASIDE)));
    this.words.setAttribute("y", String(at.y < 2 * WORDS_ASIDE ? at.y + 2 * WORDS_ASIDE : at.y - WORDS_ASIDE));
  }

  /** The ring of a round brush. @param {Point|null} at on the stage @param {number} [radius] in CSS pixels */
  ring(at, radius = 0) {
    this.brush.setAttribute("d", at ? ringAt(at, radius) : "");
  }

  /** @param {{kind: string}} shape */
  #outlineOf(shape) {
    return pathOf(shape, shapeOf(shape), (point) => this.viewport.toStage(point));
  }

  /**
   * The handle of the selected region at a point of the stage.
   * @param {Point} at
   * @returns {Handle|null}
   */
  handleAt(at) {
    const shapes = this.#lifted();
    const only = shapes[0];
    if (shapes.length !== 1 || !only || !this.#grips(only)) return null;
    let nearest = null;
    let least = this.grip.reach;
    for (const handle of shapeOf(only).handles(only, this.viewport.scale)) {
      const point = this.viewport.toStage(handle);
      const distance = Math.max(Math.abs(point.x - at.x), Math.abs(point.y - at.y));
      if (distance < least) {
        nearest = handle;
        least = distance;
      }
    }
    return nearest;
  }
}

/** @param {Point} at on the stage @param {number} radius in CSS pixels */
function ringAt(at, radius) {
  const half = `a${radius} ${radius} 0 0 1`;
  return `M${place(at.x - radius, at.y)}${half} ${2 * radius} 0${half} ${-2 * radius} 0Z`;
}

/** @param {number} x @param {number} y */
function place(x, y) {
  return `${x.toFixed(2)} ${y.toFixed(2)}`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value) + 0.5;
}

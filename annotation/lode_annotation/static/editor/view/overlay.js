// @ts-check
/** The selected regions, their handles and whatever is being drawn, as SVG above the canvases. */

import { corners, handlePoint, HANDLES } from "../geometry.js";
import { s } from "../ui/dom.js";
import { nameOf } from "./scene.js";

/** @typedef {import("../model/types.js").Box} Box */
/** @typedef {import("../model/types.js").BoxRegion} BoxRegion */
/** @typedef {import("../model/types.js").Point} Point */
/** @typedef {import("../geometry.js").Handle} Handle */
/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./scene.js").Scene} Scene */

const HANDLE_NAMES = /** @type {Handle[]} */ (Object.keys(HANDLES));
const CAUSE_MARGIN = 5;
/** The side of a handle and how near a press must come, in CSS pixels: for a mouse or pen, and for a finger. */
const FINE = { side: 9, reach: 9 };
const COARSE = { side: 20, reach: 22 };

export class Overlay {
  /**
   * @param {SVGSVGElement} root
   * @param {Store} store
   * @param {Viewport} viewport
   * @param {Scene} scene
   */
  constructor(root, store, viewport, scene) {
    this.root = root;
    this.store = store;
    this.viewport = viewport;
    this.scene = scene;
    /** Regions under the hand, as they would be; the store hears of them when the hand lets go. @type {Map<string, BoxRegion>} */
    this.moved = new Map();
    /** @type {{box: Box, colour: string, text: string}|null} */
    this.draft = null;
    /** @type {Box|null} */
    this.marquee = null;
    this.editable = true;
    /** Whether the tool in hand takes handles, and how large a finger needs them. */
    this.gripping = true;
    this.showCrosshair = true;
    this.grip = FINE;
    /** Where the failure lies that caused the task. @type {Box|null} */
    this.cause = null;
    this.causeLine = s("path", { class: "ed-cause" });
    this.shadow = s("path", { class: "ed-shadow" });
    this.outline = s("path", { class: "ed-outline" });
    this.colour = s("path", { class: "ed-outline-colour" });
    this.rubber = s("rect", { class: "ed-marquee" });
    this.sketch = s("path", { class: "ed-draft" });
    this.size = /** @type {SVGTextElement} */ (s("text", { class: "ed-size" }));
    this.acrossLine = s("path", { class: "ed-crosshair" });
    this.handles = HANDLE_NAMES.map((name) => s("rect", { class: "ed-handle", "data-handle": name }));
    root.append(this.acrossLine, this.causeLine, this.shadow, this.outline, this.colour, this.rubber, this.sketch, this.size, ...this.handles);
    this.frame = 0;
    viewport.addEventListener("change", () => this.invalidate());
    for (const event of ["load", "change", "select", "show"]) store.addEventListener(event, () => this.#lift());
  }

  /** Take the selected regions from the canvas to here. */
  #lift() {
    const lifted = new Set(this.#lifted().map((box) => box.key));
    this.scene.lifted = lifted;
    this.scene.regroup();
    this.invalidate();
  }

  #lifted() {
    return this.store.selectedBoxes().filter((box) => !this.store.hidden.has(box.key));
  }

  invalidate() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const boxes = this.#lifted().map((box) => this.moved.get(box.key) ?? box);
    const line = boxes.map((box) => this.#outlineOf(box)).join("");
    this.shadow.setAttribute("d", line);
    this.outline.setAttribute("d", line);
    const only = boxes.length === 1 ? boxes[0] : undefined;
    this.colour.setAttribute("d", line);
    this.colour.style.stroke = only ? this.scene.colourOf(only) : "";
    this.colour.classList.toggle("is-pending", boxes.some((box) => box.pending));
    this.#drawHandles(only);
    this.#drawCause();
    this.#drawDraft();
    this.#drawSize(only);
    if (this.marquee) {
      const at = this.viewport.toStage(this.marquee);
      this.rubber.setAttribute("x", String(at.x));
      this.rubber.setAttribute("y", String(at.y));
      this.rubber.setAttribute("width", String(this.marquee.width * this.viewport.scale));
      this.rubber.setAttribute("height", String(this.marquee.height * this.viewport.scale));
    }
    this.rubber.toggleAttribute("hidden", !this.marquee);
  }

  /** @param {BoxRegion} box whether it has handles */
  #grips(box) {
    return this.editable && this.gripping && !box.pending && !this.store.locked.has(box.key);
  }

  /** @param {BoxRegion|undefined} only */
  #drawHandles(only) {
    const shown = only && this.#grips(only);
    this.handles.forEach((handle, at) => {
      handle.toggleAttribute("hidden", !shown);
      if (!shown) return;
      const point = this.viewport.toStage(handlePoint(only, /** @type {Handle} */ (HANDLE_NAMES[at])));
      const { side } = this.grip;
      handle.setAttribute("x", String(point.x - side / 2));
      handle.setAttribute("y", String(point.y - side / 2));
      handle.setAttribute("width", String(side));
      handle.setAttribute("height", String(side));
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

  /** Outline the place that caused the task, and draw the eye to it. @param {Box|null} cause */
  point(cause) {
    this.cause = cause;
    this.causeLine.classList.remove("is-new");
    this.invalidate();
    if (cause) requestAnimationFrame(() => this.causeLine.classList.add("is-new"));
  }

  #drawCause() {
    if (!this.cause) return this.causeLine.setAttribute("d", "");
    const aside = CAUSE_MARGIN / this.viewport.scale;
    const { x, y, width, height, rotation } = this.cause;
    const around = { x: x - aside, y: y - aside, width: width + 2 * aside, height: height + 2 * aside, rotation };
    this.causeLine.setAttribute("d", this.#outlineOf(around));
  }

  #drawDraft() {
    this.sketch.setAttribute("d", this.draft ? this.#outlineOf(this.draft.box) : "");
    if (this.draft) this.sketch.style.stroke = this.draft.colour;
  }

  /** @param {BoxRegion|undefined} only */
  #drawSize(only) {
    const box = this.draft?.box ?? (only && this.moved.has(only.key) ? only : undefined) ?? only;
    this.size.toggleAttribute("hidden", !box);
    if (!box) return;
    const name = this.draft ? this.draft.text : only ? nameOf(only) : "";
    const lowest = corners(box).reduce((low, corner) => (corner.y > low.y ? corner : low));
    const at = this.viewport.toStage({ x: Math.min(...corners(box).map((corner) => corner.x)), y: lowest.y });
    this.size.setAttribute("x", String(Math.max(4, at.x)));
    this.size.setAttribute("y", String(Math.min(this.viewport.stage.height - 6, at.y + 16)));
    this.size.textContent = `${name}  ${Math.round(box.width)} × ${Math.round(box.height)}`;
  }

  /** @param {Point|null} at on the stage */
  crosshair(at) {
    const { width, height } = this.viewport.stage;
    const path = at && this.showCrosshair ? `M0 ${round(at.y)}H${width}M${round(at.x)} 0V${height}` : "";
    this.acrossLine.setAttribute("d", path);
  }

  /** @param {Box} box */
  #outlineOf(box) {
    const points = corners(box).map((corner) => this.viewport.toStage(corner));
    return `M${points.map((point) => `${point.x.toFixed(2)} ${point.y.toFixed(2)}`).join("L")}Z`;
  }

  /**
   * The handle of the selected region at a point of the stage.
   * @param {Point} at
   * @returns {Handle|null}
   */
  handleAt(at) {
    const boxes = this.#lifted();
    const only = boxes[0];
    if (boxes.length !== 1 || !only || !this.#grips(only)) return null;
    let nearest = null;
    let least = this.grip.reach;
    for (const name of HANDLE_NAMES) {
      const point = this.viewport.toStage(handlePoint(only, name));
      const distance = Math.max(Math.abs(point.x - at.x), Math.abs(point.y - at.y));
      if (distance < least) {
        nearest = name;
        least = distance;
      }
    }
    return nearest;
  }
}

/** @param {number} value */
function round(value) {
  return Math.round(value) + 0.5;
}

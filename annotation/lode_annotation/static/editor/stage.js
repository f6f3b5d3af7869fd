// @ts-check
/** The surface one looks at and draws on: canvases, overlay, and the pointer handed to the tool in hand. */

import { Viewport } from "../lode/canvas/viewport.js";
import { LabelPalette } from "./view/label_palette.js";
import { Overlay } from "./view/overlay.js";
import { RegionScene } from "./view/region_scene.js";
import { Pointers } from "./pointers.js";
import { Snap } from "./snap.js";
import { find } from "../lode/dom.js";

/** @typedef {{brightness: number, contrast: number}} Light */
/** @typedef {import("./model/types.js").Point} Point */
/** @typedef {import("./model/store.js").Store} Store */
/** @typedef {{shiftKey: boolean, altKey: boolean, ctrlKey: boolean, metaKey: boolean}} Keys */
/**
 * Where the pointer is, and where it went down.
 * @typedef {object} Press
 * @property {Point} stage in CSS pixels
 * @property {Point} image in image pixels; where the tool snaps and there is something near, there
 * @property {{stage: Point, image: Point}} from
 * @property {boolean} shift
 * @property {boolean} alt
 * @property {boolean} ctrl Ctrl, or Command on a Mac
 * @property {boolean} editable whether regions may be changed now
 */
/**
 * @typedef {object} Tool
 * @property {string} id
 * @property {boolean} [draws] whether it makes regions
 * @property {boolean} [grips] whether it takes handles
 * @property {() => boolean} [snaps] whether the places it is given now catch on what lies near
 * @property {(press: Press) => void} down
 * @property {(press: Press) => void} move with the button held
 * @property {(press: Press) => void} up
 * @property {() => void} cancel
 * @property {() => void} [interrupt] a second finger came down: what was begun is kept, where it can be; else `cancel`
 * @property {(press: Press) => void} hover
 * @property {(press: Press) => void} [double] pressed twice in one place
 * @property {(key: string) => boolean} [key] a key while it is at work; whether it was taken
 */

const WHEEL_STEP = 0.0016;

/** @extends {EventTarget} Events: `tool`; `say` with words for the one at work as `detail`; `turn` with pixels of the wheel. */
export class Stage extends EventTarget {
  /**
   * @param {HTMLElement} root holds `[data-image]`, `[data-regions]`, `[data-overlay]`
   * @param {Store} store
   */
  constructor(root, store) {
    super();
    this.root = root;
    this.store = store;
    this.viewport = new Viewport();
    this.palette = new LabelPalette(root);
    const imageCanvas = /** @type {HTMLCanvasElement} */ (find("[data-image]", root));
    const regionCanvas = /** @type {HTMLCanvasElement} */ (find("[data-regions]", root));
    const overlayRoot = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (root.querySelector("[data-overlay]")));
    this.scene = new RegionScene(imageCanvas, regionCanvas, store, this.viewport, this.palette);
    this.overlay = new Overlay(overlayRoot, store, this.viewport, this.scene);
    this.snap = new Snap(this);
    this.size = { width: 1, height: 1 };
    this.editable = true;
    /** How the picture is shown, 1 as it is. @type {Light} */
    this.light = { brightness: 1, contrast: 1 };
    /** @type {Map<string, Tool>} */
    this.tools = new Map();
    /** @type {Tool|null} */
    this.tool = null;
    /** The tool for as long as a key is down. @type {Tool|null} */
    this.lent = null;
    /** @type {Tool|null} */
    this.holding = null;
    /** @type {Point|null} */
    this.pointer = null;
    /** The colours that were read last. @type {{picture: CanvasImageSource, colours: ImageData}|null} */
    this.read = null;
    /** Whether the picture has pages, which Alt and the wheel turn. */
    this.turns = false;
    this.pointers = new Pointers();
    this.from = { stage: { x: 0, y: 0 }, image: { x: 0, y: 0 } };
    this.#listen();
    new ResizeObserver(() => this.resize()).observe(root);
    this.resize();
  }

  resize() {
    const { width, height } = this.root.getBoundingClientRect();
    if (width && height) this.scene.resize(width, height);
    this.overlay.invalidate();
  }

  /**
   * Show a picture.
   * @param {CanvasImageSource|null} picture
   * @param {{width: number, height: number}} pictureSize its own pixels
   * @param {{width: number, height: number}} size the item's pixels, in which the regions lie
   */
  show(picture, pictureSize, size) {
    this.size = { width: size.width, height: size.height };
    this.viewport.setImage(size);
    this.scene.setPicture(picture, pictureSize);
  }

  /** @param {Tool} tool */
  addTool(tool) {
    this.tools.set(tool.id, tool);
    this.tool ??= tool;
  }

  /** @param {string} id */
  use(id) {
    const tool = this.tools.get(id);
    if (!tool || tool === this.tool) return;
    this.tool?.cancel();
    this.tool = tool;
    this.overlay.crosshair(null);
    this.snap.rest();
    this.overlay.setGripping(this.current?.grips === true);
    if (this.pointer) this.current?.hover(this.#press(this.pointer));
    this.dispatchEvent(new Event("tool"));
  }

  /** Lend another tool while a key is held. @param {string|null} id */
  lend(id) {
    const tool = id === null ? null : (this.tools.get(id) ?? null);
    if (tool === this.lent) return;
    this.lent = tool;
    this.overlay.crosshair(null);
    this.overlay.setGripping(this.current?.grips === true);
    this.hover();
  }

  get current() {
    return this.lent ?? this.tool;
  }

  /** Tell the one at work, such as why nothing was drawn. @param {string} words */
  say(words) {
    this.dispatchEvent(new CustomEvent("say", { detail: words }));
  }

  /** The picture's colours in pixels of the item; null while there is no picture. @returns {ImageData|null} */
  colours() {
    const { picture } = this.scene;
    if (!picture) return null;
    if (this.read?.picture !== picture) {
      const canvas = new OffscreenCanvas(this.size.width, this.size.height);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      this.read = { picture, colours: context.getImageData(0, 0, canvas.width, canvas.height) };
    }
    return this.read.colours;
  }

  /** @param {string} name */
  cursor(name) {
    this.root.style.cursor = name;
  }

  /** @param {keyof Light} name @param {number} value */
  setLight(name, value) {
    this.light[name] = value;
    const filters = Object.entries(this.light).filter(([, share]) => share !== 1);
    this.scene.imageCanvas.style.filter = filters.map(([filter, share]) => `${filter}(${share})`).join(" ");
  }

  /** Let go of whatever the hand is doing, changing nothing. @returns {boolean} whether it was doing something */
  cancel() {
    const holding = this.holding;
    this.holding = null;
    (holding ?? this.current)?.cancel();
    return holding !== null;
  }

  /** The hand does something else for a moment. */
  #interrupt() {
    const tool = this.holding ?? this.current;
    this.holding = null;
    this.snap.rest();
    (tool?.interrupt ?? tool?.cancel)?.call(tool);
  }

  /** Show again what the tool in hand shows where the pointer is. */
  hover() {
    if (this.pointer && !this.holding) this.current?.hover(this.#press(this.pointer));
  }

  /** The pointer on the stage, or the middle of it. @returns {Point} */
  get focus() {
    return this.pointer ?? { x: this.viewport.stage.width / 2, y: this.viewport.stage.height / 2 };
  }

  /** @param {Point} at @param {Keys} [keys] @returns {Press} */
  #press(at, keys) {
    const { shiftKey: shift = false, altKey: alt = false, ctrlKey = false, metaKey = false } = keys ?? {};
    const ctrl = ctrlKey || metaKey;
    const free = this.viewport.toImage(at);
    const snaps = this.editable && ((this.holding ?? this.current)?.snaps?.() ?? false);
    const image = snaps ? this.snap.place(free, ctrl) : free;
    return { stage: at, image, from: this.from, shift, alt, ctrl, editable: this.editable };
  }

  #listen() {
    const root = this.root;
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    root.addEventListener("pointerup", (event) => this.#up(event));
    // The browser or the system takes a pointer away: what it had begun is given up.
    for (const lost of /** @type {const} */ (["pointercancel", "lostpointercapture"])) {
      root.addEventListener(lost, (event) => this.pointers.gone(event) && this.#interrupt());
    }
    root.addEventListener("pointerleave", () => {
      if (this.holding) return;
      this.pointer = null;
      this.snap.rest();
      this.overlay.crosshair(null);
    });
    root.addEventListener("dblclick", (event) => this.current?.double?.(this.#press(this.#place(event), event)));
    root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    root.addEventListener("contextmenu", (event) => event.preventDefault());
    root.addEventListener("auxclick", (event) => event.preventDefault());
  }

  /** @param {MouseEvent} event @returns {Point} */
  #place(event) {
    const edge = this.root.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const at = this.#place(event);
    const part = this.pointers.down(event, at);
    if (part === "none") return;
    this.overlay.gripFor(event.pointerType === "touch");
    if (part === "pinch" || part === "instead") this.#interrupt();
    if (part === "pinch" || this.holding || event.button > 2) return;
    this.root.focus({ preventScroll: true });
    try {
      this.root.setPointerCapture(event.pointerId);
    } catch {
      // The pointer has gone already.
    }
    const inHand = event.button === 0 ? this.current : this.tools.get("pan");
    const through = event.altKey && event.button === 0 ? this.tools.get("select") : undefined;
    this.holding = through ?? inHand ?? null;
    this.from = { stage: at, image: this.#press(at, event).image };
    this.holding?.down(this.#press(at, event));
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#place(event);
    const pinch = this.pointers.pinch(event, at);
    if (pinch) return this.#pinch(pinch);
    if (!this.pointers.heeds(event)) return;
    this.pointer = at;
    const press = this.#press(at, event);
    if (this.holding) this.holding.move(press);
    else this.current?.hover(press);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const wasHand = this.pointers.gone(event);
    const holding = this.holding;
    if (!holding || !wasHand) return;
    const press = this.#press(this.#place(event), event);
    this.holding = null;
    holding.up(press);
    this.current?.hover(this.#press(this.#place(event), event));
  }

  /** Two fingers zoom and pan: what lies between them stays there. @param {import("./pointers.js").Pinch} pinch */
  #pinch({ from, to }) {
    const [was, is] = [from, to].map(([a, b]) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) }));
    if (!was || !is) return;
    this.viewport.panBy(is.x - was.x, is.y - was.y);
    if (was.apart > 0) this.viewport.zoomAt(is, is.apart / was.apart);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    if (event.altKey && this.turns) return void this.dispatchEvent(new CustomEvent("turn", { detail: event.deltaY * unit }));
    if (event.shiftKey) return this.viewport.panBy(-(event.deltaY || event.deltaX) * unit, 0);
    const speed = event.ctrlKey ? WHEEL_STEP * 4 : WHEEL_STEP;
    this.viewport.zoomAt(this.#place(event), Math.exp(-event.deltaY * unit * speed));
  }
}

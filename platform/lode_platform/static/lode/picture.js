// @ts-check
/**
 * `<lode-picture>`: a picture with regions of any kind, drawn by the kinds of `canvas/kinds/` that the editor and the
 * viewer build on. The server's `{% shown %}` writes the picture itself, which is there without a script; what lies on it
 * is drawn as SVG, and only once it comes into sight.
 *
 * `view` is the part of the upright image that the picture shows (left, top, width and height in pixels), `regions` what
 * lies on it as JSON, as the server's `drawing.Drawn` says; `labels` has them named. `pins` are numbered places, as
 * `drawing.Pin` says.
 */
import { arrowPath, endsOf } from "./canvas/arrow.js";
import { DOT_RADIUS } from "./canvas/geometry.js";
import { drawingOf, readRegion } from "./canvas/kinds/index.js";
import { pathOf } from "./canvas/outline.js";
import { h, s } from "./dom.js";
import { gettext } from "./words.js";

/** @typedef {import("./canvas/canvas.js").Region & {links?: Link[]}} Region */
/** @typedef {{to: [left: number, top: number, right: number, bottom: number], label: string, color?: number, both?: boolean}} Link an arrow to the bounds of another region */

/** @typedef {{number: number, x: number, y: number, title: string, off?: boolean}} Pin a numbered place on the picture */

/** The radius of a pin in CSS pixels. */
const PIN = 10;
/** How far out of sight a picture is drawn already. */
const AHEAD = "240px";
/** The larger side of what is shown, in heights of a name's letters. */
const LETTERS = 46;

/** Draws all that has come into sight, at most once a frame each. */
const sight = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target, boundingClientRect } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      if (target.isConnected) /** @type {LodePicture} */ (target).draw(boundingClientRect);
    }
  },
  { rootMargin: AHEAD },
);

class LodePicture extends HTMLElement {
  static observedAttributes = ["view", "regions"];

  constructor() {
    super();
    /** @type {Region[] | null} */
    this._regions = null;
  }

  /** The regions drawn, as `readRegion` made them. Setting them draws again. */
  get regions() {
    this._regions ??= this.#written();
    return this._regions;
  }

  set regions(list) {
    this._regions = list;
    sight.observe(this);
  }

  connectedCallback() {
    sight.observe(this);
  }

  disconnectedCallback() {
    sight.unobserve(this);
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (name === "regions") this._regions = null;
    if (this.isConnected) sight.observe(this);
  }

  /** @param {{width: number, height: number}} shown its own size in CSS pixels */
  draw(shown) {
    const [left = 0, top = 0, width = 100, height = 100] = (this.getAttribute("view") ?? "").split(" ").map(Number);
    const root = s("svg", { viewBox: `${left} ${top} ${width} ${height}`, "aria-hidden": "true" });
    const letters = this.hasAttribute("labels") ? Math.max(width, height) / LETTERS : 0;
    const scale = Math.min(shown.width / width, shown.height / height) || 1;
    root.append(...this.regions.map((region) => drawn(region, letters, 1 / scale)));
    /** @type {Pin[]} */
    const pins = JSON.parse(this.getAttribute("pins") || "[]");
    const before = (/** @type {Pin} */ pin) => pins.slice(0, pins.indexOf(pin)).filter(({ x, y }) => x === pin.x && y === pin.y).length;
    root.append(...pins.map((pin) => pinned({ ...pin, x: pin.x + before(pin) * 2.4 * (PIN / scale) }, PIN / scale)));
    this.querySelector("svg")?.remove();
    this.append(root);
  }

  /** @returns {Region[]} */
  #written() {
    /** @type {(Region & {geometry: unknown})[]} */
    const sent = JSON.parse(this.getAttribute("regions") || "[]");
    return sent.flatMap((region) => readRegion(region) ?? []);
  }
}

/**
 * A region with its name beside it.
 * @param {Region} region
 * @param {number} letters the height of its name's letters in pixels of the image; 0 for no name
 * @param {number} unit a CSS pixel in pixels of the image
 */
function drawn(region, letters, unit) {
  const kind = drawingOf(region);
  const dot = DOT_RADIUS * unit;
  const d = pathOf(region, kind, undefined, dot);
  const score = typeof region.score === "number" ? region.score.toFixed(2) : "";
  const title = s("title");
  title.textContent = [region.label, meaningOf(region.layer), score].filter(Boolean).join(" · ");
  const lines = ["region-under", "region-line"].map((css) => s("path", { class: css, "fill-rule": "evenodd", d }));
  const group = s("g", { class: `region region-${region.layer} c${region.color ?? 1}` });
  group.append(title, ...lines);
  const words = letters ? [region.label, score].filter(Boolean).join(" ") : "";
  if (words) {
    const { left, top, right, bottom } = kind.bounds(region);
    const y = Math.max(top - letters * 0.35 - (bottom > top || right > left ? 0 : dot), letters);
    const text = s("text", { x: left, y, "font-size": letters, "stroke-width": letters / 5 });
    text.textContent = words;
    group.append(text);
  }
  group.append(...(region.links ?? []).map((link) => arrow(kind.bounds(region), link, unit)));
  return group;
}

/** A numbered pin. @param {Pin} pin @param {number} radius in pixels of the image */
function pinned({ number, x, y, title, off = false }, radius) {
  const group = s("g", { class: off ? "picture-pin is-off" : "picture-pin", transform: `translate(${x} ${y})` });
  const words = s("title");
  words.textContent = title;
  const text = s("text", { "font-size": radius * 1.2, "text-anchor": "middle", "dominant-baseline": "central" });
  text.textContent = String(number);
  group.append(words, s("circle", { r: radius }), text);
  return group;
}

/** An arrow to another region. @param {import("./canvas/geometry.js").Bounds} from @param {Link} link @param {number} unit */
function arrow(from, { to: [left, top, right, bottom], label, color, both = false }, unit) {
  const [start, end] = endsOf(from, { left, top, right, bottom });
  const d = arrowPath(start, end, both, unit);
  const title = s("title");
  title.textContent = label;
  const lines = ["region-under", "region-line"].map((css) => s("path", { class: css, d }));
  const group = s("g", { class: color ? `region-link c${color}` : "region-link" });
  group.append(...(label ? [title] : []), ...lines);
  return group;
}

/** @param {string} layer */
function meaningOf(layer) {
  if (layer === "truth") return gettext("truth");
  if (layer === "prediction") return gettext("prediction");
  if (layer === "other") return gettext("another person");
  return "";
}

/**
 * A picture that a script makes.
 * @param {{src: string, alt: string, view: [left: number, top: number, width: number, height: number], regions: Region[]}} what
 * @returns {LodePicture}
 */
export function pictureOf({ src, alt, view, regions }) {
  const picture = /** @type {LodePicture} */ (document.createElement("lode-picture"));
  picture.setAttribute("view", view.join(" "));
  picture.append(h("img", { src, alt, width: view[2], height: view[3], decoding: "async" }));
  picture.regions = regions;
  return picture;
}

if (!customElements.get("lode-picture")) customElements.define("lode-picture", LodePicture);

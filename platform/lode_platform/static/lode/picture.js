// @ts-check
// <lode-picture>: a picture with regions as SVG, in pixels of the upright image, as the server's {% picture %} writes it.
import { drawingOf } from "./canvas/kinds/index.js";
import { pathOf } from "./canvas/outline.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {import("./canvas/canvas.js").Region} Region */

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} name
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[T]}
 */
function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

export class LodePicture extends HTMLElement {
  static observedAttributes = ["src", "crop", "width", "height"];

  constructor() {
    super();
    /** @type {Region[] | null} */
    this._regions = null;
  }

  /** The regions drawn. Setting them draws again. */
  get regions() {
    return this._regions ?? [];
  }

  set regions(list) {
    this._regions = list;
    this.draw();
  }

  connectedCallback() {
    if (this._regions !== null || !this.querySelector("svg")) this.draw();
  }

  attributeChangedCallback() {
    if (this.isConnected && this._regions !== null) this.draw();
  }

  draw() {
    const width = Number(this.getAttribute("width")) || 100;
    const height = Number(this.getAttribute("height")) || 100;
    const crop = (this.getAttribute("crop") ?? "").split(/[\s,]+/).filter(Boolean).map(Number);
    const [x1 = 0, y1 = 0, x2 = width, y2 = height] = crop;
    const alt = this.getAttribute("alt") ?? "";
    const root = svg("svg", {
      viewBox: `${x1} ${y1} ${x2 - x1} ${y2 - y1}`,
      preserveAspectRatio: "xMidYMid meet",
      ...(alt ? { role: "img", "aria-label": alt } : { "aria-hidden": "true" }),
    });
    // What the server cut out lies where it was cut out; a whole picture covers everything.
    const [x, y, across, down] = this.hasAttribute("cut") ? [x1, y1, x2 - x1, y2 - y1] : [0, 0, width, height];
    const src = this.getAttribute("src") ?? "";
    root.append(svg("image", { href: src, x, y, width: across, height: down, preserveAspectRatio: "none" }));
    for (const region of this.regions) root.append(this.#region(region));
    this.querySelector("svg")?.remove();
    this.append(root);
  }

  /** @param {Region} region */
  #region(region) {
    const group = svg("g", { class: `region region-${region.layer} c${region.color ?? 1}` });
    const title = svg("title", {});
    const score = typeof region.score === "number" ? region.score.toFixed(2) : "";
    title.textContent = [region.label, score].filter(Boolean).join(" · ");
    const d = pathOf(region, drawingOf(region));
    group.append(title);
    for (const css of ["region-under", "region-line"]) group.append(svg("path", { class: css, "fill-rule": "evenodd", d }));
    return group;
  }
}

if (!customElements.get("lode-picture")) customElements.define("lode-picture", LodePicture);

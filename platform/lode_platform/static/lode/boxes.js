// @ts-check
// <lode-boxes>: a picture with boxes drawn on it as SVG, in pixels of the upright image.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {object} Box
 * @property {[number, number, number, number]} [box] x1, y1, x2, y2 in pixels
 * @property {[number, number][][]} [outlines] closed rings in pixels, drawn in the box's place
 * @property {number} [x] percent of the width
 * @property {number} [y] percent of the height
 * @property {number} [width] percent of the width
 * @property {number} [height] percent of the height
 * @property {"truth" | "prediction" | "other" | "selected"} [kind]
 * @property {string} [label]
 * @property {number} [color] 1 to 12
 * @property {number | null} [score]
 * @property {string} [id]
 */

/**
 * @param {Box} box
 * @param {number} width
 * @param {number} height
 * @returns {[number, number, number, number]} x, y, width, height in pixels
 */
export function frame(box, width, height) {
  if (box.box) {
    const [x1, y1, x2, y2] = box.box;
    return [x1, y1, x2 - x1, y2 - y1];
  }
  const { x = 0, y = 0, width: w = 0, height: h = 0 } = box;
  return [(x * width) / 100, (y * height) / 100, (w * width) / 100, (h * height) / 100];
}

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

/** @param {[number, number][][]} rings @returns {string} */
function path(rings) {
  return rings.map((ring) => `M${ring.map(([x, y]) => `${x} ${y}`).join("L")}Z`).join("");
}

export class LodeBoxes extends HTMLElement {
  static observedAttributes = ["src", "crop", "width", "height"];

  constructor() {
    super();
    /** @type {Box[] | null} */
    this._boxes = null;
    /** @type {Set<string> | null} */
    this._layers = null;
  }

  /** The boxes drawn. Setting them draws again. */
  get boxes() {
    return this._boxes ?? [];
  }

  set boxes(list) {
    this._boxes = list;
    this.draw();
  }

  /** The kinds shown; null for all. */
  get layers() {
    return this._layers;
  }

  set layers(kinds) {
    this._layers = kinds;
    this.showLayers();
  }

  connectedCallback() {
    const source = this.dataset.boxes ? document.getElementById(this.dataset.boxes) : null;
    if (source?.textContent && this._boxes === null) this._boxes = JSON.parse(source.textContent);
    const layers = this.getAttribute("layers");
    if (layers !== null) this._layers = new Set(layers.split(/\s+/).filter(Boolean));
    if (this._boxes !== null || !this.querySelector("svg")) this.draw();
    this.showLayers();
    this.addEventListener("click", (event) => {
      const region = /** @type {Element} */ (event.target).closest(".region");
      if (region) {
        const detail = { id: region.getAttribute("data-id") ?? "" };
        this.dispatchEvent(new CustomEvent("lode-box", { detail, bubbles: true }));
      }
    });
  }

  attributeChangedCallback() {
    if (this.isConnected && this._boxes !== null) this.draw();
  }

  /** @param {string} id the box to draw as selected; "" for none */
  select(id) {
    for (const region of this.querySelectorAll(".region")) {
      region.classList.toggle("is-selected", id !== "" && region.getAttribute("data-id") === id);
    }
  }

  showLayers() {
    for (const region of this.querySelectorAll(".region")) {
      const kind = region.getAttribute("data-kind") ?? "";
      const shown = this._layers === null || kind === "selected" || this._layers.has(kind);
      if (shown) region.removeAttribute("display");
      else region.setAttribute("display", "none");
    }
  }

  draw() {
    const width = Number(this.getAttribute("width")) || 100;
    const height = Number(this.getAttribute("height")) || 100;
    const crop = (this.getAttribute("crop") ?? "").split(/[\s,]+/).filter(Boolean).map(Number);
    const [x1 = 0, y1 = 0, x2 = width, y2 = height] = crop;
    const src = this.getAttribute("src") ?? "";
    const root = svg("svg", {
      viewBox: `${x1} ${y1} ${x2 - x1} ${y2 - y1}`,
      preserveAspectRatio: "xMidYMid meet",
      ...(this.getAttribute("alt") ? { role: "img", "aria-label": this.getAttribute("alt") ?? "" } : { "aria-hidden": "true" }),
    });
    root.append(svg("image", { href: src, width, height, preserveAspectRatio: "none" }));
    const size = Math.max(x2 - x1, y2 - y1) / 46;
    for (const box of this.boxes) root.append(this.region(box, width, height, size));
    this.querySelector("svg")?.remove();
    this.append(root);
    this.showLayers();
  }

  /**
   * @param {Box} box
   * @param {number} width
   * @param {number} height
   * @param {number} size of the letters, in pixels of the image
   */
  region(box, width, height, size) {
    const kind = box.kind ?? "class";
    const group = svg("g", {
      class: `region region-${kind} c${box.color ?? 1}`,
      "data-kind": kind,
      "data-id": box.id ?? "",
    });
    const [x, y, w, h] = frame(box, width, height);
    const title = svg("title", {});
    const score = typeof box.score === "number" ? box.score.toFixed(2) : "";
    title.textContent = [box.label ?? "", score].filter(Boolean).join(" · ");
    const line = (/** @type {string} */ css) =>
      box.outlines?.length
        ? svg("path", { class: css, "fill-rule": "evenodd", d: path(box.outlines) })
        : svg("rect", { class: css, x, y, width: w, height: h });
    group.append(title, line("region-under"), line("region-line"));
    if (this.hasAttribute("labels") && box.label) {
      const text = svg("text", { x, y: Math.max(y - size * 0.35, size), "font-size": size, "stroke-width": size / 5 });
      text.textContent = [box.label, score].filter(Boolean).join(" ");
      group.append(text);
    }
    return group;
  }
}

if (!customElements.get("lode-boxes")) customElements.define("lode-boxes", LodeBoxes);

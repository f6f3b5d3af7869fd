// @ts-check
// The whole picture with its boxes: zoomed by wheel and keys, moved by dragging; the zoom stays from match to match.

const SVG = "http://www.w3.org/2000/svg";
const MOST = 40;

/** @typedef {import("./crop.js").Rect} Rect */
/** @typedef {{kind: "truth" | "prediction", box: Rect, label: string, own: boolean, crowd?: boolean}} StageBox */

export class Stage {
  /** @param {HTMLElement} holder */
  constructor(holder) {
    this.holder = holder;
    this.width = 1;
    this.height = 1;
    this.zoom = 1;
    this.center = [0.5, 0.5];
    this.src = "";
    /** @type {StageBox[]} */
    this.boxes = [];
    this.hidden = new Set();
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "stage-svg");
    this.svg.setAttribute("preserveAspectRatio", "xMidYMid meet");
    this.image = document.createElementNS(SVG, "image");
    this.image.setAttribute("preserveAspectRatio", "none");
    this.regions = document.createElementNS(SVG, "g");
    this.svg.append(this.image, this.regions);
    this.holder.append(this.svg);
    this.listen();
  }

  /**
   * @param {{src: string, width: number, height: number, boxes: StageBox[], focus: Rect}} scene
   */
  show({ src, width, height, boxes, focus }) {
    this.width = width || 100;
    this.height = height || 100;
    this.center = [(focus[0] + focus[2]) / 2, (focus[1] + focus[3]) / 2];
    this.focus = focus;
    if (src !== this.src) {
      this.src = src;
      this.image.setAttribute("href", src);
    }
    this.image.setAttribute("width", String(this.width));
    this.image.setAttribute("height", String(this.height));
    this.draw(boxes);
    this.look();
  }

  /** @param {StageBox[]} boxes */
  draw(boxes) {
    this.boxes = boxes;
    const drawn = boxes.map((box) => this.region(box));
    this.regions.replaceChildren(...drawn);
    this.layers();
    this.letters();
  }

  /** @param {StageBox} box */
  region(box) {
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", `region region-${box.kind}${box.own ? " is-own" : ""}${box.crowd ? " is-crowd" : ""}`);
    group.setAttribute("data-kind", box.kind);
    const title = document.createElementNS(SVG, "title");
    title.textContent = box.label;
    group.append(title);
    for (const name of ["region-under", "region-line"]) {
      const rect = document.createElementNS(SVG, "rect");
      rect.setAttribute("class", name);
      const [x1, y1, x2, y2] = box.box;
      rect.setAttribute("x", String(x1));
      rect.setAttribute("y", String(y1));
      rect.setAttribute("width", String(Math.max(0, x2 - x1)));
      rect.setAttribute("height", String(Math.max(0, y2 - y1)));
      group.append(rect);
    }
    if (box.own && box.label) {
      const text = document.createElementNS(SVG, "text");
      text.textContent = box.label;
      group.append(text);
    }
    return group;
  }

  /** Letters keep their size on the screen, whatever the zoom. */
  letters() {
    const size = 13 * this.unit();
    const texts = this.regions.querySelectorAll("text");
    for (const text of texts) {
      const kind = text.parentElement?.getAttribute("data-kind");
      const rect = text.parentElement?.querySelector("rect");
      if (!rect) continue;
      const y = Number(rect.getAttribute("y"));
      const below = y + Number(rect.getAttribute("height")) + size;
      text.setAttribute("font-size", String(size));
      text.setAttribute("stroke-width", String(size / 5));
      text.setAttribute("x", rect.getAttribute("x") ?? "0");
      const above = String(Math.max(y - size * 0.35, size));
      if (kind !== "prediction") text.setAttribute("y", above);
      else if (below < this.height) text.setAttribute("y", String(below));
      else {
        // No room below: above, at the other end of the box, so that it does not lie on the truth's name.
        text.setAttribute("y", above);
        text.setAttribute("text-anchor", "end");
        text.setAttribute("x", String(Number(rect.getAttribute("x")) + Number(rect.getAttribute("width"))));
      }
    }
  }

  /** Pixels of the picture in one of the screen. */
  unit() {
    const [, , w, h] = this.view();
    const { clientWidth, clientHeight } = this.holder;
    return Math.max(w / Math.max(clientWidth, 1), h / Math.max(clientHeight, 1));
  }

  /** @returns {[number, number, number, number]} x, y, width, height of what is seen */
  view() {
    const w = this.width / this.zoom;
    const h = this.height / this.zoom;
    if (this.zoom <= 1) return [0, 0, this.width, this.height];
    const x = Math.min(Math.max(this.center[0] - w / 2, 0), this.width - w);
    const y = Math.min(Math.max(this.center[1] - h / 2, 0), this.height - h);
    return [x, y, w, h];
  }

  look() {
    this.svg.setAttribute("viewBox", this.view().join(" "));
    this.holder.dataset.zoom = this.zoom.toFixed(2);
    this.letters();
  }

  /** @param {number} factor */
  scale(factor) {
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), MOST);
    this.look();
  }

  fit() {
    this.zoom = 1;
    this.look();
  }

  /** Zooms so that the match's boxes fill a good part of the picture; again: the whole picture. */
  toFocus() {
    const [x1, y1, x2, y2] = this.focus ?? [0, 0, this.width, this.height];
    const wanted = Math.min(this.width / (2 * Math.max(x2 - x1, 8)), this.height / (2 * Math.max(y2 - y1, 8)));
    const zoom = Math.min(Math.max(wanted, 1), MOST);
    this.zoom = Math.abs(this.zoom - zoom) < 0.01 ? 1 : zoom;
    this.center = [(x1 + x2) / 2, (y1 + y2) / 2];
    this.look();
  }

  /** @param {"truth" | "prediction"} kind @returns {boolean} whether it is shown now */
  toggle(kind) {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    this.layers();
    return !this.hidden.has(kind);
  }

  layers() {
    for (const region of this.regions.children) {
      const shown = !this.hidden.has(region.getAttribute("data-kind"));
      if (shown) region.removeAttribute("display");
      else region.setAttribute("display", "none");
    }
  }

  listen() {
    this.holder.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const before = this.point(event);
        this.scale(Math.exp(-event.deltaY * 0.0015));
        const after = this.point(event);
        this.center = this.seenCenter();
        this.center = [this.center[0] + before[0] - after[0], this.center[1] + before[1] - after[1]];
        this.look();
      },
      { passive: false },
    );
    this.holder.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.holder.setPointerCapture(event.pointerId);
      const start = [event.clientX, event.clientY];
      const from = this.seenCenter();
      const unit = this.unit();
      /** @param {PointerEvent} move */
      const drag = (move) => {
        this.center = [from[0] - (move.clientX - start[0]) * unit, from[1] - (move.clientY - start[1]) * unit];
        this.look();
      };
      const end = () => this.holder.removeEventListener("pointermove", drag);
      this.holder.addEventListener("pointermove", drag);
      this.holder.addEventListener("pointerup", end, { once: true });
      this.holder.addEventListener("pointercancel", end, { once: true });
    });
    this.holder.addEventListener("dblclick", () => this.toFocus());
    new ResizeObserver(() => this.letters()).observe(this.holder);
  }

  /** @returns {[number, number]} */
  seenCenter() {
    const [x, y, w, h] = this.view();
    return [x + w / 2, y + h / 2];
  }

  /** @param {MouseEvent} event @returns {[number, number]} the place in the picture */
  point(event) {
    const matrix = this.svg.getScreenCTM()?.inverse();
    if (!matrix) return [0, 0];
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [at.x, at.y];
  }
}

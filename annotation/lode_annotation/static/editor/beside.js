// @ts-check
/** The pictures of an item side by side, where its schema names each: the one in sight on the stage, the others as they were left. */

import { Viewport } from "../lode/canvas/viewport.js";
import { find, h } from "../lode/dom.js";
import { gettext } from "../lode/words.js";
import { preferredPage } from "./kinds/pairwise.js";
import { PAGE_LENS } from "./pages.js";
import { RegionScene } from "./view/region_scene.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./media/index.js").Shown} Shown */
/** @typedef {import("./model/types.js").Control} Control */
/** @typedef {import("./model/types.js").Region} Region */

/** Up to so many stand in one row. */
const IN_A_ROW = 3;
/** What the pictures beside show as the stage does. */
const SHARED = /** @type {const} */ (["showNames", "showGrid", "showPrelabels", "showBefore", "showOwn", "ghosts", "before", "truth", "trueRelations"]);

export class Beside {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.middle = find("[data-middle]", editor.root);
    /** One for each picture, kept for the next item. @type {Picture[]} */
    this.pictures = [];
    this.count = 0;
  }

  /** Lay out the item that `pages` has taken up, if its schema names its pictures. */
  open() {
    const { pages, stage } = this.editor;
    const { loaded } = pages;
    const before = this.count;
    this.count = pages.beside ? pages.count : 0;
    if (!this.count && !before) return;
    this.middle.classList.toggle("is-beside", this.count > 0);
    const columns = this.count > IN_A_ROW ? Math.ceil(this.count / 2) : Math.max(1, this.count);
    this.middle.style.setProperty("--ed-columns", String(columns));
    this.middle.style.setProperty("--ed-rows", String(Math.max(1, Math.ceil(this.count / columns))));
    while (this.pictures.length < this.count) this.pictures.push(new Picture(this.editor, this.pictures.length));
    for (const picture of this.pictures) {
      const { page } = picture;
      picture.open(page < this.count, areaOf(page, columns), pages.nameOf(page), stage.size);
      if (page >= this.count) continue;
      pages.shown(page).then(
        (shown) => pages.loaded === loaded && picture.scene.setPicture(shown.source, shown.size),
        () => picture.say(gettext("{name}: could not be loaded", { name: pages.nameOf(page) })),
      );
    }
    this.#enter(pages.at);
    stage.resize();
  }

  /** Go from one picture to another, which is seen as it was left. @param {number} from @param {number} to */
  go(from, to) {
    const { viewport } = this.editor.stage;
    const [left, entered] = [this.pictures[from], this.pictures[to]];
    if (!left || !entered || !this.count) return;
    left.viewport.take(viewport);
    viewport.take(entered.viewport);
    this.#enter(to);
  }

  /** @param {number} page */
  #enter(page) {
    for (const picture of this.pictures) picture.root.classList.toggle("is-on-stage", picture.page === page && page < this.count);
    this.editor.stage.root.style.gridArea = this.count ? (this.pictures[page]?.root.style.gridArea ?? "") : "";
  }

  /** Draw again in colours that have changed. */
  repaint() {
    for (const { scene } of this.pictures) scene.invalidate(true);
  }

  /** Show what the stage shows, and which picture is preferred. */
  refresh() {
    if (!this.count) return;
    const { stage, controls, questions } = this.editor;
    const preferred = new Set(controls.map((control) => preferredPage(control, questions.said(control).said)));
    for (const { scene, name, page } of this.pictures.slice(0, this.count)) {
      const differs = SHARED.some((key) => scene[key] !== stage.scene[key]);
      for (const key of SHARED) /** @type {any} */ (scene)[key] = stage.scene[key];
      scene.imageCanvas.style.filter = stage.scene.imageCanvas.style.filter;
      if (differs) scene.regroup();
      name.classList.toggle("is-preferred", preferred.has(page));
    }
  }
}

/** Where a picture stands among the others. @param {number} page @param {number} columns */
function areaOf(page, columns) {
  const [row, column] = [Math.floor(page / columns) + 1, (page % columns) + 1];
  return `${row} / ${column} / ${row + 1} / ${column + 1}`;
}

/** One of the pictures, as it is seen while another is on the stage. */
class Picture {
  /** @param {Editor} editor @param {number} page */
  constructor(editor, page) {
    this.editor = editor;
    this.page = page;
    this.viewport = new Viewport();
    const [image, regions] = [h("canvas", {}), h("canvas", {})];
    this.root = h("div", { class: "ed-picture", "data-picture": String(page), "aria-hidden": "true" }, image, regions);
    this.name = h("div", { class: "ed-picture-name", "data-picture-name": String(page) });
    // below the stage, and their names above it
    editor.stage.root.before(this.root);
    editor.pages.root.before(this.name);
    this.scene = new PictureScene(editor, image, regions, this.viewport, page);
    // a picture that comes under a pointer at rest, as after a key, does not come onto the stage
    this.root.addEventListener("pointermove", ({ movementX, movementY }) => (movementX || movementY) && this.#come());
    this.root.addEventListener("pointerdown", () => this.#come());
    new ResizeObserver(() => this.#resize()).observe(this.root);
  }

  /** @param {boolean} shown @param {string} area @param {string} name @param {{width: number, height: number}} size of the picture */
  open(shown, area, name, size) {
    for (const part of [this.root, this.name]) {
      part.hidden = !shown;
      part.style.gridArea = area;
    }
    this.say(name);
    this.scene.setPicture(null, size);
    this.viewport.setImage(size);
    this.#resize();
  }

  /** @param {string} words */
  say(words) {
    this.name.textContent = words;
  }

  /** Put it on the stage, unless something is being drawn on another. */
  #come() {
    const { stage, pages, notes } = this.editor;
    if (stage.holding) return;
    if (stage.overlay.draft) return notes.say(gettext("Finish what is being drawn, or press Esc, before going to another picture."));
    void pages.go(this.page);
  }

  #resize() {
    const { width, height } = this.root.getBoundingClientRect();
    if (width && height) this.scene.resize(width, height);
  }
}

/** The regions of one picture. */
class PictureScene extends RegionScene {
  /** @param {Editor} editor @param {HTMLCanvasElement} image @param {HTMLCanvasElement} regions @param {Viewport} viewport @param {number} page */
  constructor(editor, image, regions, viewport, page) {
    super(image, regions, editor.store, viewport, editor.stage.palette);
    this.pages = editor.pages;
    this.page = page;
  }

  /** @override @param {Region} region */
  isHere(region) {
    return this.pages.of(region) === this.page;
  }

  /** @override @param {Region} region */
  isShown(region) {
    return this.isHere(region) && this.store.isShown(region, PAGE_LENS);
  }
}

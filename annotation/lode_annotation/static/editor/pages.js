// @ts-check
/** The pages of a picture that has several: the one in sight, its neighbours decoded beside it, and going from one to another. */

import { clamp } from "../lode/canvas/geometry.js";
import { find } from "../lode/dom.js";
import { gettext, ngettext } from "../lode/words.js";
import { isShape, shapeFor } from "./kinds/index.js";
import { load } from "./media/index.js";
import { among } from "./model/relations.js";
import { keepPage } from "./task/page_kept.js";
import { showPage } from "./view/item.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./media/index.js").Shown} Shown */
/** @typedef {import("./model/types.js").Region} Region */
/** @typedef {import("./model/types.js").Step} Step */
/** @typedef {import("./task/loaded_task.js").LoadedTask} LoadedTask */

/** What keeps regions of other pages out of sight. */
export const PAGE_LENS = "page";
/** How far a decoded page may lie from the one in sight; of large pages only the nearest are kept. */
const NEAR = 3;
const LARGE = 1 << 24;
/** Pixels of the wheel for a page. */
const WHEEL = 60;

export class Pages {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.store = editor.store;
    this.root = find("[data-pages]", editor.root);
    this.slider = /** @type {HTMLInputElement} */ (find("[data-page]", this.root));
    /** How many there are. */
    this.count = 1;
    /** The one in sight, from 0 on. */
    this.at = 0;
    /** The one asked for, which may still be on its way. */
    this.wanted = 0;
    /** @type {LoadedTask|null} */
    this.loaded = null;
    /** Those decoded or being decoded. @type {Map<number, Promise<Shown>>} */
    this.near = new Map();
    /** @type {Promise<void>|null} */
    this.turning = null;
    /** Whether they are seen side by side. */
    this.beside = false;
    this.wheeled = 0;
    this.slider.addEventListener("input", () => void this.go(Number(this.slider.value) - 1));
    editor.stage.addEventListener("turn", (event) => this.#wheel(/** @type {CustomEvent<number>} */ (event).detail));
  }

  /** Take up a task's picture, which is shown; null for none. @param {LoadedTask|null} loaded */
  open(loaded) {
    this.#close();
    this.loaded = loaded;
    this.turning = null;
    this.count = loaded?.payload.media.pages ?? 1;
    this.at = this.wanted = clamp(loaded?.page ?? 0, 0, this.count - 1);
    const several = this.count > 1;
    this.beside = several && areNamed(this.editor.controls);
    this.editor.stage.turns = several && !this.beside;
    this.editor.root.classList.toggle("has-pages", this.editor.stage.turns);
    this.slider.max = String(this.count);
    if (loaded?.picture) this.near.set(this.at, Promise.resolve(loaded.picture));
    this.store.isHere = (region) => !several || this.of(region) === this.at;
    this.store.setLens(PAGE_LENS, several ? (region) => !isShape(region) || this.store.isHere(region) : null);
    this.editor.beside.open();
    armHere(this.editor);
    this.#say();
    if (several) this.#ahead(1);
  }

  /** What the schema calls a picture. @param {number} page */
  nameOf(page) {
    for (const { page: own, pages = own === undefined ? [] : [own], to_name: names } of this.editor.controls) {
      const name = names.split(",")[pages.indexOf(page)];
      if (name) return name;
    }
    return gettext("picture {n}", { n: page + 1 });
  }

  /** Whether a control is about the picture in sight. @param {import("./model/types.js").Control} control */
  takes(control) {
    return control.page === undefined || control.page === this.at;
  }

  /** A page as it is shown, once it is decoded. @param {number} page */
  shown(page) {
    return this.#page(page);
  }

  /** The page that a region lies on; one whose page is gone is on the last. @param {Region} region */
  of(region) {
    return Math.min(region.frame ?? 0, this.count - 1);
  }

  /** Go to a page, which is shown once it is decoded; the one in sight stays until then. @param {number} page from 0 on */
  go(page) {
    this.wanted = clamp(Math.round(page), 0, this.count - 1);
    this.#say();
    if (this.wanted === this.at) return this.turning ?? Promise.resolve();
    if (!this.turning) {
      const turning = this.#turn().finally(() => {
        if (this.turning === turning) this.turning = null;
      });
      this.turning = turning;
    }
    return this.turning;
  }

  /** Go where something was done. @param {Step} step */
  follow(step) {
    const touched = step.patches.map((patch) => patch.after ?? patch.before).filter((region) => region && isShape(region));
    const region = touched.at(-1);
    if (region) void this.go(this.of(region));
  }

  /** Copy the selected regions, or all of this page, to the next page, and go there. */
  async copyOn() {
    const { acts, carrier } = this.editor;
    const [shapes, next] = [carrier.ready, this.at + 1];
    const links = among(this.store.relations.values(), shapes);
    await this.go(next);
    if (this.at !== next) return;
    acts.add(shapes, 0, ngettext("Copy {n} region to the next page", "Copy {n} regions to the next page", shapes.length), links);
  }

  async #turn() {
    const { loaded } = this;
    while (loaded && loaded === this.loaded && this.at !== this.wanted) {
      const page = this.wanted;
      /** @type {Shown} */
      let shown;
      try {
        shown = await this.#page(page);
      } catch {
        if (loaded !== this.loaded || page !== this.wanted) continue;
        this.wanted = this.at;
        this.editor.notes.say(gettext("Page {n} could not be loaded. Try again.", { n: page + 1 }));
        break;
      }
      if (loaded === this.loaded && page === this.wanted) this.#show(loaded, page, shown);
    }
    this.#say();
  }

  /** @param {LoadedTask} loaded @param {number} page @param {Shown} shown */
  #show(loaded, page, shown) {
    const { editor, store } = this;
    const onward = page > this.at ? 1 : -1;
    editor.stage.cancel();
    const before = this.at;
    this.at = page;
    Object.assign(loaded, { page, picture: shown });
    keepPage(loaded.payload.task.id, page);
    showPage(editor, shown, loaded.payload.queue?.id ?? "");
    editor.beside.go(before, page);
    armHere(editor);
    store.select(store.selectedShapes().filter((region) => store.isHere(region)).map((region) => region.key));
    store.dispatchEvent(new Event("show"));
    editor.pointAtCause(loaded.payload.task.reason ?? null);
    this.#say();
    editor.notes.announce(this.words);
    this.#prune();
    this.#ahead(onward);
  }

  /** @param {number} page @returns {Promise<Shown>} */
  #page(page) {
    const known = this.near.get(page);
    if (known) return known;
    const { media } = /** @type {LoadedTask} */ (this.loaded).payload;
    const coming = load(media, page);
    this.near.set(page, coming);
    coming.catch(() => this.near.get(page) === coming && this.near.delete(page));
    return coming;
  }

  /** Decode the next page before it is asked for. @param {1|-1} onward */
  #ahead(onward) {
    const next = this.at + onward;
    if (this.loaded?.picture && next >= 0 && next < this.count) this.#page(next).catch(() => {});
  }

  /** Give back the memory of pages far away. */
  #prune() {
    const { width, height } = this.editor.stage.size;
    const far = this.beside ? this.count : width * height > LARGE ? 1 : NEAR;
    for (const page of [...this.near.keys()]) if (Math.abs(page - this.at) > far) this.#drop(page);
  }

  /** Give back all but the picture that the task holds itself. */
  #close() {
    for (const page of [...this.near.keys()]) if (page !== this.at || !this.loaded?.picture) this.#drop(page);
    this.near.clear();
  }

  /** @param {number} page */
  #drop(page) {
    void this.near.get(page)?.then((shown) => shown.close(), () => {});
    this.near.delete(page);
  }

  /** @param {number} pixels of the wheel, downwards */
  #wheel(pixels) {
    this.wheeled += pixels;
    const by = Math.trunc(this.wheeled / WHEEL);
    this.wheeled -= by * WHEEL;
    if (by) void this.go(this.wanted + by);
  }

  get words() {
    if (this.beside) return gettext("{name}, picture {n} of {all}", { name: this.nameOf(this.wanted), n: this.wanted + 1, all: this.count });
    return gettext("page {n} of {all}", { n: this.wanted + 1, all: this.count });
  }

  #say() {
    this.slider.value = String(this.wanted + 1);
    this.slider.setAttribute("aria-valuetext", this.words);
    find("[data-page-words]", this.root).textContent = this.words;
    this.root.setAttribute("aria-busy", String(this.wanted !== this.at));
    this.editor.refresh();
  }
}

/** Whether a schema names each picture of an item. @param {readonly import("./model/types.js").Control[]} controls */
function areNamed(controls) {
  return controls.some((control) => control.page !== undefined || control.pages !== undefined);
}

/** @param {Editor} editor @returns {Command[]} */
export function pageCommands(editor) {
  const { pages, carrier, stage } = editor;
  const group = gettext("Pages");
  const [next, previous] = areNamed(editor.controls) ? [gettext("Next picture"), gettext("Previous picture")] : [gettext("Next page"), gettext("Previous page")];
  const several = () => pages.count > 1;
  const before = () => several() && pages.wanted > 0;
  const after = () => several() && pages.wanted < pages.count - 1;
  return [
    { id: "page.next", title: next, group, keys: ["Shift+n", "Alt+PageDown"], icon: "chevron-right", repeat: true, when: after, run: () => void pages.go(pages.wanted + 1) },
    { id: "page.previous", title: previous, group, keys: ["Shift+p", "Alt+PageUp"], icon: "chevron-left", repeat: true, when: before, run: () => void pages.go(pages.wanted - 1) },
    { id: "page.last", title: gettext("Last page"), group, keys: ["End"], when: after, run: () => void pages.go(pages.count - 1) },
    { id: "page.first", title: gettext("First page"), group, keys: ["Home"], when: before, run: () => void pages.go(0) },
    { id: "page.copy", title: gettext("Copy the selected regions, or all of the page, to the next page"), group, keys: ["Shift+s"], icon: "copy", when: () => after() && stage.editable && carrier.ready.length > 0, run: () => void pages.copyOn() },
  ];
}

/** Take a label of the picture in sight in hand: of the same kind and name as the one before, where there is one. @param {Editor} editor */
function armHere(editor) {
  const { armed, pages } = editor;
  if (!armed || pages.takes(armed.control)) return;
  const here = editor.controls.filter((one) => shapeFor(one) && pages.takes(one));
  const control = here.find((one) => one.type === armed.control.type) ?? here[0];
  const label = control?.labels.find((one) => one.value === armed.label.value) ?? control?.labels[0];
  if (!control || !label) return;
  editor.armed = { control, label };
  if (editor.stage.tool?.draws && control.type !== armed.control.type) editor.draw();
  editor.refresh();
}

// @ts-check
/** Select, move and resize with the pointer; a press on nothing draws a frame that selects what it meets. */

import { gettext } from "../../lode/words.js";
import { REACH, span } from "../../lode/canvas/geometry.js";
import { shapeOf } from "../kinds/index.js";
import { regionAt, regionsIn } from "../view/hit.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../stage.js").Tool} Tool */
/** @typedef {import("../kinds/index.js").Handle} Handle */
/** @typedef {import("../model/types.js").Region} Region */

/** How far a press may move and still be one, in CSS pixels. */
const SLACK = 3;
/** How near to an outline a press must come, in CSS pixels. */
const EDGE = 6;

/** @implements {Tool} */
export class SelectTool {
  /** @param {Stage} stage */
  constructor(stage) {
    this.id = "select";
    this.grips = true;
    this.stage = stage;
    /** @type {"idle"|"move"|"resize"|"frame"} */
    this.doing = "idle";
    /** @type {Handle|null} */
    this.handle = null;
    /** @type {Region[]} */
    this.held = [];
    this.started = false;
  }

  /** @param {Press} press */
  down(press) {
    const { store, overlay } = this.stage;
    this.started = false;
    this.handle = press.editable ? overlay.handleAt(press.stage) : null;
    if (this.handle) {
      this.held = store.selectedShapes();
      this.doing = press.alt ? "idle" : "resize";
      if (press.alt) this.#removeHandle(this.handle);
      return;
    }
    const region = this.#regionAt(press);
    if (!region) {
      this.doing = "frame";
      if (!press.shift) store.select([]);
      return;
    }
    this.#take(region.key, press.shift);
    this.doing = press.editable ? "move" : "idle";
    this.held = store.selectedShapes().filter((one) => (!one.pending || one.suggested) && !store.locked.has(one.key));
  }

  /** @param {Press} press */
  move(press) {
    if (this.doing === "idle") return this.hover(press);
    const { overlay, size } = this.stage;
    const gone = Math.hypot(press.stage.x - press.from.stage.x, press.stage.y - press.from.stage.y);
    if (!this.started && gone < SLACK) return;
    this.started = true;
    if (this.doing === "frame") {
      overlay.marquee = span(press.from.image, press.image, size);
    } else {
      const by = this.handle ? null : this.#shift(press);
      for (const region of this.held) overlay.moved.set(region.key, { ...this.#moved(region, press, by), changed: true });
    }
    overlay.invalidate();
  }

  /** @param {Press} press */
  up(press) {
    const { store, overlay } = this.stage;
    const frame = overlay.marquee;
    if (this.doing === "frame" && frame) {
      const keys = regionsIn(store, frame).map((region) => region.key);
      store.select(press.shift ? [...store.selection, ...keys] : keys);
    }
    const moved = [...overlay.moved.values()];
    const label = this.doing === "resize" ? gettext("Resize") : gettext("Move");
    this.cancel();
    if (moved.length) store.transact(label, (change) => moved.forEach((region) => change.replace(region)));
  }

  cancel() {
    const { overlay } = this.stage;
    this.doing = "idle";
    this.handle = null;
    this.held = [];
    overlay.moved.clear();
    this.stage.snap.rest();
    overlay.marquee = null;
    overlay.invalidate();
  }

  /** Twice on an outline: a handle there, where the kind has such. @param {Press} press */
  double(press) {
    const { store, viewport } = this.stage;
    const [region] = store.selectedShapes();
    if (!region || !press.editable || press.alt || region.pending || store.locked.has(region.key) || store.selection.size > 1) return;
    const more = shapeOf(region).insert?.(region, press.image, EDGE / viewport.scale);
    if (more) store.transact(gettext("Add a point"), (change) => change.replace({ ...more, changed: true }));
  }

  /** @param {Press} press */
  hover(press) {
    const over = press.editable ? this.stage.overlay.handleAt(press.stage) : null;
    const [region] = this.stage.store.selectedShapes();
    this.stage.overlay.say((over && region && shapeOf(region).called?.(region, over.name)) ?? "", press.stage);
    if (over) this.stage.cursor(over.cursor);
    else this.stage.cursor(this.#regionAt(press) ? "move" : "default");
  }

  /** @param {Press} press */
  #regionAt(press) {
    return regionAt(this.stage.store, press.image, REACH / this.stage.viewport.scale);
  }

  /** Select a region; with others, where they are to be kept. @param {string} key @param {boolean} extend */
  #take(key, extend) {
    const { store } = this.stage;
    if (extend) {
      const keys = new Set(store.selection);
      keys.has(key) ? keys.delete(key) : keys.add(key);
      store.select(keys);
    } else if (!store.selection.has(key)) {
      store.select([key]);
    }
  }

  /** What turns is not caught. */
  snaps() {
    return this.doing === "resize" && !this.handle?.round;
  }

  /** How far the held regions are moved, on to what they catch on. @param {Press} press */
  #shift(press) {
    const { size, snap } = this.stage;
    const dx = press.image.x - press.from.image.x;
    const dy = press.image.y - press.from.image.y;
    const on = snap.shift(this.held.map((region) => shapeOf(region).move(region, dx, dy, size)), press.ctrl);
    return { x: dx + on.x, y: dy + on.y };
  }

  /** A held region as the hand has moved or resized it. @param {Region} region @param {Press} press @param {{x: number, y: number}|null} by @returns {Region} */
  #moved(region, press, by) {
    const kind = shapeOf(region);
    const { size } = this.stage;
    if (by) return kind.move(region, by.x, by.y, size);
    return this.handle ? kind.drag(region, this.handle.name, press.image, size) : region;
  }

  /** @param {Handle} gone */
  #removeHandle(gone) {
    const [region] = this.held;
    const less = region && shapeOf(region).without?.(region, gone.name);
    if (less) this.stage.store.transact(gettext("Delete a point"), (change) => change.replace({ ...less, changed: true }));
  }
}

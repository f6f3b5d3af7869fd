// @ts-check
/** Select, move and resize with the pointer; a press on nothing draws a frame that selects what it meets. */

import { gettext } from "../../lode/words.js";
import { span } from "../../lode/canvas/geometry.js";
import { shapeOf } from "../kinds/index.js";
import { regionAt, regionsIn } from "../view/hit.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../kinds/index.js").Handle} Handle */
/** @typedef {import("../model/types.js").Region} Region */

const SLACK = 3;
/** How near to an outline a press must come, in CSS pixels. */
const EDGE = 6;

/**
 * @param {Stage} stage
 * @returns {import("../stage.js").Tool}
 */
export function selectTool(stage) {
  const { store, overlay, viewport } = stage;
  /** @type {"idle"|"move"|"resize"|"frame"} */
  let doing = "idle";
  /** @type {Handle|null} */
  let handle = null;
  /** @type {Region[]} */
  let held = [];
  let started = false;

  const hitMargin = () => 3 / viewport.scale;

  /** @param {Press} press */
  function down(press) {
    started = false;
    handle = press.editable ? overlay.handleAt(press.stage) : null;
    if (handle) {
      held = store.selectedShapes();
      doing = press.alt ? "idle" : "resize";
      if (press.alt) removeHandle(handle);
      return;
    }
    const region = regionAt(store, press.image, hitMargin());
    if (!region) {
      doing = "frame";
      if (!press.shift) store.select([]);
      return;
    }
    if (press.shift) {
      const keys = new Set(store.selection);
      keys.has(region.key) ? keys.delete(region.key) : keys.add(region.key);
      store.select(keys);
    } else if (!store.selection.has(region.key)) {
      store.select([region.key]);
    }
    doing = press.editable ? "move" : "idle";
    held = store.selectedShapes().filter((one) => !one.pending && !store.locked.has(one.key));
  }

  /** @param {Press} press */
  function drag(press) {
    if (doing === "idle") return hover(press);
    if (!started && Math.hypot(press.stage.x - press.from.stage.x, press.stage.y - press.from.stage.y) < SLACK) return;
    started = true;
    if (doing === "frame") {
      overlay.marquee = span(press.from.image, press.image, stage.size);
    } else {
      const dx = press.image.x - press.from.image.x;
      const dy = press.image.y - press.from.image.y;
      for (const region of held) {
        const kind = shapeOf(region);
        const at = handle ? kind.drag(region, handle.name, press.image, stage.size) : kind.move(region, dx, dy, stage.size);
        overlay.moved.set(region.key, { ...at, changed: true });
      }
    }
    overlay.invalidate();
  }

  /** @param {Press} press */
  function up(press) {
    const frame = overlay.marquee;
    if (doing === "frame" && frame) {
      const keys = regionsIn(store, frame).map((region) => region.key);
      store.select(press.shift ? [...store.selection, ...keys] : keys);
    }
    const moved = [...overlay.moved.values()];
    const label = doing === "resize" ? gettext("Resize") : gettext("Move");
    rest();
    if (moved.length) store.transact(label, (change) => moved.forEach((region) => change.replace(region)));
  }

  function rest() {
    doing = "idle";
    handle = null;
    held = [];
    overlay.moved.clear();
    overlay.marquee = null;
    overlay.invalidate();
  }

  /** @param {Handle} gone */
  function removeHandle(gone) {
    const [region] = held;
    const less = region && shapeOf(region).without?.(region, gone.name);
    if (less) store.transact(gettext("Delete a point"), (change) => change.replace({ ...less, changed: true }));
  }

  /** Twice on an outline: a handle there, where the kind has such. @param {Press} press */
  function double(press) {
    const [region] = store.selectedShapes();
    if (!region || !press.editable || press.alt || region.pending || store.locked.has(region.key) || store.selection.size > 1) return;
    const more = shapeOf(region).insert?.(region, press.image, EDGE / viewport.scale);
    if (more) store.transact(gettext("Add a point"), (change) => change.replace({ ...more, changed: true }));
  }

  /** @param {Press} press */
  function hover(press) {
    const over = press.editable ? overlay.handleAt(press.stage) : null;
    if (over) stage.cursor(over.cursor);
    else stage.cursor(regionAt(store, press.image, hitMargin()) ? "move" : "default");
  }

  return { id: "select", down, move: drag, up, cancel: rest, hover, double };
}

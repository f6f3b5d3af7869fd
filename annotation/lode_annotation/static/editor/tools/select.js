// @ts-check
/** Select, move and resize with the pointer; a press on nothing draws a frame that selects what it meets. */

import { move, resize, span } from "../geometry.js";
import { t } from "../ui/dom.js";
import { regionAt, regionsIn } from "../view/hit.js";

/** @typedef {import("../stage.js").Stage} Stage */
/** @typedef {import("../stage.js").Press} Press */
/** @typedef {import("../geometry.js").Handle} Handle */
/** @typedef {import("../model/types.js").BoxRegion} BoxRegion */

const CURSORS = { n: "ns", s: "ns", e: "ew", w: "ew", nw: "nwse", se: "nwse", ne: "nesw", sw: "nesw" };
const SLACK = 3;

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
  /** @type {BoxRegion[]} */
  let held = [];
  let started = false;

  const hitMargin = () => 3 / viewport.scale;

  /** @param {Press} press */
  function down(press) {
    started = false;
    handle = press.editable ? overlay.handleAt(press.stage) : null;
    if (handle) {
      doing = "resize";
      held = store.selectedBoxes();
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
    held = store.selectedBoxes().filter((box) => !box.pending && !store.locked.has(box.key));
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
      for (const box of held) {
        const at = handle ? resize(box, handle, press.image, stage.size) : move(box, dx, dy, stage.size);
        overlay.moved.set(box.key, { ...at, changed: true });
      }
    }
    overlay.invalidate();
  }

  /** @param {Press} press */
  function up(press) {
    const frame = overlay.marquee;
    if (doing === "frame" && frame) {
      const part = { left: frame.x, top: frame.y, right: frame.x + frame.width, bottom: frame.y + frame.height };
      const keys = regionsIn(store, part).map((box) => box.key);
      store.select(press.shift ? [...store.selection, ...keys] : keys);
    }
    const moved = [...overlay.moved.values()];
    const label = doing === "resize" ? t("Resize") : t("Move");
    rest();
    if (moved.length) store.transact(label, (change) => moved.forEach((box) => change.replace(box)));
  }

  function rest() {
    doing = "idle";
    handle = null;
    held = [];
    overlay.moved.clear();
    overlay.marquee = null;
    overlay.invalidate();
  }

  /** @param {Press} press */
  function hover(press) {
    const over = press.editable ? overlay.handleAt(press.stage) : null;
    if (over) stage.cursor(`${CURSORS[over]}-resize`);
    else stage.cursor(regionAt(store, press.image, hitMargin()) ? "move" : "default");
  }

  return { id: "select", down, move: drag, up, cancel: rest, hover };
}

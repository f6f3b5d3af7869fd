import assert from "node:assert/strict";
import { test } from "node:test";
import { fromResults } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { SelectTool } from "../../annotation/lode_annotation/static/editor/tools/select.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [{ name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "cell" }] }];
const value = (x, y) => ({ x, y, width: 10, height: 20, rotation: 0, rectanglelabels: ["cell"] });
const TEXTS = [["a", 10, 10], ["b", 50, 50]].map(([id, x, y]) =>
  JSON.stringify({ id, type: "rectanglelabels", from_name: "label", to_name: "image", value: value(x, y) }),
);

/** A stage at a scale of 1 with two boxes, at (20, 10) and (100, 50), each 20 by 20. */
function staged() {
  const store = new Store();
  store.load(fromResults(TEXTS, CONTROLS, SIZE));
  const overlay = { moved: new Map(), marquee: null, handleAt: () => null, invalidate() {}, say() {} };
  const stage = { store, overlay, size: SIZE, viewport: { scale: 1 }, cursor() {}, snap: { shift: () => ({ x: 0, y: 0 }), rest() {} } };
  return { store, overlay, tool: new SelectTool(stage) };
}

/** @param {number} x @param {number} y */
function press(x, y, { from = [x, y], shift = false, editable = true } = {}) {
  const start = { x: from[0], y: from[1] };
  return { stage: { x, y }, image: { x, y }, from: { stage: start, image: start }, shift, alt: false, editable };
}

test("a press selects, with Shift more and less, and a drag moves all that are selected in one step", () => {
  const { store, tool } = staged();
  tool.down(press(30, 20));
  tool.up(press(30, 20));
  assert.deepEqual([...store.selection], ["a"]);
  tool.down(press(110, 60, { shift: true }));
  tool.move(press(115, 62, { from: [110, 60] }));
  tool.up(press(115, 62, { from: [110, 60] }));
  assert.deepEqual([...store.selection], ["a", "b"]);
  assert.deepEqual([store.regions.get("a").x, store.regions.get("b").x], [25, 105]);
  assert.equal(store.history.done.length, 1);
  tool.down(press(30, 20, { shift: true }));
  assert.deepEqual([...store.selection], ["b"]);
});

test("a hand that trembles moves nothing, and what is cancelled is as it was", () => {
  const { store, overlay, tool } = staged();
  tool.down(press(30, 20));
  tool.move(press(32, 20, { from: [30, 20] }));
  assert.equal(overlay.moved.size, 0);
  tool.move(press(40, 20, { from: [30, 20] }));
  assert.equal(overlay.moved.get("a").x, 30);
  tool.cancel();
  tool.up(press(40, 20, { from: [30, 20] }));
  assert.equal(store.regions.get("a").x, 20);
});

test("a press on nothing clears the selection and draws a frame that selects what it meets", () => {
  const { store, overlay, tool } = staged();
  store.select(["a"]);
  tool.down(press(60, 40));
  assert.equal(store.selection.size, 0);
  tool.move(press(150, 95, { from: [60, 40] }));
  assert.deepEqual(overlay.marquee, { left: 60, top: 40, right: 150, bottom: 95 });
  tool.up(press(150, 95, { from: [60, 40] }));
  assert.deepEqual([...store.selection], ["b"]);
});

test("where nothing may be changed a drag selects and moves nothing", () => {
  const { store, tool } = staged();
  tool.down(press(30, 20, { editable: false }));
  tool.move(press(60, 20, { from: [30, 20], editable: false }));
  tool.up(press(60, 20, { from: [30, 20], editable: false }));
  assert.deepEqual([...store.selection], ["a"]);
  assert.equal(store.regions.get("a").x, 20);
});

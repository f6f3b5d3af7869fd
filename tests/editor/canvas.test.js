import assert from "node:assert/strict";
import { test } from "node:test";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";
import { Scene } from "../../platform/lode_platform/static/lode/canvas/scene.js";

/** Trace a region: what the pen wrote. */
function traced(region) {
  let path = "";
  drawingOf(region).trace(region, {
    moveTo: (x, y) => (path += `M${x} ${y}`),
    lineTo: (x, y) => (path += `L${x} ${y}`),
    closePath: () => (path += "Z"),
  });
  return path;
}

test("a region is drawn as its kind says, from the geometry that labels are published with", () => {
  const box = readRegion({ kind: "box", geometry: [2, 3, 12, 8], label: "cell" });
  assert.equal(box.label, "cell");
  assert.equal(traced(box), "M2 3L12 3L12 8L2 8Z");
  assert.deepEqual(drawingOf(box).bounds(box), { left: 2, top: 3, right: 12, bottom: 8 });
});

test("what is of no drawn kind, or is broken, is left out", () => {
  assert.equal(readRegion({ kind: "choice", geometry: null }), null);
  assert.equal(readRegion({ kind: "kind of tomorrow", geometry: [1, 2] }), null);
  assert.equal(readRegion({ kind: "box", geometry: [1, 2, 3] }), null);
  assert.equal(readRegion({ kind: "box", geometry: [1, 2, 3, "4"] }), null);
});

test("canvases that have their size already are neither emptied nor drawn again", () => {
  const context = new Proxy({}, { get: () => () => {}, set: () => true });
  const canvas = () => ({ width: 1, height: 1, getContext: () => context });
  const viewport = { scale: 1, left: 0, top: 0, image: { width: 9, height: 9 }, window: { left: 0, top: 0, right: 9, bottom: 9 }, addEventListener() {}, resize() {} };
  globalThis.cancelAnimationFrame ??= () => {};
  globalThis.requestAnimationFrame ??= () => 1;
  const scene = new Scene(canvas(), canvas(), viewport, { stage: "#000" }, drawingOf);
  let drawn = 0;
  scene.layers = () => [];
  scene.arrows = () => (drawn += 1) && [];
  scene.resize(200, 100);
  scene.resize(200, 100.2);
  assert.deepEqual([drawn, scene.regionCanvas.width], [1, 200]);
  scene.resize(200, 120);
  assert.deepEqual([drawn, scene.imageCanvas.height], [2, 120]);
});

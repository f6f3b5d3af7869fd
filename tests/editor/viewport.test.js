import assert from "node:assert/strict";
import { test } from "node:test";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";
import { pathOf } from "../../platform/lode_platform/static/lode/canvas/outline.js";
import { gridStep } from "../../platform/lode_platform/static/lode/canvas/scene.js";
import { Viewport } from "../../platform/lode_platform/static/lode/canvas/viewport.js";

test("what is shown comes to the middle, at most half as large as the stage", () => {
  const viewport = new Viewport();
  viewport.resize(432, 232);
  viewport.setImage({ width: 800, height: 400 });
  assert.equal(viewport.scale, 0.5);
  viewport.show({ left: 100, top: 100, right: 200, bottom: 150 });
  assert.deepEqual(viewport.toStage({ x: 150, y: 125 }), { x: 216, y: 116 });
  assert.equal(viewport.scale, 2.16);
  viewport.fit();
  assert.equal(viewport.scale, 0.5);
});

test("a part is brought to the middle no smaller than the whole image and no larger than the largest scale", () => {
  const viewport = new Viewport();
  viewport.resize(432, 232);
  viewport.setImage({ width: 800, height: 400 });
  const part = { left: 100, top: 100, right: 200, bottom: 150 };
  viewport.centre(part, 0.01);
  assert.equal(viewport.scale, 0.5);
  viewport.centre(part, 1e6);
  assert.equal(viewport.scale, 64);
});

test("an outline is written as a path where its points lie on the stage", () => {
  const region = readRegion({ kind: "box", geometry: [1, 2, 3.456789, 4] });
  const twice = ({ x, y }) => ({ x: 2 * x, y: 2 * y });
  assert.equal(pathOf(region, drawingOf(region)), "M1 2L3.46 2L3.46 4L1 4Z");
  assert.equal(pathOf(region, drawingOf(region), twice), "M2 4L6.91 4L6.91 8L2 8Z");
});

test("the lines of a grid stand at round distances, and not too near to each other", () => {
  assert.deepEqual([0.1, 0.5, 1, 4, 40].map(gridStep), [500, 100, 50, 10, 1]);
});

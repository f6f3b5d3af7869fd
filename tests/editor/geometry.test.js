import assert from "node:assert/strict";
import { test } from "node:test";
import { handlePoint, move, resize } from "../../annotation/lode_annotation/static/editor/kinds/box.js";
import { span } from "../../platform/lode_platform/static/lode/canvas/geometry.js";
import { bounds, contains, corners } from "../../platform/lode_platform/static/lode/canvas/kinds/box.js";

const IMAGE = { width: 640, height: 480 };
const box = (x, y, width, height, rotation = 0) => ({ x, y, width, height, rotation });
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("a box drawn backwards and over the edge is upright and within the image", () => {
  assert.deepEqual(span({ x: 700, y: 90 }, { x: 600, y: -20 }, IMAGE), { left: 600, top: 0, right: 640, bottom: 90 });
});

test("a move stops at the image's edge and keeps the size", () => {
  assert.deepEqual(move(box(600, 400, 30, 40), 100, 100, IMAGE), box(610, 440, 30, 40));
  assert.deepEqual(move(box(5, 5, 30, 40), -100, -3, IMAGE), box(0, 2, 30, 40));
});

test("a box that came crossing the edge is not pushed in by a small move", () => {
  assert.deepEqual(move(box(-10, 5, 30, 40), -5, 0, IMAGE), box(-10, 5, 30, 40));
  assert.deepEqual(move(box(-10, 5, 30, 40), 4, 0, IMAGE), box(-6, 5, 30, 40));
});

test("a dragged handle moves its own sides only", () => {
  assert.deepEqual(resize(box(10, 10, 20, 20), "se", { x: 50, y: 60 }, IMAGE), box(10, 10, 40, 50));
  assert.deepEqual(resize(box(10, 10, 20, 20), "w", { x: 4, y: 400 }, IMAGE), box(4, 10, 26, 20));
});

test("a handle dragged past the other side turns the box over, never to nothing", () => {
  assert.deepEqual(resize(box(10, 10, 20, 20), "e", { x: 2, y: 0 }, IMAGE), box(2, 10, 8, 20));
  assert.equal(resize(box(10, 10, 20, 20), "e", { x: 10, y: 0 }, IMAGE).width, 1);
});

test("a turned box keeps its far corner while it is resized", () => {
  const before = box(100, 100, 60, 30, 30);
  const after = resize(before, "nw", { x: 80, y: 90 }, IMAGE);
  const [was, is] = [corners(before)[2], corners(after)[2]];
  near(was.x, is.x);
  near(was.y, is.y);
  const corner = handlePoint(after, "nw");
  near(corner.x, 80);
  near(corner.y, 90);
});

test("Label Studio turns a box about its top-left corner, clockwise", () => {
  const edge = bounds(box(100, 100, 50, 20, 90));
  near(edge.left, 80);
  near(edge.right, 100);
  near(edge.bottom, 150);
  assert.ok(contains(box(100, 100, 50, 20, 90), { x: 90, y: 140 }));
  assert.ok(!contains(box(100, 100, 50, 20, 90), { x: 110, y: 110 }));
});

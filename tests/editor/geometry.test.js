import assert from "node:assert/strict";
import { test } from "node:test";
import { box as edited, handlePoint, move, resize, turnedTo } from "../../annotation/lode_annotation/static/editor/kinds/box.js";
import { span } from "../../platform/lode_platform/static/lode/canvas/geometry.js";
import { bounds, contains, corners } from "../../platform/lode_platform/static/lode/canvas/kinds/box.js";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";

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

test("a box turns about its middle, and upright it lies within the image", () => {
  const turned = turnedTo(box(100, 100, 60, 30), 90, IMAGE);
  near(turned.x, 145);
  near(turned.y, 85);
  assert.deepEqual([turned.width, turned.height, turned.rotation], [60, 30, 90]);
  const back = turnedTo(turned, 360, IMAGE);
  near(back.x, 100);
  near(back.y, 100);
  assert.equal(back.rotation, 0);
  assert.equal(turnedTo(back, -30, IMAGE).rotation, 330);
  const crossing = turnedTo(box(0, 100, 20, 200), 90, IMAGE);
  assert.ok(bounds(crossing).left < 0);
  assert.deepEqual(bounds(turnedTo({ ...crossing, y: -50 }, 0, IMAGE)), { left: 0, top: 0, right: 20, bottom: 200 });
});

test("the handle above a box turns it, and near a right angle it stands at that", () => {
  const upright = box(100, 100, 60, 30);
  const grip = edited.handles(upright, 2).find(({ name }) => name === "turn");
  assert.deepEqual([grip.x, grip.y], [130, 88]);
  near(edited.drag(upright, "turn", { x: 230, y: 15 }, IMAGE).rotation, 45);
  assert.equal(edited.drag(upright, "turn", { x: 230, y: 116 }, IMAGE).rotation, 90);
  assert.equal(edited.turn(box(100, 100, 60, 30, 359), 1, IMAGE).rotation, 0);
});

test("a published rotated box is drawn where the editor has it", () => {
  const region = readRegion({ kind: "rotated_box", geometry: [115, 130, 60, 30, 90] });
  const expected = bounds(turnedTo(box(85, 115, 60, 30), 90, IMAGE));
  const edge = drawingOf(region).bounds(region);
  for (const side of ["left", "top", "right", "bottom"]) near(edge[side], expected[side]);
  assert.equal(drawingOf(region).measure(region), "60 × 30, 90°");
  assert.equal(readRegion({ kind: "rotated_box", geometry: [1, 2, 3, 4] }), null);
});

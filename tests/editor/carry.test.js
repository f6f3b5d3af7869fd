import assert from "node:assert/strict";
import { test } from "node:test";
import { brought } from "../../annotation/lode_annotation/static/editor/carry.js";
import { SHAPES } from "../../annotation/lode_annotation/static/editor/kinds/index.js";

const WIDE = { width: 200, height: 100 };
const SMALL = { width: 100, height: 100 };
const box = (x, more = {}) => ({ kind: "box", x, y: 10, width: 30, height: 20, rotation: 0, ...more });

test("on a picture of the same size regions lie as they lay, also where they stick out", () => {
  const shapes = [box(190), box(20)];
  assert.deepEqual(brought({ shapes, size: WIDE }, { ...WIDE }), { shapes, cut: 0, out: 0 });
});

test("on another they are cut at its edge, never scaled, and left out where nothing is left", () => {
  const shapes = [box(20), box(90), box(120)];
  const { shapes: left, cut, out } = brought({ shapes, size: WIDE }, SMALL);
  assert.deepEqual([cut, out], [1, 1]);
  assert.deepEqual(left[0], shapes[0]);
  assert.deepEqual(left[1], { ...shapes[1], width: 10 });
});

test("a rotated box stays whole as long as its middle lies on the picture", () => {
  const { shapes, out } = brought({ shapes: [box(80, { rotation: 20 }), box(130, { rotation: 20 })], size: WIDE }, SMALL);
  assert.deepEqual([shapes.map((one) => one.x), out], [[80], 1]);
});

test("what a kind cuts lies on the picture", () => {
  // of a skeleton whole points are left, which skeleton.test.js has
  for (const kind of SHAPES.filter((one) => one.cut && one.name !== "skeleton")) {
    const region = { kind: kind.name, ...kind.place({ left: 60, top: 70, right: 160, bottom: 130 }) };
    const edge = kind.bounds(kind.cut(region, SMALL));
    assert.deepEqual([edge.left, edge.top, edge.right, edge.bottom], [60, 70, 100, 100], kind.name);
    assert.equal(kind.cut({ kind: kind.name, ...kind.place({ left: 160, top: 70, right: 180, bottom: 80 }) }, SMALL), null, kind.name);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Pointers } from "../../annotation/lode_annotation/static/editor/pointers.js";

const at = (x, y) => ({ x, y });
const touch = (pointerId) => ({ pointerId, pointerType: "touch" });
const pen = { pointerId: 7, pointerType: "pen" };

test("one finger draws; a second one makes the two zoom, and neither draws until both are gone", () => {
  const pointers = new Pointers();
  assert.equal(pointers.down(touch(1), at(0, 0)), "hand");
  assert.ok(pointers.heeds(touch(1)));
  assert.equal(pointers.down(touch(2), at(10, 0)), "pinch");
  assert.equal(pointers.down(touch(3), at(20, 0)), "none");
  assert.deepEqual(pointers.pinch(touch(2), at(20, 0)), { from: [at(10, 0), at(0, 0)], to: [at(20, 0), at(0, 0)] });
  assert.equal(pointers.gone(touch(2)), false);
  assert.equal(pointers.pinch(touch(1), at(1, 0)), null);
  assert.ok(!pointers.heeds(touch(1)));
  assert.equal(pointers.down(touch(4), at(9, 9)), "pinch");
  for (const id of [1, 3, 4]) pointers.gone(touch(id));
  assert.equal(pointers.down(touch(5), at(0, 0)), "hand");
  assert.equal(pointers.gone(touch(5)), true);
});

test("a palm beside the pen is nothing, whichever came first", () => {
  const pointers = new Pointers();
  assert.equal(pointers.down(pen, at(0, 0)), "hand");
  assert.equal(pointers.down(touch(1), at(50, 50)), "none");
  assert.equal(pointers.pinch(touch(1), at(60, 60)), null);
  assert.ok(pointers.heeds(pen) && !pointers.heeds(touch(1)));
  assert.equal(pointers.gone(touch(1)), false);
  assert.equal(pointers.gone(pen), true);
  assert.equal(pointers.down(touch(2), at(50, 50)), "hand");
  assert.equal(pointers.down(pen, at(0, 0)), "instead");
  assert.equal(pointers.gone(touch(2)), false);
  assert.ok(pointers.heeds(pen));
});

test("a mouse or pen is seen before it is pressed, and not beside the hand", () => {
  const pointers = new Pointers();
  assert.ok(pointers.heeds(pen));
  pointers.down(touch(1), at(0, 0));
  assert.ok(!pointers.heeds(pen));
});

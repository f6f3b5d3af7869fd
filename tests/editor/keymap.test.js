import assert from "node:assert/strict";
import { test } from "node:test";
import { Keymap } from "../../annotation/lode_annotation/static/editor/keymap.js";
import { keyName, spellings } from "../../platform/lode_platform/static/lode/keyboard.js";
import { Clock, clockFace } from "../../annotation/lode_annotation/static/editor/task/clock.js";

const event = (key, code, extra = {}) => ({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...extra });

test("digits go by their place, so that they work where the top row needs Shift", () => {
  assert.ok(spellings(event("&", "Digit1")).includes("Digit1"));
  assert.ok(spellings(event("1", "Numpad1")).includes("Digit1"));
});

test("letters, signs and named keys are spelt as the table has them", () => {
  assert.deepEqual(spellings(event("Z", "KeyZ", { ctrlKey: true, shiftKey: true })), ["Ctrl+Shift+z"]);
  assert.deepEqual(spellings(event("я", "KeyZ")), ["z"]);
  assert.ok(spellings(event("?", "Minus", { shiftKey: true })).includes("?"));
  assert.deepEqual(spellings(event("ArrowLeft", "ArrowLeft", { shiftKey: true })), ["Shift+ArrowLeft"]);
  assert.deepEqual(spellings(event("F3", "F3", { shiftKey: true })), ["Shift+F3"]);
  assert.equal(keyName("Ctrl+z"), "Ctrl+Z");
  assert.equal(keyName("Digit4"), "4");
});

test("where two commands want one key the earlier has it, unless it cannot be done now", () => {
  const keymap = new Keymap();
  let reading = true;
  const command = (id, when) => ({ id, title: id, group: "", keys: ["Enter"], when, run: () => {} });
  keymap.set([command("accept", () => reading), command("save", () => !reading)]);
  assert.deepEqual(keymap.keysOf("accept"), ["Enter"]);
  assert.deepEqual(keymap.keysOf("save"), []);
  reading = false;
  assert.deepEqual(keymap.keysOf("save"), ["Enter"]);
});

test("the clock counts time in sight with a hand on the task", () => {
  let now = 0;
  const clock = new Clock(() => now);
  clock.start();
  now = 10_000;
  assert.equal(clock.seconds, 10);
  clock.show(false);
  now = 60_000;
  clock.show(true);
  assert.equal(clock.seconds, 10);
  now = 600_000;
  assert.equal(clock.seconds, 130, "two idle minutes count, the rest does not");
  clock.touch();
  now = 601_000;
  assert.equal(clock.seconds, 131);
  assert.equal(clockFace(3723), "1:02:03");
  assert.equal(clockFace(65.4), "01:05");
});

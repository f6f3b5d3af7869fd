import assert from "node:assert/strict";
import { test } from "node:test";
import { labelKeysOf } from "../../annotation/lode_annotation/static/editor/label_keys.js";

const control = (name, ...labels) => ({ name, type: "RectangleLabels", to_name: "image", labels });

test("a label has the key that its schema wishes, the others the digits that are left", () => {
  const keys = labelKeysOf([
    control("label", { value: "cell" }, { value: "debris", hotkey: "1" }, { value: "vessel", hotkey: " W " }),
    control("tissue", { value: "cell" }),
  ]);
  assert.deepEqual(Object.fromEntries(keys), {
    "label/cell": "Digit2",
    "label/debris": "Digit1",
    "label/vessel": "w",
    "tissue/cell": "Digit3",
  });
});

test("no key is given twice, and a wish that is no letter or digit is passed over", () => {
  const keys = labelKeysOf([control("label", { value: "a", hotkey: "x" }, { value: "b", hotkey: "x" }, { value: "c", hotkey: "F5" })]);
  assert.deepEqual([...keys.values()], ["x", "Digit1", "Digit2"]);
});

test("after the ten digits come those with Shift, after these none", () => {
  const labels = Array.from({ length: 22 }, (_, at) => ({ value: `l${at}` }));
  const keys = labelKeysOf([control("label", ...labels)]);
  assert.equal(keys.size, 20);
  assert.equal(keys.get("label/l9"), "Digit0");
  assert.equal(keys.get("label/l10"), "Shift+Digit1");
});

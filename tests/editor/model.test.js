import assert from "node:assert/strict";
import { test } from "node:test";
import { fromResults, taken, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { entriesOf, listAt, valueAt } from "../../annotation/lode_annotation/static/editor/model/slices.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";

const SIZE = { width: 613, height: 487 };
const CONTROLS = [
  { name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "RBC" }, { value: "WBC" }] },
  { name: "quality", type: "Choices", to_name: "image", choice: "single", labels: [{ value: "sharp" }] },
];
const BOX =
  '{"id": "r1", "type": "rectanglelabels", "from_name": "label", "to_name": "image", "original_width": 613, "original_height": 487,' +
  ' "value": {"x": 10.0, "y": 1e-05, "width": 33.333333333333336, "height": 12.50, "rotation": 0, "rectanglelabels": ["RBC"]}, "meta": {"difficult": true}}';
const STRANGE = '{"id": "r1", "type": "textarea", "from_name": "note", "to_name": "image", "value": {"text": ["a \\"quoted\\" ]} é"]}}';
const CHOICE = '{"id": "c1", "type": "choices", "from_name": "quality", "to_name": "image", "value": {"choices": ["sharp"]}}';

function loaded(texts) {
  const store = new Store();
  store.load(fromResults(texts, CONTROLS, SIZE));
  return store;
}

test("untouched regions go back letter for letter, unknown kinds and spelling of numbers too", () => {
  const store = loaded([BOX, STRANGE, CHOICE]);
  assert.equal(toResultText(store.inOrder(), CONTROLS, SIZE), `[${[BOX, STRANGE, CHOICE].join(",")}]`);
});

test("changing one region leaves the others letter for letter, and undo brings its own letters back", () => {
  const store = loaded([BOX, STRANGE, CHOICE]);
  const box = store.regions.get("r1");
  store.transact("Move", (change) => change.replace({ ...box, x: box.x + 1, changed: true }));
  const texts = entriesOf(toResultText(store.inOrder(), CONTROLS, SIZE));
  assert.notEqual(texts[0], BOX);
  assert.deepEqual(texts.slice(1), [STRANGE, CHOICE]);
  assert.equal(JSON.parse(texts[0]).id, "r1");
  assert.deepEqual(JSON.parse(texts[0]).meta, { difficult: true });
  store.undo();
  assert.equal(entriesOf(toResultText(store.inOrder(), CONTROLS, SIZE))[0], BOX);
});

test("percent and pixels convert to within a millionth of a pixel", () => {
  for (let n = 0; n < 500; n += 1) {
    const value = { x: (n * 7919) % 89, y: (n * 104729) % 83, width: ((n * 31) % 10) + 0.1, height: ((n * 17) % 9) + 0.3 };
    const text = JSON.stringify({ id: "a", type: "rectanglelabels", from_name: "label", to_name: "image", value });
    const [region] = fromResults([text], CONTROLS, SIZE);
    const [back] = JSON.parse(toResultText([{ ...region, changed: true }], CONTROLS, SIZE));
    assert.ok(Math.abs((back.value.x - value.x) * SIZE.width) / 100 < 1e-6);
    assert.ok(Math.abs((back.value.height - value.height) * SIZE.height) / 100 < 1e-6);
    assert.equal(back.original_width, SIZE.width);
  }
});

test("pre-labels are not part of the result until taken, and remember their prediction then", () => {
  const text = BOX.replace('"id": "r1"', '"id": "p7", "score": 0.83');
  const [prelabel] = fromResults([text], CONTROLS, SIZE, { pending: true });
  assert.equal(prelabel.score, 0.83);
  assert.equal(toResultText([prelabel], CONTROLS, SIZE), "[]");
  const mine = taken(prelabel, "new");
  const [result] = JSON.parse(toResultText([mine], CONTROLS, SIZE));
  assert.equal(result.id, "new");
  assert.equal(result.origin, "prediction");
  assert.deepEqual(result.meta.prediction, { id: "p7", score: 0.83 });
  assert.equal(result.score, undefined);
  const [changed] = JSON.parse(toResultText([{ ...mine, x: 1, changed: true }], CONTROLS, SIZE));
  assert.equal(changed.origin, "prediction-changed");
});

test("what lies on the picture and what is pending are those of now, after every kind of change", () => {
  const store = loaded([BOX, STRANGE, CHOICE]);
  const keys = () => [store.shapes(), store.pending()].map((regions) => regions.map((region) => region.key).join());
  assert.deepEqual(keys(), ["r1", ""]);
  assert.equal(store.shapes(), store.shapes());
  store.transact("Draw", (change) => {
    change.add({ ...store.regions.get("r1"), key: "n", id: "n", pending: true });
    assert.deepEqual(keys(), ["r1,n", "n"]);
  });
  store.transact("Accept", (change) => change.replace({ ...store.regions.get("n"), pending: false }));
  assert.deepEqual(keys(), ["r1,n", ""]);
  store.undo();
  assert.deepEqual(keys(), ["r1,n", "n"]);
  store.transact("Delete", (change) => change.remove("r1"));
  assert.deepEqual(keys(), ["n", "n"]);
  store.load([]);
  assert.deepEqual(keys(), ["", ""]);
});

test("undo and redo restore content and order exactly", () => {
  const store = loaded([BOX, STRANGE, CHOICE]);
  const before = [...store.order];
  store.transact("Delete", (change) => change.remove("r1"));
  store.transact("Draw", (change) => change.add({ ...store.regions.get("c1"), key: "n", id: "n" }));
  const after = [...store.order];
  store.undo();
  store.undo();
  assert.deepEqual(store.order, before);
  store.redo();
  store.redo();
  assert.deepEqual(store.order, after);
  assert.equal(store.redo(), null);
});

test("a transaction that fails changes nothing", () => {
  const store = loaded([BOX]);
  assert.throws(() =>
    store.transact("Broken", (change) => {
      change.remove("r1");
      throw new Error("no");
    }),
  );
  assert.deepEqual(store.order, ["r1"]);
  assert.equal(store.history.done.length, 0);
});

test("a held arrow key is one step of undo", () => {
  const store = loaded([BOX]);
  const start = store.regions.get("r1");
  for (let n = 1; n <= 5; n += 1) {
    store.transact("Move", (change) => change.replace({ ...start, x: start.x + n, changed: true }), { merge: "nudge" });
  }
  store.undo();
  assert.equal(store.regions.get("r1"), start);
});

test("results that share an id are told apart", () => {
  assert.equal(loaded([BOX, STRANGE]).order.length, 2);
});

test("slices find values in any JSON", () => {
  const text = '{"a": [1.0, {"x": "q\\"]}\\\\"}, [2,3]], "b": {"c": [], "d": null}, "e": "s,}"}';
  assert.deepEqual(listAt(text, ["a"]), ["1.0", '{"x": "q\\"]}\\\\"}', "[2,3]"]);
  assert.deepEqual(listAt(text, ["b", "c"]), []);
  assert.equal(listAt(text, ["b", "d"]), null);
  assert.equal(valueAt(text, ["e"]), '"s,}"');
  assert.equal(valueAt(text, ["b", "nothing"]), null);
  assert.deepEqual(entriesOf(" [ ] "), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { matches } from "../../annotation/lode_annotation/static/editor/ui/filter.js";
import { comesUpTo, readKept } from "../../annotation/lode_annotation/static/editor/ui/prelabels.js";
import { fromResults, taken, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { regionsAt } from "../../annotation/lode_annotation/static/editor/view/hit.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [{ name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "RBC" }, { value: "WBC" }] }];
const text = (id, label, more = {}) =>
  JSON.stringify({ id, type: "rectanglelabels", from_name: "label", to_name: "image", value: { x: 10, y: 10, width: 10, height: 20, rotation: 0, rectanglelabels: [label] }, ...more });

function stored() {
  const store = new Store();
  const own = fromResults([text("a", "RBC", { meta: { text: ["blurred edge"] } }), text("b", "WBC", { origin: "prediction-changed" })], CONTROLS, SIZE);
  store.load([...own, ...fromResults([text("p", "RBC", { score: 0.59, model_version: "yolo 3" })], CONTROLS, SIZE, { pending: true })]);
  return store;
}

test("regions are told apart by label, kind, text and source", () => {
  const store = stored();
  store.setHidden(["a"], true);
  store.setLocked(["b"], true);
  const keys = (wanted) => store.shapes().filter((one) => matches(one, { words: "", label: "", kind: "", source: "", ...wanted }, store)).map((one) => one.key);
  assert.deepEqual(keys({}), ["a", "b", "p:p"]);
  assert.deepEqual(keys({ label: "RBC" }), ["a", "p:p"]);
  assert.deepEqual(keys({ words: "boxes wb" }), ["b"]);
  assert.deepEqual(keys({ words: "Blurred" }), ["a"]);
  assert.deepEqual(keys({ words: "yolo" }), ["p:p"]);
  assert.deepEqual(keys({ kind: "polygon" }), []);
  const bySource = (source) => keys({ source });
  assert.deepEqual(["mine", "accepted", "prelabel", "hidden", "locked"].map(bySource), [["a"], ["b"], ["p:p"], ["a"], ["b"]]);
});

test("what a lens keeps from sight is not under the pointer, and is still part of the answer", () => {
  const store = stored();
  const told = [];
  store.addEventListener("show", () => told.push("show"));
  store.setLens("filter", (region) => region.key !== "a");
  assert.deepEqual(regionsAt(store, { x: 30, y: 20 }, 0).map((one) => one.key), ["b", "p:p"]);
  store.setHidden(["b"], true);
  assert.deepEqual(store.shapes().filter((one) => store.isShown(one)).map((one) => one.key), ["p:p"]);
  assert.deepEqual(JSON.parse(toResultText(store.inOrder(), CONTROLS, SIZE)).map((one) => one.id), ["a", "b"]);
  store.setLens("filter", null);
  assert.ok(store.isListed(store.regions.get("a")));
  assert.equal(told.length, 3);
});

test("a score counts as it is written; a pre-label without one is always shown", () => {
  assert.ok(comesUpTo({ score: 0.589 }, 59) && !comesUpTo({ score: 0.584 }, 59) && comesUpTo({ score: null }, 100));
});

test("nonsense kept by a browser is no threshold", () => {
  for (const kept of [null, "", "[]", "null", '{"percent":"x","off":3}']) assert.deepEqual(readKept(kept), { percent: 0, off: [] });
  assert.deepEqual(readKept('{"percent":400,"off":["a",1]}'), { percent: 100, off: ["a"] });
});

test("an accepted pre-label remembers who made it, and says it nowhere else", () => {
  const store = stored();
  const prelabel = store.regions.get("p:p");
  assert.equal(prelabel.model, "yolo 3");
  const mine = taken(prelabel, "new");
  assert.ok(!("model" in mine));
  const sent = JSON.parse(mine.source);
  assert.deepEqual(sent.meta.prediction, { id: "p", score: 0.59, model_version: "yolo 3" });
  assert.ok(!("model_version" in sent) && !("score" in sent));
});

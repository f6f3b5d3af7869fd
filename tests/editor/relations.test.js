import assert from "node:assert/strict";
import { test } from "node:test";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { among, clash, directionOf, relation, turned } from "../../annotation/lode_annotation/static/editor/model/relations.js";
import { entriesOf } from "../../annotation/lode_annotation/static/editor/model/slices.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { resumed, trailOf } from "../../annotation/lode_annotation/static/editor/task/trail.js";
import { arrowPath, endsOf } from "../../platform/lode_platform/static/lode/canvas/arrow.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [
  { name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "cell" }] },
  { name: "relations", type: "Relations", to_name: "image", labels: [{ value: "part of" }] },
];
const box = (id, x) => JSON.stringify({ id, type: "rectanglelabels", from_name: "label", to_name: "image", value: { x, y: 10, width: 10, height: 20, rotation: 0, rectanglelabels: ["cell"] } });
const entry = (from_id, to_id, direction = "right", labels = ["part of"], more = {}) => JSON.stringify({ from_id, to_id, type: "relation", direction, labels, ...more });
const RESULT = [entry("a", "b", "left", ["part of"], { odd: 1.0 }), box("a", 0), box("b", 40), box("c", 80), entry("b", "c", "bi", [])];

function storeOf(texts) {
  const store = new Store();
  store.load(fromResults(texts, CONTROLS, SIZE));
  return store;
}

const links = (store) => [...store.relations.values()].map(({ from, to, both, labels }) => [from, to, both, ...labels]);
const sent = (store) => toResultText(store.inOrder(), CONTROLS, SIZE);

test("relations are read in their direction and go back as they came, after the regions that they link", () => {
  const store = storeOf(RESULT);
  assert.deepEqual(links(store), [["b", "a", false, "part of"], ["b", "c", true]]);
  assert.deepEqual(entriesOf(sent(store)), [...RESULT.slice(1, 4), RESULT[0], RESULT[4]]);
  const [first] = store.relations.values();
  store.transact("turn", (change) => change.replace(turned(first, "a", "out")));
  assert.deepEqual(JSON.parse(sent(store)).at(-2), { ...JSON.parse(RESULT[0]), direction: "right" });
});

test("what links no two shapes is kept as it came, and pre-labels bring no links", () => {
  const odd = [box("a", 0), entry("a", "gone"), entry("a", "gone"), entry(7, null, [], 5), '{"type":"relation"}'];
  const store = storeOf(odd);
  assert.deepEqual([links(store), sent(store)], [[], `[${odd}]`]);
  assert.ok(fromResults([box("a", 0), box("b", 9), entry("a", "b")], CONTROLS, SIZE, { pending: true }).every((one) => one.kind !== "relation"));
});

test("a deleted region takes its relations along, and undo brings all back as they were", () => {
  const store = storeOf(RESULT);
  const before = sent(store);
  store.transact("delete", (change) => change.remove("b"));
  assert.deepEqual([links(store), store.history.done.length], [[], 1]);
  store.undo();
  assert.equal(sent(store), before);
  store.redo();
  assert.deepEqual(links(store), []);
});

test("a step that takes a region away and puts it back keeps its relations", () => {
  const store = storeOf(RESULT);
  const b = store.regions.get("b");
  store.transact("replace", (change) => {
    change.remove("b");
    change.add(b);
  });
  assert.equal(links(store).length, 2);
});

test("links and their steps are there after a reload, whatever was drawn after them", () => {
  const store = storeOf(RESULT);
  store.transact("link", (change) => change.add(relation({ from: "c", to: "a" }, "part of", CONTROLS[1], "new")));
  store.transact("draw", (change) => change.add({ ...store.regions.get("a"), key: "d", id: "d", source: null, changed: true }));
  store.transact("link", (change) => change.add(relation({ from: "d", to: "a" }, null, CONTROLS[1], "newer")));
  store.undo();
  const trail = structuredClone(trailOf(store));
  const steps = structuredClone([...store.history.done, ...store.history.undone.toReversed()]);
  const left = resumed(trail, steps, fromResults(entriesOf(sent(store)), CONTROLS, SIZE));
  const again = new Store();
  again.load(left.regions, left.history);
  assert.equal(sent(again), sent(store));
  again.redo();
  assert.deepEqual(links(again).at(-1), ["d", "a", false]);
  while (again.undo());
  assert.deepEqual(links(again), links(storeOf(RESULT)));
});

test("two relations clash where one says what the other says", () => {
  const make = (from, to, both = false, label = null) => relation({ from, to, both }, label, CONTROLS[1], "k");
  assert.ok(clash(make("a", "b"), make("a", "b")) && clash(make("a", "b", true), make("b", "a")));
  assert.ok(!clash(make("a", "b"), make("b", "a")) && !clash(make("a", "b"), make("a", "b", false, "part of")) && !clash(make("a", "b", true), make("a", "c")));
});

test("a relation is turned as one of its ends sees it, and copied where both ends are", () => {
  const one = relation({ from: "a", to: "b" }, null, CONTROLS[1], "k");
  assert.deepEqual(["a", "b"].map((end) => directionOf(one, end)), ["out", "in"]);
  const into = turned(one, "b", "out");
  assert.deepEqual([into.from, into.to, into.both, directionOf(turned(one, "b", "both"), "a")], ["b", "a", false, "both"]);
  assert.deepEqual(among([one], [{ key: "a" }]), []);
  assert.deepEqual(among([one], [{ key: "a" }, { key: "b" }]), [one]);
});

test("an arrow goes from edge to edge, and to the middle of what lies around or within", () => {
  const at = (left, top, right, bottom) => ({ left, top, right, bottom });
  assert.deepEqual(endsOf(at(0, 0, 10, 10), at(30, 0, 50, 10)), [{ x: 10, y: 5 }, { x: 30, y: 5 }]);
  assert.deepEqual(endsOf(at(0, 0, 4, 4), at(0, 0, 100, 100)), [{ x: 4, y: 4 }, { x: 50, y: 50 }]);
  assert.deepEqual(endsOf(at(5, 5, 5, 5), at(5, 25, 5, 25)), [{ x: 5, y: 5 }, { x: 5, y: 25 }]);
  assert.equal(arrowPath({ x: 0, y: 0 }, { x: 20, y: 0 }, false), "M0 0L20 0M9 -5L20 0L9 5");
  assert.equal(arrowPath({ x: 0, y: 0 }, { x: 20, y: 0 }, true).split("M").length, 4);
  assert.equal(arrowPath({ x: 1, y: 1 }, { x: 1, y: 1 }, true), "M1 1L1 1");
});

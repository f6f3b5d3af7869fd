import assert from "node:assert/strict";
import { test } from "node:test";
import { answered } from "../../annotation/lode_annotation/static/editor/model/answers.js";
import { fromResults, taken, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { entriesOf } from "../../annotation/lode_annotation/static/editor/model/slices.js";
import { Journal } from "../../annotation/lode_annotation/static/editor/task/journal.js";
import { resumed, trailOf } from "../../annotation/lode_annotation/static/editor/task/trail.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [
  { name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "cell" }] },
  { name: "sharp", type: "Choices", to_name: "image", choice: "multiple", labels: [{ value: "yes" }] },
  { name: "note", type: "TextArea", to_name: "image", per_region: true, labels: [] },
];
const text = (id, x) => JSON.stringify({ id, type: "rectanglelabels", from_name: "label", to_name: "image", value: { x, y: 10, width: 10, height: 20, rotation: 0, rectanglelabels: ["cell"] } });
const PRELABELS = [text("p1", 40), text("p2", 60)];
const ahead = () => fromResults(PRELABELS, CONTROLS, SIZE, { pending: true });
const sent = (store) => toResultText(store.inOrder(), CONTROLS, SIZE);

/** A local store as a browser's: what is not plain data is not kept. */
function browser() {
  const steps = [];
  let entry = null;
  return {
    steps,
    stamp: () => 1,
    async keep(work, more) {
      entry = structuredClone(work);
      steps.splice(more.from, Infinity, ...structuredClone(more.steps));
    },
    reload() {
      const store = new Store();
      const own = fromResults(entriesOf(entry.result), CONTROLS, SIZE);
      const gone = new Set(entry.dismissed);
      const left = resumed(entry.trail, steps, [...own, ...ahead().filter((one) => !gone.has(one.id))]);
      assert.ok(left);
      store.load(left.regions, left.history);
      return store;
    },
  };
}

/** The journal of a store, which writes what a session does. */
function journalOf(store, local) {
  const dismissed = () => ahead().filter((one) => !store.regions.has(one.key)).map((one) => one.id);
  return new Journal(local, () => ({ result: sent(store), trail: trailOf(store), dismissed: dismissed() }), () => assert.fail(), store);
}

/** Everything that is done to regions, once. */
function work(store) {
  const region = (key) => store.regions.get(key);
  store.transact("draw", (change) => change.add({ ...region("a"), key: "new", id: "new", x: 90, source: null, changed: true }));
  store.transact("move", (change) => change.replace({ ...region("a"), x: 33.3, changed: true }));
  store.transact("answer of one", (change) => change.replace(answered(region("a"), CONTROLS[2], ["edge worn"])));
  store.transact("dismiss", (change) => change.remove("p:p1"));
  store.transact("accept", (change) => {
    const mine = taken(region("p:p2"), "mine");
    change.remove("p:p2");
    change.add(mine);
  });
  const answer = { kind: "choice", key: "c", id: "c", control: "sharp", pending: false, questioned: false, score: null, source: null, changed: true, labels: [] };
  store.transact("answer", (change) => change.add({ ...answer, said: ["yes"] }));
  store.transact("take the answer back", (change) => change.replace({ ...answer, said: [] }));
  store.transact("delete one of two with one id", (change) => change.remove("a"));
}

test("every step is undone and done again after a reload, number for number", async () => {
  const store = new Store();
  store.load([...fromResults([text("a", 10), text("a", 20)], CONTROLS, SIZE), ...ahead()]);
  const local = browser();
  const journal = journalOf(store, local);
  const states = [[sent(store), store.order.join()]];
  work(store);
  await journal.write();
  store.undo();
  store.undo();
  await journal.write();
  assert.deepEqual([local.steps.length, store.history.kept], [8, 8]);

  const again = local.reload();
  assert.equal(sent(again), sent(store));
  assert.deepEqual(again.order, store.order);
  while (store.undo()) {
    again.undo();
    assert.equal(sent(again), sent(store));
    assert.deepEqual(again.order, store.order);
  }
  assert.deepEqual([[sent(again), again.order.join()], again.undo()], [states[0], null]);
  while (store.redo()) again.redo();
  assert.equal(sent(again), sent(store));
  assert.equal(again.redo(), null);
});

test("a step done after undoing takes the place of those that were undone, in the journal too", async () => {
  const store = new Store();
  store.load([...fromResults([text("a", 10)], CONTROLS, SIZE), ...ahead()]);
  const local = browser();
  const journal = journalOf(store, local);
  const move = (x, merge) => store.transact(`to ${x}`, (change) => change.replace({ ...store.regions.get("a"), x, changed: true }), { merge });
  for (const x of [1, 2, 3]) move(x);
  await journal.write();
  store.undo();
  store.undo();
  move(4, "nudge");
  await journal.write();
  move(5, "nudge");
  await journal.write();
  assert.deepEqual(local.steps.map((step) => step.label), ["to 1", "to 5"]);
  const again = local.reload();
  again.undo();
  assert.equal(again.regions.get("a").x, 1);
});

test("what a click suggested is there after a reload, as a suggestion, and its step can be undone", async () => {
  const store = new Store();
  store.load([...fromResults([text("a", 10)], CONTROLS, SIZE), ...ahead()]);
  const local = browser();
  const journal = journalOf(store, local);
  const [made] = fromResults([text("s", 70)], CONTROLS, SIZE, { pending: true });
  store.transact("suggest", (change) => change.add({ ...made, suggested: true }));
  await journal.write();
  const again = local.reload();
  assert.deepEqual(again.order, store.order);
  assert.equal(again.regions.get("p:s").suggested, true);
  assert.equal(sent(again), sent(store));
  again.undo();
  assert.equal(again.regions.has("p:s"), false);
  const mine = taken(store.regions.get("p:s"), "mine");
  assert.deepEqual(["suggested" in mine, mine.pending], [false, false]);
});

test("there is no end to what can be undone", () => {
  const store = new Store();
  store.load(fromResults([text("a", 0)], CONTROLS, SIZE));
  for (let n = 1; n <= 5000; n += 1) store.transact("move", (change) => change.replace({ ...store.regions.get("a"), x: n }));
  let undone = 0;
  while (store.undo()) undone += 1;
  assert.deepEqual([undone, store.regions.get("a").x], [5000, 0]);
});

test("steps that do not belong to the work are left", () => {
  const store = new Store();
  store.load([...fromResults([text("a", 10), text("b", 20)], CONTROLS, SIZE), ...ahead()]);
  work(store);
  const trail = trailOf(store);
  assert.equal(resumed(trail, store.history.done.slice(1), [...store.inOrder()]), null);
  assert.equal(resumed(trail, store.history.done, []), null);
});

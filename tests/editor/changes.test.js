import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf } from "../../annotation/lode_annotation/static/editor/review/changes.js";

const box = (id, more = {}) => ({ kind: "box", key: id, id, control: "label", labels: ["RBC"], x: 1, y: 2, width: 3, height: 4, rotation: 0, ...more });

test("what was added, moved, relabelled and removed is told by identity, floats aside", () => {
  const before = [box("same"), box("moved"), box("named"), box("gone")];
  const after = [box("named", { labels: ["WBC"] }), box("same", { x: 1 + 1e-9 }), box("moved", { x: 9 }), box("new")];
  const { marks, removed, before: was } = changesOf(before, after);
  assert.deepEqual([...marks], [["named", "relabelled"], ["moved", "moved"], ["new", "new"]]);
  assert.deepEqual(removed.map((one) => one.id), ["gone"]);
  assert.deepEqual(was.map((one) => one.id).sort(), ["gone", "moved", "named"]);
});

test("an id whose kind is not edited here is neither new nor removed", () => {
  const kept = { kind: "kept", key: "k", id: "k", control: "x", labels: [] };
  assert.deepEqual(changesOf([kept], [kept]), { marks: new Map(), removed: [], before: [], answers: [], relations: { added: 0, removed: 0 } });
});

test("relations are counted by what they link, in which direction and as what", () => {
  const link = (from, to, more = {}) => ({ kind: "relation", key: `${from}${to}`, id: `${from}${to}`, control: "", labels: [], from, to, both: false, ...more });
  const before = [box("a"), box("b"), link("a", "b"), link("b", "a", { both: true, labels: ["near"] })];
  assert.deepEqual(changesOf(before, before).relations, { added: 0, removed: 0 });
  const after = [box("a"), box("b"), link("b", "a"), link("a", "b", { both: true, labels: ["near"], key: "x" })];
  assert.deepEqual(changesOf(before, after).relations, { added: 1, removed: 1 });
  assert.equal(changesOf(before, after).marks.size, 0);
});

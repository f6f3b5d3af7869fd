import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES } from "../../annotation/lode_annotation/static/editor/kinds/index.js";
import { borderOf, caught, Snap } from "../../annotation/lode_annotation/static/editor/snap.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";

const SIZE = { width: 200, height: 100 };
const box = (key, x, y) => ({ kind: "box", key, id: key, control: "label", labels: ["cell"], pending: false, x, y, width: 20, height: 20, rotation: 0 });

/** A snap over two boxes, at (20, 10) and (100, 50), each 20 by 20; two CSS pixels an image pixel. */
function staged(tool = { draws: true }) {
  globalThis.document = { createElementNS: () => ({ setAttribute(name, value) { this[name] = value; } }) };
  const store = new Store();
  store.load([box("a", 20, 10), box("b", 100, 50)]);
  const toStage = ({ x, y }) => ({ x: 2 * x, y: 2 * y });
  const stage = { store, size: SIZE, current: tool, holding: null, overlay: { root: { append() {} } }, viewport: { scale: 2, toStage, addEventListener() {} } };
  return { store, snap: new Snap(stage) };
}

test("the nearest point goes before an edge, and nothing catches from afar", () => {
  const offers = [borderOf(SIZE), { points: [{ x: 50, y: 3 }], edges: [] }];
  assert.deepEqual(caught({ x: 51, y: 1 }, offers, 4).at, { x: 50, y: 3 });
  const edge = caught({ x: 80, y: 2 }, offers, 4);
  assert.deepEqual([edge.at, edge.edge], [{ x: 80, y: 0 }, [{ x: 0, y: 0 }, { x: 200, y: 0 }]]);
  assert.equal(caught({ x: 80, y: 5 }, offers, 4), null);
});

test("it reaches eight CSS pixels at any zoom, marks what it catches on, and a held key turns it round", () => {
  const { snap } = staged();
  assert.deepEqual(snap.place({ x: 43, y: 12 }, false), { x: 43, y: 12 }, "it is off");
  assert.deepEqual(snap.place({ x: 42, y: 12 }, true), { x: 40, y: 10 });
  snap.on = true;
  assert.deepEqual(snap.place({ x: 42, y: 12 }, true), { x: 42, y: 12 });
  assert.ok(!snap.mark.d);
  assert.deepEqual(snap.place({ x: 43, y: 20 }, false), { x: 40, y: 20 });
  assert.match(snap.mark.d, /^M80 20L80 60M75 40/);
  assert.deepEqual(snap.place({ x: 45, y: 20 }, false), { x: 45, y: 20 });
});

test("regions out of sight and those in hand offer nothing", () => {
  const { store, snap } = staged({ draws: false });
  snap.on = true;
  store.setHidden(["a"], true);
  assert.deepEqual(snap.place({ x: 41, y: 11 }, false), { x: 41, y: 11 });
  store.select(["b"]);
  assert.deepEqual(snap.place({ x: 101, y: 51 }, false), { x: 101, y: 51 });
});

test("moved regions go on together until one of their points catches", () => {
  const { store, snap } = staged({ draws: false });
  snap.on = true;
  store.select(["b"]);
  assert.deepEqual(snap.shift([box("b", 42, 33)], false), { x: -2, y: -3 });
  assert.deepEqual(snap.shift([box("b", 150, 78)], false), { x: 0, y: 2 }, "to the border");
  assert.deepEqual(snap.shift([box("b", 80, 50)], false), { x: 0, y: 0 });
});

test("what a kind offers lies on the picture where it was drawn", () => {
  const part = { left: 20, top: 10, right: 60, bottom: 40 };
  for (const kind of SHAPES.filter((one) => one.offers)) {
    const region = { kind: kind.name, ...kind.place(part, { points: ["a", "b", "c", "d"], edges: [[0, 1]] }) };
    const { points, edges } = kind.offers(region);
    const edge = kind.bounds(region);
    assert.ok(points.length, kind.name);
    for (const { x, y } of [...points, ...edges.flat()]) assert.ok(x >= edge.left - 1e-9 && x <= edge.right + 1e-9 && y >= edge.top - 1e-9 && y <= edge.bottom + 1e-9, kind.name);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";
import { Scene } from "../../platform/lode_platform/static/lode/canvas/scene.js";
import { polyline } from "../../annotation/lode_annotation/static/editor/kinds/polyline.js";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { changesOf } from "../../annotation/lode_annotation/static/editor/review/changes.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [{ name: "road", type: "VectorLabels", to_name: "image", labels: [{ value: "lane" }] }];
const VERTICES = [
  { id: "a7", x: 10, y: 10, prevPointId: null, isBezier: false },
  { id: "b2", x: 50, y: 10, prevPointId: "a7", isBezier: false },
  { id: "c9", x: 50, y: 50, prevPointId: "b2", isBezier: false },
];
const result = (vertices, more = {}) =>
  JSON.stringify({ id: "l", type: "vectorlabels", from_name: "road", to_name: "image", value: { vertices, closed: false, vectorlabels: ["lane"], ...more } });
const loaded = (text) => fromResults([text], CONTROLS, SIZE)[0];
const shape = (...points) => ({ points: points.map(([x, y]) => ({ x, y })) });
const pairs = ({ points }) => points.map(({ x, y }) => [x, y]);
const HOOK = shape([0, 0], [30, 0], [30, 30]);

test("percent become pixels, and an untouched line goes back letter for letter with its own ids", () => {
  const text = result(VERTICES);
  const region = loaded(text);
  assert.deepEqual([region.kind, region.labels], ["polyline", ["lane"]]);
  assert.deepEqual(pairs(region), [[20, 10], [100, 10], [100, 50]]);
  assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
});

test("a changed line is encoded again as one open chain, with the fields it came with", () => {
  const region = polyline.move(loaded(result(VERTICES, { note: "kept" })), 20, 10, SIZE);
  const [back] = JSON.parse(toResultText([{ ...region, changed: true }], CONTROLS, SIZE));
  assert.deepEqual(back.value, {
    vertices: [
      { id: "p1", x: 20, y: 20, isBezier: false },
      { id: "p2", x: 60, y: 20, isBezier: false, prevPointId: "p1" },
      { id: "p3", x: 60, y: 60, isBezier: false, prevPointId: "p2" },
    ],
    closed: false,
    vectorlabels: ["lane"],
    note: "kept",
  });
  assert.deepEqual([back.type, back.original_width, back.original_height], ["vectorlabels", 200, 100]);
  assert.deepEqual(pairs(loaded(JSON.stringify(back))), pairs(region));
});

test("vertices that name none before them are taken in their order", () => {
  const bare = VERTICES.map(({ x, y }) => ({ x, y }));
  assert.deepEqual(pairs(loaded(result(bare))), [[20, 10], [100, 10], [100, 50]]);
  assert.equal(loaded(result(bare, { closed: null })).kind, "polyline");
});

test("what is closed, curved, branching or in pieces is kept as it came and not edited", () => {
  const having = (at, more) => result(VERTICES.with(at, { ...VERTICES[at], ...more }));
  const refused = [
    result(VERTICES, { closed: true }),
    result(VERTICES.slice(0, 1)),
    having(1, { isBezier: true, controlPoint1: { x: 1, y: 2 }, controlPoint2: { x: 3, y: 4 } }),
    having(2, { prevPointId: "a7" }),
    having(2, { prevPointId: null }),
    having(0, { prevPointId: "c9" }),
    having(2, { id: "a7" }),
    having(1, { x: "50" }),
    result([...VERTICES, null]),
    result("nonsense"),
  ];
  for (const text of refused) {
    const region = loaded(text);
    assert.equal(region.kind, "kept", text);
    assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
  }
});

test("a hit is near an edge: not inside, and not where a closing edge would be", () => {
  assert.ok(polyline.hit(HOOK, { x: 15, y: 2 }, 2));
  assert.ok(polyline.hit(HOOK, { x: 30, y: 33 }, 3));
  assert.ok(!polyline.hit(HOOK, { x: 15, y: 2.1 }, 2));
  assert.ok(!polyline.hit(HOOK, { x: 15, y: 15 }, 3));
  assert.equal(polyline.area(HOOK), 0);
  assert.deepEqual(polyline.bounds(HOOK), { left: 0, top: 0, right: 30, bottom: 30 });
});

test("a move stops at the image's edge and keeps the line", () => {
  assert.deepEqual(pairs(polyline.move(HOOK, 500, -5, SIZE)), [[170, 0], [200, 0], [200, 30]]);
});

test("a point is dragged within the image, put on an edge and taken away, but two that differ stay", () => {
  assert.deepEqual(pairs(polyline.drag(HOOK, "2", { x: 300, y: 20 }, SIZE))[2], [200, 20]);
  assert.deepEqual(pairs(polyline.insert(HOOK, { x: 30, y: 15 }, 1)), [[0, 0], [30, 0], [30, 15], [30, 30]]);
  assert.equal(polyline.insert(HOOK, { x: 15, y: 15 }, 1), null, "there is no closing edge");
  assert.equal(polyline.insert(HOOK, { x: 30, y: 0.5 }, 1), null);
  const two = polyline.without(HOOK, "1");
  assert.deepEqual(pairs(two), [[0, 0], [30, 30]]);
  assert.equal(polyline.without(two, "0"), null);
  assert.equal(polyline.drag(two, "1", { x: 0, y: 0 }, SIZE), two, "a line keeps a length");
  assert.equal(polyline.without(shape([0, 0], [9, 9], [0, 0]), "1"), null);
});

test("by keys a line is put within a part of the picture, and its last point is moved", () => {
  const placed = polyline.place({ left: 10, top: 20, right: 50, bottom: 40 });
  assert.deepEqual(pairs(placed), [[10, 40], [50, 20]]);
  assert.deepEqual(pairs(polyline.grow(placed, 10, -30, SIZE)), [[10, 40], [60, 0]]);
});

test("a moved point is a change, percent's last digits are none", () => {
  const before = loaded(result(VERTICES));
  const nearly = loaded(result(VERTICES.map((vertex) => ({ ...vertex, x: vertex.x + 1e-9 }))));
  assert.equal(changesOf([before], [nearly]).marks.size, 0);
  const moved = polyline.drag(before, "1", { x: 150, y: 20 }, SIZE);
  assert.deepEqual([...changesOf([before], [moved]).marks.values()], ["moved"]);
});

test("an edit is undone and done again as one step", () => {
  const store = new Store();
  store.load([loaded(result(VERTICES))]);
  const before = store.regions.get("l");
  const more = polyline.insert(before, { x: 60, y: 10 }, 1);
  store.transact("Add a point", (change) => change.replace({ ...more, changed: true }));
  store.undo();
  assert.equal(store.regions.get("l"), before);
  store.redo();
  assert.deepEqual(pairs(store.regions.get("l")), [[20, 10], [60, 10], [100, 10], [100, 50]]);
});

test("published points are drawn as an open line, and what is none is not", () => {
  const region = readRegion({ kind: "polyline", geometry: [[0, 0], [4, 0], [4, 3]] });
  const said = [];
  const pen = { moveTo: (x, y) => said.push(`M${x} ${y}`), lineTo: (x, y) => said.push(`L${x} ${y}`), closePath: () => said.push("Z") };
  drawingOf(region).trace(region, pen);
  assert.deepEqual(said, ["M0 0", "L4 0", "L4 3"]);
  for (const geometry of [[[0, 0]], [0, 0, 4, 0], [[0, 0], [1, NaN]], [[0, 0], [1, "2"]], [[0, 0], [1, 2, 3]], null]) {
    assert.equal(readRegion({ kind: "polyline", geometry }), null);
  }
});

test("a picture strokes a line and never fills it", () => {
  const called = [];
  const context = new Proxy({}, { get: (_, name) => () => called.push(name), set: () => true });
  const canvas = () => ({ width: 200, height: 100, getContext: () => context });
  const window = { left: 0, top: 0, right: 200, bottom: 100 };
  const viewport = { scale: 1, left: 0, top: 0, image: SIZE, window, addEventListener() {} };
  globalThis.cancelAnimationFrame ??= () => {};
  const scene = new Scene(canvas(), canvas(), viewport, { stage: "#000" }, drawingOf);
  const region = readRegion({ kind: "polyline", geometry: [[0, 0], [40, 0], [40, 30]] });
  scene.layers = () => [{ shapes: [region], colour: () => "#ff0000", name: () => "" }];
  scene.drawNow();
  called.length = 0;
  scene.drawNow();
  assert.deepEqual(called.filter((name) => /^(fill|stroke)/.test(name)), ["stroke", "stroke"]);
});

/** A stage as the tool sees it, at two CSS pixels a pixel of the image; what was drawn. */
function drawing() {
  const drawn = [];
  const overlay = { draft: null, crosshair() {}, invalidate() {} };
  const toStage = ({ x, y }) => ({ x: x * 2, y: y * 2 });
  const stage = { overlay, size: SIZE, viewport: { toStage }, cursor: (name) => (stage.pointer = name) };
  const tool = polyline.tool(stage, () => ({ colour: "red", text: "lane" }), (made) => drawn.push(pairs(made)));
  const press = (x, y) => ({ image: { x, y }, stage: toStage({ x, y }), editable: true });
  const click = (...points) => points.forEach(([x, y]) => (tool.down(press(x, y)), tool.up(press(x, y))));
  return { tool, stage, drawn, click, hover: (x, y) => tool.hover(press(x, y)) };
}

test("a line ends by Enter, by a press on its last point and so by a double click", () => {
  const { tool, stage, drawn, click, hover } = drawing();
  click([10, 10], [50, 10], [300, 60]);
  assert.equal(tool.key("Enter"), true);
  assert.deepEqual(drawn, [[[10, 10], [50, 10], [200, 60]]]);
  assert.equal(tool.key("Enter"), false, "with nothing begun, Enter is not the tool's");
  click([10, 10], [50, 50]);
  hover(51, 51);
  assert.equal(stage.pointer, "pointer");
  click([51, 51]);
  assert.deepEqual(drawn[1], [[10, 10], [50, 50]]);
  assert.equal(stage.overlay.draft, null);
  hover(51, 51);
  assert.equal(stage.pointer, "crosshair");
});

test("one point makes no line, twice in one place is one point; its first point may be gone back to", () => {
  const { tool, stage, drawn, click } = drawing();
  click([10, 10], [10, 10.5]);
  assert.equal(stage.overlay.draft.marks.length, 1);
  assert.equal(tool.key("Enter"), true);
  assert.deepEqual(drawn, []);
  click([50, 10], [50, 50], [10, 10]);
  tool.key("Enter");
  assert.deepEqual(drawn, [[[10, 10], [50, 10], [50, 50], [10, 10]]]);
});

test("Backspace takes the last point back, Escape all; two fingers that zoom keep them", () => {
  const { tool, stage, drawn, click } = drawing();
  click([10, 10], [50, 10], [90, 90]);
  assert.equal(tool.key("Backspace"), true);
  tool.interrupt();
  assert.equal(stage.overlay.draft.marks.length, 2);
  tool.key("Enter");
  assert.deepEqual(drawn, [[[10, 10], [50, 10]]]);
  click([10, 10]);
  assert.equal(tool.key("Escape"), true);
  assert.equal(tool.key("Escape"), false);
});

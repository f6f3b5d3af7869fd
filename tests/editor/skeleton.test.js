import assert from "node:assert/strict";
import { test } from "node:test";
import { apart } from "../../platform/lode_platform/static/lode/canvas/geometry.js";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";
import { pathOf } from "../../platform/lode_platform/static/lode/canvas/outline.js";
import { skeleton } from "../../annotation/lode_annotation/static/editor/kinds/skeleton.js";
import { hand, Placer } from "../../annotation/lode_annotation/static/editor/kinds/skeleton_tool.js";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";

const SIZE = { width: 200, height: 100 };
const FACE = { points: ["nose", "left", "right"], edges: [[1, 0], [0, 2], [1, 2]] };
const CONTROLS = [
  {
    ...{ name: "pose", type: 'VectorLabels skeleton="true"', to_name: "image", labels: [{ value: "face" }, { value: "eyes" }] },
    options: { classes: { face: FACE, eyes: { points: ["left", "right"], edges: [] } } },
  },
  { name: "line", type: "VectorLabels", to_name: "image", labels: [{ value: "road" }] },
];
const NOSE = { id: "nose", x: 10, y: 20 };
const RIGHT = { id: "right", x: 50, y: 40, visibility: 1 };
const result = (vertices, more = {}) =>
  JSON.stringify({ id: "s", type: "vectorlabels", from_name: "pose", to_name: "image", value: { vertices, vectorlabels: ["face"], ...more } });
const loaded = (...texts) => fromResults(texts, CONTROLS, SIZE);
const places = ({ points }) => points.map(({ x, y, v }) => [x, y, v]);

test("vertices become points in the order of the class, and an untouched skeleton goes back letter for letter", () => {
  const text = result([RIGHT, NOSE]).replace('"x":10', '"x":1.0e1');
  const [region] = loaded(text);
  assert.deepEqual([region.kind, places(region)], ["skeleton", [[20, 20, 2], [0, 0, 0], [100, 40, 1]]]);
  assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
});

test("a moved one is written in that order, each vertex joined to the first before it, and points that are not there stay away", () => {
  const [region] = loaded(result([RIGHT, NOSE], { note: "kept" }));
  const moved = { ...skeleton.move(region, 20, 10, SIZE), changed: true };
  const [back] = JSON.parse(toResultText([moved], CONTROLS, SIZE));
  assert.deepEqual(back.value, {
    vertices: [
      { id: "nose", x: 20, y: 30, isBezier: false, visibility: 2 },
      { id: "right", x: 60, y: 50, isBezier: false, prevPointId: "nose", visibility: 1 },
    ],
    vectorlabels: ["face"],
    note: "kept",
    closed: false,
  });
});

test("what is not a skeleton of its class is kept as it came, and a polyline is none", () => {
  const wrong = [[], [{ ...NOSE, id: "ear" }], [NOSE, NOSE], [{ ...NOSE, isBezier: true }], [{ ...NOSE, x: "1" }], [{ ...NOSE, visibility: 3 }], [null]];
  for (const text of [...wrong.map((one) => result(one)), result([NOSE], { closed: true }), result([NOSE], { vectorlabels: ["ear"] })]) {
    const [region] = loaded(text);
    assert.equal(region.kind, "kept");
    assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
  }
  const [line] = loaded(JSON.stringify({ ...JSON.parse(result([NOSE, RIGHT], { vectorlabels: ["road"] })), from_name: "line" }));
  assert.equal(line.kind, "polyline");
});

test("single points are dragged, taken away but for the last, and moved by the far edge; what is not labelled does not move", () => {
  const [region] = loaded(result([NOSE, RIGHT]));
  assert.deepEqual(places(skeleton.drag(region, "2", { x: 300, y: 50 }, SIZE)), [[20, 20, 2], [0, 0, 0], [200, 50, 1]]);
  assert.deepEqual([hand.key, hand.at], ["s", 2]);
  assert.deepEqual(places(skeleton.grow(region, 1, 2, SIZE)), [[20, 20, 2], [0, 0, 0], [101, 42, 1]]);
  const less = skeleton.without(region, "0");
  assert.deepEqual(places(less), [[0, 0, 0], [0, 0, 0], [100, 40, 1]]);
  assert.equal(skeleton.without(less, "2"), null);
  assert.deepEqual(skeleton.handles(region, 1).map(({ name, look }) => [name, look.trim()]), [["0", ""], ["2", "is-hollow is-held"]]);
  assert.deepEqual([skeleton.called(region, "0"), skeleton.called(region, "2")], ["nose", "right, hidden"]);
});

test("on a smaller picture points outside are not labelled any more, and another label keeps the points of its names", () => {
  const [region] = loaded(result([NOSE, RIGHT]));
  assert.deepEqual(places(skeleton.cut(region, { width: 50, height: 50 })), [[20, 20, 2], [0, 0, 0], [0, 0, 0]]);
  assert.equal(skeleton.cut(region, { width: 5, height: 5 }), null);
  const other = skeleton.relabel(region, CONTROLS[0], "eyes");
  assert.deepEqual([places(other), other.asks.points], [[[0, 0, 0], [100, 40, 1]], ["left", "right"]]);
  assert.equal(skeleton.relabel(loaded(result([NOSE]))[0], CONTROLS[0], "eyes"), null);
  assert.equal(skeleton.differs(region, skeleton.drag(region, "0", { x: 21, y: 20 }, SIZE)), true);
  assert.equal(skeleton.differs(region, { ...region, points: region.points.with(2, { ...region.points[2], v: 2 }) }), true);
  assert.equal(skeleton.differs(region, { ...region }), false);
});

test("it is drawn with the edges whose ends are there, hidden points hollow, and pressed on points and edges", () => {
  const sent = { kind: "skeleton", geometry: [[20, 20, 2], [0, 0, 0], [100, 20, 1]], asks: { edges: FACE.edges } };
  const region = readRegion(sent);
  const kind = drawingOf(region);
  assert.deepEqual(kind.bounds(region), { left: 20, top: 20, right: 100, bottom: 20 });
  assert.equal(kind.measure(region), "2 of 3 points");
  const path = pathOf(region, kind, undefined, 10);
  assert.ok(path.startsWith("M28 20L92 20"), path);
  assert.equal(path.match(/a/g).length, 2 * 4);
  assert.deepEqual([[20, 25], [60, 22], [60, 24], [0, 0]].map(([x, y]) => kind.hit(region, { x, y }, 3)), [true, true, false, false]);
  assert.equal(readRegion({ ...sent, geometry: [[0, 0, 0]] }), null);
  assert.equal(readRegion({ ...sent, geometry: [[1, 2]] }), null);
  const { asks, ...bare } = region;
  assert.equal(kind.hit(bare, { x: 60, y: 20 }, 3), false);
  assert.equal(apart({ x: 0, y: 0 }, { x: 3, y: 4 }, 2.5), null);
});

function stage() {
  const said = [];
  const overlay = { draft: null, crosshair() {}, invalidate() {}, say: (words) => said.push(words) };
  return { said, overlay, size: SIZE, cursor() {}, viewport: { toStage: (at) => at } };
}

test("points are placed, hidden, skipped and taken back one after the other; with the last one it is done", () => {
  const made = [];
  const at = stage();
  const tool = new Placer(at, () => ({ colour: "red", text: "face", control: "pose", asks: FACE }), (geometry) => made.push(geometry));
  const press = (x, y, shift = false) => ({ image: { x, y }, stage: { x, y }, shift });
  tool.hover(press(10, 10));
  assert.equal(at.said.at(-1), "nose (1 of 3)");
  tool.up(press(10, 10));
  assert.equal(at.said.at(-1), "left (2 of 3)");
  tool.set(0);
  assert.equal(at.said.at(-1), "right (3 of 3)");
  assert.ok(tool.key("Backspace"));
  assert.equal(at.said.at(-1), "left (2 of 3)");
  tool.hover(press(30, 500, true));
  assert.equal(at.said.at(-1), "left, hidden (2 of 3)");
  tool.up(press(30, 500, true));
  tool.hover(press(40, 50));
  assert.deepEqual(at.overlay.draft.shape.points.map(({ v }) => v), [2, 1, 2]);
  tool.set(1);
  assert.deepEqual(made.map(places), [[[10, 10, 2], [30, 100, 1], [40, 50, 1]]]);
  assert.equal(at.overlay.draft, null);
  assert.equal(tool.key("Backspace"), false);
  tool.up(press(10, 10));
  assert.ok(tool.key("Enter"));
  assert.deepEqual(places(made[1]), [[10, 10, 2], [0, 0, 0], [0, 0, 0]]);
  tool.set(0);
  assert.ok(tool.key("Enter"));
  tool.up(press(1, 1));
  assert.ok(tool.key("Escape"));
  assert.equal(made.length, 2);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { DOT_RADIUS, DOT_REACH, REACH } from "../../platform/lode_platform/static/lode/canvas/geometry.js";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";
import { pathOf } from "../../platform/lode_platform/static/lode/canvas/outline.js";
import { keypoint } from "../../annotation/lode_annotation/static/editor/kinds/keypoint.js";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { changesOf } from "../../annotation/lode_annotation/static/editor/review/changes.js";
import { regionAt, regionsIn } from "../../annotation/lode_annotation/static/editor/view/hit.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [
  { name: "spot", type: "KeyPointLabels", to_name: "image", labels: [{ value: "eye" }] },
  { name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "face" }] },
];
const result = (value, id = "k") =>
  JSON.stringify({ id, type: "keypointlabels", from_name: "spot", to_name: "image", value: { ...value, keypointlabels: ["eye"] } });
const loaded = (...texts) => fromResults(texts, CONTROLS, SIZE);

test("percent become pixels, and an untouched keypoint goes back letter for letter", () => {
  const text = '{"id": "k", "type": "keypointlabels", "from_name": "spot", "to_name": "image", "value": {"x": 10.0, "y": 2e1, "width": 1.50, "keypointlabels": ["eye"]}}';
  const [region] = loaded(text);
  assert.deepEqual([region.kind, region.x, region.y, region.labels], ["keypoint", 20, 20, ["eye"]]);
  assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
});

test("a moved keypoint keeps the size of its dot and the fields it came with; without a size it gets the usual one", () => {
  for (const [came, width] of [[{ width: 1.5 }, 1.5], [{}, 0.5]]) {
    const [region] = loaded(result({ x: 10, y: 20, note: "kept", ...came }));
    const moved = { ...keypoint.move(region, 20, 10, SIZE), changed: true };
    const [back] = JSON.parse(toResultText([moved], CONTROLS, SIZE));
    assert.deepEqual(back.value, { x: 20, y: 30, note: "kept", width, keypointlabels: ["eye"] });
    assert.deepEqual([back.type, back.original_width, back.original_height], ["keypointlabels", 200, 100]);
  }
});

test("what is not a keypoint is kept as it came and not edited", () => {
  for (const text of [result({ x: 10 }), result({ x: "10", y: 20 }), result({ y: null, x: 1 })]) {
    const [region] = loaded(text);
    assert.equal(region.kind, "kept");
    assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
  }
});

test("a press near the dot means it, at any zoom; of two the nearer, before the box that they lie on", () => {
  const box = '{"id": "b", "type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": {"x": 0, "y": 0, "width": 100, "height": 100, "rotation": 0, "rectanglelabels": ["face"]}}';
  const store = new Store();
  store.load(loaded(box, result({ x: 10, y: 20 }), result({ x: 12, y: 20 }, "l")));
  const at = (x, scale) => regionAt(store, { x, y: 20 }, REACH / scale).id;
  assert.deepEqual([at(20, 1), at(21.9, 1), at(22.1, 1), at(24, 1)], ["k", "k", "l", "l"]);
  assert.deepEqual([at(20 - DOT_REACH, 1), at(20 - DOT_REACH - 0.1, 1)], ["k", "b"]);
  assert.deepEqual([at(20 - DOT_REACH / 4, 4), at(20 - DOT_REACH / 4 - 0.1, 4)], ["k", "b"]);
  const framed = regionsIn(store, { left: 23, top: 10, right: 30, bottom: 30 }).map(({ id }) => id);
  assert.deepEqual(framed, ["b", "l"]);
});

test("a move and a dragged handle stop at the image's edge", () => {
  const [region] = loaded(result({ x: 10, y: 20 }));
  const place = ({ x, y }) => [x, y];
  assert.deepEqual(place(keypoint.move(region, 500, -50, SIZE)), [200, 0]);
  const [handle, ...others] = keypoint.handles(region);
  assert.deepEqual([handle.x, handle.y, others.length], [20, 20, 0]);
  assert.deepEqual(place(keypoint.drag(region, handle.name, { x: -5, y: 300 }, SIZE)), [0, 100]);
  assert.deepEqual(place(keypoint.place({ left: 40, top: 20, right: 60, bottom: 30 })), [50, 25]);
});

test("a moved keypoint is a change, percent's last digits are none, and moving is undone", () => {
  const [before] = loaded(result({ x: 10, y: 20 }));
  assert.equal(changesOf([before], loaded(result({ x: 10 + 1e-9, y: 20 }))).marks.size, 0);
  const moved = keypoint.move(before, 1, 0, SIZE);
  assert.deepEqual([...changesOf([before], [moved]).marks.values()], ["moved"]);
  const store = new Store();
  store.load([before]);
  store.transact("Move", (change) => change.replace({ ...moved, changed: true }));
  assert.equal(store.regions.get("k").x, 21);
  store.undo();
  assert.equal(store.regions.get("k"), before);
  store.redo();
  assert.equal(store.regions.get("k").x, 21);
});

test("a press sets one where it ends, within the image, and the tool goes on; without a label none", () => {
  const drawn = [];
  let ink = { colour: "red", text: "eye" };
  const stage = { overlay: { crosshair() {} }, size: SIZE, cursor() {} };
  const tool = keypoint.tool(stage, () => ink, (geometry) => drawn.push(geometry));
  const press = (x, y) => ({ image: { x, y }, stage: { x, y } });
  const click = (x, y) => (tool.down(press(x, y)), tool.move(press(x, y)), tool.up(press(x, y)));
  click(10, 20);
  click(250, 40);
  ink = null;
  click(30, 40);
  assert.deepEqual(drawn, [{ x: 10, y: 20, width: 0.5 }, { x: 200, y: 40, width: 0.5 }]);
  assert.ok(tool.draws);
});

test("labels as they are published are drawn as dots of one size wherever the picture is scaled", () => {
  const region = readRegion({ kind: "keypoint", geometry: [10, 20] });
  const kind = drawingOf(region);
  assert.deepEqual([kind.bounds(region), kind.measure(region)], [{ left: 10, top: 20, right: 10, bottom: 20 }, "10, 20"]);
  const circle = (left, y, r) => `M${left} ${y}a${r} ${r} 0 0 1 ${2 * r} 0a${r} ${r} 0 0 1 ${-2 * r} 0Z`;
  assert.equal(pathOf(region, kind), circle(10 - DOT_RADIUS, 20, DOT_RADIUS));
  const twice = ({ x, y }) => ({ x: 2 * x, y: 2 * y });
  assert.equal(pathOf(region, kind, twice), circle(20 - DOT_RADIUS, 40, DOT_RADIUS));
  assert.equal(pathOf(region, kind, undefined, 2), circle(8, 20, 2));
  for (const geometry of [null, [], [1], [1, NaN], [1, "2"], [1, 2, 3]]) {
    assert.equal(readRegion({ kind: "keypoint", geometry }), null);
  }
});

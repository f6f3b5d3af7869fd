import assert from "node:assert/strict";
import { test } from "node:test";
import { drawingOf, readRegion } from "../../platform/lode_platform/static/lode/canvas/kinds/index.js";
import { pathOf } from "../../platform/lode_platform/static/lode/canvas/outline.js";
import { ellipse } from "../../annotation/lode_annotation/static/editor/kinds/ellipse.js";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { changesOf } from "../../annotation/lode_annotation/static/editor/review/changes.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [{ name: "round", type: "EllipseLabels", to_name: "image", labels: [{ value: "cell" }] }];
const VALUE = { x: 50, y: 50, radiusX: 20, radiusY: 10, rotation: 30 };
const result = (value) =>
  JSON.stringify({ id: "e", type: "ellipselabels", from_name: "round", to_name: "image", value: { ...VALUE, ellipselabels: ["cell"], ...value } });
const loaded = (text) => fromResults([text], CONTROLS, SIZE)[0];
const LYING = { cx: 100, cy: 50, rx: 40, ry: 10, angle: 0 };
const TURNED = { ...LYING, angle: 30 };
const near = (found, expected, within = 1e-9) =>
  Object.entries(expected).forEach(([name, value]) => assert.ok(Math.abs(found[name] - value) <= within, `${name}: ${found[name]} is not ${value}`));

test("percent become pixels, and an untouched ellipse goes back letter for letter", () => {
  const text = result({ rotation: 200.0 }).replace("200", "2e2");
  const region = loaded(text);
  assert.equal(region.kind, "ellipse");
  near(region, { cx: 100, cy: 50, rx: 40, ry: 10, angle: 200 });
  assert.equal(toResultText([region], CONTROLS, SIZE), `[${text}]`);
});

test("a changed ellipse is encoded again with the angle and the fields it came with", () => {
  const region = ellipse.move(loaded(result({ note: "kept", rotation: -30 })), 20, 10, SIZE);
  const [back] = JSON.parse(toResultText([{ ...region, changed: true }], CONTROLS, SIZE));
  assert.deepEqual(back.value, { x: 60, y: 60, radiusX: 20, radiusY: 10, rotation: -30, ellipselabels: ["cell"], note: "kept" });
  assert.deepEqual([back.type, back.original_width, back.original_height], ["ellipselabels", 200, 100]);
});

test("without a rotation it is not turned, and without a radius it is kept as it came", () => {
  assert.equal(loaded(result({ rotation: null })).angle, 0);
  const text = result({ radiusX: "20" });
  assert.equal(loaded(text).kind, "kept");
  assert.equal(toResultText([loaded(text)], CONTROLS, SIZE), `[${text}]`);
});

test("a hit goes by the turned outline and a margin around it", () => {
  const standing = { ...LYING, angle: 90 };
  assert.ok(ellipse.hit(LYING, { x: 139, y: 50 }, 0) && !ellipse.hit(LYING, { x: 139, y: 58 }, 0));
  assert.ok(!ellipse.hit(standing, { x: 139, y: 50 }, 0) && ellipse.hit(standing, { x: 100, y: 89 }, 0));
  assert.ok(!ellipse.hit(LYING, { x: 142, y: 50 }, 1) && ellipse.hit(LYING, { x: 142, y: 50 }, 2));
});

test("the bounds touch the turned outline, and the size is said with the angle", () => {
  near(ellipse.bounds({ ...LYING, angle: 90 }), { left: 90, top: 10, right: 110, bottom: 90 });
  const across = Math.sqrt((40 ** 2 + 10 ** 2) / 2);
  near(ellipse.bounds({ ...LYING, angle: 45 }), { left: 100 - across, top: 50 - across, right: 100 + across, bottom: 50 + across });
  near({ area: ellipse.area(TURNED) }, { area: 400 * Math.PI });
  assert.deepEqual([ellipse.measure(LYING), ellipse.measure(TURNED)], ["80 × 20", "80 × 20, 30°"]);
});

test("what a pen traces lies on the ellipse and is closed", () => {
  const said = [];
  const pen = { moveTo: (x, y) => said.push({ x, y }), curveTo: (...at) => said.push(at), closePath: () => said.push("Z") };
  ellipse.trace(TURNED, pen);
  assert.equal(said.at(-1), "Z");
  let from = said[0];
  for (const [x1, y1, x2, y2, x, y] of said.slice(1, -1)) {
    for (const t of [0, 0.2, 0.5, 0.9, 1]) {
      const mix = (a, b, c, d) => a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t ** 2 * (1 - t) + d * t ** 3;
      const [u, v] = [mix(from.x, x1, x2, x) - 100, mix(from.y, y1, y2, y) - 50];
      const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
      near({ radius: Math.hypot((u * c + v * s) / 40, (v * c - u * s) / 10) }, { radius: 1 }, 5e-6);
    }
    from = { x, y };
  }
  assert.match(pathOf({ kind: "ellipse", ...LYING }, ellipse), /^M140 50C140 52\.65 135\.79 55\.2 128\.28 57\.07C.*Z$/);
});

test("a move stops at the image's edge and keeps the ellipse", () => {
  near(ellipse.move(LYING, 500, -500, SIZE), { cx: 160, cy: 10, rx: 40, ry: 10, angle: 0 });
  near(ellipse.move({ ...LYING, angle: 90 }, 500, -5, SIZE), { cx: 190, cy: 45 });
});

test("an end of an axis is dragged, the opposite end stays", () => {
  near(ellipse.drag(LYING, "e", { x: 160, y: 77 }, SIZE), { cx: 110, cy: 50, rx: 50, ry: 10 });
  near(ellipse.drag(LYING, "n", { x: 0, y: 30 }, SIZE), { cx: 100, cy: 45, rx: 40, ry: 15 });
  const [east, , west] = ellipse.handles(TURNED);
  const dragged = ellipse.drag(TURNED, "e", { x: east.x + 10 * Math.cos(Math.PI / 6), y: east.y + 5 }, SIZE);
  near(dragged, { rx: 45, ry: 10, angle: 30 });
  near(ellipse.handles(dragged)[2], { x: west.x, y: west.y });
});

test("an end stops at the image's edge, and short of the opposite end", () => {
  near(ellipse.drag(LYING, "e", { x: 900, y: 50 }, SIZE), { cx: 130, rx: 70 }, 1e-6);
  near(ellipse.drag(LYING, "e", { x: 10, y: 50 }, SIZE), { cx: 60.5, rx: 0.5 });
  const most = ellipse.drag(TURNED, "e", { x: 900, y: 500 }, SIZE);
  near(ellipse.bounds(most), { bottom: 100 }, 1e-6);
  assert.ok(most.rx > 60);
});

test("keys turn it by degrees, and not over the image's edge", () => {
  near(ellipse.turn(LYING, 1, SIZE), { ...LYING, angle: 1 });
  near(ellipse.turn(LYING, -1, SIZE), { ...LYING, angle: 359 });
});

test("the round handle turns it about its centre", () => {
  const handle = ellipse.handles(LYING).at(-1);
  assert.deepEqual({ ...handle }, { name: "turn", x: 140, y: 40, cursor: "grab", round: true });
  near(ellipse.drag(LYING, "turn", { x: 140, y: 40 }, SIZE), { ...LYING, angle: 0 });
  near(ellipse.drag(LYING, "turn", { x: 110, y: 90 }, SIZE), { ...LYING, angle: 90 });
  const turned = ellipse.drag(TURNED, "turn", { x: 103, y: 20 }, SIZE);
  const [at] = ellipse.handles(turned).slice(-1);
  near({ way: Math.atan2(at.y - 50, at.x - 100) }, { way: Math.atan2(-30, 3) });
  assert.ok(turned.angle >= 0 && turned.angle < 360);
});

test("turned at the image's edge it moves inwards, and stays as it is where it does not fit", () => {
  const corner = { ...LYING, cx: 160, cy: 10 };
  near(ellipse.drag(corner, "turn", { x: 170, y: 50 }, SIZE), { cx: 160, cy: 40, angle: 90 });
  const long = { ...LYING, rx: 90 };
  assert.equal(ellipse.drag(long, "turn", { x: 110, y: 140 }, SIZE), long);
});

test("one that came in over the edge is not held back", () => {
  const over = { ...LYING, cx: 10 };
  near(ellipse.drag(over, "e", { x: 60, y: 50 }, SIZE), { cx: 15, rx: 45 });
  near(ellipse.drag(over, "turn", { x: 20, y: 90 }, SIZE), { cx: 10, angle: 90 });
  near(ellipse.move(over, -5, 0, SIZE), { cx: 10 });
});

test("keys place one in a part of the view, and grow it by its far ends", () => {
  near(ellipse.place({ left: 10, top: 20, right: 50, bottom: 40 }), { cx: 30, cy: 30, rx: 20, ry: 10, angle: 0 });
  near(ellipse.grow(LYING, 10, -4, SIZE), { cx: 105, cy: 48, rx: 45, ry: 8 });
  near(ellipse.grow(LYING, 0, 1, SIZE), { cx: 100, cy: 50.5, rx: 40, ry: 10.5 });
});

test("cursors follow the turn", () => {
  const cursors = (angle) => ellipse.handles({ ...LYING, angle }).map(({ cursor }) => cursor.split("-")[0]);
  assert.deepEqual(cursors(0), ["ew", "ns", "ew", "ns", "grab"]);
  assert.deepEqual(cursors(50), ["nwse", "nesw", "nwse", "nesw", "grab"]);
  assert.deepEqual(cursors(-90), ["ns", "ew", "ns", "ew", "grab"]);
});

test("a drag draws the ellipse within its box, a press alone none", () => {
  const drawn = [];
  const overlay = { draft: null, crosshair() {}, invalidate() {} };
  const stage = { overlay, size: SIZE, viewport: { scale: 2 }, cursor() {} };
  const tool = ellipse.tool(stage, () => ({ colour: "red", text: "cell" }), (geometry) => drawn.push(geometry));
  const at = (x, y) => ({ image: { x, y }, stage: { x: x * 2, y: y * 2 }, from: { image: { x: 60, y: 40 } } });
  tool.down(at(60, 40));
  tool.move(at(20, 60));
  near(overlay.draft.shape, { cx: 40, cy: 50, rx: 20, ry: 10, angle: 0 });
  tool.move(at(20, 500));
  tool.up(at(20, 500));
  assert.deepEqual(drawn, [{ cx: 40, cy: 70, rx: 20, ry: 30, angle: 0 }]);
  tool.down(at(60, 40));
  tool.up(at(60, 40));
  assert.deepEqual([drawn.length, overlay.draft], [1, null]);
});

test("a turn is a step that is undone and done again, and a change to a reviewer", () => {
  const store = new Store();
  const before = loaded(result({}));
  store.load([before]);
  const turned = { ...ellipse.drag(before, "turn", { x: 100, y: 99 }, SIZE), changed: true };
  store.transact("Resize", (change) => change.replace(turned));
  assert.deepEqual([...changesOf([before], store.shapes()).marks.values()], ["moved"]);
  store.undo();
  assert.equal(toResultText(store.inOrder(), CONTROLS, SIZE), `[${result({})}]`);
  store.redo();
  assert.equal(store.regions.get("e"), turned);
  assert.equal(changesOf([before], [loaded(result({ x: 50 + 1e-9 }))]).marks.size, 0);
});

test("a published ellipse is read, and what is none is not drawn", () => {
  const region = readRegion({ kind: "ellipse", geometry: [100, 50, 40, 10, 30] });
  near(region, TURNED);
  assert.equal(drawingOf(region).upright(region), false);
  for (const geometry of [[100, 50, 40, 10], [100, 50, 40, 10, "30"], null, [[100, 50, 40, 10, 30]]]) {
    assert.equal(readRegion({ kind: "ellipse", geometry }), null);
  }
});

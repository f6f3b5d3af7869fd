import assert from "node:assert/strict";
import { test } from "node:test";
import { SHAPES, shapeFor, shapeOf } from "../../annotation/lode_annotation/static/editor/kinds/index.js";
import { fromResults, toResultText } from "../../annotation/lode_annotation/static/editor/model/convert.js";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { regionAt, regionsIn } from "../../annotation/lode_annotation/static/editor/view/hit.js";

const SIZE = { width: 200, height: 100 };
const CONTROLS = [
  { name: "spot", type: "SpotLabels", to_name: "image", labels: [{ value: "nucleus" }] },
  { name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "cell" }] },
];
const TEXTS = [
  '{"id": "p", "type": "spotlabels", "from_name": "spot", "to_name": "image", "value": {"x": 10.0, "y": 20, "width": 1.50, "spotlabels": ["nucleus"]}}',
  '{"id": "b", "type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": {"x": 0, "y": 0, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["cell"]}}',
];

test("a kind in one module and one line is read, hit, moved, undone, drawn by its tool and written", () => {
  const store = new Store();
  store.load(fromResults(TEXTS, CONTROLS, SIZE));
  assert.deepEqual(store.shapes().map(({ kind }) => kind), ["point", "box"]);
  assert.equal(toResultText(store.inOrder(), CONTROLS, SIZE), `[${TEXTS.join(",")}]`);
  assert.equal(regionAt(store, { x: 21, y: 21 }, 0).id, "p");
  assert.equal(regionAt(store, { x: 60, y: 30 }, 0).id, "b");
  assert.deepEqual(regionsIn(store, { left: 15, top: 15, right: 25, bottom: 25 }).map(({ id }) => id), ["p", "b"]);

  const before = store.regions.get("p");
  store.transact("Move", (change) => change.replace({ ...shapeOf(before).move(before, 400, 5, SIZE), changed: true }));
  const [moved, kept] = JSON.parse(toResultText(store.inOrder(), CONTROLS, SIZE));
  assert.deepEqual(moved.value, { x: 100, y: 25, width: 1.5, spotlabels: ["nucleus"] });
  assert.equal(kept.id, "b");
  store.undo();
  assert.equal(store.regions.get("p"), before);

  const made = [];
  const kind = shapeFor(CONTROLS[0]);
  assert.ok(SHAPES.includes(kind));
  const tool = kind.tool({ overlay: { crosshair() {} }, size: SIZE }, () => ({ colour: "red", text: "nucleus" }), (geometry) => made.push(geometry));
  tool.up({ image: { x: 250, y: 40 } });
  assert.deepEqual(made, [{ x: 200, y: 40 }]);
});

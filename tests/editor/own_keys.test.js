import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { regionCommands, viewCommands } from "../../annotation/lode_annotation/static/editor/commands.js";
import { SHAPES } from "../../annotation/lode_annotation/static/editor/kinds/index.js";
import { DEFAULTS, OwnKeys, PRESETS, applied, assigned, holders, isFree, readChoice } from "../../annotation/lode_annotation/static/editor/own_keys.js";
import { spellings } from "../../platform/lode_platform/static/lode/keyboard.js";

const command = (id, ...keys) => ({ id, title: id, group: "", keys, run: () => {} });
const TABLE = [command("label:cell/RBC", "Digit1"), command("submit", "Enter", "Ctrl+Enter"), command("pan", "h"), command("hide", "i"), command("redo", "Ctrl+Shift+z", "Ctrl+y")];
const keysOf = (commands, id) => commands.find((one) => one.id === id)?.keys;
const inForce = (choice, id, table = TABLE) => keysOf(applied(table, choice), id);

/** The label page's table for a schema that asks for every kind. */
function labelPage() {
  const controls = SHAPES.map(({ control, name }) => ({ name, type: control, labels: [] }));
  const editor = { controls, acts: {}, store: {}, stage: { viewport: {}, scene: {} }, list: {}, root: {}, notes: {} };
  const task = [command("submit", "Enter", "Ctrl+Enter"), command("skip", "s"), command("back", "u"), command("why", "w")];
  return [...task, ...regionCommands(editor), ...viewCommands(editor)];
}

beforeEach(() => {
  globalThis.localStorage = { kept: {}, getItem(key) { return this.kept[key] ?? null; }, setItem(key, text) { this.kept[key] = text; } };
});

test("a key that another command has moves, and comes back with the default", () => {
  assert.deepEqual(holders(applied(TABLE, DEFAULTS), "hide", ["h"]).map(({ id }) => id), ["pan"]);
  const taken = assigned(DEFAULTS, TABLE, "hide", ["h"]);
  assert.deepEqual([inForce(taken, "hide"), inForce(taken, "pan")], [["h"], []]);
  const back = assigned(assigned(taken, TABLE, "pan", ["h"]), TABLE, "hide", ["i"]);
  assert.deepEqual(back, DEFAULTS);
});

test("one of two keys is taken, the other stays", () => {
  const choice = assigned(DEFAULTS, TABLE, "hide", ["Ctrl+y"]);
  assert.deepEqual(inForce(choice, "redo"), ["Ctrl+Shift+z"]);
});

test("Enter, Escape, digits and what browsers keep cannot be given; labels keep their keys", () => {
  for (const key of ["Enter", "Ctrl+Enter", "Escape", "Digit4", "Shift+Digit4", "Ctrl+w", "Ctrl+t", "Ctrl+Shift+n", "Tab", "Space"]) assert.ok(!isFree(key), key);
  for (const key of ["h", "Shift+h", "Alt+.", "?", "ArrowLeft", "F1", "Ctrl+d"]) assert.ok(isFree(key), key);
  const choice = assigned(DEFAULTS, TABLE, "submit", ["f"]);
  assert.deepEqual(inForce(choice, "submit"), ["Enter", "Ctrl+Enter", "f"]);
  assert.equal(applied(TABLE, choice)[0], TABLE[0]);
  const letter = command("label:cell/WBC", "h");
  assert.deepEqual(keysOf(applied([letter, ...TABLE], DEFAULTS), "pan"), ["h"]);
  assert.deepEqual(assigned(DEFAULTS, [letter, ...TABLE], "hide", ["h"]).keys, { hide: ["h"], pan: [] });
});

test("a key chosen on one page leaves the other page's verdicts theirs until it is taken there", () => {
  const reject = command("review.reject", "r", "Digit3");
  const choice = assigned(DEFAULTS, TABLE, "hide", ["r"]);
  assert.deepEqual(inForce(choice, "review.reject", [reject, ...TABLE]), ["r", "Digit3"]);
  const taken = assigned(choice, [reject, ...TABLE], "hide", ["r"]);
  assert.deepEqual(inForce(taken, "review.reject", [reject, ...TABLE]), ["Digit3"]);
  const other = [command("before", "g"), ...TABLE];
  assert.deepEqual(inForce(assigned(DEFAULTS, TABLE, "hide", ["g"]), "before", other), []);
});

test("with every preset no key is had twice, and none is lost", () => {
  const table = labelPage();
  for (const preset of PRESETS) {
    const commands = applied(table, { preset: preset.id, keys: {} });
    const ids = new Set(table.map(({ id }) => id));
    assert.deepEqual(Object.keys(preset.keys).filter((id) => !ids.has(id)), [], preset.title);
    assert.ok(Object.values(preset.keys).flat().every(isFree), preset.title);
    const keys = commands.flatMap((one) => one.keys);
    assert.deepEqual(keys.filter((key, at) => keys.indexOf(key) !== at), [], preset.title);
    const lost = commands.filter((one) => !one.keys.length && keysOf(table, one.id)?.length);
    assert.deepEqual(lost.map(({ id }) => id), [], preset.title);
  }
});

test("single changes stand on top of a preset", () => {
  const table = labelPage();
  const cvat = { preset: "cvat", keys: {} };
  assert.deepEqual(inForce(cvat, "region.hide", table), ["h"]);
  const changed = assigned(cvat, table, "region.hide", ["b"]);
  assert.deepEqual([inForce(changed, "region.hide", table), inForce(changed, "tool.box", table)], [["b"], []]);
  assert.deepEqual(inForce(changed, "back", table), ["d"]);
  const again = assigned(changed, table, "region.hide", ["h"]);
  assert.equal(again.keys["region.hide"], undefined);
});

test("what was kept is found again by the same person alone", () => {
  const mine = new OwnKeys("here|bob");
  mine.keep(assigned(DEFAULTS, TABLE, "hide", ["h"]));
  assert.ok(mine.lasting);
  assert.deepEqual(new OwnKeys("here|bob").choice, mine.choice);
  assert.deepEqual(new OwnKeys("here|carol").choice, DEFAULTS);
});

test("nonsense, and a storage that is full or absent, leave the defaults", () => {
  for (const text of [null, "", "{", "null", "3", '"x"', "[]", '{"preset": 4, "keys": "x"}', '{"keys": null}']) assert.deepEqual(readChoice(text), DEFAULTS, text ?? "");
  const kept = { preset: "cvat", keys: { hide: ["x"], pan: "h", undo: [3], submit: ["Enter"], redo: ["Ctrl+w"] } };
  assert.deepEqual(readChoice(JSON.stringify(kept)), { preset: "cvat", keys: { hide: ["x"] } });
  const full = () => { throw new Error("full"); };
  globalThis.localStorage = { getItem: full, setItem: full };
  const mine = new OwnKeys("here|bob");
  mine.keep({ preset: "cvat", keys: {} });
  assert.deepEqual([mine.lasting, mine.choice.preset], [false, "cvat"]);
  globalThis.localStorage = undefined;
  assert.deepEqual(new OwnKeys("here|bob").choice, DEFAULTS);
});

test("a letter that Option turns into another sign is still that letter", () => {
  const event = { key: "¬", code: "KeyL", ctrlKey: false, metaKey: false, altKey: true, shiftKey: false };
  assert.deepEqual(spellings(event), ["Alt+l"]);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { regionCommands, viewCommands } from "../../annotation/lode_annotation/static/editor/commands.js";
import { SHAPES, toolsOf } from "../../annotation/lode_annotation/static/editor/kinds/index.js";

const EDITOR = new URL("../../annotation/lode_annotation/static/editor/", import.meta.url);

test("a kind's tool takes no key that the label page or the review page has", () => {
  const controls = SHAPES.map(({ control, name }) => ({ name, type: control, labels: [] }));
  const editor = { controls, acts: {}, store: {}, stage: { viewport: {}, scene: {} }, list: {}, root: {}, notes: {} };
  const tools = new Set(SHAPES.flatMap((kind) => [...toolsOf(kind).map(({ id }) => `tool.${id}`), `${kind.name}.middle`, ...(kind.settings?.({}) ?? []).map(({ id }) => id)]));
  const commands = [...regionCommands(editor), ...viewCommands(editor)];
  const taken = new Map(commands.filter(({ id }) => !tools.has(id)).flatMap(({ id, keys }) => keys.map((key) => [key, id])));
  for (const page of ["main.js", "asides.js", "assist.js", "carry.js", "comments/comments.js", "review/main.js", "review/layers.js"]) {
    const text = readFileSync(new URL(page, EDITOR), "utf8");
    for (const [, keys] of text.matchAll(/keys: \[([^\]]*)\]/g)) {
      for (const [, key] of keys.matchAll(/"([^"]+)"/g)) taken.set(key, page);
    }
  }
  assert.ok(["k", "Shift+a", "s", "g"].every((key) => taken.has(key)));
  for (const { id, keys } of commands.filter((command) => tools.has(command.id))) {
    for (const key of keys) {
      assert.equal(taken.get(key), undefined, `${key} of ${id} is taken`);
      taken.set(key, id);
    }
  }
});

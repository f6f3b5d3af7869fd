import assert from "node:assert/strict";
import { test } from "node:test";
import { Claims } from "../../annotation/lode_annotation/static/editor/task/claims.js";
import { Journal } from "../../annotation/lode_annotation/static/editor/task/journal.js";

/** A local store whose writes end when a test says so. */
function slowStore() {
  const kept = [];
  const ends = [];
  let at = 0;
  return { kept, ends, stamp: () => (at += 1), keep: (entry) => new Promise((...end) => (kept.push(entry), ends.push(end))) };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("of the changes made while the journal is being written only the newest state is written next", async () => {
  const local = slowStore();
  let result = "one";
  const journal = new Journal(local, () => ({ task: "t", result }), () => assert.fail());
  const written = journal.write();
  for (result of ["two", "three"]) void journal.write();
  local.ends[0][0]();
  await settle();
  assert.deepEqual(local.kept, [{ task: "t", result: "one", at: 1 }, { task: "t", result: "three", at: 2 }]);
  local.ends[1][0]();
  await written;
  assert.equal(journal.writing, null);
});

test("a browser that keeps nothing is said, and no longer once it keeps again", async () => {
  const local = slowStore();
  const said = [];
  const journal = new Journal(local, () => ({ task: "t" }), () => said.push(journal.fault));
  const written = journal.write();
  local.ends[0][1](new Error("full"));
  await written;
  assert.deepEqual(said, ["Error: full"]);
  const again = journal.write();
  local.ends[1][0]();
  await again;
  assert.equal(journal.fault, "");
});

test("where there is nothing to keep, nothing is written", async () => {
  const local = slowStore();
  await new Journal(local, () => null, () => assert.fail()).write();
  assert.deepEqual(local.kept, []);
});

test("a task that one tab has in hand is not given to another until it is let go", async () => {
  const [here, there] = [new Claims(), new Claims()];
  assert.equal(await here.take("journal test"), true);
  assert.equal(await here.take("journal test"), true);
  assert.equal(await there.take("journal test"), false);
  here.release("journal test");
  await settle();
  assert.equal(await there.take("journal test"), true);
  there.release("journal test");
});

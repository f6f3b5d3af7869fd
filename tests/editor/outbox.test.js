import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { LocalStore } from "../../annotation/lode_annotation/static/editor/task/local_store.js";
import { Outbox } from "../../annotation/lode_annotation/static/editor/task/outbox.js";

/** What the server is asked, and what it answers by address. */
let asked = [];
let answers = {};
const saved = (revision = 1) => () => Response.json({ annotation: { id: "a", revision } });
const refused = (status, body = {}) => () => Response.json(body, { status });
const offline = () => Promise.reject(new TypeError("offline"));
const request = (task, more = {}) => ({
  operation: `op-${task}`, task, queue: "q", kind: "submit", url: `/${task}`, annotation: "a", result: "[]", base: null, lead: 1.26, extra: {}, ...more,
});

beforeEach(() => {
  asked = [];
  answers = {};
  globalThis.document = { cookie: "", querySelector: () => null };
  globalThis.localStorage = { kept: {}, getItem(key) { return this.kept[key] ?? null; }, setItem(key, text) { this.kept[key] = text; } };
  globalThis.fetch = async (url, { body }) => {
    asked.push({ url, ...JSON.parse(body) });
    return (answers[url] ?? saved())();
  };
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

function outbox(local = new LocalStore(null, "me")) {
  const made = new Outbox(local, () => ({ next: false }));
  made.told = [];
  made.addEventListener("sent", (event) => made.told.push(`sent ${event.detail.request.task}`));
  made.addEventListener("refused", (event) => made.told.push(`refused ${event.detail.request.task} ${event.detail.error.code}`));
  return made;
}

test("what is submitted goes out oldest first, each with its id, and is kept no longer", async () => {
  const box = outbox();
  await Promise.all([box.post(request("t1", { result: '[{"x": 10.0}]' })), box.post(request("t2", { kind: "skip", result: "" }))]);
  assert.deepEqual(asked.map(({ operation_id, lead_time, result, next }) => [operation_id, lead_time, result, next]), [
    ["op-t1", 1.3, [{ x: 10 }], false],
    ["op-t2", 1.3, undefined, false],
  ]);
  assert.deepEqual(box.told, ["sent t1", "sent t2"]);
  assert.deepEqual(await box.local.outbox(), []);
});

test("without a connection it is kept and sent again after a pause that grows", async () => {
  const box = outbox();
  answers["/t1"] = offline;
  await box.post(request("t1"));
  assert.equal((await box.local.outbox()).length, 1);
  assert.equal(box.fault.fault, "network");
  const pauses = [box.pause];
  for (let n = 0; n < 6; n += 1) {
    await box.flush();
    pauses.push(box.pause);
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  delete answers["/t1"];
  await box.flush();
  assert.deepEqual([box.told, box.fault, box.pause], [["sent t1"], null, 0]);
});

test("what an earlier page left is sent before what is new, and what was refused is not", async () => {
  const local = new LocalStore(null, "me");
  await local.post({ ...request("old"), at: 1, attempts: 2, refused: "" });
  await local.post({ ...request("never"), at: 2, attempts: 1, refused: "The server does not accept this." });
  const box = outbox(local);
  await box.restore();
  await box.post(request("new"));
  assert.deepEqual(asked.map(({ url }) => url), ["/old", "/new"]);
});

test("what the server refuses is kept for its author and holds up nothing", async () => {
  const box = outbox();
  answers["/t1"] = refused(409, { error: "Newer.", code: "stale" });
  await Promise.all([box.post(request("t1")), box.post(request("t2"))]);
  assert.deepEqual(box.told, ["refused t1 stale", "sent t2"]);
  assert.deepEqual((await box.local.outbox()).map(({ task, refused }) => [task, refused]), [["t1", "Newer."]]);
});

test("a role that was taken away keeps the work of its queue, and lets the others' go out", async () => {
  const box = outbox();
  answers["/t1"] = refused(403);
  answers["/t3"] = refused(403);
  await Promise.all([box.post(request("t1")), box.post(request("t2", { queue: "other" })), box.post(request("t3"))]);
  assert.deepEqual(box.told, ["sent t2"]);
  assert.deepEqual(box.waiting.map(({ task }) => task), ["t1", "t3"]);
  assert.equal(box.fault.fault, "forbidden");
});

test("a second save of a task stands on the revision that the first one made", async () => {
  const box = outbox();
  answers["/t1"] = offline;
  await box.post(request("t1"));
  await box.post(request("t1", { operation: "op-again" }));
  answers["/t1"] = saved(7);
  await box.flush();
  assert.deepEqual(asked.slice(-2).map(({ operation_id, base_revision }) => [operation_id, base_revision]), [["op-t1", null], ["op-again", 7]]);
  assert.equal(box.local.confirmed("t1"), 7);
});

test("what was never on its way can be taken back, what may have arrived cannot", async () => {
  const box = outbox();
  answers["/t1"] = offline;
  await box.post(request("t1"));
  await box.post(request("t2"));
  assert.equal(await box.withdraw("op-t1"), false);
  assert.equal(await box.withdraw("op-t2"), true);
  assert.equal(await box.withdraw("op-unknown"), false);
  assert.deepEqual((await box.local.outbox()).map(({ task }) => task), ["t1"]);
});

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { ReviewSession } from "../../annotation/lode_annotation/static/editor/review/session.js";
import { LocalStore } from "../../annotation/lode_annotation/static/editor/task/local_store.js";

const ADDRESSES = { queue: "q", next: "/next", review: "/{annotation}/review" };
const CONTROLS = [{ name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "RBC" }] }];
const BOX = { kind: "box", control: "label", labels: ["RBC"], x: 1, y: 1, width: 4, height: 4, rotation: 0, source: null, changed: true };
const waiting = (id, left = 1) => ({
  task: { id: `task of ${id}` },
  media: { url: `/media/${id}`, width: 10, height: 10 },
  config: { controls: CONTROLS },
  annotation: { id, revision: 3, user: "bob", result: [] },
  waiting: left,
});

// What the modules set going ends with the test.
for (const name of ["setInterval", "setTimeout"]) {
  const real = globalThis[name];
  globalThis[name] = (...given) => real(...given).unref();
}

/** The answers that still wait, in the server's order; what was asked; whether there is a connection. */
let queue = [];
let asked = [];
let online = true;

beforeEach(() => {
  queue = [waiting("a", 3), waiting("b", 2), waiting("c", 1)];
  asked = [];
  online = true;
  globalThis.addEventListener = () => {};
  globalThis.document = { addEventListener() {}, cookie: "", visibilityState: "visible", querySelector: () => null };
  globalThis.localStorage = { getItem: () => null, setItem() {} };
  globalThis.Image = class {
    naturalWidth = 10;
    naturalHeight = 10;
    async decode() {}
  };
  globalThis.fetch = async (url, { method, body }) => {
    if (!online) throw new TypeError("offline");
    const said = body ? JSON.parse(body) : null;
    asked.push(`${method} ${url}${said?.verdict ? ` ${said.verdict} ${said.comment}` : ""}`);
    if (method === "DELETE") return Response.json({ annotation: waiting("a", 3) });
    if (url !== "/next") return Response.json({ review: { verdict: said.verdict } });
    const next = queue.find(({ annotation }) => !said.holding.includes(annotation.id) && !asked.some((one) => one.startsWith(`POST /${annotation.id}/`)));
    return next ? Response.json(next) : new Response(null, { status: 204 });
  };
});

const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

async function begun() {
  const session = new ReviewSession(new Store(), new LocalStore(null, "rita"), ADDRESSES);
  await session.start(null);
  await settle();
  return session;
}

test("one verdict after the other, the next answer in hand within the same frame, until none waits", async () => {
  const session = await begun();
  assert.equal(session.loaded.annotation, "a");
  const first = session.judge("accept", "");
  assert.equal(session.loaded.annotation, "b");
  await first;
  await settle();
  await session.judge("reject", "No.");
  await settle();
  await session.judge("accept", "");
  assert.deepEqual(asked.filter((one) => one.includes("/review")), ["POST /a/review accept ", "POST /b/review reject No.", "POST /c/review accept "]);
  assert.deepEqual([session.face, session.done, session.confirmed], ["finished", 3, 3]);
});

test("a fix that is sent leaves nothing behind that is only kept here, though no other answer comes after it", async () => {
  queue = [waiting("a")];
  const session = await begun();
  session.store.transact("draw", (change) => change.add({ ...BOX, key: "r", id: "r" }));
  assert.equal(session.touched, true);
  await session.judge("fix", "");
  assert.deepEqual([session.face, session.outbox.waiting.length, session.touched], ["finished", 0, false]);
});

test("the last verdict is taken back at the server, and the answer in hand comes after it", async () => {
  const session = await begun();
  await session.judge("accept", "fine");
  await settle();
  const last = await session.undo();
  assert.deepEqual([last.verdict, last.comment], ["accept", "fine"]);
  assert.ok(asked.at(-1).startsWith("DELETE /a/review?operation_id="));
  assert.deepEqual([session.loaded.annotation, session.ahead[0].annotation, session.done], ["a", "b", 0]);
});

test("without a connection a verdict that may have arrived cannot be taken back, one that never left can", async () => {
  const session = await begun();
  online = false;
  await session.judge("accept", "");
  await assert.rejects(session.undo(), { fault: "network" });
  assert.equal(session.judged.length, 1);
  await session.judge("accept", "");
  const last = await session.undo();
  assert.equal(last.loaded.annotation, "b");
  assert.equal(session.loaded.annotation, "b");
});

test("a queue that does not answer is asked again, and the page says that it is stuck", async () => {
  online = false;
  const session = await begun();
  assert.deepEqual([session.face, session.outbox.fault.fault], ["stuck", "network"]);
  online = true;
  session.hurry();
  await settle();
  await settle();
  assert.deepEqual([session.face, session.outbox.fault], ["task", null]);
});

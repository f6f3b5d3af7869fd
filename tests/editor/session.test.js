import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Store } from "../../annotation/lode_annotation/static/editor/model/store.js";
import { Outbox } from "../../annotation/lode_annotation/static/editor/task/outbox.js";
import { Session } from "../../annotation/lode_annotation/static/editor/task/session.js";
import { LocalStore } from "../../annotation/lode_annotation/static/editor/task/local_store.js";

const ADDRESSES = { queue: "q", next: "/next", mine: "/mine", open: "/{task}/open", submit: "/{task}/submit", skip: "/{task}/skip", lease: "/{task}/lease", draft: "/{task}/draft" };
const CONTROLS = [{ name: "label", type: "RectangleLabels", to_name: "image", labels: [{ value: "RBC" }] }];
const payload = (id, more = {}) => ({
  task: { id },
  media: { url: `/media/${id}`, width: 10, height: 10 },
  config: { controls: CONTROLS },
  lease: { until: "2030-01-01T00:00:00Z", seconds: 600 },
  ...more,
});
const saved = (id, next = null) => ({ annotation: { id, revision: 1, state: "accepted" }, next });
const request = (task, more = {}) => ({
  operation: `op-${task}`, task, queue: "q", kind: "submit", url: `/${task}/submit`,
  annotation: `a-${task}`, result: "[]", base: null, lead: 1, extra: {}, ...more,
});

// What the modules set going ends with the test.
for (const name of ["setInterval", "setTimeout"]) {
  const real = globalThis[name];
  globalThis[name] = (...given) => real(...given).unref();
}

// Node keeps locks for the whole file, as a browser does for its tabs: every test has tasks of its own.

/** The server: what it answers by address, and what it was asked. */
let answers = {};
let asked = [];
let pictures = true;

beforeEach(() => {
  answers = {};
  asked = [];
  pictures = true;
  const listeners = { addEventListener() {} };
  globalThis.addEventListener = () => {};
  globalThis.document = { ...listeners, cookie: "lode_csrf=one", visibilityState: "visible", querySelector: () => null };
  globalThis.localStorage = { kept: {}, getItem(key) { return this.kept[key] ?? null; }, setItem(key, text) { this.kept[key] = text; } };
  globalThis.Image = class {
    naturalWidth = 10;
    naturalHeight = 10;
    async decode() {
      if (!pictures) throw new Error("no picture");
    }
  };
  globalThis.fetch = async (url, { method, body }) => {
    asked.push({ method, url, body: body ? JSON.parse(body) : null });
    const answer = answers[url];
    const { status = 200, data = null } = (typeof answer === "function" ? await answer() : answer) ?? { status: 204 };
    return new Response(status === 204 ? null : JSON.stringify(data), { status });
  };
});

const newSession = (local = new LocalStore(null, "me")) => new Session(new Store(), local, ADDRESSES);
const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const sentTo = (url) => asked.filter((one) => one.url === url);

test("a task that the answer to earlier work brings is shown, not hidden behind fetching", async () => {
  const local = new LocalStore(null, "me");
  await local.post({ ...request("t1"), at: 1, attempts: 0, refused: "" });
  answers["/t1/submit"] = { data: saved("a-t1", payload("t2")) };
  const session = newSession(local);
  const faces = [];
  for (const event of ["task", "face"]) session.addEventListener(event, () => faces.push(session.face));
  await session.start("t1");
  await settle();
  assert.equal(session.loaded.payload.task.id, "t2");
  assert.equal(faces.at(-1), "task");
  session.leases.drop("t2");
});

test("no answer is taken while the picture is not there", async () => {
  pictures = false;
  answers["/t5/open"] = { data: payload("t5") };
  const session = newSession();
  await session.start("t5");
  assert.equal(session.face, "broken");
  await session.submit();
  assert.deepEqual(sentTo("/t5/submit"), []);
  pictures = true;
  await session.retryPicture();
  answers["/t5/submit"] = { data: saved("a-t5") };
  await session.submit();
  assert.equal(sentTo("/t5/submit").length, 1);
  assert.equal(session.face, "finished");
});

test("what the server says from before an answer arrived does not bring its task again", async () => {
  const local = new LocalStore(null, "me");
  local.confirm("t3", 1);
  answers["/t3/open"] = { data: payload("t3") };
  answers["/next"] = { data: payload("t4") };
  const session = newSession(local);
  await session.start("t3");
  assert.equal(session.loaded.payload.task.id, "t4");
  session.leases.drop("t4");
});

test("work laid aside comes back with its steps, so that emptying a picture can be undone after U", async () => {
  const box = { id: "r1", type: "rectanglelabels", from_name: "label", to_name: "image", value: { x: 1, y: 1, width: 5, height: 5, rotation: 0, rectanglelabels: ["RBC"] } };
  answers["/t6/open"] = { data: payload("t6", { start: [box] }) };
  const session = newSession();
  await session.start("t6");
  session.store.transact("Delete", (change) => change.remove("r1"));
  clearTimeout(session.draftTimer);
  answers["/t6/submit"] = { data: saved("a-t6") };
  await session.submit();
  assert.deepEqual(sentTo("/t6/submit")[0].body.result, []);
  assert.ok(await session.back());
  assert.equal(session.store.shapes().length, 0);
  session.store.undo();
  clearTimeout(session.draftTimer);
  assert.equal(session.result, `[${JSON.stringify(box)}]`);
  session.leases.drop("t6");
});

test("a task that is not to be had is said, and the queue goes on; while the server is away it stays wanted", async () => {
  answers["/t7/open"] = { status: 503, data: { error: "away" } };
  const session = newSession();
  const refused = [];
  session.addEventListener("unavailable", (event) => refused.push(event.detail.message));
  await session.start("t7");
  assert.equal(session.face, "stuck");
  answers["/t7/open"] = { status: 409, data: { error: "Somebody else has this task now.", code: "lease_lost" } };
  answers["/next"] = { data: payload("t8") };
  await session.look();
  assert.deepEqual(refused, ["Somebody else has this task now."]);
  assert.equal(session.loaded.payload.task.id, "t8");
  session.leases.drop("t8");
});

test("storage that is full holds up no sending and is said", async () => {
  const local = new LocalStore(null, "me");
  local.post = local.delivered = async () => {
    throw new Error("QuotaExceededError");
  };
  answers["/t1/submit"] = { data: saved("a-t1") };
  const outbox = new Outbox(local, () => ({}));
  const sent = [];
  outbox.addEventListener("sent", (event) => sent.push(event.detail.request.task));
  await outbox.post(request("t1"));
  assert.deepEqual(sent, ["t1"]);
  assert.match(outbox.localFault, /Quota/);
});

test("an answer that names no revision is not the server's, whatever its status", async () => {
  const outbox = new Outbox(new LocalStore(null, "me"), () => ({}));
  answers["/t1/submit"] = { data: { welcome: "to the hotel's network" } };
  await outbox.post(request("t1"));
  clearTimeout(outbox.timer);
  assert.equal(outbox.waiting.length, 1);
  assert.equal(outbox.fault.fault, "server");
});

test("what is newer stays newer when the clock is set back", async () => {
  const local = new LocalStore(null, "me");
  const now = Date.now;
  try {
    Date.now = () => 2_000_000;
    const first = local.stamp();
    Date.now = () => 1_000_000;
    assert.ok(local.stamp() > first);
  } finally {
    Date.now = now;
  }
});

test("nothing is sent under another person's sign-in", async () => {
  const { call, speakFor } = await import("../../platform/lode_platform/static/lode/http.js");
  speakFor("bob", "/api/v1/me");
  answers["/api/v1/me"] = { data: { user: { uuid: "carol", username: "carol" } } };
  answers["/t1/submit"] = { data: saved("a-t1") };
  document.cookie = "lode_csrf=two";
  await assert.rejects(call("POST", "/t1/submit", "{}"), { fault: "signed_out", message: "carol is signed in at this browser now." });
  assert.deepEqual(sentTo("/t1/submit"), []);
  answers["/api/v1/me"] = { data: { user: { uuid: "bob", username: "bob" } } };
  assert.equal((await call("POST", "/t1/submit", "{}")).data.annotation.revision, 1);
  speakFor("", "");
});

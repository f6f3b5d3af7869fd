import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Leases } from "../../annotation/lode_annotation/static/editor/task/lease.js";

/** What the server is asked, and what it answers. */
let asked = [];
let answer = () => Response.json({});
const lease = (until, seconds = 600) => ({ until, seconds });

beforeEach(() => {
  asked = [];
  answer = () => Response.json({});
  globalThis.document = { cookie: "", querySelector: () => null };
  globalThis.fetch = async (url, { method }) => {
    asked.push(`${method} ${url}`);
    return answer();
  };
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

const leases = () => new Leases((task) => `/tasks/${task}/lease`);
const settle = async () => {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
};

test("a lease is renewed when a third of it has passed, by the length that the server gives", async () => {
  const held = leases();
  answer = () => Response.json({ lease: lease("later", 300) });
  held.hold("t1", lease("soon", 600));
  mock.timers.tick(199_000);
  assert.deepEqual(asked, []);
  mock.timers.tick(1000);
  await settle();
  assert.deepEqual(asked, ["POST /tasks/t1/lease"]);
  mock.timers.tick(100_000);
  await settle();
  assert.equal(asked.length, 2);
  held.drop("t1");
});

test("one that another person has now is lost, once, and renewed no more", async () => {
  const held = leases();
  const lost = [];
  held.addEventListener("lost", (event) => lost.push(event.detail));
  answer = () => Response.json({ error: "Somebody else." }, { status: 409 });
  held.hold("t1", lease("soon"));
  assert.equal(await held.renew("t1"), false);
  assert.deepEqual(lost, ["t1"]);
  mock.timers.tick(600_000);
  await settle();
  assert.equal(asked.length, 1);
});

test("without a connection it stays ours and is tried again within half a minute", async () => {
  const held = leases();
  answer = () => Promise.reject(new TypeError("offline"));
  held.hold("t1", lease("soon", 600));
  assert.equal(await held.renew("t1"), true);
  mock.timers.tick(10_000);
  await settle();
  assert.equal(asked.length, 2);
  held.drop("t1");
});

test("a lease that is given back names its end, so that a later claim of the task stays", () => {
  const held = leases();
  held.hold("t1", lease("2026-01-01T00:00:00+00:00"));
  held.giveBack("t1");
  held.giveBack("t1");
  assert.deepEqual(asked, ["DELETE /tasks/t1/lease?until=2026-01-01T00%3A00%3A00%2B00%3A00"]);
});

test("one that was dropped while its renewal was on the way is not held again when that fails", async () => {
  const held = leases();
  let fail = () => {};
  answer = () => new Promise((_, reject) => (fail = reject));
  held.hold("t1", lease("soon"));
  const renewed = held.renew("t1");
  held.drop("t1");
  await settle();
  fail(new TypeError("offline"));
  await renewed;
  assert.equal(held.held.size, 0);
});

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { call, faultOf, getJSON, HttpError, postJSON, speakFor } from "../../platform/lode_platform/static/lode/http.js";

/** What was asked, and what is answered. */
let asked = [];
let answer = () => new Response("{}");

beforeEach(() => {
  asked = [];
  answer = () => new Response("{}");
  globalThis.document = { cookie: "lode_csrf=first", querySelector: () => ({ getAttribute: () => "of the page" }) };
  globalThis.fetch = async (url, init) => {
    asked.push({ url, ...init });
    return answer(url);
  };
  speakFor("ann", "/me");
});

test("after a sign-in of the same person in another tab the newest token is sent", async () => {
  answer = (url) => Response.json(url === "/me" ? { user: { uuid: "ann" } } : {});
  await postJSON("/verdict", { verdict: "model_error" });
  document.cookie = "lode_csrf=second";
  await postJSON("/verdict", { verdict: "model_error" });
  assert.deepEqual(asked.map(({ url, headers }) => `${url} ${headers["X-CSRFToken"]}`), ["/verdict first", "/me second", "/verdict second"]);
});

test("after another person's sign-in nothing is sent in their name", async () => {
  answer = (url) => Response.json(url === "/me" ? { user: { uuid: "ben", username: "ben" } } : {});
  document.cookie = "lode_csrf=second";
  await assert.rejects(postJSON("/verdict", {}), { fault: "signed_out", message: "ben is signed in at this browser now." });
  assert.deepEqual(asked.map(({ url }) => url), ["/me"]);
});

test("where the browser has no cookie the page's own token is sent", async () => {
  document.cookie = "";
  speakFor("", "");
  await postJSON("/verdict", {});
  assert.equal(asked[0].headers["X-CSRFToken"], "of the page");
});

test("files go as a form, with the newest token and without a limit of time", async () => {
  const form = new FormData();
  form.set("paths", "[]");
  await call("POST", "/upload", form);
  assert.equal(asked[0].headers["Content-Type"], undefined);
  assert.equal(asked[0].headers["X-CSRFToken"], "first");
  assert.equal(asked[0].signal, undefined);
});

test("a fault is named by what one can do about it, in the server's words where it said any", () => {
  const faults = [401, 403, 404, 409, 410, 429, 500, 400].map((status) => faultOf(status, null).fault);
  assert.deepEqual(faults, ["signed_out", "forbidden", "gone", "conflict", "gone", "server", "server", "refused"]);
  assert.equal(faultOf(403, { error: "Authentication credentials were not provided." }).fault, "signed_out");
  assert.equal(faultOf(409, { error: "Newer.", code: "stale" }).message, "Newer.");
  assert.equal(faultOf(409, { error: "Newer.", code: "stale" }).code, "stale");
  assert.deepEqual([faultOf(503, null).passing, faultOf(400, null).passing], [true, false]);
});

test("no connection is a fault that passes; giving up oneself is none", async () => {
  const broken = new TypeError("broken");
  answer = () => Promise.reject(broken);
  await assert.rejects(getJSON("/cards"), (error) => error instanceof HttpError && error.fault === "network" && error.passing);
  await assert.rejects(getJSON("/cards", { signal: AbortSignal.abort() }), broken);
});

test("an answer that is not JSON is the server's fault, a page to sign in at says that one is signed out", async () => {
  answer = () => new Response("<html>");
  await assert.rejects(getJSON("/cards"), { fault: "server" });
  answer = () => ({ type: "opaqueredirect", status: 0, ok: false, text: async () => "" });
  await assert.rejects(getJSON("/cards"), { fault: "signed_out" });
  assert.equal(asked[1].redirect, "manual");
});

// @ts-check
/** A reviewer's session at a queue: one annotation after another, the next one already decoded, verdicts sent once. */

import { call, HttpError } from "../../lode/http.js";
import { uuid } from "../../lode/uuid.js";
import { gettext } from "../../lode/words.js";
import { valueAt } from "../model/slices.js";
import { loadTask, picture, regionsOf } from "../task/loaded_task.js";
import { QueueSession } from "../task/queue_session.js";
import { trailOf } from "../task/trail.js";

/** @typedef {import("../task/loaded_task.js").LoadedTask} LoadedTask */
/** @typedef {import("../task/local_store.js").LocalStore} LocalStore */
/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {"accept"|"fix"|"reject"} Verdict */
/** @typedef {{queue: string, next: string, review: string, comments: string}} Addresses */
/** @typedef {LoadedTask & {waiting: number}} Waiting `waiting`: how many there are in this session, those judged among them */
/** @typedef {{loaded: Waiting, operation: string, verdict: Verdict, comment: string}} Judged */

const REMEMBERED = 20;

/** @extends {QueueSession<Waiting>} */
export class ReviewSession extends QueueSession {
  /** @param {Store} store @param {LocalStore} local @param {Addresses} addresses */
  constructor(store, local, addresses) {
    super(store, local);
    this.addresses = addresses;
    /** Verdicts of this session, the newest last, as far as they can be taken back. @type {Judged[]} */
    this.judged = [];
    this.done = 0;
    /** How many of them the server has. */
    this.confirmed = 0;
  }

  /** @param {string|null} payload as the server wrote it */
  async start(payload) {
    this.outbox.watch();
    await this.outbox.restore();
    if (this.outbox.waiting.length) void this.outbox.flush();
    const first = payload === null ? null : await this.#lay(payload);
    if (first && !this.loaded && !this.#judged(first)) this.open(first);
    else await this.advance();
  }

  /** Give the verdict and go on to the next within the same frame. @param {Verdict} verdict @param {string} comment */
  async judge(verdict, comment) {
    const loaded = this.loaded;
    if (!loaded || this.face !== "task") return;
    const operation = uuid();
    if (verdict === "fix") loaded.left = { regions: [...this.store.inOrder()], history: this.store.history };
    loaded.lead = this.clock.seconds;
    this.judged.push({ loaded, operation, verdict, comment });
    this.judged.splice(0, this.judged.length - REMEMBERED);
    const sent = this.outbox.post({
      operation,
      task: nameOf(loaded),
      queue: this.addresses.queue,
      kind: "review",
      url: this.addresses.review.replace("{annotation}", loaded.annotation),
      annotation: loaded.annotation,
      result: verdict === "fix" ? this.result : "",
      base: loaded.payload.annotation?.revision ?? null,
      lead: this.clock.seconds,
      extra: { verdict, comment },
    });
    this.done += 1;
    this.goOn();
    await sent;
    await this.advance();
    if (this.loaded) loaded.picture?.close(); // else it lies on the stage still
  }

  /**
   * Take the last verdict back and look at its answer again, as it was judged.
   * @returns {Promise<Judged|null>} what was taken back
   * @throws {HttpError} what the server says against it; `network` while it cannot be asked
   */
  async undo() {
    const last = this.judged.at(-1);
    if (!last) return null;
    const loaded = (await this.outbox.withdraw(last.operation)) ? await this.#again(last.loaded) : await this.#recall(last);
    this.judged = this.judged.filter((one) => one !== last);
    this.done -= 1;
    if (last.verdict === "fix") Object.assign(loaded, { left: last.loaded.left, from: "kept" });
    if (this.loaded) {
      for (const one of this.ahead.splice(0, Infinity, this.loaded)) one.picture?.close();
    }
    this.open(loaded);
    return last;
  }

  /** Judge another answer to the task in hand in place of this one. @param {string} annotation */
  async instead(annotation) {
    const { loaded } = this;
    const { text } = await call("POST", this.addresses.next, JSON.stringify({ annotation }));
    if (!text || this.loaded !== loaded) return;
    const other = await this.#lay(text);
    if (this.loaded !== loaded) return other.picture?.close();
    this.open(other);
    loaded?.picture?.close();
  }

  /** @param {Waiting} loaded */
  async #again(loaded) {
    return { ...loaded, ...(await picture(loaded)) };
  }

  /** @param {Judged} last */
  async #recall({ loaded, operation }) {
    await this.outbox.flush();
    if (this.outbox.waiting.some((request) => request.operation === operation)) {
      throw this.outbox.fault ?? new HttpError("network", gettext("No connection."), 0);
    }
    const address = this.addresses.review.replace("{annotation}", loaded.annotation);
    const { text } = await call("DELETE", `${address}?operation_id=${operation}`);
    this.confirmed -= 1;
    return this.#lay(valueAt(text, ["annotation"]) ?? "null");
  }

  /** @param {import("../task/local_store.js").PendingRequest} request */
  async giveUp(request) {
    await this.local.delivered(request);
    this.tell("state");
  }

  /** @param {Waiting} loaded */
  open(loaded) {
    this.loaded = loaded;
    this.pause = 0;
    this.touched = false;
    this.store.load(regionsOf(loaded), loaded.left?.history);
    this.clock.start(loaded.lead);
    this.tell("task");
    void this.fetch();
  }

  async fetchNext() {
    const waiting = this.outbox.waiting.map((request) => request.annotation);
    const holding = this.loaded ? [this.loaded.annotation, ...waiting] : waiting;
    const { status, text } = await call("POST", this.addresses.next, JSON.stringify({ holding }));
    if (status === 204 || !text) {
      this.drained = true;
      return;
    }
    const loaded = await this.#lay(text);
    if (!this.#judged(loaded) && loaded.annotation !== this.loaded?.annotation) this.ahead.push(loaded);
  }

  sent() {
    this.confirmed += 1;
  }

  /** @param {string} text @returns {Promise<Waiting>} */
  async #lay(text) {
    const before = this.confirmed;
    const loaded = await loadTask(text, this.local, (payload) => `review:${payload.annotation?.id}`);
    return { ...loaded, waiting: before + (loaded.payload.waiting ?? 1) };
  }

  /** @param {LoadedTask} loaded */
  #judged(loaded) {
    return this.outbox.waiting.some((request) => request.annotation === loaded.annotation);
  }

  changed() {
    const loaded = this.loaded;
    if (!loaded) return;
    this.touched = true;
    const entry = {
      task: nameOf(loaded),
      queue: this.addresses.queue,
      result: this.result,
      annotation: loaded.annotation,
      base: loaded.base,
      dismissed: [],
      lead: this.clock.seconds,
      at: this.local.stamp(),
      confirmed: false,
      trail: trailOf(this.store),
    };
    void this.local.keep(entry, this.store.history.toKeep());
    this.tell("state");
  }
}

/** @param {LoadedTask} loaded */
function nameOf(loaded) {
  return `review:${loaded.annotation}`;
}

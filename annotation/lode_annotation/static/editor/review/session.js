// @ts-check
/** A reviewer's session at a queue: one annotation after another, the next one already decoded, verdicts sent once. */

import { call, HttpError } from "../../lode/http.js";
import { uuid } from "../../lode/uuid.js";
import { gettext } from "../../lode/words.js";
import { toResultText } from "../model/convert.js";
import { valueAt } from "../model/slices.js";
import { Clock } from "../task/clock.js";
import { loadTask, picture, regionsOf } from "../task/loaded_task.js";
import { Outbox } from "../task/outbox.js";

/** @typedef {import("../task/loaded_task.js").LoadedTask} LoadedTask */
/** @typedef {import("../task/local_store.js").LocalStore} LocalStore */
/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {"accept"|"fix"|"reject"} Verdict */
/** @typedef {{queue: string, next: string, review: string}} Addresses */
/** @typedef {LoadedTask & {waiting: number}} Waiting `waiting`: how many there are in this session, those judged among them */
/** @typedef {{loaded: Waiting, operation: string, verdict: Verdict, comment: string}} Judged */

const LONGEST_PAUSE_MS = 30_000;
const REMEMBERED = 20;

/** @extends {EventTarget} Events: `task`, `face`, `state`, `refused`. */
export class ReviewSession extends EventTarget {
  /** @param {Store} store @param {LocalStore} local @param {Addresses} addresses */
  constructor(store, local, addresses) {
    super();
    this.store = store;
    this.local = local;
    this.addresses = addresses;
    this.clock = new Clock();
    this.outbox = new Outbox(local, () => ({ next: false, holding: [] }));
    /** @type {Waiting|null} */
    this.loaded = null;
    /** @type {Waiting|null} */
    this.ahead = null;
    /** What is shown while no annotation is in hand. @type {"waiting"|"finished"|"stuck"} */
    this.between = "waiting";
    this.drained = false;
    this.pause = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.retryTimer = undefined;
    /** Verdicts of this session, the newest last, as far as they can be taken back. @type {Judged[]} */
    this.judged = [];
    this.done = 0;
    /** How many of them the server has. */
    this.confirmed = 0;
    this.touched = false;
    this.fetching = /** @type {Promise<void>|null} */ (null);
    store.addEventListener("change", () => this.#changed());
    this.outbox.addEventListener("state", () => this.#forward("state"));
    this.outbox.addEventListener("sent", () => (this.confirmed += 1));
    this.outbox.addEventListener("refused", (event) => this.#forward("refused", /** @type {CustomEvent} */ (event).detail));
    this.outbox.addEventListener("hurry", () => this.#hurry());
  }

  /** What the page shows. @returns {import("../task/session.js").Face} */
  get face() {
    if (!this.loaded) return this.between;
    return this.loaded.picture ? "task" : "broken";
  }

  /** @param {string|null} payload as the server wrote it */
  async start(payload) {
    this.outbox.watch();
    await this.outbox.restore();
    if (this.outbox.waiting.length) void this.outbox.flush();
    const first = payload === null ? null : await this.#lay(payload);
    if (first && !this.loaded && !this.#judged(first)) this.#open(first);
    else await this.#advance();
  }

  get result() {
    if (!this.loaded) return "[]";
    const { config, media } = this.loaded.payload;
    return toResultText(this.store.inOrder(), config.controls, media);
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
    this.loaded = null;
    const next = this.ahead;
    this.ahead = null;
    if (next) this.#open(next);
    else this.#between("waiting");
    await sent;
    await this.#advance();
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
      this.ahead?.picture?.close();
      this.ahead = this.loaded;
    }
    this.#open(loaded);
    return last;
  }

  /** @param {Waiting} loaded */
  async #again(loaded) {
    return { ...loaded, ...(await picture(loaded.payload)) };
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

  /** Ask the queue again. */
  async look() {
    this.drained = false;
    this.#between("waiting");
    await this.#advance();
  }

  /** @param {import("../task/local_store.js").PendingRequest} request */
  async giveUp(request) {
    await this.local.delivered(request);
    this.#forward("state");
  }

  async #advance() {
    if (this.loaded) return;
    if (!this.ahead) await this.#fetch();
    if (this.loaded) return;
    const next = this.ahead;
    this.ahead = null;
    if (next) return this.#open(next);
    this.#between(this.drained ? "finished" : "stuck");
    if (this.between === "stuck") this.#tryLater();
  }

  /** @param {"waiting"|"finished"|"stuck"} between */
  #between(between) {
    if (this.loaded) return;
    this.between = between;
    this.#forward("face");
  }

  /** The server did not answer: again by itself, ever more slowly. */
  #tryLater() {
    this.pause = Math.min(LONGEST_PAUSE_MS, this.pause ? this.pause * 2 : 2000);
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void this.#advance(), this.pause);
  }

  #hurry() {
    this.pause = 0;
    if (this.loaded) void this.#fetch();
    else if (this.between === "stuck") void this.#advance();
  }

  /** @param {Waiting} loaded */
  #open(loaded) {
    this.loaded = loaded;
    this.pause = 0;
    this.touched = false;
    this.store.load(regionsOf(loaded), loaded.left?.history);
    this.clock.start(loaded.lead);
    this.#forward("task");
    void this.#fetch();
  }

  #fetch() {
    this.fetching ??= this.#fetchNext().finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  async #fetchNext() {
    if (this.ahead || this.drained) return;
    try {
      const waiting = this.outbox.waiting.map((request) => request.annotation);
      const holding = this.loaded ? [this.loaded.annotation, ...waiting] : waiting;
      const { status, text } = await call("POST", this.addresses.next, JSON.stringify({ holding }));
      if (status === 204 || !text) {
        this.drained = true;
      } else {
        const loaded = await this.#lay(text);
        if (!this.#judged(loaded) && loaded.annotation !== this.loaded?.annotation) this.ahead = loaded;
      }
      this.outbox.fault = null;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.outbox.fault = error;
    }
    this.#forward("state");
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

  #changed() {
    const loaded = this.loaded;
    if (!loaded) return;
    this.touched = true;
    void this.local.keep({
      task: nameOf(loaded),
      queue: this.addresses.queue,
      result: this.result,
      annotation: loaded.annotation,
      base: loaded.base,
      dismissed: [],
      lead: this.clock.seconds,
      at: this.local.stamp(),
      confirmed: false,
    });
    this.#forward("state");
  }

  /** @param {string} name @param {unknown} [detail] */
  #forward(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {LoadedTask} loaded */
function nameOf(loaded) {
  return `review:${loaded.annotation}`;
}

// @ts-check
/**
 * A person at a queue, labeling or reviewing: the task in hand, those already decoded, asking for more, and going on.
 *
 * What the page shows follows from the state alone (`face`): a task in hand is never hidden behind "fetching", and no
 * answer is taken while its picture is not there.
 */

import { HttpError } from "../../lode/http.js";
import { toResultText } from "../model/convert.js";
import { Clock } from "./clock.js";
import { Outbox } from "./outbox.js";

/** @typedef {import("./loaded_task.js").LoadedTask} LoadedTask */
/** @typedef {import("./local_store.js").LocalStore} LocalStore */
/** @typedef {import("./local_store.js").PendingRequest} PendingRequest */
/** @typedef {import("./outbox.js").Answer} Answer */
/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {"task"|"broken"|"waiting"|"finished"|"stuck"} Face */

const LONGEST_PAUSE_MS = 30_000;

/**
 * @template {LoadedTask} T
 * @extends {EventTarget} Events: `task`, `face`, `state`, `refused` (detail Refusal).
 */
export class QueueSession extends EventTarget {
  /** @param {Store} store @param {LocalStore} local */
  constructor(store, local) {
    super();
    this.store = store;
    this.local = local;
    this.clock = new Clock();
    this.outbox = new Outbox(local, (request) => this.along(request));
    /** @type {T|null} */
    this.loaded = null;
    /** @type {T[]} */
    this.ahead = [];
    /** What is shown while no task is in hand. @type {"waiting"|"finished"|"stuck"} */
    this.between = "waiting";
    /** The queue has nothing more, as far as is known. */
    this.drained = false;
    this.fetching = /** @type {Promise<void>|null} */ (null);
    this.pause = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.retryTimer = undefined;
    /** Something was changed since the task in hand was loaded. */
    this.touched = false;
    store.addEventListener("change", () => this.changed());
    this.outbox.addEventListener("sent", (event) => void this.sent(/** @type {CustomEvent} */ (event).detail));
    this.outbox.addEventListener("refused", (event) => this.tell("refused", /** @type {CustomEvent} */ (event).detail));
    this.outbox.addEventListener("state", () => this.tell("state"));
    this.outbox.addEventListener("hurry", () => this.hurry());
  }

  /** What the page shows. @returns {Face} */
  get face() {
    if (!this.loaded) return this.between;
    return this.loaded.picture ? "task" : "broken";
  }

  /** The result as it stands, as JSON text. @returns {string} */
  get result() {
    if (!this.loaded) return "[]";
    const { config, media } = this.loaded.payload;
    return toResultText(this.store.inOrder(), config.controls, media);
  }

  /** Ask the queue again after it was finished, or after the connection failed. */
  async look() {
    this.drained = false;
    this.wait("waiting");
    await this.advance();
  }

  /** The task in hand is done with: the next one within the same frame, where there is one. */
  goOn() {
    this.loaded = null;
    this.touched = false;
    const next = this.ahead.shift();
    if (next) this.open(next);
    else this.wait("waiting");
  }

  /** Show the next task as soon as there is one. */
  async advance() {
    if (this.loaded) return;
    if (!this.ahead.length) await this.fetch();
    if (this.loaded) return;
    const next = this.ahead.shift();
    if (next) return this.open(next);
    this.wait(this.drained ? "finished" : "stuck");
    if (this.between === "stuck") this.#tryLater();
  }

  /** Show that no task is in hand, and why. @param {"waiting"|"finished"|"stuck"} between */
  wait(between) {
    if (this.loaded) return;
    this.between = between;
    this.tell("face");
  }

  /** The server did not answer: again by itself, ever more slowly. */
  #tryLater() {
    this.pause = Math.min(LONGEST_PAUSE_MS, this.pause ? this.pause * 2 : 2000);
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void this.advance(), this.pause);
  }

  /** There is hope again: take up whatever waited for the server. */
  hurry() {
    this.pause = 0;
    if (this.loaded) void this.fetch();
    else if (this.between === "stuck") void this.advance();
  }

  /** Have one task ready beyond the one in hand. */
  fetch() {
    this.fetching ??= this.#fetchOnce().finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  async #fetchOnce() {
    if (this.ahead.length || this.drained) return;
    try {
      await this.fetchNext();
      this.outbox.fault = null;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.outbox.fault = error;
    }
    this.tell("state");
  }

  /** @param {string} name of an event @param {unknown} [detail] */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // What a page's own session says

  /** Put the next task among those `ahead`, or say that the queue is `drained`. @returns {Promise<void>} */
  async fetchNext() {
    throw new Error("a session asks its own queue");
  }

  /** Take a task in hand. @param {T} loaded @returns {void} */
  open(loaded) {
    throw new Error(`a session shows its own tasks, ${loaded.annotation}`);
  }

  /** The regions were changed. */
  changed() {}

  /** The server has taken something. @param {Answer} _answer @returns {Promise<void>|void} */
  sent(_answer) {}

  /** Fields of a request that are known only when it leaves. @param {PendingRequest} _request @returns {Record<string, unknown>} */
  along(_request) {
    return { next: false, holding: [] };
  }
}

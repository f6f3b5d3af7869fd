// @ts-check
/** A reviewer's sitting at a queue: one annotation after another, the next one already decoded, verdicts sent once. */

import { call, HttpError } from "../../lode/http.js";
import { uuid } from "../../lode/uuid.js";
import { gettext } from "../../lode/words.js";
import { toResultText } from "../model/convert.js";
import { valueAt } from "../model/slices.js";
import { Clock } from "../task/clock.js";
import { layOut, picture, regionsOf } from "../task/desk.js";
import { Outbox } from "../task/outbox.js";

/** @typedef {import("../task/desk.js").Desk} Desk */
/** @typedef {import("../task/vault.js").Vault} Vault */
/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {"accept"|"fix"|"reject"} Verdict */
/** @typedef {{queue: string, next: string, review: string}} Addresses */
/** @typedef {Desk & {waiting: number}} Waiting `waiting`: how many there are in this sitting, those judged among them */
/** @typedef {{desk: Waiting, operation: string, verdict: Verdict, comment: string}} Judged */

const LONGEST_PAUSE_MS = 30_000;
const REMEMBERED = 20;

/** @extends {EventTarget} Events: `task`, `face`, `state`, `refused`. */
export class ReviewSession extends EventTarget {
  /** @param {Store} store @param {Vault} vault @param {Addresses} addresses */
  constructor(store, vault, addresses) {
    super();
    this.store = store;
    this.vault = vault;
    this.addresses = addresses;
    this.clock = new Clock();
    this.outbox = new Outbox(vault, () => ({ next: false, holding: [] }));
    /** @type {Waiting|null} */
    this.desk = null;
    /** @type {Waiting|null} */
    this.ahead = null;
    /** What is shown while no annotation is in hand. @type {"waiting"|"finished"|"stuck"} */
    this.between = "waiting";
    this.drained = false;
    this.pause = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.retryTimer = undefined;
    /** Verdicts of this sitting, the newest last, as far as they can be taken back. @type {Judged[]} */
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
    if (!this.desk) return this.between;
    return this.desk.picture ? "task" : "broken";
  }

  /** @param {string|null} payload as the server wrote it */
  async start(payload) {
    this.outbox.watch();
    await this.outbox.restore();
    if (this.outbox.waiting.length) void this.outbox.flush();
    const first = payload === null ? null : await this.#lay(payload);
    if (first && !this.desk && !this.#judged(first)) this.#open(first);
    else await this.#advance();
  }

  get result() {
    if (!this.desk) return "[]";
    const { config, media } = this.desk.payload;
    return toResultText(this.store.inOrder(), config.controls, media);
  }

  /** Give the verdict and go on to the next within the same frame. @param {Verdict} verdict @param {string} comment */
  async judge(verdict, comment) {
    const desk = this.desk;
    if (!desk || this.face !== "task") return;
    const operation = uuid();
    if (verdict === "fix") desk.left = { regions: [...this.store.inOrder()], history: this.store.history };
    desk.lead = this.clock.seconds;
    this.judged.push({ desk, operation, verdict, comment });
    this.judged.splice(0, this.judged.length - REMEMBERED);
    const sent = this.outbox.post({
      operation,
      task: nameOf(desk),
      queue: this.addresses.queue,
      kind: "review",
      url: this.addresses.review.replace("{annotation}", desk.annotation),
      annotation: desk.annotation,
      result: verdict === "fix" ? this.result : "",
      base: desk.payload.annotation?.revision ?? null,
      lead: this.clock.seconds,
      extra: { verdict, comment },
    });
    this.done += 1;
    this.desk = null;
    const next = this.ahead;
    this.ahead = null;
    if (next) this.#open(next);
    else this.#between("waiting");
    await sent;
    await this.#advance();
    if (this.desk) desk.picture?.close(); // else it lies on the stage still
  }

  /**
   * Take the last verdict back and look at its answer again, as it was judged.
   * @returns {Promise<Judged|null>} what was taken back
   * @throws {HttpError} what the server says against it; `network` while it cannot be asked
   */
  async undo() {
    const last = this.judged.at(-1);
    if (!last) return null;
    const desk = (await this.outbox.withdraw(last.operation)) ? await this.#again(last.desk) : await this.#recall(last);
    this.judged = this.judged.filter((one) => one !== last);
    this.done -= 1;
    if (last.verdict === "fix") Object.assign(desk, { left: last.desk.left, from: "kept" });
    if (this.desk) {
      this.ahead?.picture?.close();
      this.ahead = this.desk;
    }
    this.#open(desk);
    return last;
  }

  /** @param {Waiting} desk */
  async #again(desk) {
    return { ...desk, ...(await picture(desk.payload)) };
  }

  /** @param {Judged} last */
  async #recall({ desk, operation }) {
    await this.outbox.flush();
    if (this.outbox.waiting.some((parcel) => parcel.operation === operation)) {
      throw this.outbox.fault ?? new HttpError("network", gettext("No connection."), 0);
    }
    const address = this.addresses.review.replace("{annotation}", desk.annotation);
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

  /** @param {import("../task/vault.js").Parcel} parcel */
  async giveUp(parcel) {
    await this.vault.delivered(parcel);
    this.#forward("state");
  }

  async #advance() {
    if (this.desk) return;
    if (!this.ahead) await this.#fetch();
    if (this.desk) return;
    const next = this.ahead;
    this.ahead = null;
    if (next) return this.#open(next);
    this.#between(this.drained ? "finished" : "stuck");
    if (this.between === "stuck") this.#tryLater();
  }

  /** @param {"waiting"|"finished"|"stuck"} between */
  #between(between) {
    if (this.desk) return;
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
    if (this.desk) void this.#fetch();
    else if (this.between === "stuck") void this.#advance();
  }

  /** @param {Waiting} desk */
  #open(desk) {
    this.desk = desk;
    this.pause = 0;
    this.touched = false;
    this.store.load(regionsOf(desk), desk.left?.history);
    this.clock.start(desk.lead);
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
      const waiting = this.outbox.waiting.map((parcel) => parcel.annotation);
      const holding = this.desk ? [this.desk.annotation, ...waiting] : waiting;
      const { status, text } = await call("POST", this.addresses.next, JSON.stringify({ holding }));
      if (status === 204 || !text) {
        this.drained = true;
      } else {
        const desk = await this.#lay(text);
        if (!this.#judged(desk) && desk.annotation !== this.desk?.annotation) this.ahead = desk;
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
    const desk = await layOut(text, this.vault, (payload) => `review:${payload.annotation?.id}`);
    return { ...desk, waiting: before + (desk.payload.waiting ?? 1) };
  }

  /** @param {Desk} desk */
  #judged(desk) {
    return this.outbox.waiting.some((parcel) => parcel.annotation === desk.annotation);
  }

  #changed() {
    const desk = this.desk;
    if (!desk) return;
    this.touched = true;
    void this.vault.keep({
      task: nameOf(desk),
      queue: this.addresses.queue,
      result: this.result,
      annotation: desk.annotation,
      base: desk.base,
      dismissed: [],
      lead: this.clock.seconds,
      at: this.vault.stamp(),
      confirmed: false,
    });
    this.#forward("state");
  }

  /** @param {string} name @param {unknown} [detail] */
  #forward(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {Desk} desk */
function nameOf(desk) {
  return `review:${desk.annotation}`;
}

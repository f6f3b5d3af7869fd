// @ts-check
/**
 * Handing work in: every request is kept in the local store until the server has answered, and sent again until then.
 *
 * One request travels at a time, oldest first. No connection or a fault of the server: again after 1, 2, 4 ... 30 seconds,
 * or as soon as the browser is online. Signed out: again when somebody has signed in, in whichever tab, or the page is
 * looked at. Not allowed (any more): kept and tried again, while the work of other queues goes out. Refused: kept, and
 * the page is told. A local store that is full or gone holds up no sending.
 */

import { call, csrfCookie, HttpError } from "../../lode/http.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("./local_store.js").PendingRequest} PendingRequest */
/** @typedef {import("./local_store.js").LocalStore} LocalStore */
/** @typedef {{request: PendingRequest, data: any, text: string}} Answer */
/** @typedef {{request: PendingRequest, error: HttpError}} Refusal */

const LONGEST_PAUSE_MS = 30_000;
const SIGN_IN_LOOK_MS = 1000;

/** @extends {EventTarget} Events: `sent` (detail Answer), `refused` (detail Refusal), `state`, `hurry`. */
export class Outbox extends EventTarget {
  /**
   * @param {LocalStore} local
   * @param {(request: PendingRequest) => Record<string, unknown>} along fields known only when a request leaves: `holding`, `next`
   */
  constructor(local, along) {
    super();
    this.local = local;
    this.along = along;
    /** @type {PendingRequest[]} */
    this.waiting = [];
    /** @type {HttpError|null} */
    this.fault = null;
    /** The browser would not keep what waits, in words. */
    this.localFault = "";
    this.sending = false;
    /** @type {PendingRequest|null} */
    this.travelling = null;
    this.pause = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
  }

  /** Take up what an earlier page left. */
  async restore() {
    await this.#keep(async () => {
      const here = new Set(this.waiting.map((request) => request.operation));
      const left = (await this.local.outbox()).filter((request) => !request.refused && !here.has(request.operation));
      this.waiting.unshift(...left);
    });
    this.dispatchEvent(new Event("state"));
  }

  /** Send again at once when there is hope: back online, looked at, or signed in again in any tab. */
  watch() {
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    addEventListener("focus", () => this.hurry());
    let signIn = csrfCookie();
    setInterval(() => {
      const now = csrfCookie();
      const back = now !== "" && now !== signIn;
      signIn = now;
      if (back && this.fault?.fault === "signed_out") this.hurry();
    }, SIGN_IN_LOOK_MS);
  }

  hurry() {
    this.pause = 0;
    if (this.waiting.length) void this.flush();
    this.dispatchEvent(new Event("hurry"));
  }

  /** @param {Omit<PendingRequest, "scope"|"at"|"attempts"|"refused">} request */
  async post(request) {
    const whole = { ...request, scope: this.local.scope, at: this.local.stamp(), attempts: 0, refused: "" };
    this.waiting.push(whole);
    this.dispatchEvent(new Event("state"));
    await this.#keep(() => this.local.post(whole));
    await this.flush();
  }

  /**
   * Take back what was never on its way: nobody but this browser knows of it.
   * @param {string} operation
   * @returns {Promise<boolean>} false where the server has it, or may have
   */
  async withdraw(operation) {
    const request = this.waiting.find((one) => one.operation === operation);
    if (!request || request.attempts || request === this.travelling) return false;
    this.#drop(request);
    await this.#keep(() => this.local.withdraw(operation));
    this.dispatchEvent(new Event("state"));
    return true;
  }

  /** Send what waits. Resolves when nothing more can be sent now. */
  async flush() {
    if (this.sending) return;
    clearTimeout(this.timer);
    this.sending = true;
    /** @type {Map<string, HttpError>} */
    const shut = new Map();
    const first = () => this.waiting.find((request) => !shut.has(request.queue));
    try {
      for (let request = first(); request; request = first()) {
        if (await this.#send(request)) continue;
        if (this.fault?.fault !== "forbidden") break;
        shut.set(request.queue, this.fault);
      }
    } finally {
      this.fault ??= [...shut.values()][0] ?? null;
      this.sending = false;
      this.dispatchEvent(new Event("state"));
    }
  }

  /** @param {PendingRequest} request @returns {Promise<boolean>} whether to go on */
  async #send(request) {
    const head = JSON.stringify({
      operation_id: request.operation,
      annotation_id: request.kind === "review" ? undefined : request.annotation, // a review's address names it
      base_revision: request.base,
      lead_time: Math.round(request.lead * 10) / 10,
      ...request.extra,
      ...this.along(request),
    });
    this.travelling = request;
    const body = request.result === "" ? head : `${head.slice(0, -1)},"result":${request.result}}`;
    try {
      const answer = await call("POST", request.url, body);
      if (!confirms(request, answer.data)) throw new HttpError("server", gettext("The server reported an error."), answer.status);
      this.fault = null;
      this.pause = 0;
      this.#drop(request);
      if (request.kind !== "review") this.local.confirm(request.task, answer.data.annotation.revision);
      await this.#keep(() => this.local.delivered(request));
      this.#pass(request, answer.data?.annotation?.revision ?? null);
      this.dispatchEvent(new CustomEvent("sent", { detail: { request, data: answer.data, text: answer.text } }));
      return true;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return this.#failed(request, error);
    } finally {
      this.travelling = null;
    }
  }

  /** @param {() => Promise<void>} act on the local store */
  async #keep(act) {
    try {
      await act();
      this.localFault = "";
    } catch (error) {
      this.localFault = String(error);
    }
  }

  /** @param {PendingRequest} request */
  #drop(request) {
    this.waiting = this.waiting.filter((other) => other !== request);
  }

  /** Later saves of the same task stand on the revision this one made. @param {PendingRequest} request @param {number|null} revision */
  #pass(request, revision) {
    if (revision === null) return;
    for (const later of this.waiting) {
      if (later.task !== request.task || later.kind !== request.kind) continue;
      later.base = revision;
      void this.#keep(() => this.local.post(later));
    }
  }

  /** @param {PendingRequest} request @param {HttpError} error @returns {Promise<boolean>} */
  async #failed(request, error) {
    this.fault = error;
    request.attempts += 1;
    if (error.passing || error.fault === "signed_out" || error.fault === "forbidden") {
      this.pause = Math.min(LONGEST_PAUSE_MS, this.pause ? this.pause * 2 : 1000);
      const wait = error.passing ? this.pause : LONGEST_PAUSE_MS;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.flush(), wait * (0.8 + Math.random() * 0.4));
      return false;
    }
    this.#drop(request);
    request.refused = error.message;
    await this.#keep(() => this.local.post(request));
    this.fault = null;
    this.dispatchEvent(new CustomEvent("refused", { detail: { request, error } }));
    return true;
  }
}

/**
 * Does an answer say that the request was taken? Whatever else answered in the server's place, it did not.
 * @param {PendingRequest} request
 * @param {any} data
 */
function confirms(request, data) {
  return request.kind === "review" ? Boolean(data?.review) : typeof data?.annotation?.revision === "number";
}

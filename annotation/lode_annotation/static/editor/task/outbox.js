// @ts-check
/**
 * Handing work in: every parcel is kept in the vault until the server has answered, and sent again until then.
 *
 * One parcel travels at a time, oldest first. No connection or a fault of the server: again after 1, 2, 4 ... 30 seconds,
 * or as soon as the browser is online. Signed out: again when somebody has signed in, in whichever tab, or the page is
 * looked at. Not allowed (any more): kept and tried again, while the work of other queues goes out. Refused: kept, and
 * the page is told. A vault that is full or gone holds up no sending.
 */

import { call, csrfCookie, HttpError } from "../../lode/http.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("./vault.js").Parcel} Parcel */
/** @typedef {import("./vault.js").Vault} Vault */
/** @typedef {{parcel: Parcel, data: any, text: string}} Answer */
/** @typedef {{parcel: Parcel, error: HttpError}} Refusal */

const LONGEST_PAUSE_MS = 30_000;
const SIGN_IN_LOOK_MS = 1000;

/** @extends {EventTarget} Events: `sent` (detail Answer), `refused` (detail Refusal), `state`, `hurry`. */
export class Outbox extends EventTarget {
  /**
   * @param {Vault} vault
   * @param {(parcel: Parcel) => Record<string, unknown>} along fields known only when a parcel leaves: `holding`, `next`
   */
  constructor(vault, along) {
    super();
    this.vault = vault;
    this.along = along;
    /** @type {Parcel[]} */
    this.waiting = [];
    /** @type {HttpError|null} */
    this.fault = null;
    /** The browser would not keep what waits, in words. */
    this.vaultFault = "";
    this.sending = false;
    /** @type {Parcel|null} */
    this.travelling = null;
    this.pause = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
  }

  /** Take up what an earlier page left. */
  async restore() {
    await this.#keep(async () => {
      const here = new Set(this.waiting.map((parcel) => parcel.operation));
      const left = (await this.vault.outbox()).filter((parcel) => !parcel.refused && !here.has(parcel.operation));
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
      const anew = now !== "" && now !== signIn;
      signIn = now;
      if (anew && this.fault?.fault === "signed_out") this.hurry();
    }, SIGN_IN_LOOK_MS);
  }

  hurry() {
    this.pause = 0;
    if (this.waiting.length) void this.flush();
    this.dispatchEvent(new Event("hurry"));
  }

  /** @param {Omit<Parcel, "scope"|"at"|"attempts"|"refused">} parcel */
  async post(parcel) {
    const whole = { ...parcel, scope: this.vault.scope, at: this.vault.stamp(), attempts: 0, refused: "" };
    this.waiting.push(whole);
    this.dispatchEvent(new Event("state"));
    await this.#keep(() => this.vault.post(whole));
    await this.flush();
  }

  /**
   * Take back what was never on its way: nobody but this browser knows of it.
   * @param {string} operation
   * @returns {Promise<boolean>} false where the server has it, or may have
   */
  async withdraw(operation) {
    const parcel = this.waiting.find((one) => one.operation === operation);
    if (!parcel || parcel.attempts || parcel === this.travelling) return false;
    this.#drop(parcel);
    await this.#keep(() => this.vault.withdraw(operation));
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
    const first = () => this.waiting.find((parcel) => !shut.has(parcel.queue));
    try {
      for (let parcel = first(); parcel; parcel = first()) {
        if (await this.#send(parcel)) continue;
        if (this.fault?.fault !== "forbidden") break;
        shut.set(parcel.queue, this.fault);
      }
    } finally {
      this.fault ??= [...shut.values()][0] ?? null;
      this.sending = false;
      this.dispatchEvent(new Event("state"));
    }
  }

  /** @param {Parcel} parcel @returns {Promise<boolean>} whether to go on */
  async #send(parcel) {
    const head = JSON.stringify({
      operation_id: parcel.operation,
      annotation_id: parcel.annotation,
      base_revision: parcel.base,
      lead_time: Math.round(parcel.lead * 10) / 10,
      ...parcel.extra,
      ...this.along(parcel),
    });
    this.travelling = parcel;
    const body = parcel.result === "" ? head : `${head.slice(0, -1)},"result":${parcel.result}}`;
    try {
      const answer = await call("POST", parcel.url, body);
      if (!confirms(parcel, answer.data)) throw new HttpError("server", gettext("The server has a fault."), answer.status);
      this.fault = null;
      this.pause = 0;
      this.#drop(parcel);
      if (parcel.kind !== "review") this.vault.confirm(parcel.task, answer.data.annotation.revision);
      await this.#keep(() => this.vault.delivered(parcel));
      this.#pass(parcel, answer.data?.annotation?.revision ?? null);
      this.dispatchEvent(new CustomEvent("sent", { detail: { parcel, data: answer.data, text: answer.text } }));
      return true;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return this.#failed(parcel, error);
    } finally {
      this.travelling = null;
    }
  }

  /** @param {() => Promise<void>} act on the vault */
  async #keep(act) {
    try {
      await act();
      this.vaultFault = "";
    } catch (error) {
      this.vaultFault = String(error);
    }
  }

  /** @param {Parcel} parcel */
  #drop(parcel) {
    this.waiting = this.waiting.filter((other) => other !== parcel);
  }

  /** Later saves of the same task stand on the revision this one made. @param {Parcel} parcel @param {number|null} revision */
  #pass(parcel, revision) {
    if (revision === null) return;
    for (const later of this.waiting) {
      if (later.task !== parcel.task || later.kind !== parcel.kind) continue;
      later.base = revision;
      void this.#keep(() => this.vault.post(later));
    }
  }

  /** @param {Parcel} parcel @param {HttpError} error @returns {Promise<boolean>} */
  async #failed(parcel, error) {
    this.fault = error;
    parcel.attempts += 1;
    if (error.passing || error.fault === "signed_out" || error.fault === "forbidden") {
      this.pause = Math.min(LONGEST_PAUSE_MS, this.pause ? this.pause * 2 : 1000);
      const wait = error.passing ? this.pause : LONGEST_PAUSE_MS;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.flush(), wait * (0.8 + Math.random() * 0.4));
      return false;
    }
    this.#drop(parcel);
    parcel.refused = error.message;
    await this.#keep(() => this.vault.post(parcel));
    this.fault = null;
    this.dispatchEvent(new CustomEvent("refused", { detail: { parcel, error } }));
    return true;
  }
}

/**
 * Does an answer say that the parcel was taken? Whatever else answered in the server's place, it did not.
 * @param {Parcel} parcel
 * @param {any} data
 */
function confirms(parcel, data) {
  return parcel.kind === "review" ? Boolean(data?.review) : typeof data?.annotation?.revision === "number";
}

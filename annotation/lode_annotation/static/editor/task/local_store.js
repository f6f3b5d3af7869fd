// @ts-check
/**
 * What this browser keeps until the server has confirmed it: the journal (work in hand) and the outbox (work submitted).
 *
 * Both live in IndexedDB, keyed by scope (server and user), so that another person at the same browser is offered
 * nothing. Where the browser has no IndexedDB the local store lives in memory and says so.
 */

/**
 * The work on one task as it stands.
 * @typedef {object} Entry
 * @property {string} scope
 * @property {string} task
 * @property {string} queue
 * @property {string} result JSON text of the result
 * @property {string} annotation the annotation's id
 * @property {number|null} base revision the work stands on
 * @property {string[]} dismissed ids of pre-labels put aside
 * @property {number} lead seconds
 * @property {number} at when, by `LocalStore.stamp`
 * @property {boolean} confirmed the server has it as a draft
 * @property {import("./trail.js").Trail} [trail] what the steps kept beside it need
 */
/** @typedef {import("../model/types.js").Step} Step */
/** @typedef {{from: number, steps: readonly Step[]}} Steps the steps of a task from some place on */
/**
 * Something submitted and not yet confirmed.
 * @typedef {object} PendingRequest
 * @property {string} operation its id for the server: sent twice, it is done once
 * @property {string} scope
 * @property {string} task
 * @property {string} queue
 * @property {"submit"|"skip"|"review"} kind
 * @property {string} url
 * @property {string} annotation
 * @property {string} result JSON text of the result; empty where none is sent
 * @property {number|null} base
 * @property {number} lead seconds
 * @property {Record<string, unknown>} extra other fields of the request
 * @property {number} at when, by `LocalStore.stamp`
 * @property {number} attempts
 * @property {string} refused why the server will never take it, in words; empty while it may
 */

const NAME = "motherlode-editor";
const REMEMBERED = 50;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** @returns {Promise<IDBDatabase|null>} */
async function open() {
  try {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("journal", { keyPath: ["scope", "task"] });
      request.result.createObjectStore("outbox", { keyPath: "operation" }).createIndex("scope", "scope");
    };
    return await settled(request);
  } catch {
    return null;
  }
}

/** The name of a step of a task, in the order of the steps. @param {string} task @param {number} at */
function stepName(task, at) {
  return `${task} ${String(at).padStart(9, "0")}`;
}

export class LocalStore {
  /** @param {IDBDatabase|null} db @param {string} scope */
  constructor(db, scope) {
    this.db = db;
    this.scope = scope;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {Map<string, PendingRequest>} */
    this.requests = new Map();
    this.newest = 0;
  }

  /** @param {string} server @param {string} user @returns {Promise<LocalStore>} */
  static async of(server, user) {
    return new LocalStore(await open(), `${server}|${user}`);
  }

  /** Does the local store outlast a reload? */
  get lasting() {
    return this.db !== null;
  }

  /**
   * The time, in milliseconds, but always after whatever the local store has shown: what is older is told by it, and a clock
   * that is set back must not turn that round.
   */
  stamp() {
    this.newest = Math.max(Date.now(), this.newest + 1);
    return this.newest;
  }

  /**
   * The newest revision the server has confirmed to this browser for a task: a payload with an older one was written
   * before that, and is not to be worked on.
   * @param {string} task
   * @returns {number} 0 where none is known
   */
  confirmed(task) {
    return new Map(this.#confirmed()).get(task) ?? 0;
  }

  /** Heard of by every page of this browser before the request goes. @param {string} task @param {number} revision */
  confirm(task, revision) {
    const others = this.#confirmed().filter(([other]) => other !== task);
    try {
      localStorage.setItem(`${NAME} ${this.scope}`, JSON.stringify([...others, [task, revision]].slice(-REMEMBERED)));
    } catch {
      // Full or forbidden: the server asks again then, and nothing is overwritten.
    }
  }

  /** @returns {[string, number][]} */
  #confirmed() {
    try {
      return JSON.parse(localStorage.getItem(`${NAME} ${this.scope}`) ?? "[]");
    } catch {
      return [];
    }
  }

  /** @template {{at: number}} T @param {T} kept @returns {T} */
  #seen(kept) {
    this.newest = Math.max(this.newest, kept.at);
    return kept;
  }

  /** @param {string} task @returns {Promise<Entry|null>} */
  async entry(task) {
    if (!this.db) return this.entries.get(task) ?? null;
    const store = this.db.transaction("journal").objectStore("journal");
    const entry = /** @type {Entry|undefined} */ (await settled(store.get([this.scope, task])));
    return entry ? this.#seen(entry) : null;
  }

  /** The steps of undo kept with an entry. @param {string} task @returns {Promise<Step[]>} */
  async steps(task) {
    if (!this.db) return [];
    const store = this.db.transaction("journal").objectStore("journal");
    const rows = /** @type {{step: Step}[]} */ (await settled(store.getAll(this.#stepsFrom(task, 0))));
    return rows.map((row) => row.step);
  }

  /** They lie in the journal behind their entry, so that both are written as one. @param {string} task @param {number} at */
  #stepsFrom(task, at) {
    return IDBKeyRange.bound([this.scope, stepName(task, at)], [this.scope, `${task} ~`]);
  }

  /** @param {Omit<Entry, "scope">} entry @param {Steps} [steps] of undo; what was kept of them from there on goes */
  async keep(entry, steps) {
    const whole = { ...entry, scope: this.scope };
    if (!this.db) return void this.entries.set(entry.task, whole);
    const transaction = this.db.transaction("journal", "readwrite", { durability: "strict" });
    const journal = transaction.objectStore("journal");
    journal.put(whole);
    if (steps) {
      journal.delete(this.#stepsFrom(entry.task, steps.from));
      steps.steps.forEach((step, n) => journal.put({ scope: this.scope, task: stepName(entry.task, steps.from + n), step }));
    }
    await committed(transaction);
  }

  /** @param {string} task */
  async forget(task) {
    if (!this.db) return void this.entries.delete(task);
    const transaction = this.db.transaction("journal", "readwrite");
    transaction.objectStore("journal").delete([this.scope, task]);
    transaction.objectStore("journal").delete(this.#stepsFrom(task, 0));
    await committed(transaction);
  }

  /** @returns {Promise<PendingRequest[]>} oldest first */
  async outbox() {
    if (!this.db) return [...this.requests.values()];
    const index = this.db.transaction("outbox").objectStore("outbox").index("scope");
    const requests = /** @type {PendingRequest[]} */ (await settled(index.getAll(this.scope)));
    return requests.map((request) => this.#seen(request)).sort((a, b) => a.at - b.at);
  }

  /** @param {Omit<PendingRequest, "scope">} request */
  async post(request) {
    const whole = { ...request, scope: this.scope };
    if (!this.db) return void this.requests.set(request.operation, whole);
    const transaction = this.db.transaction("outbox", "readwrite", { durability: "strict" });
    transaction.objectStore("outbox").put(whole);
    await committed(transaction);
  }

  /** Take a request out, and leave the journal as it is. @param {string} operation */
  async withdraw(operation) {
    if (!this.db) return void this.requests.delete(operation);
    const transaction = this.db.transaction("outbox", "readwrite");
    transaction.objectStore("outbox").delete(operation);
    await committed(transaction);
  }

  /**
   * The server has it (or it was given up): the request goes, and with it the journal's copy unless work went on since.
   * @param {PendingRequest} request
   */
  async delivered(request) {
    if (!this.db) {
      this.requests.delete(request.operation);
      if ((this.entries.get(request.task)?.at ?? 0) <= request.at) this.entries.delete(request.task);
      return;
    }
    const transaction = this.db.transaction(["outbox", "journal"], "readwrite");
    transaction.objectStore("outbox").delete(request.operation);
    const journal = transaction.objectStore("journal");
    const key = [this.scope, request.task];
    const entry = /** @type {Entry|undefined} */ (await settled(journal.get(key)));
    if (entry && entry.at <= request.at) {
      journal.delete(key);
      journal.delete(this.#stepsFrom(request.task, 0));
    }
    await committed(transaction);
  }
}

// @ts-check
/** A person labeling a queue: one task after another, what was done before, and nothing lost on the way. */

import { call, HttpError } from "../../lode/http.js";
import { uuid } from "../../lode/uuid.js";
import { gettext } from "../../lode/words.js";
import { valueAt } from "../model/slices.js";
import { loadTask, picture, regionsOf } from "./loaded_task.js";
import { Claims } from "./claims.js";
import { Journal } from "./journal.js";
import { Leases } from "./lease.js";
import { QueueSession } from "./queue_session.js";
import { trailOf } from "./trail.js";

/** @typedef {import("./loaded_task.js").LoadedTask} LoadedTask */
/** @typedef {import("./local_store.js").LocalStore} LocalStore */
/** @typedef {import("./outbox.js").Answer} Answer */
/** @typedef {import("../model/store.js").Store} Store */
/** @typedef {{queue: string, next: string, mine: string, open: string, submit: string, skip: string, lease: string, draft: string, flag: string, assist: string, able: string, comments: string}} Addresses */

const DRAFT_AFTER_MS = 1500;
const REMEMBERED = 20;
/** As many tasks as the server lets one name. */
const MOST_NAMED = 20;

/** @extends {QueueSession<LoadedTask>} Further events: `picture`, `lost`, `unavailable` (detail HttpError). */
export class Session extends QueueSession {
  /**
   * @param {Store} store
   * @param {LocalStore} local
   * @param {Addresses} addresses with `{task}` where the task's id goes
   */
  constructor(store, local, addresses) {
    super(store, local);
    this.addresses = addresses;
    this.leases = new Leases((task) => this.#address("lease", task));
    /** @type {LoadedTask[]} */
    this.before = [];
    /** There is nothing to go back to, as far as is known. */
    this.earliest = false;
    /** Tasks that another tab of this browser has in hand. @type {Set<string>} */
    this.elsewhere = new Set();
    this.claims = new Claims();
    /** Tasks submitted or skipped. @type {Set<string>} */
    this.done = new Set();
    /** The task that the page was opened for, until the server has answered. */
    this.wanted = "";
    /** Payloads are taken one after the other. */
    this.taking = Promise.resolve();
    /** @type {"clean"|"here"|"there"} */
    this.kept = "clean";
    this.journal = new Journal(local, () => this.#entry(), () => this.tell("state"), store);
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.draftTimer = undefined;
    this.leases.addEventListener("lost", (event) => this.#lost(/** @type {CustomEvent} */ (event).detail));
  }

  /**
   * Begin: first what an earlier page submitted, then the task that the page was opened for, else the queue's next.
   * @param {string} wanted the task's uuid; "" for the queue's next
   */
  async start(wanted) {
    this.#farewell();
    this.outbox.watch();
    await this.outbox.restore();
    const waiting = new Set(this.outbox.waiting.map((request) => request.task));
    this.wanted = waiting.has(wanted) ? "" : wanted;
    if (waiting.size) void this.outbox.flush();
    await this.advance();
    for (const request of await this.local.outbox().catch(() => [])) {
      if (!request.refused || request.queue !== this.addresses.queue) continue;
      this.tell("refused", { request, error: new HttpError("refused", request.refused, 0) });
    }
  }

  /** Hand the task in and go on to the next within the same frame; nothing happens while its picture is not there. */
  async submit() {
    await this.#hand("submit", {});
  }

  /** Put the task aside and go on. @param {string} reason */
  async skip(reason) {
    await this.#hand("skip", { reason });
  }

  /** @param {"submit"|"skip"} kind @param {Record<string, unknown>} extra */
  async #hand(kind, extra) {
    const loaded = this.loaded;
    if (!loaded || (kind === "submit" && this.face !== "task")) return;
    const task = loaded.payload.task.id;
    const sent = this.outbox.post({
      operation: uuid(),
      task,
      queue: this.addresses.queue,
      kind,
      url: this.#address(kind, task),
      annotation: loaded.annotation,
      result: this.result,
      base: loaded.base,
      lead: this.clock.seconds,
      extra,
    });
    await this.#leaveBehind(loaded, kind, sent);
  }

  /**
   * Back to the task before, to change what was submitted; the server knows those from before this page.
   * @returns {Promise<boolean>}
   * @throws {HttpError}
   */
  async back() {
    const loaded = this.before.pop() ?? (await this.#earlier());
    if (!loaded) return false;
    if (!loaded.picture) Object.assign(loaded, await picture(loaded));
    await this.journal.write();
    this.#layAside();
    this.open(loaded);
    void this.leases.renew(loaded.payload.task.id);
    return true;
  }

  /** The newest answer of the person's in this queue that this page does not have. @returns {Promise<LoadedTask|null>} */
  async #earlier() {
    const { data } = await call("GET", this.addresses.mine);
    const here = new Set([...this.#holding(), ...this.before.map((loaded) => loaded.payload.task.id)]);
    const row = /** @type {{task: string}[]} */ (data).find((one) => !here.has(one.task));
    this.earliest = !row;
    if (!row || !(await this.claims.take(row.task))) return null;
    const { text } = await call("POST", this.#address("open", row.task), "{}");
    return loadTask(text, this.local);
  }

  /**
   * Take up a request the server refused: its task again, with the work as it was submitted.
   * @param {import("./local_store.js").PendingRequest} request
   * @returns {Promise<boolean>} false where this page does not have the task
   */
  async reopen(request) {
    const at = this.before.findIndex((loaded) => loaded.payload.task.id === request.task);
    const loaded = this.before[at];
    if (!loaded) return false;
    this.before.splice(at, 1);
    await this.journal.write();
    this.#layAside();
    this.open({ ...loaded, from: "kept" });
    this.touched = true;
    await this.journal.write();
    await this.local.withdraw(request.operation);
    void this.leases.renew(loaded.payload.task.id);
    return true;
  }

  /** Lay a refused request's work where the page that opens its task next finds it. @param {import("./local_store.js").PendingRequest} request */
  async keepForLater(request) {
    const { task, queue, result, annotation, base, lead } = request;
    const at = this.local.stamp();
    await this.local.keep({ task, queue, result, annotation, base, dismissed: [], lead, at, confirmed: false });
    await this.local.withdraw(request.operation);
  }

  /**
   * Send a refused request again on top of what somebody else saved.
   * @param {import("./local_store.js").PendingRequest} request
   * @param {{id?: string, revision?: number}|undefined} theirs
   */
  async insist(request, theirs) {
    const annotation = theirs?.id ?? request.annotation;
    const sent = this.outbox.post({ ...request, operation: uuid(), annotation, base: theirs?.revision ?? null });
    await this.local.withdraw(request.operation);
    await sent;
  }

  /** @param {import("./local_store.js").PendingRequest} request */
  async giveUp(request) {
    await this.local.delivered(request);
    await this.local.forget(request.task);
    this.tell("state");
  }

  /** Load the picture again. */
  async retryPicture() {
    const loaded = this.loaded;
    if (!loaded) return;
    Object.assign(loaded, await picture(loaded));
    if (loaded === this.loaded) this.tell("picture");
  }

  async look() {
    this.elsewhere.clear();
    await super.look();
  }

  /** Give back what nobody touched, then go. */
  async leave() {
    await this.journal.write();
    this.#letGo();
  }

  // Going on

  /** @param {LoadedTask} loaded @param {"submit"|"skip"} kind @param {Promise<void>} sent */
  async #leaveBehind(loaded, kind, sent) {
    Object.assign(loaded, this.#work(loaded), { from: kind === "skip" ? "skipped" : "answered" });
    this.done.add(loaded.payload.task.id);
    this.leases.drop(loaded.payload.task.id);
    this.before.push(loaded);
    this.earliest = false;
    while (this.before.length > REMEMBERED) this.#forgetPicture(this.before.shift());
    for (const old of this.before.slice(0, -3)) this.#forgetPicture(old);
    this.kept = "clean";
    clearTimeout(this.draftTimer);
    this.goOn();
    await sent;
    await this.advance();
  }

  /** @param {LoadedTask|undefined} loaded */
  #forgetPicture(loaded) {
    if (!loaded) return;
    loaded.picture?.close();
    loaded.picture = null;
  }

  hurry() {
    if (this.loaded && !this.loaded.picture) void this.retryPicture();
    if (this.loaded && this.kept === "here") this.#saveDraftSoon();
    super.hurry();
  }

  /** @param {LoadedTask} loaded */
  open(loaded) {
    performance.mark("editor:open");
    this.loaded = loaded;
    this.pause = 0;
    this.touched = false;
    this.kept = loaded.from === "kept" ? "here" : loaded.from === "draft" ? "there" : "clean";
    this.store.load(regionsOf(loaded), loaded.left?.history);
    this.clock.start(loaded.lead);
    this.leases.hold(loaded.payload.task.id, loaded.payload.lease);
    this.tell("task");
    if (loaded.from === "kept") this.#saveDraftSoon();
    void this.fetch();
  }

  /** Put the task in hand before the next ones, as it now stands. */
  #layAside() {
    const loaded = this.loaded;
    if (!loaded) return;
    this.ahead.unshift(Object.assign(loaded, this.#work(loaded), this.touched ? { from: "kept" } : {}));
  }

  /** The work on the task in hand, to be taken up again later. @param {LoadedTask} loaded */
  #work(loaded) {
    const left = { regions: [...this.store.inOrder()], history: this.store.history };
    return { left, dismissed: this.#dismissed(loaded), lead: this.clock.seconds };
  }

  async fetchNext() {
    if (this.wanted) await this.#takeWanted(this.wanted);
    for (let tries = 0; tries < 8 && !this.ahead.length; tries += 1) {
      const body = JSON.stringify({ holding: this.#holding() });
      const { status, text } = await call("POST", this.addresses.next, body);
      if (status !== 204 && text) {
        await this.#take(text);
      } else {
        this.drained = true;
        break;
      }
    }
  }

  /** Ask for this very task; where it is not to be had, say why, and go on with the queue. @param {string} task */
  async #takeWanted(task) {
    try {
      const { text } = await call("POST", this.#address("open", task), "{}");
      this.wanted = "";
      await this.#take(text);
    } catch (error) {
      if (!(error instanceof HttpError) || error.passing || error.fault === "signed_out") throw error;
      this.wanted = "";
      this.tell("unavailable", error);
    }
  }

  /** Lay out a task the server gave, unless it is here already. @param {string} text a payload @returns {Promise<void>} */
  #take(text) {
    const taken = this.taking.then(() => this.#takeNow(text));
    this.taking = taken.catch(() => {});
    return taken;
  }

  /** @param {string} text */
  async #takeNow(text) {
    const loaded = await loadTask(text, this.local);
    const task = loaded.payload.task.id;
    const past = (loaded.payload.annotation?.revision ?? 0) < this.local.confirmed(task);
    const here = past || this.#has(task) || this.outbox.waiting.some((request) => request.task === task);
    const free = !here && !this.elsewhere.has(task) && (await this.claims.take(task));
    if (!free) {
      if (!here) this.elsewhere.add(task);
      loaded.picture?.close();
      return;
    }
    this.before = this.before.filter((earlier) => earlier.payload.task.id !== task);
    this.ahead.push(loaded);
    this.leases.hold(task, loaded.payload.lease);
  }

  /** Is the task in hand here, or the next? @param {string} task */
  #has(task) {
    return [this.loaded, ...this.ahead].some((loaded) => loaded?.payload.task.id === task);
  }

  /**
   * What the server is not to hand out again. A task just submitted is among it: asked before that submit has arrived,
   * the server would still see it in this person's hands.
   * @returns {string[]}
   */
  #holding() {
    const tasks = this.ahead.map((loaded) => loaded.payload.task.id);
    if (this.loaded) tasks.unshift(this.loaded.payload.task.id);
    const leaving = this.outbox.waiting.map((request) => request.task);
    return [...new Set([...tasks, ...leaving, ...this.elsewhere])].slice(0, MOST_NAMED);
  }

  /** @param {import("./local_store.js").PendingRequest} request @returns {Record<string, unknown>} */
  along(request) {
    if (request.queue !== this.addresses.queue) return { next: false, holding: [] };
    return { next: this.ahead.length === 0 && !this.drained, holding: this.#holding() };
  }

  /** @param {Answer} answer */
  async sent({ request, data, text }) {
    const saved = data?.annotation;
    for (const loaded of [this.loaded, ...this.ahead, ...this.before]) {
      if (loaded?.payload.task.id !== request.task || typeof saved?.revision !== "number") continue;
      loaded.base = saved.revision;
      loaded.annotation = saved.id ?? loaded.annotation;
    }
    this.#release(request.task);
    if (data?.next && request.queue === this.addresses.queue) {
      await this.#take(valueAt(text, ["next"]) ?? "null");
      await this.advance();
    }
    this.tell("state");
  }

  // Keeping

  changed() {
    if (!this.loaded) return;
    this.touched = true;
    this.kept = "here";
    this.tell("state");
    void this.journal.write();
    this.#saveDraftSoon();
  }

  /** What the journal keeps of the task in hand. */
  #entry() {
    const loaded = this.loaded;
    if (!loaded || !this.touched) return null;
    return {
      task: loaded.payload.task.id,
      queue: this.addresses.queue,
      result: this.result,
      annotation: loaded.annotation,
      base: loaded.base,
      dismissed: this.#dismissed(loaded),
      lead: this.clock.seconds,
      confirmed: this.kept === "there",
      trail: trailOf(this.store),
    };
  }

  /** The pre-labels that were taken or put aside. @param {LoadedTask} loaded @returns {string[]} */
  #dismissed(loaded) {
    const open = new Set([...this.store.inOrder()].filter((region) => region.pending).map((region) => region.id));
    return (loaded.payload.prelabels ?? []).map((one) => one.id).filter((id) => !open.has(id));
  }

  #saveDraftSoon() {
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => void this.#saveDraft(), DRAFT_AFTER_MS);
  }

  async #saveDraft() {
    const loaded = this.loaded;
    if (!loaded) return;
    const result = this.result;
    const head = JSON.stringify({ annotation_id: loaded.annotation, base_revision: loaded.base });
    try {
      const address = this.#address("draft", loaded.payload.task.id);
      const { data } = await call("PUT", address, `${head.slice(0, -1)},"result":${result}}`);
      if (!data?.draft) throw new HttpError("server", gettext("The server reported an error."), 0);
      this.outbox.fault = null;
      if (loaded !== this.loaded || result !== this.result) return;
      this.kept = "there";
      await this.journal.write();
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.outbox.fault = error.fault === "conflict" ? null : error;
      if (error.fault === "conflict" && loaded === this.loaded) this.#lost(loaded.payload.task.id);
      if (error.passing && loaded === this.loaded) this.draftTimer = setTimeout(() => void this.#saveDraft(), 10_000);
    }
    this.tell("state");
  }

  // Leases

  /** @param {string} task */
  #lost(task) {
    const gone = this.ahead.filter((loaded) => loaded.payload.task.id === task);
    for (const loaded of gone) {
      this.ahead.splice(this.ahead.indexOf(loaded), 1);
      this.#forgetPicture(loaded);
    }
    this.#release(task);
    if (this.loaded?.payload.task.id === task) this.tell("lost");
    void this.fetch();
  }

  /** @param {string} task */
  #release(task) {
    if (this.loaded?.payload.task.id === task) return;
    this.claims.release(task);
  }

  #letGo() {
    for (const loaded of this.ahead) if (loaded.from !== "kept") this.leases.giveBack(loaded.payload.task.id);
    const task = this.loaded?.payload.task.id;
    if (task && !this.touched && this.loaded?.from !== "kept") this.leases.giveBack(task);
  }

  #farewell() {
    addEventListener("pagehide", () => this.#letGo());
    document.addEventListener("visibilitychange", () => {
      this.clock.show(document.visibilityState === "visible");
      if (document.visibilityState === "hidden") void this.journal.write();
    });
    addEventListener("beforeunload", (event) => {
      if (!this.local.lasting && (this.touched || this.outbox.waiting.length)) event.preventDefault();
    });
  }

  /** @param {"open"|"lease"|"draft"|"submit"|"skip"} name @param {string} task */
  #address(name, task) {
    return this.addresses[name].replace("{task}", task);
  }
}

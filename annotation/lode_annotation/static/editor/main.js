// @ts-check
/** The label page: a queue's tasks one after another. */

import { HttpError } from "../lode/http.js";
import { gettext, ngettext } from "../lode/words.js";
import { asideCommands } from "./asides.js";
import { Assist, assistCommands } from "./assist.js";
import { carryCommand } from "./carry.js";
import { Comments } from "./comments/comments.js";
import { Editor } from "./editor.js";
import { fromResults } from "./model/convert.js";
import { OwnKeys } from "./own_keys.js";
import { clockFace } from "./task/clock.js";
import { Session } from "./task/session.js";
import { Sight } from "./task/sight.js";
import { LocalStore } from "./task/local_store.js";
import { find, h } from "../lode/dom.js";
import { dialog } from "../lode/dialog.js";
import { showFacts, showReason } from "./ui/task.js";
import { focusItem, showItem } from "./view/item.js";

/** @typedef {import("./task/local_store.js").PendingRequest} PendingRequest */
/** @typedef {import("./keymap.js").Command} Command */
/**
 * What the server writes into the page.
 * @typedef {object} Boot
 * @property {string} server
 * @property {string} user
 * @property {string} login
 * @property {string} root the path below which a proxy serves us
 * @property {import("./task/session.js").Addresses} addresses
 * @property {string} home where the queue's page is
 * @property {import("./ui/guidance.js").Source} guidance
 * @property {string} task the uuid of the task that the page was opened for; "" for the queue's next
 */

/** @param {string} id of a json_script */
function island(id) {
  return document.getElementById(id)?.textContent ?? "null";
}

async function begin() {
  const boot = /** @type {Boot} */ (JSON.parse(island("editor-boot")));
  const root = find("[data-editor]");
  const editor = new Editor(root, new OwnKeys(`${boot.server}|${boot.user}`));
  const local = await LocalStore.of(boot.server, boot.user);
  const session = new Session(editor.store, local, boot.addresses);
  /** What happened here, newest first. @type {string[]} */
  const log = [];

  editor.guidance.from(boot.guidance);
  const page = new LabelPage(editor, session, boot, log);
  editor.more = () => page.commands();
  editor.begin();
  if (!local.lasting) {
    editor.notes.stay("storage", gettext("This browser keeps nothing across a reload; drafts go to the server only."));
  }
  await session.start(boot.task);
  void page.assist.look();
}

class LabelPage {
  /** Nothing was shown yet; afterwards the tool stays as one left it. */
  #first = true;

  /** @param {Editor} editor @param {Session} session @param {Boot} boot @param {string[]} log */
  constructor(editor, session, boot, log) {
    this.editor = editor;
    this.session = session;
    this.boot = boot;
    this.log = log;
    this.root = editor.root;
    /** @type {HTMLDialogElement|null} */
    this.asking = null;
    /** Why the task that the page was opened for is not to be had; "" once it was said. */
    this.refusal = "";
    this.sight = new Sight(this.root);
    this.comments = new Comments(editor, boot.addresses.comments);
    this.assist = new Assist(editor, boot.addresses, () => session.loaded);
    session.addEventListener("task", () => this.#task());
    session.addEventListener("picture", () => this.#picture());
    session.addEventListener("face", () => this.#noTask());
    session.addEventListener("state", () => this.#state());
    session.addEventListener("lost", () => this.#lost());
    session.addEventListener("unavailable", (event) => {
      this.refusal = /** @type {CustomEvent} */ (event).detail.message;
      this.#unavailable();
    });
    session.addEventListener("refused", (event) => this.#refused(/** @type {CustomEvent} */ (event).detail));
    setInterval(() => this.#tick(), 1000);
    for (const event of ["pointermove", "keydown", "wheel"]) {
      addEventListener(event, () => session.clock.touch(), { passive: true });
    }
  }

  /** @returns {Command[]} */
  commands() {
    const { session, editor } = this;
    const group = gettext("Task");
    const open = () => session.loaded !== null;
    return [
      ...assistCommands(this.assist),
      ...this.comments.commands(),
      { id: "submit", title: gettext("Submit"), group, keys: ["Enter", "Ctrl+Enter"], whileTyping: false, when: () => session.face === "task", run: () => void this.#submit() },
      ...asideCommands(editor, session, (reason) => void this.#skip(reason)),
      { id: "back", title: gettext("Back to the previous task"), group, keys: ["u"], icon: "arrow-left", when: () => session.before.length > 0 || !session.earliest, run: () => void this.#back() },
      carryCommand(editor, () => session.loaded?.payload.task.id),
      { id: "why", title: gettext("Show the reason for this task"), group, keys: ["w"], when: open, run: () => editor.showCause(this.session.loaded?.payload.task.reason ?? null) },
      { id: "leave", title: gettext("Leave"), group, keys: [], icon: "x", run: () => void this.#leave() },
      { id: "retry", title: gettext("Reload the item"), group, keys: [], when: open, run: () => void session.retryPicture() },
      { id: "look", title: gettext("Check again"), group, keys: [], run: () => void session.look() },
    ];
  }

  /** The task that the page was opened for is not to be had: said beside the one that is shown in its place. */
  #unavailable() {
    if (this.refusal) this.editor.notes.stay("unavailable", this.refusal);
  }

  #task() {
    const { editor, session } = this;
    const loaded = session.loaded;
    if (!loaded) return;
    const { payload } = loaded;
    editor.notes.clear();
    this.#unavailable();
    this.refusal = "";
    editor.lastDrawn = null;
    editor.setControls(payload.config.controls, payload.media.kind);
    editor.prelabels.open(payload.queue?.id ?? "");
    this.#picture();
    if (this.#first && !editor.store.shapes().length) editor.draw();
    this.#first = false;
    showReason(find("[data-reason]", this.root), payload.task.reason ?? null);
    editor.pointAtCause(payload.task.reason ?? null);
    showFacts(find("[data-facts]", this.root), payload);
    const place = payload.task.position && payload.task.total;
    find("[data-progress]", this.root).textContent = place
      ? gettext("{n} of {total}", { n: payload.task.position ?? 0, total: payload.task.total ?? 0 })
      : "";
    this.#state();
    this.#tick();
    this.#came(loaded);
    this.comments.open(payload.annotation, payload.comments);
    this.#said();
    focusItem(editor);
    // The benchmark reads this: from the swap to the first frame that shows the task.
    requestAnimationFrame(() => setTimeout(() => performance.measure("editor:shown", "editor:open")));
    editor.notes.announce(gettext("Task {n}. {reason}", { n: payload.task.position ?? "", reason: payload.task.reason?.text ?? "" }));
  }

  /** What is still to be answered stands first, and the way to it. */
  #said() {
    const { comments, editor } = this;
    if (!comments.unresolved.length) return;
    editor.openSide(true);
    editor.notes.stay("comments", comments.words, [{ title: editor.keymap.withKey(gettext("Next comment"), "comment.next"), run: () => comments.step(1) }], "note");
  }

  /** Say where the work on the page came from, and offer the other side. @param {import("./task/loaded_task.js").LoadedTask} loaded */
  #came(loaded) {
    const { editor } = this;
    if (loaded.from === "kept") {
      const other = loaded.other;
      const acts = other
        ? [{ title: gettext("Use the server's draft"), run: () => this.#use(other) }]
        : [{ title: gettext("Start over"), run: () => this.#use("[]") }];
      editor.notes.stay("kept", gettext("Restored your work on this task, which was kept in this browser."), acts, "note");
      this.#note(gettext("Restored the work kept in this browser"));
    } else if (loaded.from === "draft") {
      editor.notes.say(gettext("Restored your draft from the server."));
      this.#note(gettext("Restored the server's draft"));
    }
    const pending = [...editor.store.regions.values()].filter((region) => region.pending).length;
    if (pending) this.#note(ngettext("{n} pre-label from a model", "{n} pre-labels from a model", pending));
  }

  /** Replace the work at hand, as one step that undo takes back. @param {string} result */
  #use(result) {
    const loaded = this.session.loaded;
    if (!loaded) return;
    const texts = /** @type {unknown[]} */ (JSON.parse(result)).map((one) => JSON.stringify(one));
    const { store } = this.editor;
    const regions = fromResults(texts, loaded.payload.config.controls, loaded.payload.media);
    store.transact(gettext("Replace the work"), (change) => {
      for (const region of [...store.regions.values()]) if (!region.pending) change.remove(region.key);
      for (const region of regions) change.add(region);
    });
  }

  #picture() {
    const loaded = this.session.loaded;
    if (!loaded) return;
    const shown = loaded.picture;
    showItem(this.editor, shown, loaded.payload.media, loaded.payload.queue?.id ?? "");
    this.editor.pages.open(loaded);
    this.sight.show(shown ? loaded.payload.task.id : null);
    this.#face();
    if (shown && !["answered", "skipped"].includes(loaded.from)) this.editor.carrier.arrive(loaded.payload.task.id);
  }

  /** Nothing of the task before is left to be worked on by mistake. */
  #noTask() {
    const { editor, session } = this;
    if (session.loaded) return;
    this.sight.show(null);
    this.comments.open(null);
    editor.store.load([]);
    editor.pages.open(null);
    showItem(editor, null, { url: "", width: 1, height: 1 });
    if (session.face === "finished") this.#finished();
    this.#face();
    this.#state();
  }

  /** The page shows what the state of the session says, and regions can be changed under their picture alone. */
  #face() {
    const { face } = this.session;
    this.root.dataset.face = face;
    this.editor.setEditable(face === "task");
  }

  #state() {
    const { session, editor } = this;
    const waiting = session.outbox.waiting.length;
    const fault = session.outbox.fault;
    const dot = find("[data-saved]", this.root);
    const localFault = session.journal.fault || session.outbox.localFault;
    const kept = localFault && (waiting || session.kept === "here") ? "lost" : waiting ? "here" : session.kept;
    dot.dataset.saved = kept;
    const words = {
      clean: gettext("saved"),
      there: gettext("saved"),
      here: gettext("kept here"),
      lost: gettext("not kept"),
    }[kept];
    find("[data-saved-words]", this.root).textContent = waiting ? gettext("{n} to send", { n: waiting }) : words;
    dot.title = {
      clean: gettext("Nothing unsaved."),
      there: gettext("The server has this as a draft."),
      here: gettext("Kept in this browser until the server has it."),
      lost: gettext("This browser could not keep the work: {why}", { why: localFault }),
    }[kept];
    this.#faultNote(fault, waiting);
    editor.refresh();
  }

  /** @param {HttpError|null} fault @param {number} waiting */
  #faultNote(fault, waiting) {
    const { notes } = this.editor;
    const kept = waiting
      ? ngettext("{n} submit is kept here and will be sent.", "{n} submits are kept here and will be sent.", waiting)
      : gettext("Your work is kept in this browser.");
    const again = { title: gettext("Try now"), run: () => this.#again() };
    if (!fault) {
      notes.settle("fault");
    } else if (fault.fault === "network") {
      notes.stay("fault", `${gettext("No connection.")} ${kept}`, [again]);
    } else if (fault.fault === "server") {
      notes.stay("fault", `${gettext("The server reported an error.")} ${kept}`, [again]);
    } else if (fault.fault === "signed_out") {
      const login = { title: gettext("Sign in"), run: () => void open(this.boot.login, "_blank") };
      notes.stay("fault", `${fault.message} ${kept}`, [login, again]);
    } else if (fault.fault === "forbidden") {
      notes.stay("fault", `${fault.message} ${kept}`, [again], "danger");
    } else {
      notes.stay("fault", fault.message, [again], "danger");
    }
  }

  #again() {
    this.session.outbox.hurry();
    void this.session.look();
  }

  async #submit() {
    const { editor, session } = this;
    const { loaded } = session;
    if (!loaded || !this.sight.seen(loaded.payload.task.id)) return;
    editor.stage.cancel();
    const problem = editor.questions.problem();
    if (problem) return editor.questions.pointAt(problem);
    const removed = editor.store.shapes().some((one) => !one.pending) ? 0 : loaded.began;
    this.#note(gettext("Task {n} submitted", { n: loaded.payload.task.position ?? "" }));
    const sent = session.submit();
    const back = { title: editor.keymap.withKey(gettext("Undo"), "back"), run: () => void this.#back() };
    if (removed) {
      const words = ngettext("{n} region removed: submitted as empty.", "{n} regions removed: submitted as empty.", removed);
      editor.notes.echo(words, { title: editor.keymap.withKey(gettext("Undo"), "back"), run: () => void this.#backToRegions() });
    } else {
      editor.notes.echo(gettext("Submitted."), back);
    }
    await sent;
  }

  /** @param {string} reason */
  async #skip(reason) {
    const { loaded } = this.session;
    if (!loaded || (loaded.picture && !this.sight.seen(loaded.payload.task.id))) return;
    this.#note(gettext("Task {n} skipped", { n: loaded.payload.task.position ?? "" }));
    const sent = this.session.skip(reason);
    this.editor.notes.echo(reason ? gettext("Skipped: {reason}", { reason }) : gettext("Skipped."), { title: this.editor.keymap.withKey(gettext("Undo"), "back"), run: () => void this.#back() });
    await sent;
  }

  async #back() {
    const { editor, session } = this;
    editor.stage.cancel();
    editor.notes.hush();
    try {
      if (!(await session.back())) return editor.notes.say(gettext("You have not answered anything before this in the queue."));
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return editor.notes.say(error.message);
    } finally {
      editor.refresh();
    }
    const skipped = session.loaded?.from === "skipped";
    editor.notes.say(
      skipped
        ? gettext("Back at a task you skipped. Submit to answer it.")
        : gettext("Back at a task you submitted. Submit again to change it."),
    );
  }

  /** Back to a task that was emptied, as it was before that. */
  async #backToRegions() {
    const { store } = this.editor;
    await this.#back();
    while (!store.shapes().some((one) => !one.pending) && store.undo());
  }

  async #leave() {
    await this.session.leave();
    location.assign(this.boot.home);
  }

  #finished() {
    const waiting = this.session.outbox.waiting.length;
    const done = ngettext("You finished {n} task in this session.", "You finished {n} tasks in this session.", this.session.done.size);
    find("[data-finished-words]", this.root).textContent = waiting
      ? `${done} ${ngettext("{n} submit is kept here and will be sent.", "{n} submits are kept here and will be sent.", waiting)}`
      : done;
    this.editor.notes.announce(find('[data-face-of="finished"] h2', this.root).textContent ?? "");
  }

  #lost() {
    this.editor.notes.stay(
      "lost",
      gettext("Your lease expired and somebody else has this task now. Your work is kept; submitting it offers it to the reviewers."),
    );
  }

  /** @param {{request: PendingRequest, error: HttpError}} refusal */
  #refused({ request, error }) {
    const { session } = this;
    if (this.asking?.open) {
      // One question at a time; the request stays in the local store and is asked about at the next start.
      this.asking.addEventListener("close", () => this.#refused({ request, error }), { once: true });
      return;
    }
    const count = JSON.parse(request.result || "[]").length;
    const mine = ngettext("{n} region", "{n} regions", count);
    const reopen = { title: gettext("Open my work"), run: () => void this.#reopen(request) };
    const save = { title: gettext("Save it to a file"), run: () => this.#download(request) };
    const giveUp = { title: gettext("Discard my work"), danger: true, run: () => void session.giveUp(request) };
    if (error.code === "stale") {
      const theirs = error.body?.theirs;
      const other = ngettext("{n} region", "{n} regions", theirs?.result?.length ?? 0);
      this.asking = dialog(
        gettext("This task was saved elsewhere in the meantime"),
        [
          h("p", {}, gettext("Nothing was overwritten. There are now two answers:")),
          h("ul", {}, h("li", {}, gettext("yours, kept in this browser: {what}", { what: mine })), h("li", {}, gettext("the newer one, revision {n}: {what}", { n: theirs?.revision ?? "?", what: other }))),
        ],
        [
          { title: gettext("Save mine on top"), primary: true, run: () => void session.insist(request, theirs) },
          reopen,
          { title: gettext("Keep theirs"), run: () => void session.giveUp(request) },
        ],
      );
    } else if (error.code === "lease_lost") {
      const kept = error.body?.kept_as;
      const words = kept
        ? gettext("Your lease expired and somebody else took the task. Your work is not lost: it is kept as a draft that reviewers see.")
        : gettext("Your lease expired and somebody else took the task. Your work is kept in this browser.");
      this.asking = dialog(
        gettext("Somebody else has this task"),
        [h("p", {}, words)],
        [{ title: gettext("Continue"), primary: true, run: () => void (kept ? session.giveUp(request) : undefined) }, save],
      );
    } else {
      const problems = Array.isArray(error.body?.problems) ? error.body.problems : [];
      this.asking = dialog(
        error.fault === "gone" ? gettext("This task no longer exists") : gettext("The server does not accept this answer"),
        [
          h("p", {}, error.message),
          problems.length ? h("ul", {}, ...problems.slice(0, 8).map((/** @type {any} */ one) => h("li", {}, String(one?.error ?? one)))) : "",
          h("p", {}, gettext("Your work is kept in this browser: {what}.", { what: mine })),
        ],
        [...(error.fault === "gone" ? [] : [{ ...reopen, primary: true }]), save, giveUp],
      );
    }
  }

  /** @param {PendingRequest} request */
  async #reopen(request) {
    if (await this.session.reopen(request)) return;
    await this.session.keepForLater(request);
    location.assign(`?task=${request.task}`);
  }

  /** @param {PendingRequest} request */
  #download(request) {
    const blob = new Blob([`{"task":"${request.task}","result":${request.result}}`], { type: "application/json" });
    const link = h("a", { href: URL.createObjectURL(blob), download: `task-${request.task}.json` });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  #tick() {
    find("[data-clock]", this.root).textContent = this.session.loaded ? clockFace(this.session.clock.seconds) : "";
  }

  /** @param {string} words */
  #note(words) {
    this.log.unshift(`${clockFace(new Date().getHours() * 60 + new Date().getMinutes())}  ${words}`);
    this.log.length = Math.min(this.log.length, 30);
    find("[data-log]", this.root).replaceChildren(...this.log.map((line) => h("li", {}, line)));
  }
}

void begin();

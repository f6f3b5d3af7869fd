// @ts-check
/** The review page: accept, fix or reject one annotation after another. */

import { HttpError } from "../../lode/http.js";
import { gettext, ngettext } from "../../lode/words.js";
import { Comments } from "../comments/comments.js";
import { Editor } from "../editor.js";
import { isShape } from "../kinds/index.js";
import { fromResults } from "../model/convert.js";
import { OwnKeys } from "../own_keys.js";
import { clockFace } from "../task/clock.js";
import { Sight } from "../task/sight.js";
import { LocalStore } from "../task/local_store.js";
import { ago, find, h } from "../../lode/dom.js";
import { dialog } from "../../lode/dialog.js";
import { showFacts, showReason } from "../ui/task.js";
import { focusItem, showItem } from "../view/item.js";
import { changesOf, heldOf } from "./changes.js";
import { Layers } from "./layers.js";
import { ReviewSession } from "./session.js";

/** @typedef {import("../keymap.js").Command} Command */
/** @typedef {import("../task/loaded_task.js").LoadedTask} LoadedTask */
/** @typedef {import("./session.js").Verdict} Verdict */
/** @typedef {{server: string, user: string, root: string, login: string, home: string, has_task: boolean, guidance: import("../ui/guidance.js").Source, addresses: import("./session.js").Addresses}} Boot */

/** @param {string} id of a json_script */
function island(id) {
  return document.getElementById(id)?.textContent ?? "null";
}

async function begin() {
  const boot = /** @type {Boot} */ (JSON.parse(island("editor-boot")));
  const editor = new Editor(find("[data-editor]"), new OwnKeys(`${boot.server}|${boot.user}`));
  const session = new ReviewSession(editor.store, await LocalStore.of(boot.server, boot.user), boot.addresses);
  editor.guidance.from(boot.guidance);
  const page = new ReviewPage(editor, session, boot);
  editor.more = () => page.commands();
  editor.begin();
  await session.start(boot.has_task ? island("editor-task") : null);
}

class ReviewPage {
  /** @param {Editor} editor @param {ReviewSession} session @param {Boot} boot */
  constructor(editor, session, boot) {
    this.editor = editor;
    this.session = session;
    this.boot = boot;
    this.root = editor.root;
    this.fixing = false;
    this.undoing = false;
    this.sight = new Sight(this.root);
    this.layers = new Layers(find("[data-layers]", this.root), editor);
    this.comments = new Comments(editor, boot.addresses.comments);
    this.comment = /** @type {HTMLTextAreaElement} */ (find("[data-comment]", this.root));
    session.addEventListener("task", () => this.#task());
    session.addEventListener("state", () => this.#state());
    session.addEventListener("face", () => this.#noTask());
    session.addEventListener("refused", (event) => this.#refused(/** @type {CustomEvent} */ (event).detail));
    this.comment.addEventListener("keydown", (event) => this.#commentKey(event));
    setInterval(() => this.#tick(), 1000);
    for (const event of ["pointermove", "keydown", "wheel"]) {
      addEventListener(event, () => session.clock.touch(), { passive: true });
    }
  }

  /** @returns {Command[]} */
  commands() {
    const { session } = this;
    const group = gettext("Review");
    const open = () => session.face === "task";
    const reading = () => open() && !this.fixing;
    return [
      { id: "review.accept", title: gettext("Accept"), group, keys: ["Enter", "Digit1"], icon: "check", when: reading, run: () => void this.#judge("accept") },
      { id: "review.fix", title: gettext("Fix"), group, keys: ["e", "Digit2"], icon: "edit", when: reading, active: () => this.fixing, run: () => this.#fix(true) },
      { id: "review.reject", title: gettext("Reject"), group, keys: ["r", "Digit3"], icon: "x", when: reading, run: () => this.#reject() },
      { id: "review.save", title: gettext("Accept as fixed"), group, keys: ["Ctrl+Enter", "Enter"], icon: "check", when: () => open() && this.fixing, run: () => void this.#judge("fix") },
      { id: "review.unfix", title: gettext("Stop fixing"), group, keys: [], when: () => this.fixing, run: () => this.#fix(false) },
      { id: "back", title: gettext("Undo the last verdict"), group, keys: ["u"], icon: "arrow-left", when: () => session.judged.length > 0, run: () => void this.#undo() },
      { id: "review.other", title: gettext("Judge another person’s answer"), group, keys: ["Alt+o"], icon: "users", when: () => reading() && this.#nextAnswer() !== undefined, run: () => void this.#judgeOther() },
      ...this.layers.commands(),
      ...this.comments.commands(),
      { id: "why", title: gettext("Show the reason for this task"), group, keys: ["w"], when: open, run: () => this.editor.showCause(session.loaded?.payload.task.reason ?? null) },
      { id: "comment", title: gettext("Write a comment"), group, keys: ["c"], when: open, run: () => this.#write() },
      { id: "leave", title: gettext("Leave"), group, keys: [], icon: "x", run: () => location.assign(this.boot.home) },
      { id: "retry", title: gettext("Reload the item"), group, keys: [], run: () => location.reload() },
      { id: "look", title: gettext("Check again"), group, keys: [], run: () => void session.look() },
    ];
  }

  #task() {
    const { editor, session } = this;
    const loaded = session.loaded;
    if (!loaded) return;
    const { payload } = loaded;
    editor.notes.clear();
    this.comment.value = "";
    editor.openSide(false);
    this.#changes(loaded);
    editor.setControls(payload.config.controls, payload.media.kind);
    editor.prelabels.open(payload.queue?.id ?? "");
    const shown = loaded.picture;
    showItem(editor, shown, payload.media, payload.queue?.id ?? "");
    editor.pages.open(loaded);
    this.sight.show(shown ? loaded.annotation : null);
    this.#face();
    this.#fix(loaded.from === "kept");
    if (loaded.from === "kept") editor.notes.stay("kept", gettext("Restored the fix you had started, which was kept in this browser."), [], "note");
    showReason(find("[data-reason]", this.root), payload.task.reason ?? null);
    editor.pointAtCause(payload.task.reason ?? null);
    showFacts(find("[data-facts]", this.root), payload);
    this.#history(payload);
    this.comments.open(payload.annotation, payload.comments);
    const place = { n: session.done + 1, total: Math.max(loaded.waiting, session.done + 1) };
    find("[data-progress]", this.root).textContent = gettext("{n} of {total} waiting", place);
    find("[data-annotator]", this.root).textContent = payload.annotation?.user ?? "";
    this.#state();
    this.#tick();
    focusItem(editor);
    editor.notes.announce(gettext("Annotation by {who}", { who: payload.annotation?.user ?? "" }));
  }

  /** What differs from what the project holds so far: said in words, marked in the list, laid under the answer. @param {LoadedTask} loaded */
  #changes(loaded) {
    const { list } = this.editor;
    const { config, media, annotation } = loaded.payload;
    const root = find("[data-changes]", this.root);
    const held = loaded.start ? fromResults(loaded.start, config.controls, media) : null;
    const changes = held ? changesOf(held, fromResults(loaded.given, config.controls, media)) : null;
    this.editor.questions.held = held && heldOf(held);
    this.layers.set(held ?? [], changes?.before ?? [], this.#others(loaded.payload));
    const words = { new: gettext("new"), moved: gettext("moved"), relabelled: gettext("relabelled"), edited: gettext("edited") };
    list.mark(new Map([...(changes?.marks ?? [])].map(([key, change]) => [key, words[change]])));
    root.hidden = !annotation;
    const count = (/** @type {string} */ what) => [...(changes?.marks.values() ?? [])].filter((one) => one === what).length;
    root.textContent = changes
      ? [
          gettext("{n} new", { n: count("new") }),
          gettext("{n} moved", { n: count("moved") }),
          ...(count("relabelled") ? [gettext("{n} relabelled", { n: count("relabelled") })] : []),
          ...(count("edited") ? [gettext("{n} edited", { n: count("edited") })] : []),
          gettext("{n} removed", { n: changes.removed.length }),
          ...relationWords(changes.relations),
          ...(changes.answers.length ? [ngettext("{n} answer changed: {names}", "{n} answers changed: {names}", changes.answers.length).replace("{names}", changes.answers.join(", "))] : []),
        ].join(", ")
      : gettext("first labels of this item");
  }

  /** @param {import("../model/types.js").Payload} payload */
  #history(payload) {
    const given = { accept: gettext("accepted"), fix: gettext("accepted as fixed"), reject: gettext("rejected") };
    const rows = (payload.reviews ?? []).map((one) =>
      h("li", {}, ago(one.created_at), `  ${one.reviewer}: ${given[one.verdict]}`, one.comment ? h("p", {}, one.comment) : null),
    );
    const lead = payload.annotation?.lead_time;
    const first = payload.annotation?.submitted_at
      ? h("li", {}, ago(payload.annotation.submitted_at), "  ", gettext("{who} answered in {time} (revision {n})", {
          who: payload.annotation.user ?? "",
          n: payload.annotation.revision,
          time: clockFace(lead ?? 0),
        }))
      : null;
    find("[data-log]", this.root).replaceChildren(...(first ? [first] : []), ...rows);
  }

  /** Answers of others to the same task, and their work that was never submitted. @param {import("../model/types.js").Payload} payload */
  #others({ others = [], config, media }) {
    return others.map(({ user, late, answered, result }) => {
      const texts = result.map((region) => JSON.stringify(region));
      return { who: user, late, answered, shapes: fromResults(texts, config.controls, media).filter(isShape) };
    });
  }

  /** The answer of the next person to the same task. @returns {string|undefined} */
  #nextAnswer() {
    const { others = [], annotation } = this.session.loaded?.payload ?? {};
    const answers = [annotation?.id ?? "", ...others.filter((one) => one.answered).map((one) => one.id)].sort();
    const next = answers[(answers.indexOf(annotation?.id ?? "") + 1) % answers.length];
    return next === annotation?.id ? undefined : next;
  }

  async #judgeOther() {
    const next = this.#nextAnswer();
    if (next === undefined) return;
    try {
      await this.session.instead(next);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.editor.notes.say(error.message);
    }
  }

  /** @param {boolean} on */
  #fix(on) {
    this.fixing = on;
    this.root.classList.toggle("is-fixing", on);
    this.editor.setEditable(on && this.session.face === "task");
    this.editor.refresh();
  }

  #reject() {
    if (this.comment.value.trim() || this.comments.unresolved.length) return void this.#judge("reject");
    this.#write();
    this.editor.notes.say(gettext("Say what is wrong, then press Ctrl+Enter: it goes back to the annotator with the task."));
  }

  #write() {
    this.editor.openSide(true);
    this.comment.focus();
  }

  /** @param {KeyboardEvent} event */
  #commentKey(event) {
    if (event.key === "Escape") focusItem(this.editor);
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.comment.value.trim() && !this.fixing) void this.#judge("reject");
  }

  /** @param {Verdict} verdict */
  async #judge(verdict) {
    const { editor, session } = this;
    if (!session.loaded || !this.sight.seen(session.loaded.annotation)) return;
    editor.stage.cancel();
    const problem = verdict === "fix" ? editor.questions.problem() : null;
    if (problem) return editor.questions.pointAt(problem);
    if (verdict === "fix" && !session.touched && session.loaded?.from !== "kept") verdict = "accept";
    const comment = this.comment.value.trim();
    const who = session.loaded.payload.annotation?.user ?? "";
    this.comment.blur();
    const sent = session.judge(verdict, comment);
    const words = {
      accept: gettext("Accepted {who}'s answer.", { who }),
      fix: gettext("Accepted {who}'s answer as fixed.", { who }),
      reject: gettext("Sent {who}'s answer back.", { who }),
    };
    editor.notes.echo(words[verdict], { title: editor.keymap.withKey(gettext("Undo"), "back"), run: () => void this.#undo() });
    await sent;
  }

  async #undo() {
    const { editor, session } = this;
    if (this.undoing) return;
    this.undoing = true;
    try {
      editor.notes.hush();
      const last = await session.undo();
      if (!last) return;
      this.comment.value = last.comment;
      editor.notes.say(gettext("The verdict was withdrawn; the answer waits for review again."));
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      editor.notes.say(error.message);
    } finally {
      this.undoing = false;
      editor.refresh();
    }
  }

  #face() {
    this.root.dataset.face = this.session.face;
    if (this.session.face !== "task") this.editor.setEditable(false);
  }

  /** Nothing of the answer before is left to be judged by mistake. */
  #noTask() {
    const { editor, session } = this;
    if (session.loaded) return;
    this.sight.show(null);
    this.comments.open(null);
    editor.store.load([]);
    editor.pages.open(null);
    showItem(editor, null, { url: "", width: 1, height: 1 });
    const done = ngettext("You judged {n} annotation in this session.", "You judged {n} annotations in this session.", session.done);
    find("[data-finished-words]", this.root).textContent = done;
    this.#face();
    this.#state();
  }

  #state() {
    const waiting = this.session.outbox.waiting.length;
    const fault = this.session.outbox.fault;
    find("[data-saved]", this.root).dataset.saved = waiting || this.session.touched ? "here" : "clean";
    find("[data-saved-words]", this.root).textContent = waiting
      ? gettext("{n} to send", { n: waiting })
      : this.session.touched ? gettext("kept here") : gettext("saved");
    if (fault) {
      const words = `${fault.message} ${gettext("Your verdicts are kept in this browser and will be sent.")}`;
      const acts = [{ title: gettext("Try now"), run: () => this.session.outbox.hurry() }];
      if (fault.fault === "signed_out") acts.unshift({ title: gettext("Sign in"), run: () => void open(this.boot.login, "_blank") });
      this.editor.notes.stay("fault", words, acts);
    } else {
      this.editor.notes.settle("fault");
    }
    this.editor.refresh();
  }

  /** @param {{request: import("../task/local_store.js").PendingRequest, error: HttpError}} refusal */
  #refused({ request, error }) {
    dialog(
      gettext("The verdict was not accepted"),
      [h("p", {}, error.message), h("p", {}, gettext("The annotation may have changed in the meantime; it is shown again if it still waits for review."))],
      [{ title: gettext("Continue"), primary: true, run: () => void this.session.giveUp(request) }],
    );
  }

  #tick() {
    find("[data-clock]", this.root).textContent = this.session.loaded ? clockFace(this.session.clock.seconds) : "";
  }
}

/** @param {{added: number, removed: number}} relations */
function relationWords({ added, removed }) {
  return [
    ...(added ? [ngettext("{n} relation added", "{n} relations added", added)] : []),
    ...(removed ? [ngettext("{n} relation removed", "{n} relations removed", removed)] : []),
  ];
}

void begin();

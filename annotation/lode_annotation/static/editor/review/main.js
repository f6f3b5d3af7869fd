// @ts-check
/** The review page: accept, fix or reject one annotation after another. */

import { Editor } from "../editor.js";
import { fromResults } from "../model/convert.js";
import { ApiError, speakFor } from "../task/api.js";
import { clockFace } from "../task/clock.js";
import { Sight } from "../task/sight.js";
import { Vault } from "../task/vault.js";
import { find, h, t, tn, useWords } from "../ui/dom.js";
import { dialog } from "../ui/help.js";
import { showFacts, showReason } from "../ui/task.js";
import { ReviewSession } from "./session.js";

/** @typedef {import("../keymap.js").Command} Command */
/** @typedef {import("./session.js").Verdict} Verdict */
/** @typedef {{server: string, user: string, login: string, home: string, words: Record<string, string>, has_task: boolean, addresses: import("./session.js").Addresses}} Boot */

/** @param {string} id of a json_script */
function island(id) {
  return document.getElementById(id)?.textContent ?? "null";
}

async function begin() {
  const boot = /** @type {Boot} */ (JSON.parse(island("editor-boot")));
  useWords(boot.words);
  speakFor(boot.user);
  const editor = new Editor(find("[data-editor]"));
  const session = new ReviewSession(editor.store, await Vault.of(boot.server, boot.user), boot.addresses);
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
    this.sight = new Sight(this.root);
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
    const group = t("Review");
    const open = () => session.face === "task";
    const reading = () => open() && !this.fixing;
    return [
      { id: "review.accept", title: t("Accept"), group, keys: ["Enter", "Digit1"], icon: "check", when: reading, run: () => void this.#judge("accept") },
      { id: "review.fix", title: t("Fix"), group, keys: ["e", "Digit2"], icon: "edit", when: reading, active: () => this.fixing, run: () => this.#fix(true) },
      { id: "review.reject", title: t("Reject"), group, keys: ["r", "Digit3"], icon: "close", when: reading, run: () => this.#reject() },
      { id: "review.save", title: t("Accept as fixed"), group, keys: ["Ctrl+Enter", "Enter"], icon: "check", when: () => open() && this.fixing, run: () => void this.#judge("fix") },
      { id: "review.unfix", title: t("Stop fixing"), group, keys: [], when: () => this.fixing, run: () => this.#fix(false) },
      { id: "why", title: t("Show why this is asked"), group, keys: ["w"], when: open, run: () => this.editor.showCause(session.desk?.payload.task.reason ?? null) },
      { id: "comment", title: t("Write a comment"), group, keys: ["c"], when: open, run: () => this.comment.focus() },
      { id: "leave", title: t("Leave"), group, keys: [], icon: "close", run: () => location.assign(this.boot.home) },
      { id: "retry", title: t("Load the picture again"), group, keys: [], run: () => location.reload() },
      { id: "look", title: t("Look again"), group, keys: [], run: () => void session.look() },
    ];
  }

  #task() {
    const { editor, session } = this;
    const desk = session.desk;
    if (!desk) return;
    const { payload } = desk;
    editor.notes.clear();
    editor.stage.scene.ghosts = [];
    this.comment.value = "";
    editor.setControls(payload.config.controls);
    const shown = desk.picture;
    editor.stage.show(shown?.source ?? null, shown?.size ?? payload.media, payload.media);
    editor.stage.scene.drawNow();
    this.sight.show(shown ? desk.annotation : null);
    this.#face();
    this.#fix(desk.from === "kept");
    if (desk.from === "kept") editor.notes.stay("kept", t("The fix you had begun was kept in this browser and is here again."), [], "");
    showReason(find("[data-reason]", this.root), payload.task.reason ?? null);
    editor.pointAtCause(payload.task.reason ?? null);
    showFacts(find("[data-facts]", this.root), payload);
    this.#history(payload);
    const place = payload.task.position && payload.task.total;
    const placeWords = place ? t("{n} of {total}", { n: payload.task.position ?? 0, total: payload.task.total ?? 0 }) : "";
    find("[data-progress]", this.root).textContent = placeWords;
    find("[data-annotator]", this.root).textContent = payload.annotation?.user ?? "";
    this.#state();
    this.#tick();
    editor.stage.root.focus({ preventScroll: true });
    editor.notes.announce(t("Annotation by {who}", { who: payload.annotation?.user ?? "" }));
  }

  /** @param {import("../model/types.js").Payload} payload */
  #history(payload) {
    const rows = (payload.reviews ?? []).map((one) =>
      h("li", {}, `${new Date(one.created_at).toLocaleString()}  ${one.reviewer}: ${one.verdict}`, one.comment ? h("p", {}, one.comment) : null),
    );
    const lead = payload.annotation?.lead_time;
    const first = payload.annotation?.submitted_at
      ? h("li", {}, t("{when}  {who} answered, revision {n}, in {time}", {
          when: new Date(payload.annotation.submitted_at).toLocaleString(),
          who: payload.annotation.user ?? "",
          n: payload.annotation.revision,
          time: clockFace(lead ?? 0),
        }))
      : null;
    const others = (payload.others ?? []).map((one) => this.#otherRow(payload, one));
    find("[data-log]", this.root).replaceChildren(...(first ? [first] : []), ...rows, ...others);
  }

  /**
   * Work of somebody else that was never handed in, to be laid over the picture.
   * @param {import("../model/types.js").Payload} payload
   * @param {{user: string, result: import("../model/types.js").LsResult[], late: boolean}} one
   */
  #otherRow(payload, one) {
    const texts = one.result.map((region) => JSON.stringify(region));
    const regions = fromResults(texts, payload.config.controls, payload.media);
    const boxes = regions.filter((region) => region.kind === "box");
    const words = one.late ? t("{who} handed in too late: {what}") : t("{who} has unfinished work: {what}");
    const line = words.replace("{who}", one.user).replace("{what}", tn("{n} region", "{n} regions", boxes.length));
    const box = h("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      this.editor.stage.scene.ghosts = box.checked ? boxes : [];
      this.editor.stage.scene.regroup();
    });
    return h("li", {}, h("label", { class: "ed-other" }, box, h("span", {}, line)));
  }

  /** @param {boolean} on */
  #fix(on) {
    this.fixing = on;
    this.root.classList.toggle("is-fixing", on);
    this.editor.setEditable(on && this.session.face === "task");
    this.editor.refresh();
  }

  #reject() {
    if (this.comment.value.trim()) return void this.#judge("reject");
    this.comment.focus();
    this.editor.notes.say(t("Say what is wrong, then press Ctrl+Enter: the annotator reads it."));
  }

  /** @param {KeyboardEvent} event */
  #commentKey(event) {
    if (event.key === "Escape") this.editor.stage.root.focus();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.comment.value.trim() && !this.fixing) void this.#judge("reject");
  }

  /** @param {Verdict} verdict */
  async #judge(verdict) {
    const { editor, session } = this;
    if (!session.desk || !this.sight.seen(session.desk.annotation)) return;
    editor.stage.cancel();
    const missing = verdict === "fix" ? editor.missing()[0] : undefined;
    if (missing) {
      editor.panels.point(missing.name);
      return editor.notes.say(t("{name} must be answered before submitting.", { name: missing.name }));
    }
    if (verdict === "fix" && !session.touched && session.desk?.from !== "kept") verdict = "accept";
    const comment = this.comment.value.trim();
    this.comment.blur();
    await session.judge(verdict, comment);
  }

  #face() {
    this.root.dataset.face = this.session.face;
    if (this.session.face !== "task") this.editor.setEditable(false);
  }

  /** Nothing of the answer before is left to be judged by mistake. */
  #noTask() {
    const { editor, session } = this;
    if (session.desk) return;
    this.sight.show(null);
    editor.store.load([]);
    editor.stage.show(null, { width: 1, height: 1 }, { width: 1, height: 1 });
    const done = tn("You judged {n} annotation in this sitting.", "You judged {n} annotations in this sitting.", session.done);
    find("[data-finished-words]", this.root).textContent = done;
    this.#face();
    this.#state();
  }

  #state() {
    const waiting = this.session.outbox.waiting.length;
    const fault = this.session.outbox.fault;
    find("[data-saved]", this.root).dataset.saved = waiting || this.session.touched ? "here" : "clean";
    find("[data-saved-words]", this.root).textContent = waiting
      ? t("{n} to send", { n: waiting })
      : this.session.touched ? t("kept here") : t("saved");
    if (fault) {
      const words = `${fault.message} ${t("Your verdicts are kept in this browser and will be sent.")}`;
      const acts = [{ title: t("Try now"), run: () => this.session.outbox.hurry() }];
      if (fault.fault === "signed_out") acts.unshift({ title: t("Sign in"), run: () => void open(this.boot.login, "_blank") });
      this.editor.notes.stay("fault", words, acts);
    } else {
      this.editor.notes.settle("fault");
    }
    this.editor.refresh();
  }

  /** @param {{parcel: import("../task/vault.js").Parcel, error: ApiError}} refusal */
  #refused({ parcel, error }) {
    dialog(
      t("The verdict was not taken"),
      [h("p", {}, error.message), h("p", {}, t("The annotation may have changed meanwhile; it comes again if it still waits."))],
      [{ title: t("Go on"), primary: true, run: () => void this.session.giveUp(parcel) }],
    );
  }

  #tick() {
    find("[data-clock]", this.root).textContent = this.session.desk ? clockFace(this.session.clock.seconds) : "";
  }
}

void begin();

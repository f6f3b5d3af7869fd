// @ts-check
/** The comments on an answer in a list beside it, and the field in which they are written. */

import { ago, find, h } from "../../lode/dom.js";
import { uuid } from "../../lode/uuid.js";
import { gettext } from "../../lode/words.js";

/** @typedef {import("./comments.js").Comments} Comments */
/** @typedef {import("../model/types.js").Comment} Comment */

export class CommentPanel {
  /** @param {Comments} comments */
  constructor(comments) {
    this.comments = comments;
    const { root } = comments.editor;
    this.root = find("[data-comments]", root);
    this.rows = find("[data-comment-rows]", this.root);
    this.field = /** @type {HTMLTextAreaElement} */ (find("[data-comment-text]", this.root));
    this.form = find("[data-comment-form]", this.root);
    /** The name of what is written, so that sending it twice says it once. */
    this.uuid = uuid();
    this.held = "";
    find("[data-comment-send]", this.root).addEventListener("click", () => this.#send());
    find("[data-comment-stop]", this.root).addEventListener("click", () => comments.stop());
    this.field.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Another text is written from now on. */
  clear() {
    this.field.value = "";
    this.uuid = uuid();
  }

  focus() {
    this.field.focus();
    this.field.scrollIntoView({ block: "nearest" });
  }

  /** Bring rows and field up to date. */
  refresh() {
    const { comments } = this;
    const { list, target } = comments;
    this.root.hidden = comments.annotation === null;
    this.form.hidden = target === null;
    this.field.placeholder = target?.reply_to ? gettext("Reply") : gettext("Comment");
    find("[data-comment-about]", this.root).textContent = this.#about();
    find("[data-comment-summary]", this.root).textContent = list.length ? gettext("{n} open", { n: comments.unresolved.length }) : "";
    const held = JSON.stringify([list, comments.current, list.map((one) => comments.about(one))]);
    if (held === this.held) return;
    this.held = held;
    const part = document.activeElement instanceof HTMLElement && this.rows.contains(document.activeElement) ? document.activeElement.dataset.part : undefined;
    this.rows.replaceChildren(...list.map((one) => this.#row(one)));
    if (part) /** @type {HTMLElement|null} */ (this.rows.querySelector(`[data-part="${CSS.escape(part)}"]`))?.focus();
    this.rows.querySelector(".is-current")?.scrollIntoView?.({ block: "nearest" });
  }

  /** What is being written about, in words. */
  #about() {
    const { comments } = this;
    const { target } = comments;
    if (target?.reply_to) return gettext("Reply to comment {n}", { n: comments.list.find((one) => one.uuid === target.reply_to)?.number ?? "" });
    if (target?.region) return gettext("On {name}", { name: comments.editor.store.selectedShapes()[0]?.labels.join(", ") ?? "" });
    if (target?.place) return gettext("On this place");
    return gettext("On the whole answer");
  }

  /** @param {Comment} one */
  #row(one) {
    const { comments } = this;
    const current = one.uuid === comments.current;
    const about = comments.about(one);
    const part = (/** @type {string} */ which) => `${one.uuid} ${which}`;
    const { keymap } = comments.editor;
    const act = (/** @type {"reply"|"resolve"} */ which, /** @type {string} */ words, /** @type {() => void} */ run) =>
      h("button", { type: "button", class: "ed-comment-act", "data-part": part(which), title: keymap.withKey(words, `comment.${which}`), onclick: () => (comments.pick(one.uuid), run()) }, words);
    return h(
      "li",
      { class: ["ed-comment-row", current && "is-current", one.resolved && "is-resolved"].filter(Boolean).join(" "), "data-comment": one.uuid, "aria-current": String(current) },
      h("button", { type: "button", class: "ed-pin", "data-part": part("pin"), "aria-label": gettext("Show comment {n}", { n: one.number }), onclick: () => comments.pick(one.uuid) }, String(one.number)),
      h(
        "div",
        { class: "ed-comment-said" },
        h("p", { class: "ed-comment-by" }, h("b", {}, one.author), " ", ago(one.created_at), about && ` · ${about}`, one.resolved && ` · ${gettext("resolved by {who}", { who: one.resolved_by ?? "" })}`),
        h("p", {}, one.text),
        ...one.replies.flatMap((reply) => [h("p", { class: "ed-comment-by" }, h("b", {}, reply.author), " ", ago(reply.created_at)), h("p", {}, reply.text)]),
        h(
          "p",
          { class: "ed-comment-acts" },
          act("reply", gettext("Reply"), () => comments.reply()),
          act("resolve", one.resolved ? gettext("Open again") : gettext("Resolve"), () => void comments.resolve()),
        ),
      ),
    );
  }

  #send() {
    void this.comments.send(this.field.value);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") this.comments.stop();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

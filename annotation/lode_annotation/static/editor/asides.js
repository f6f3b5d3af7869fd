// @ts-check
/** What is said about a task instead of an answer, or beside it: why it is skipped, and a flag with a note. */

import { dialog } from "../lode/dialog.js";
import { h } from "../lode/dom.js";
import { call } from "../lode/http.js";
import { gettext } from "../lode/words.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./task/session.js").Session} Session */

const LONGEST = 300;

/** @param {Storage|null} storage @param {string} queue @returns {string|null} the reason that was given last in the queue */
function lastReason(storage, queue) {
  try {
    return storage?.getItem(`lode skip ${queue}`) ?? null;
  } catch {
    return null;
  }
}

/** @param {Storage|null} storage @param {string} queue @param {string} reason */
function keepReason(storage, queue, reason) {
  try {
    storage?.setItem(`lode skip ${queue}`, reason);
  } catch {
    // The next skip asks for it again.
  }
}

/** A line of text in a dialog; Enter chooses it. @param {string} label @param {string} value @param {(text: string) => void} chosen */
function lineOf(label, value, chosen) {
  const field = h("input", { class: "form-control", type: "text", maxlength: String(LONGEST), value, "aria-label": label, placeholder: label });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    chosen(field.value.trim());
  });
  return field;
}

/** @param {readonly string[]} reasons of the queue, a digit each @param {(reason: string) => void} skip */
function askReason(reasons, skip) {
  const choose = (/** @type {string} */ reason) => {
    box.close();
    skip(reason);
  };
  const rows = reasons.map((reason, n) =>
    h("li", {}, h("button", { type: "button", class: "btn", onclick: () => choose(reason) }, h("kbd", {}, String(n + 1)), " ", reason)),
  );
  const words = lineOf(gettext("Another reason, then Enter"), "", choose);
  const body = [h("ol", { class: "ed-reasons" }, ...rows), words];
  const box = dialog(gettext("Skip: why?"), body, [{ title: gettext("Skip"), primary: true, run: () => skip(words.value.trim()) }]);
  box.addEventListener("keydown", (event) => {
    const reason = /^Digit[1-9]$/.test(event.code) && event.target !== words ? reasons[Number(event.code.slice(5)) - 1] : undefined;
    if (reason === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(reason);
  });
  (rows.length ? rows[0]?.querySelector("button") : words)?.focus();
}

/** @param {Editor} editor @param {Session} session */
async function flag(editor, session) {
  const task = session.loaded?.payload.task;
  if (!task) return;
  const url = session.addresses.flag.replace("{task}", task.id);
  const send = async (/** @type {string} */ note) => {
    try {
      await call(note ? "PUT" : "DELETE", url, note ? JSON.stringify({ note }) : null);
      task.flag = note;
      editor.notes.say(note ? gettext("Flagged: {note}", { note }) : gettext("The flag is gone."));
    } catch (error) {
      editor.notes.say(gettext("The flag was not saved: {why}", { why: error instanceof Error ? error.message : String(error) }));
    }
  };
  const field = lineOf(gettext("What should somebody look at?"), task.flag ?? "", (note) => {
    box.close();
    void send(note);
  });
  const off = task.flag ? [{ title: gettext("Take the flag off"), run: () => void send("") }] : [];
  const box = dialog(gettext("Flag this task"), [field], [{ title: gettext("Flag"), primary: true, run: () => void send(field.value.trim()) }, ...off]);
  field.focus();
}

/**
 * The commands: to skip, asked why where the queue names reasons, to skip for the last reason again, and to flag.
 * @param {Editor} editor
 * @param {Session} session
 * @param {(reason: string) => void} skip
 * @returns {Command[]}
 */
export function asideCommands(editor, session, skip) {
  const group = gettext("Task");
  const open = () => session.loaded !== null;
  const { queue } = session.addresses;
  const forReason = (/** @type {string} */ reason) => {
    if (reason) keepReason(localStorage, queue, reason);
    skip(reason);
  };
  const reasons = () => session.loaded?.payload.queue?.skip_reasons ?? [];
  const again = () => {
    const last = lastReason(localStorage, queue);
    if (last === null) askReason(reasons(), forReason);
    else skip(last);
  };
  return [
    { id: "skip", title: gettext("Skip"), group, keys: ["s"], icon: "player-skip-forward", when: open, run: () => (reasons().length ? askReason(reasons(), forReason) : skip("")) },
    { id: "skip.again", title: gettext("Skip for the last reason; the first time, say which"), group, keys: ["Alt+s"], when: open, run: again },
    { id: "flag", title: gettext("Flag the task with a note"), group, keys: ["Alt+g"], icon: "alert-triangle", when: open, run: () => void flag(editor, session) },
  ];
}

// @ts-check
/** The list of keys, and dialogs that ask what to do. */

import { keyName } from "../../lode/keyboard.js";
import { gettext } from "../../lode/words.js";
import { h } from "./dom.js";

/** @typedef {import("../keymap.js").Keymap} Keymap */

/** What the hand on the pointer can do, which no command says. @returns {[string, string][]} */
function pointerRows() {
  return [
    [gettext("Wheel"), gettext("Zoom where the pointer is")],
    [gettext("Shift + wheel"), gettext("Pan sideways")],
    [gettext("Space + drag, middle button"), gettext("Pan")],
    [gettext("Alt + press"), gettext("Select a region while drawing")],
    [gettext("Shift + press"), gettext("Add to the selection")],
  ];
}

/** @param {Keymap} keymap */
export function showHelp(keymap) {
  /** @type {Map<string, HTMLElement[]>} */
  const groups = new Map();
  for (const command of keymap.commands.values()) {
    const keys = keymap.keysOf(command.id);
    if (!keys.length) continue;
    const row = h("div", { class: "ed-key-row" }, h("dt", {}, command.title), h("dd", {}, ...keys.map((key) => h("kbd", {}, keyName(key)))));
    const rows = groups.get(command.group) ?? [];
    rows.push(row);
    groups.set(command.group, rows);
  }
  const pointer = pointerRows().map(([keys, what]) =>
    h("div", { class: "ed-key-row" }, h("dt", {}, what), h("dd", {}, h("kbd", {}, keys))),
  );
  groups.set(gettext("Pointer"), pointer);
  const columns = [...groups].map(([title, rows]) => h("section", {}, h("h3", {}, title), h("dl", {}, ...rows)));
  const glossary = document.querySelector("[data-glossary]")?.cloneNode(true);
  const body = [h("div", { class: "ed-keys" }, ...columns), ...(glossary ? [glossary] : [])];
  dialog(gettext("Keyboard shortcuts"), body, [{ title: gettext("Close"), run: () => {} }], "ed-dialog-wide");
}

/** @typedef {{title: string, run: () => void, primary?: boolean, danger?: boolean}} Choice */

/**
 * Ask. Escape chooses nothing; the last choice is then still open to the caller's own button.
 * @param {string} title
 * @param {(Node|string)[]} body
 * @param {Choice[]} choices
 * @param {string} [css]
 * @returns {HTMLDialogElement}
 */
export function dialog(title, body, choices, css = "") {
  const buttons = choices.map((choice) => {
    const kind = choice.primary ? "btn btn-primary" : choice.danger ? "btn btn-danger" : "btn";
    const button = h("button", { type: "button", class: kind }, choice.title);
    button.addEventListener("click", () => {
      box.close();
      choice.run();
    });
    return button;
  });
  const box = h(
    "dialog",
    { class: `ed-dialog ${css}`, "aria-label": title },
    h("h2", {}, title),
    h("div", { class: "ed-dialog-body" }, ...body),
    h("footer", {}, ...buttons),
  );
  box.addEventListener("close", () => box.remove());
  box.addEventListener("keydown", (event) => event.stopPropagation());
  document.body.append(box);
  box.showModal();
  (buttons.find((button) => button.classList.contains("btn-primary")) ?? buttons[0])?.focus();
  return box;
}

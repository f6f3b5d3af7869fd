// @ts-check
/** The list of keys. */

import { keyName } from "../../lode/keyboard.js";
import { gettext } from "../../lode/words.js";
import { dialog } from "../../lode/dialog.js";
import { h } from "../../lode/dom.js";

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

// @ts-check
/** The list of keys. */

import { keyList } from "../../lode/key_list.js";
import { keyName } from "../../lode/keyboard.js";
import { gettext } from "../../lode/words.js";
import { dialog } from "../../lode/dialog.js";

/** @typedef {import("../keymap.js").Keymap} Keymap */

/** What the hand on the pointer can do, which no command says. @returns {import("../../lode/key_list.js").KeyGroup} */
function pointerGroup() {
  return {
    title: gettext("Pointer"),
    rows: [
      { keys: [gettext("Wheel")], title: gettext("Zoom where the pointer is") },
      { keys: [gettext("Shift + wheel")], title: gettext("Pan sideways") },
      { keys: [gettext("Space + drag, middle button")], title: gettext("Pan") },
      { keys: [gettext("Alt + press")], title: gettext("Select a region while drawing") },
      { keys: [gettext("Shift + press")], title: gettext("Add to the selection") },
    ],
  };
}

/** @param {Keymap} keymap */
export function showHelp(keymap) {
  const commands = [...keymap.commands.values()].filter((command) => keymap.keysOf(command.id).length);
  const groups = [...new Set(commands.map((command) => command.group))].map((title) => ({
    title,
    rows: commands
      .filter((command) => command.group === title)
      .map((command) => ({ title: command.title, keys: keymap.keysOf(command.id).map(keyName) })),
  }));
  const glossary = document.querySelector("[data-glossary]")?.cloneNode(true);
  const body = [keyList([...groups, pointerGroup()]), ...(glossary ? [glossary] : [])];
  dialog(gettext("Keyboard shortcuts"), body, [{ title: gettext("Close"), run: () => {} }], "ed-dialog-wide");
}

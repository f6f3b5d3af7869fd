// @ts-check
/** Every `[data-command]` of the page becomes a button of the command table. */

import { keyName } from "../../lode/keyboard.js";
import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";

/** @typedef {import("../keymap.js").Keymap} Keymap */

/**
 * @param {ParentNode} root
 * @param {Keymap} keymap
 * @returns {() => void} refresh: enabled, pressed
 */
export function bindButtons(root, keymap) {
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("button[data-command]"));
  for (const button of buttons) {
    button.addEventListener("click", () => keymap.run(button.dataset.command ?? ""));
    // A press with the mouse leaves the focus on the picture, so that Enter still submits.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    // Enter held down on a button would press it again and again.
    button.addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && event.preventDefault());
  }

  function refresh() {
    for (const button of buttons) {
      const command = keymap.commands.get(button.dataset.command ?? "");
      button.hidden = !command;
      if (!command) continue;
      dress(button, command, keymap.keysOf(command.id));
      const off = command.when ? !command.when() : false;
      // aria-disabled keeps the button in the tab order; the command itself refuses.
      button.setAttribute("aria-disabled", String(off));
      if (command.active) button.setAttribute("aria-pressed", String(command.active()));
    }
  }
  return refresh;
}

/**
 * @param {HTMLButtonElement} button
 * @param {import("../keymap.js").Command} command
 * @param {string[]} keys
 */
function dress(button, command, keys) {
  const key = keys[0] ? keyName(keys[0]) : "";
  const mark = `${command.title}|${key}`;
  if (button.dataset.dressed === mark) return;
  button.dataset.dressed = mark;
  button.title = key ? `${command.title}  (${key})` : command.title;
  const titled = button.dataset.show?.includes("title") ?? false;
  if (!titled) button.setAttribute("aria-label", command.title);
  if (key) button.setAttribute("aria-keyshortcuts", ariaKey(keys[0] ?? ""));
  else button.removeAttribute("aria-keyshortcuts");
  const parts = [];
  if (command.icon) parts.push(icon(command.icon));
  if (titled) parts.push(h("span", { class: "ed-button-title" }, command.title));
  if (key && button.dataset.show?.includes("key")) parts.push(h("kbd", { "aria-hidden": "true" }, key));
  button.replaceChildren(...parts);
}

/** @param {string} key */
function ariaKey(key) {
  return key.replace("Ctrl", "Control").replace("Digit", "");
}

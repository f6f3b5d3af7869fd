// @ts-check
// The keys of a page: bound in one place, listed under "?".
import { keyList } from "./key_list.js";
import { isTyping, keyName, spellings } from "./keyboard.js";
import { gettext } from "./words.js";

/**
 * @typedef {{key: string, title: string, run: (event: KeyboardEvent) => void, shown?: string, repeat?: boolean}} Key
 * `key` is written as `keyboard.js` says: `j`, `?`, `Shift+J`, `Ctrl+Enter`, `ArrowRight`, `Digit1`.
 */

/** @type {{title: string, keys: Key[]}[]} */
const groups = [];
let going = 0;

/**
 * Binds a group of keys and lists them under `?`.
 * @param {string} title
 * @param {Key[]} list
 * @returns {() => void} takes the group away again
 */
export function keys(title, list) {
  const group = { title, keys: list };
  groups.push(group);
  return () => {
    const at = groups.indexOf(group);
    if (at >= 0) groups.splice(at, 1);
  };
}

/** As `spellings` writes it: letters are small. @param {string} pattern */
function spelled(pattern) {
  return pattern.replace(/(^|\+)([A-Z])$/, (_, lead, letter) => lead + letter.toLowerCase());
}

/** Shows the keys of this page. */
export function showKeys() {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("keys-dialog"));
  const list = dialog?.querySelector("[data-key-list]");
  if (!dialog || !list) return;
  if (dialog.open) {
    dialog.close();
    return;
  }
  const going = [...document.querySelectorAll("[data-go]")].map((link) => ({
    keys: ["g", link.getAttribute("data-go") ?? ""],
    title: link.querySelector("span")?.textContent ?? "",
  }));
  const own = groups.map((group) => ({
    title: group.title,
    rows: group.keys.map((key) => ({ title: key.title, keys: (key.shown ?? keyName(spelled(key.key))).split(" ") })),
  }));
  list.replaceChildren(keyList([...own, { title: gettext("Go to"), rows: going }]));
  dialog.showModal();
}

/** Listens; called once by the shell. */
export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") /** @type {HTMLElement} */ (event.target).blur();
      return;
    }
    const dialog = document.querySelector("dialog[open]");
    if (dialog && event.key !== "?") return;
    if (going && Date.now() - going < 1500 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      going = 0;
      const link = /** @type {HTMLAnchorElement | null} */ (document.querySelector(`[data-go="${CSS.escape(event.key)}"]`));
      if (link) {
        event.preventDefault();
        link.click();
        return;
      }
    }
    const pressed = spellings(event);
    for (const group of groups.toReversed()) {
      for (const key of group.keys) {
        if (!pressed.includes(spelled(key.key)) || (event.repeat && key.repeat === false)) continue;
        event.preventDefault();
        key.run(event);
        return;
      }
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && event.key === "g" && document.querySelector("[data-go]")) going = Date.now();
  });
}

// @ts-check
/** The list of keys, where a person makes them their own. */

import { keyList } from "../../lode/key_list.js";
import { keyName, spellings } from "../../lode/keyboard.js";
import { gettext } from "../../lode/words.js";
import { dialog } from "../../lode/dialog.js";
import { h } from "../../lode/dom.js";
import { icon } from "../../lode/icon.js";
import { PRESETS, assigned, baseKeys, holders, isFirm, isFree, isOwn } from "../own_keys.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../keymap.js").Command} Command */
/** @typedef {import("../../lode/key_list.js").KeyGroup} KeyGroup */
/** @typedef {import("../../lode/key_list.js").KeyRow} KeyRow */
/** @typedef {{id: string, keys: readonly string[], words: string, act: string}} Question whether a command is to have keys that another has */

/** Keys that say nothing alone. */
const PARTS = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "NumLock", "Fn", "Dead", "Process", "Unidentified"]);
const BACK = new Set(["Delete", "Backspace"]);

/** What the hand on the pointer can do, which no command says. @param {Editor} editor @returns {KeyGroup[]} */
function pointerGroups({ medium, marking }) {
  if (!medium.isPicture) return marking ? [textGroup()] : [];
  return [{
    title: gettext("Pointer"),
    rows: [
      { keys: [gettext("Wheel")], title: gettext("Zoom where the pointer is") },
      { keys: [gettext("Shift + wheel")], title: gettext("Pan sideways") },
      { keys: [gettext("Alt + wheel")], title: gettext("Turn the pages of a picture that has several") },
      { keys: [gettext("Space + drag, middle button")], title: gettext("Pan") },
      { keys: [gettext("Alt + press")], title: gettext("Select a region while drawing") },
      { keys: [gettext("Shift + press")], title: gettext("Add to the selection") },
    ],
  }];
}

/** The same of a text. @returns {KeyGroup} */
function textGroup() {
  return {
    title: gettext("Pointer"),
    rows: [
      { keys: [gettext("Drag")], title: gettext("Mark words with the label in hand") },
      { keys: [gettext("Double click")], title: gettext("Mark a word") },
      { keys: [gettext("Press")], title: gettext("Select a span; once more, the next one there") },
      { keys: [gettext("Shift + press")], title: gettext("Add to the selection") },
    ],
  };
}

/** @param {Editor} editor */
export function showHelp(editor) {
  new KeyDialog(editor).open();
}

class KeyDialog {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    /** The command that waits for its new key. */
    this.listening = "";
    /** @type {Question|null} */
    this.question = null;
    this.said = h("p", { class: "ed-keys-said", role: "status" });
    this.presets = PRESETS.map((preset) =>
      h("button", { type: "button", class: "btn btn-sm ed-keys-preset", onclick: () => this.#choose(preset) }, preset.title),
    );
    this.list = h("div");
  }

  open() {
    const group = { class: "ed-keys-presets", role: "group", "aria-label": gettext("Preset keys") };
    const presets = h("div", group, h("span", {}, gettext("Keys as in")), ...this.presets);
    const glossary = document.querySelector("[data-glossary]")?.cloneNode(true);
    const body = [presets, this.said, this.list, ...(glossary ? [glossary] : [])];
    this.#say();
    this.#draw();
    const box = dialog(gettext("Keyboard shortcuts"), body, [{ title: gettext("Close"), run: () => {} }], "ed-dialog-wide");
    box.addEventListener("cancel", (event) => {
      if (this.listening || this.question) event.preventDefault();
    });
  }

  /** @param {string} [focus] the command whose button gets the focus */
  #draw(focus) {
    const { ownKeys, commands } = this.editor;
    PRESETS.forEach(({ id }, n) => this.presets[n]?.setAttribute("aria-pressed", String(id === ownKeys.choice.preset)));
    const shown = commands.filter((command) => this.#isShown(command));
    const groups = [...new Set(shown.map((command) => command.group))].map((title) => ({
      title,
      rows: shown.filter((command) => command.group === title).map((command) => this.#row(command)),
    }));
    this.list.replaceChildren(keyList([...groups, ...pointerGroups(this.editor)]));
    if (!focus) return;
    const place = this.question ? "[data-take]" : `[data-key-of="${focus}"]`;
    /** @type {HTMLElement|null} */ (this.list.querySelector(place))?.focus();
  }

  /** Those that have a key now, and those that a person took it from. @param {Command} command */
  #isShown(command) {
    const { keymap, ownKeys } = this.editor;
    if (keymap.keysOf(command.id).length || ownKeys.choice.keys[command.id]) return true;
    return isOwn(command) && baseKeys(ownKeys.choice, command).length > 0 && !keymap.commands.get(command.id)?.keys.length;
  }

  /** @param {Command} command @returns {KeyRow} */
  #row(command) {
    const { keymap, ownKeys } = this.editor;
    const { id, title } = command;
    const keys = keymap.keysOf(id);
    const changed = ownKeys.choice.keys[id] !== undefined;
    const loose = keys.filter((key) => !isFirm(key)).map(keyName);
    if (!isOwn(command) || !(changed || loose.length || baseKeys(ownKeys.choice, command).length)) return { title, keys: keys.map(keyName) };
    const listens = this.listening === id;
    const words = loose.length ? loose.map((key) => h("kbd", {}, key)) : [gettext("none")];
    const label = gettext("Change the key of {title}: {keys}", { title, keys: loose.join(", ") || gettext("none") });
    const button = h(
      "button",
      {
        type: "button",
        class: listens ? "ed-key is-listening" : "ed-key",
        "data-key-of": id,
        "aria-label": listens ? gettext("Press the new key of {title}", { title }) : label,
        title: listens ? undefined : gettext("Change the key"),
        onclick: () => this.#listen(command),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event, command),
        // A press on another button of the dialog comes to it.
        onblur: (/** @type {FocusEvent} */ event) => listens && this.listening === id && !(event.relatedTarget instanceof HTMLButtonElement) && this.#listen(null),
      },
      ...(listens ? [gettext("Press a key")] : words),
    );
    const back = gettext("Take the default key of {title} back", { title });
    const reset = h("button", { type: "button", class: "ed-key-reset", title: back, "aria-label": back, onclick: () => this.#reset(command) }, icon("arrow-back-up"));
    const acts = changed && !listens ? [button, reset] : [button];
    return { title, keys: keys.filter(isFirm).map(keyName), acts, below: this.question?.id === id ? this.#ask(this.question, command) : undefined };
  }

  /** @param {Question} question @param {Command} command */
  #ask({ keys, words, act }, command) {
    const leave = () => this.#listen(null, command);
    return h(
      "dd",
      {
        class: "ed-key-ask",
        role: "alert",
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          leave();
        },
      },
      h("span", {}, words),
      h("button", { type: "button", class: "btn btn-sm", "data-take": true, onclick: () => this.#take(command, keys) }, act),
      h("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: leave }, gettext("Cancel")),
    );
  }

  /** Wait for a command's new key, or for none. @param {Command|null} command @param {Command|null} [focus] */
  #listen(command, focus = command) {
    const wait = command && this.listening !== command.id;
    this.listening = wait ? command.id : "";
    this.question = null;
    this.#say(wait ? gettext("Press the new key of {title}. Esc leaves it as it is, Delete takes the default back.", { title: command.title }) : "");
    this.#draw(focus?.id);
  }

  /** @param {KeyboardEvent} event @param {Command} command */
  #key(event, command) {
    const listens = this.listening === command.id;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (event.key === "Tab" && listens) this.#listen(null, command);
    if (event.key === "Tab" || !(listens || (plain && BACK.has(event.key)))) return;
    event.preventDefault();
    event.stopPropagation();
    const [key] = spellings(event);
    if (event.repeat || event.isComposing || PARTS.has(event.key) || !key) return;
    if (key === "Escape") this.#listen(null, command);
    else if (BACK.has(key)) this.#reset(command);
    else if (isFree(key)) this.#propose(command, [key]);
    else this.#say(gettext("{key} cannot be given to a command. Press another key, or Esc to leave it as it is.", { key: keyName(key) }));
  }

  /** Give a command these keys; where another one has them, ask first. @param {Command} command @param {readonly string[]} keys */
  #propose(command, keys) {
    const others = holders([...this.editor.keymap.commands.values()], command.id, keys);
    if (!others.length) return this.#take(command, keys);
    const names = { key: keys.map(keyName).join(", "), title: others.map((other) => other.title).join(", ") };
    const words = others.every(isOwn)
      ? gettext("{key} is the key of {title}.", names)
      : gettext("{key} is the key of {title}. The key of a label in the schema goes first.", names);
    this.listening = "";
    this.question = { id: command.id, keys, words, act: gettext("Take {key}", names) };
    this.#say();
    this.#draw(command.id);
  }

  /** @param {Command} command @param {readonly string[]} keys */
  #take(command, keys) {
    const { ownKeys, commands, keymap } = this.editor;
    const others = holders([...keymap.commands.values()], command.id, keys).filter(isOwn);
    const names = { key: keys.map(keyName).join(", ") || gettext("none"), title: command.title, other: others.map((other) => other.title).join(", ") };
    this.listening = "";
    this.question = null;
    this.editor.setKeys(assigned(ownKeys.choice, commands, command.id, keys));
    this.#say(others.length ? gettext("{title}: {key}. Taken from {other}.", names) : gettext("{title}: {key}.", names));
    this.#draw(command.id);
  }

  /** @param {Command} command */
  #reset(command) {
    this.#propose(command, baseKeys(this.editor.ownKeys.choice, command));
  }

  /** @param {import("../own_keys.js").Preset} preset */
  #choose({ id, title }) {
    const before = this.editor.ownKeys.choice;
    const lost = Object.keys(before.keys).length > 0;
    this.listening = "";
    this.question = null;
    this.editor.setKeys({ preset: id, keys: {} });
    const undo = () => {
      this.editor.setKeys(before);
      this.#say(gettext("Your own keys are back."));
      this.#draw();
      this.presets.find((button) => button.getAttribute("aria-pressed") === "true")?.focus();
    };
    if (lost) this.#say(gettext("The keys are those of {title}. Your own changes were taken back.", { title }), undo);
    else this.#say(gettext("The keys are those of {title}.", { title }));
    this.#draw();
  }

  /** @param {string} [words] what can be done, where none are given @param {() => void} [undo] */
  #say(words, undo) {
    const hint = gettext("Press a key in the list to change it. Digits, Enter and Esc stay where they are, and labels have theirs from the schema.");
    const lasting = this.editor.ownKeys.lasting ? "" : gettext("This browser cannot keep them: they hold until the page is closed.");
    const button = undo && h("button", { type: "button", class: "btn btn-sm", onclick: undo }, gettext("Undo"));
    this.said.replaceChildren(h("span", {}, [words || hint, lasting].filter(Boolean).join(" ")), ...(button ? [button] : []));
  }
}

// @ts-check
/** Keys and commands: one table drives the keys, the buttons and the list of keys. */

import { isTyping, keyName, spellings } from "../lode/keyboard.js";

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string} title
 * @property {string} group heading in the list of keys
 * @property {readonly string[]} keys
 * @property {() => boolean} [when] whether it can be done now
 * @property {() => boolean} [active] whether it is switched on
 * @property {string} [icon]
 * @property {() => void} run
 * @property {boolean} [whileTyping] whether its keys hold inside a text field
 * @property {boolean} [repeat] whether a held key repeats it
 */

export class Keymap {
  constructor() {
    /** @type {Map<string, Command>} */
    this.commands = new Map();
    /** @type {Map<string, Command[]>} */
    this.byKey = new Map();
  }

  /**
   * Set the table. Where two commands want one key the earlier that can be done now has it: the task's own label keys
   * come first.
   * @param {readonly Command[]} commands
   */
  set(commands) {
    this.commands = new Map(commands.map((command) => [command.id, command]));
    this.byKey = new Map();
    for (const command of commands) {
      for (const key of command.keys) this.byKey.set(key, [...(this.byKey.get(key) ?? []), command]);
    }
  }

  /** The keys a command has got. @param {string} id @returns {string[]} */
  keysOf(id) {
    const command = this.commands.get(id);
    if (!command) return [];
    return command.keys.filter((key) => {
      const first = this.byKey.get(key)?.[0];
      return first === command || first?.when?.() === false;
    });
  }

  /** Words with the first key that a command has got. @param {string} words @param {string} id */
  withKey(words, id) {
    const [key] = this.keysOf(id);
    return key ? `${words} (${keyName(key)})` : words;
  }

  /** Do a command if it can be done now. @param {string} id @returns {boolean} */
  run(id) {
    const command = this.commands.get(id);
    if (!command || (command.when && !command.when())) return false;
    command.run();
    return true;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it was ours */
  handle(event) {
    if (event.isComposing || event.defaultPrevented) return false;
    const typing = isTyping(event.target);
    for (const spelling of spellings(event)) {
      if (isPressing(event.target) && (spelling === "Enter" || spelling === "Space")) continue;
      const command = this.byKey.get(spelling)?.find((one) => (!typing || one.whileTyping) && (!one.when || one.when()));
      if (!command) continue;
      event.preventDefault();
      if (!event.repeat || command.repeat) command.run();
      return true;
    }
    return false;
  }
}

/** A control that Enter or Space presses by itself. @param {EventTarget|null} target */
function isPressing(target) {
  return target instanceof HTMLElement && target.closest("a[href], button, summary, input") !== null;
}

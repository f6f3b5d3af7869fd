// @ts-check
/**
 * A person's own keys: a preset, and single changes on top of it, kept in this browser for one server and one person.
 *
 * Digits, Enter and Escape stay with the commands that have them by default; all other keys can be changed.
 */

import { SHAPES, toolsOf } from "./kinds/index.js";

/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {Readonly<Record<string, readonly string[]>>} KeysById the keys of commands by their ids */
/** @typedef {{preset: string, keys: KeysById}} Choice what a person chose */
/** @typedef {{id: string, title: string, keys: KeysById}} Preset */

const NAME = "motherlode-keys";
const FIRM = /Digit\d$|^(Ctrl\+)?Enter$|^Escape$/;
/** Those that browsers keep for themselves, that move the focus, or that lend the tool that pans. */
const WITHHELD = /^Ctrl\+(Shift\+)?[qtwn]$|(^|\+)(Tab|Space|Enter)$|^F(11|12)$/;
const OF_LABELS = /^label:/;
/** Verdicts come first in the table and hold while an answer is read alone, so they share keys with what changes it. */
const OF_VERDICTS = /^review\./;

/** @type {KeysById} */
const STUDIO_TOOLS = Object.fromEntries(
  SHAPES.flatMap((kind) =>
    toolsOf(kind).flatMap(({ id, studioKey: key }) => {
      if (!key) return [];
      return [[`tool.${id}`, [key]], ...(id === kind.name ? [[`${id}.middle`, [`Shift+${key}`]]] : [])];
    }),
  ),
);

/**
 * As the tools' own documents and settings give their default keys. A command whose key is taken gets another.
 * @type {readonly Preset[]}
 */
export const PRESETS = [
  { id: "motherlode", title: "Motherlode", keys: {} },
  {
    id: "label-studio",
    title: "Label Studio",
    keys: {
      ...STUDIO_TOOLS,
      "tool.select": ["v"],
      "tool.pan": ["h"],
      undo: ["Ctrl+z"],
      redo: ["Ctrl+Shift+z"],
      "region.next": ["Alt+."],
      "region.none": ["u"],
      "region.delete": ["Backspace", "Delete"],
      "region.duplicate": ["Ctrl+d"],
      "region.hide": ["Alt+h"],
      "region.lock": ["Alt+l"],
      back: ["Shift+u"],
      why: ["Shift+w"],
      prelabels: ["q"],
      "region.previous": ["Alt+,"],
      "region.below": ["."],
      "relation.link": ["Alt+r"],
      "turn.right": ["Alt+t"],
      "turn.left": ["Alt+Shift+t"],
    },
  },
  {
    id: "cvat",
    title: "CVAT",
    keys: {
      "tool.draw": ["n"],
      submit: ["f"],
      back: ["d"],
      undo: ["Ctrl+z"],
      redo: ["Ctrl+Shift+z", "Ctrl+y"],
      "region.copy": ["Ctrl+c"],
      "region.paste": ["Ctrl+v"],
      "region.delete": ["Delete"],
      "region.hide": ["h"],
      "region.lock": ["l"],
      help: ["F1", "?"],
      "tool.pan": ["Shift+h"],
      names: ["Shift+n"],
      "region.dismiss": ["."],
      "zoom.fit": ["Shift+z"],
    },
  },
];

/** @type {Choice} */
export const DEFAULTS = { preset: "motherlode", keys: {} };

/** Does a key stay where it is? @param {string} key */
export function isFirm(key) {
  return FIRM.test(key);
}

/** Can a command be given a key? @param {string} key */
export function isFree(key) {
  return !FIRM.test(key) && !WITHHELD.test(key);
}

/** Are the keys of a command a person's to change? Those of labels stand in the schema. @param {Command} command */
export function isOwn(command) {
  return !OF_LABELS.test(command.id);
}

/** The keys of a command that can be changed. @param {Command} command @returns {string[]} */
function looseKeys(command) {
  return command.keys.filter((key) => !isFirm(key));
}

/** Those that a command has without a change of its own. @param {Choice} choice @param {Command} command from the table of defaults @returns {readonly string[]} */
export function baseKeys(choice, command) {
  return presetKeys(choice)[command.id] ?? looseKeys(command);
}

/**
 * Commands with the keys in force. What a person chose for one command goes before a preset, a preset before a default.
 * @param {readonly Command[]} commands with their default keys
 * @param {Choice} choice
 * @returns {Command[]}
 */
export function applied(commands, choice) {
  /** @type {Map<string, number>} */
  const best = new Map();
  const wishes = commands.map((command) => {
    const rank = choice.keys[command.id] ? 2 : presetKeys(choice)[command.id] ? 1 : 0;
    const wish = { command, rank, loose: choice.keys[command.id] ?? baseKeys(choice, command) };
    if (isOwn(command)) for (const key of wish.loose) best.set(key, Math.max(rank, best.get(key) ?? 0));
    return wish;
  });
  return wishes.map(({ command, rank, loose }) => {
    if (!isOwn(command) || (OF_VERDICTS.test(command.id) && !rank)) return command;
    const kept = loose.filter((key) => (best.get(key) ?? 0) <= rank);
    const firm = command.keys.filter(isFirm);
    return { ...command, keys: isFirm(command.keys[0] ?? "") ? [...firm, ...kept] : [...kept, ...firm] };
  });
}

/**
 * The other commands that have one of these keys.
 * @param {readonly Command[]} commands with the keys in force
 * @param {string} id
 * @param {readonly string[]} keys
 */
export function holders(commands, id, keys) {
  return commands.filter((command) => command.id !== id && command.keys.some((key) => keys.includes(key)));
}

/**
 * Give a command other keys; another command that has one of them loses it.
 * @param {Choice} choice
 * @param {readonly Command[]} commands with their default keys
 * @param {string} id
 * @param {readonly string[]} keys
 * @returns {Choice}
 */
export function assigned(choice, commands, id, keys) {
  /** @type {Record<string, readonly string[]>} */
  const own = { ...choice.keys, [id]: keys };
  for (const other of holders(applied(commands, choice), id, keys).filter(isOwn)) {
    own[other.id] = looseKeys(other).filter((key) => !keys.includes(key));
  }
  for (const command of commands) {
    if (own[command.id]?.join(" ") === baseKeys(choice, command).join(" ")) delete own[command.id];
  }
  return { ...choice, keys: own };
}

/** What was kept, as far as it makes sense. @param {string|null} text @returns {Choice} */
export function readChoice(text) {
  /** @type {unknown} */
  let kept = null;
  try {
    kept = JSON.parse(text ?? "null");
  } catch {
    return DEFAULTS;
  }
  const { preset, keys } = /** @type {{preset?: unknown, keys?: unknown}} */ (kept ?? {});
  const rows = typeof keys === "object" && keys ? Object.entries(keys) : [];
  return {
    preset: PRESETS.find((one) => one.id === preset)?.id ?? DEFAULTS.preset,
    keys: Object.fromEntries(rows.filter(([, row]) => isRow(row))),
  };
}

/** @param {unknown} row */
function isRow(row) {
  return Array.isArray(row) && row.every((key) => typeof key === "string" && key !== "" && isFree(key));
}

/** @param {Choice} choice @returns {KeysById} */
function presetKeys(choice) {
  return PRESETS.find((one) => one.id === choice.preset)?.keys ?? {};
}

/** What a person chose, where this browser can keep it; else as long as the page is open. */
export class OwnKeys {
  /** @param {string} scope server and user */
  constructor(scope) {
    this.scope = scope;
    this.name = `${NAME} ${scope}`;
    this.choice = this.#read();
    this.lasting = true;
  }

  /** @returns {Choice} */
  #read() {
    try {
      return readChoice(localStorage.getItem(this.name));
    } catch {
      return DEFAULTS;
    }
  }

  /** @param {Choice} choice */
  keep(choice) {
    this.choice = choice;
    try {
      localStorage.setItem(this.name, JSON.stringify(choice));
      this.lasting = true;
    } catch {
      this.lasting = false;
    }
  }
}

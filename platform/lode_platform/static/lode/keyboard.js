// @ts-check
/**
 * How keys are written: `Ctrl+Shift+z`, `Digit1`, `?`, `ArrowLeft`. Digits go by the place on the keyboard, so that they
 * work where the top row needs Shift; on a Mac, Ctrl stands for Command as well.
 */

/** Keys whose name stays the same with Shift. */
const NAMED = /^(Arrow\w+|F\d+|Enter|Escape|Delete|Backspace|Tab|Home|End|PageUp|PageDown)$/;

/**
 * How a key event is written in the table. Several spellings may fit: the digit's place, the letter, the sign.
 * @param {{key: string, code: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean}} event
 * @returns {string[]}
 */
export function spellings(event) {
  const lead = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}`;
  const shift = event.shiftKey ? "Shift+" : "";
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  if (digit !== undefined) return [`${lead}${shift}Digit${digit}`, `${lead}${event.key}`];
  if (event.key === " " || event.code === "Space") return [`${lead}${shift}Space`];
  if (NAMED.test(event.key)) return [`${lead}${shift}${event.key}`];
  const place = /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase();
  // On a Mac, Option makes another sign of a letter.
  if (/^\p{L}$/u.test(event.key) || (place && event.altKey && !event.ctrlKey)) {
    const letter = event.key.toLowerCase();
    const latin = /^[a-z]$/.test(letter) ? letter : place;
    return latin ? [`${lead}${shift}${latin}`] : [];
  }
  return [`${lead}${event.key}`, `${lead}${shift}${event.key}`];
}

/** A key as people read it. @param {string} key */
export function keyName(key) {
  return key
    .replace("Digit", "")
    .replace("Arrow", "")
    .replace("Escape", "Esc")
    .replace(/(^|\+)([a-z])$/, (_, lead, letter) => `${lead}${letter.toUpperCase()}`);
}

/** @param {EventTarget|null} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type);
}

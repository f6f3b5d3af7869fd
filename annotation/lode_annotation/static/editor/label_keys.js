// @ts-check
/** Which key chooses which label: its own from the schema, else the next digit. */

/** @typedef {import("./model/types.js").Control} Control */

const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0].map((digit) => `Digit${digit}`);
const AUTOMATIC = [...DIGITS, ...DIGITS.map((key) => `Shift+${key}`)];

/**
 * Labels get their own key from the schema, the others digits in order; no key twice.
 * @param {readonly Control[]} controls
 * @returns {Map<string, string>} `control/label` to a key as `lode/keyboard.js` writes it
 */
export function labelKeysOf(controls) {
  const keys = new Map();
  const used = new Set();
  const all = controls.flatMap((control) => control.labels.map((label) => ({ label, name: `${control.name}/${label.value}` })));
  for (const { label, name } of all) {
    const wish = label.hotkey?.trim().toLowerCase();
    const key = wish && /^\d$/.test(wish) ? `Digit${wish}` : wish;
    if (!key || used.has(key) || !/^(Digit\d|[a-z])$/.test(key)) continue;
    used.add(key);
    keys.set(name, key);
  }
  const free = AUTOMATIC.filter((key) => !used.has(key));
  for (const { name } of all) {
    const key = keys.has(name) ? undefined : free.shift();
    if (key) keys.set(name, key);
  }
  return keys;
}

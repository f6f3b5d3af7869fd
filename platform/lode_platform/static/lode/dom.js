// @ts-check
/** Making elements, and finding them. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string|number|boolean|null|undefined|((event: any) => void)>} [attributes] `on...` is a listener
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** The element that must be in the page. @param {string} selector @param {ParentNode} [root] @returns {HTMLElement} */
export function find(selector, root = document) {
  const element = root.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`the page lacks ${selector}`);
  return element;
}

const STEPS = /** @type {const} */ ([["day", 86_400], ["hour", 3600], ["minute", 60]]);

/** How long ago something was; the exact time shows under the pointer. @param {string} moment as ISO 8601 */
export function ago(moment) {
  const language = document.documentElement.lang || undefined;
  const passed = (Date.now() - Date.parse(moment)) / 1000;
  const [unit, seconds] = STEPS.find(([, length]) => passed >= length) ?? ["second", 1];
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-Math.floor(passed / seconds), unit);
  return h("time", { datetime: moment, title: new Date(moment).toLocaleString(language) }, words);
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string|number>} attributes @returns {SVGElement} */
export function s(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

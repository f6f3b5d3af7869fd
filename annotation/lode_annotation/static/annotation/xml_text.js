// @ts-check
/**
 * XML as a text that is changed in places: what is not changed keeps its order, its spaces and its comments.
 *
 * All places are offsets into the text; every change gives a new text, whose places are found by `outline` again.
 */

/** @typedef {{value: string, start: number, end: number}} Attribute with its decoded value; from its name to behind its quote */
/**
 * @typedef {object} Node an element
 * @property {string} tag
 * @property {Map<string, Attribute>} attributes
 * @property {Node[]} children the elements directly below it
 * @property {Node|null} parent
 * @property {number} start of its `<`
 * @property {number} inside behind the `>` of its start tag
 * @property {number} close of the `<` of its end tag; `inside` where it has none
 * @property {number} end behind it
 */

const TOKEN = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|</g;
const ATTRIBUTE = /\s+([^\s=/>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES = /** @type {Record<string, string>} */ ({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" });

/** The outermost element of a text; null where it is not well-formed, or declares a document type. @param {string} text @returns {Node|null} */
export function outline(text) {
  /** @type {Node|null} */
  let root = null;
  /** @type {Node|null} */
  let open = null;
  for (const token of text.matchAll(TOKEN)) {
    const [whole, closed, tag, said = "", slash] = token;
    const end = token.index + whole.length;
    if (tag) {
      if (!open && root) return null;
      /** @type {Node} */
      const node = { tag, attributes: attributesOf(said, token.index + 1 + tag.length), children: [], parent: open, start: token.index, inside: end, close: end, end };
      if (open) open.children.push(node);
      else root = node;
      if (!slash) open = node;
    } else if (closed) {
      if (open?.tag !== closed) return null;
      open.close = token.index;
      open.end = end;
      open = open.parent;
    } else if (whole === "<") {
      return null;
    }
  }
  return open ? null : root;
}

/** @param {string} said what stands in a start tag behind its name @param {number} from where it begins @returns {Map<string, Attribute>} */
function attributesOf(said, from) {
  const found = new Map();
  for (const one of said.matchAll(ATTRIBUTE)) {
    const [whole, name, quoted, single] = one;
    const end = from + one.index + whole.length;
    found.set(name, { value: decoded(quoted ?? single ?? ""), start: end - whole.trimStart().length, end });
  }
  return found;
}

/** @param {string} text */
function decoded(text) {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hexadecimal, name) => {
    if (name) return ENTITIES[name] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** A value as it stands in double quotes. @param {string} value */
function encoded(value) {
  return value.replace(/[&<>"\n\t\r]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign] ?? `&#${sign.charCodeAt(0)};`);
}

/** The attributes of an element that is to be written. @param {Record<string, string>} attributes */
export function written(attributes) {
  return Object.entries(attributes).map(([name, value]) => ` ${name}="${encoded(value)}"`).join("");
}

/** All elements of that tag below a node, in their order. @param {Node} node @param {(one: Node) => boolean} wanted @returns {Node[]} */
export function below(node, wanted) {
  return node.children.flatMap((child) => [...(wanted(child) ? [child] : []), ...below(child, wanted)]);
}

/** @param {string} text @param {number} start @param {number} end @param {string} between */
function spliced(text, start, end, between) {
  return text.slice(0, start) + between + text.slice(end);
}

/**
 * With an attribute of another value, or without it.
 * @param {string} text
 * @param {Node} node
 * @param {string} name
 * @param {string|null} value null takes it away
 */
export function withAttribute(text, node, name, value) {
  const had = node.attributes.get(name);
  if (value === null) return had ? spliced(text, text.slice(0, had.start).trimEnd().length, had.end, "") : text;
  const now = `${name}="${encoded(value)}"`;
  if (had) return spliced(text, had.start, had.end, now);
  const last = Math.max(node.start + 1 + node.tag.length, ...[...node.attributes.values()].map((one) => one.end));
  return spliced(text, last, last, ` ${now}`);
}

/** The spaces before an element on its line; "" where something else stands there. @param {string} text @param {Node} node */
function indentOf(text, node) {
  const line = text.slice(text.lastIndexOf("\n", node.start - 1) + 1, node.start);
  return line.trim() ? "" : line;
}

/**
 * With one more element at the end of another, on a line of its own.
 * @param {string} text
 * @param {Node} parent
 * @param {string} xml the lines below the first as far in as they are to stand below it
 */
export function withChild(text, parent, xml) {
  const indent = indentOf(text, parent);
  const [last] = parent.children.slice(-1);
  const pad = last ? indentOf(text, last) : `${indent}  `;
  const lines = xml.replaceAll("\n", `\n${pad}`);
  if (last) return spliced(text, last.end, last.end, `\n${pad}${lines}`);
  const body = `\n${pad}${lines}\n${indent}`;
  if (parent.close === parent.inside && parent.end === parent.inside) {
    const slash = text.lastIndexOf("/", parent.end);
    return spliced(text, text.slice(0, slash).trimEnd().length, parent.end, `>${body}</${parent.tag}>`);
  }
  const kept = text.slice(parent.inside, parent.close).trimEnd();
  return spliced(text, parent.inside + kept.length, parent.close, body);
}

/** Without an element, and without its line where it stood there alone. @param {string} text @param {Node} node */
export function without(text, node) {
  const start = node.start - indentOf(text, node).length;
  const alone = (start === 0 || text[start - 1] === "\n") && /^[ \t]*\r?\n/.exec(text.slice(node.end));
  return alone ? spliced(text, start, node.end + alone[0].length, "") : spliced(text, node.start, node.end, "");
}

/**
 * With an element and the one `by` places after it (before it, if negative) in each other's place. As it was where there is
 * none.
 * @param {string} text
 * @param {Node} node
 * @param {number} by
 */
export function swapped(text, node, by) {
  const siblings = node.parent?.children ?? [];
  const other = siblings[siblings.indexOf(node) + by];
  if (!other) return text;
  const [one, two] = by < 0 ? [other, node] : [node, other];
  const between = text.slice(one.end, two.start);
  return text.slice(0, one.start) + text.slice(two.start, two.end) + between + text.slice(one.start, one.end) + text.slice(two.end);
}

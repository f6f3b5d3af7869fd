// @ts-check
// An icon of the sprite, as the server's {% icon %} writes it, or of strokes that a module brings.

const SVG = "http://www.w3.org/2000/svg";

/** The sprite's address, read off any icon of the page, so that its hashed name need not be known here. */
function sprite() {
  const href = document.querySelector("svg.icon use")?.getAttribute("href") ?? "";
  return href.split("#")[0];
}

/** Each icon as it was made first. @type {Map<string, SVGSVGElement>} */
const made = new Map();

/**
 * @param {string} name of the sprite, or strokes on a 24 by 24 grid, such as those of a kind's tool: `M5 6h14v12H5z`
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const known = made.get(name) ?? drawn(name);
  if (name.startsWith("M") || sprite()) made.set(name, known); // a page without icons has no address of theirs
  return /** @type {SVGSVGElement} */ (known.cloneNode(true));
}

/** @param {string} name @returns {SVGSVGElement} */
function drawn(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  if (name.startsWith("M")) {
    svg.setAttribute("viewBox", "0 0 24 24");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", name);
    svg.append(path);
    return svg;
  }
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite()}#${name}`);
  svg.append(use);
  return svg;
}

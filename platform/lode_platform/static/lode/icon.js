// @ts-check
// An icon of the sprite, as the server's {% icon %} writes it.

const SVG = "http://www.w3.org/2000/svg";

/** The sprite's address, read off any icon of the page, so that its hashed name need not be known here. */
function sprite() {
  const href = document.querySelector("svg.icon use")?.getAttribute("href") ?? "";
  return href.split("#")[0];
}

/**
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite()}#${name}`);
  svg.append(use);
  return svg;
}

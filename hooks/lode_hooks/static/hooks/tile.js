// @ts-check
// A tile of the failure viewer: the part of the picture in which a match lies, and what it is in words.
import { partAround } from "../lode/canvas/part.js";
import { icon } from "../lode/icon.js";
import { mediumNamed } from "../lode/media/index.js";
import { pictureOf } from "../lode/picture.js";
import "../lode/text.js";
import { address, boot, regionsOf, saysClasses, saysKind, VERDICT_ICONS } from "./boot.js";

/** @typedef {import("./boot.js").Match} Match */

const MARGIN = 0.55;
const LEAST = 48;

/** The tile of a place, empty. @param {number} index @returns {HTMLElement} */
export function newTile(index) {
  const tile = element("div", "tile card-tile");
  tile.id = `match-${index}`;
  tile.dataset.index = String(index);
  tile.setAttribute("role", "option");
  return tile;
}

/**
 * Draws a match's tile; one that is drawn already gets its new verdict.
 * @param {HTMLElement} tile
 * @param {Match | undefined} match undefined while it is on its way
 */
export function drawTile(tile, match) {
  if (!match) {
    if (!tile.firstChild) tile.append(element("div", "skeleton card-picture"));
    return;
  }
  tile.dataset.verdict = match.verdict;
  if (tile.dataset.row !== String(match.row)) {
    tile.dataset.row = String(match.row);
    tile.dataset.kind = match.kind;
    tile.replaceChildren(mediumNamed(match.medium).isPicture ? cropOf(match) : textOf(match), captionOf(match));
  }
  drawVerdict(tile, match);
}

/** @param {Match} match */
function cropOf(match) {
  const regions = regionsOf(match);
  const { left, top, right, bottom } = partAround(boot.boxes ? regions : [], match, MARGIN, LEAST);
  const crop = boot.boxes ? `&crop=${[left, top, right, bottom].join(",")}` : "";
  const picture = pictureOf({
    src: `${address("thumb", match.item)}?size=256${crop}${match.page ? `&page=${match.page}` : ""}`,
    alt: `${saysKind(match)}: ${saysClasses(match)}`,
    view: [left, top, right - left, bottom - top],
    regions,
  });
  picture.classList.add("card-picture");
  return picture;
}

/** @param {Match} match */
function textOf(match) {
  const text = element("lode-text", "card-picture text-tile");
  text.setAttribute("src", address("thumb", match.item));
  text.setAttribute("dir", "auto");
  return text;
}

/** @param {Match} match */
function captionOf(match) {
  const first = element("div", "card-line", element("span", "clip", saysClasses(match)));
  if (match.score !== null) first.append(element("b", "", match.score.toFixed(2)));
  const kind = icon(boot.kind_icons[match.kind] ?? "check");
  const second = element("div", "card-line card-kind", kind, element("span", "clip", saysKind(match)), element("span", "card-verdict"));
  return element("div", "card-caption", first, second);
}

/**
 * @param {HTMLElement} tile
 * @param {Match} match
 */
function drawVerdict(tile, match) {
  const mark = /** @type {HTMLElement | null} */ (tile.querySelector(".card-verdict"));
  if (!mark) return;
  mark.replaceChildren();
  if (!match.verdict) return;
  const title = boot.verdict_titles[match.verdict];
  const drawing = icon(VERDICT_ICONS[match.verdict] ?? "check");
  drawing.setAttribute("aria-label", title);
  mark.title = title;
  mark.append(drawing);
}

/**
 * @param {string} tag
 * @param {string} css
 * @param {...(Node | string)} children
 */
function element(tag, css, ...children) {
  const made = document.createElement(tag);
  if (css) made.className = css;
  made.append(...children);
  return made;
}

// @ts-check
// A match of the failure viewer: what the page sent, its words, and how its tile is drawn.
import "../lode/boxes.js";
import { icon } from "../lode/icon.js";
import { around, within } from "./crop.js";

/** @typedef {import("./crop.js").Rect} Rect */
/**
 * @typedef {object} Match
 * @property {number} row
 * @property {string | null} failure
 * @property {boolean} recorded whether the failure is on record yet
 * @property {string} item
 * @property {string} path
 * @property {number} width
 * @property {number} height
 * @property {string} state
 * @property {string} kind
 * @property {number | null} truth
 * @property {number | null} predicted
 * @property {Rect | null} box
 * @property {Rect | null} predictedBox
 * @property {number | null} score
 * @property {number | null} iou
 * @property {string} verdict
 */
/**
 * @typedef {object} Boot
 * @property {string} evaluation whose rows and truth the matches show
 * @property {number} count
 * @property {Match[]} matches
 * @property {Record<string, {name: string, color: number}>} classes
 * @property {boolean} boxes
 * @property {number} judged
 * @property {boolean} may_judge
 * @property {boolean} may_mine
 * @property {Record<string, string>} urls
 * @property {Record<string, string>} words
 * @property {Record<string, string>} kinds
 * @property {Record<string, string>} kind_icons
 * @property {string[]} verdicts
 * @property {Record<string, string>} verdict_titles
 */

const NO_UUID = "00000000-0000-0000-0000-000000000000";
export const VERDICT_ICONS = /** @type {Record<string, string>} */ ({
  model_error: "cpu",
  label_error: "tag",
  ambiguous: "question-mark",
  out_of_scope: "ban",
});

/** @type {Boot} */
export const boot = JSON.parse(document.getElementById("viewer-boot")?.textContent ?? "{}");

/** @param {string} pattern @param {string} uuid */
export function address(pattern, uuid) {
  return boot.urls[pattern].replace(NO_UUID, uuid);
}

/** @param {number | null} id */
export function className(id) {
  if (id === null || id === 0) return boot.words.nothing;
  return boot.classes[String(id)]?.name ?? String(id);
}

/** @param {Match} match what it is, in words: "RBC → WBC" */
export function saysClasses(match) {
  if (match.truth && match.predicted && match.truth !== match.predicted) {
    return `${className(match.truth)} → ${className(match.predicted)}`;
  }
  return className(match.truth ?? match.predicted);
}

/** @param {Match} match */
export function saysKind(match) {
  return match.kind ? (boot.kinds[match.kind] ?? match.kind) : boot.words.right;
}

/**
 * Draws a match's tile; one that is drawn already gets its new verdict.
 * @param {HTMLElement} tile
 * @param {Match} match
 */
export function drawMatch(tile, match) {
  tile.dataset.verdict = match.verdict;
  if (tile.dataset.row === String(match.row)) {
    drawVerdict(tile, match);
    return;
  }
  tile.dataset.row = String(match.row);
  tile.dataset.kind = match.kind;
  const part = around([match.box, match.predictedBox], match.width, match.height);
  const picture = /** @type {import("../lode/boxes.js").LodeBoxes} */ (document.createElement("lode-boxes"));
  picture.className = "card-picture";
  picture.setAttribute("src", `${address("thumb", match.item)}?size=256${boot.boxes ? `&crop=${part.join(",")}` : ""}`);
  picture.setAttribute("width", String(part[2] - part[0]));
  picture.setAttribute("height", String(part[3] - part[1]));
  picture.setAttribute("alt", `${saysKind(match)}: ${saysClasses(match)}`);
  /** @type {import("../lode/boxes.js").Box[]} */
  const boxes = [];
  if (match.box) boxes.push({ kind: "truth", box: within(match.box, part), label: className(match.truth) });
  if (match.predictedBox) {
    boxes.push({
      kind: "prediction",
      box: within(match.predictedBox, part),
      label: className(match.predicted),
      score: match.score,
    });
  }
  picture.boxes = boxes;
  const caption = document.createElement("div");
  caption.className = "card-caption";
  const first = document.createElement("div");
  first.className = "card-line";
  const words = document.createElement("span");
  words.className = "clip";
  words.textContent = saysClasses(match);
  first.append(words);
  if (match.score !== null) {
    const score = document.createElement("b");
    score.textContent = match.score.toFixed(2);
    first.append(score);
  }
  const second = document.createElement("div");
  second.className = "card-line card-kind";
  const kind = document.createElement("span");
  kind.className = "clip";
  kind.textContent = saysKind(match);
  second.append(icon(boot.kind_icons[match.kind] ?? "check"), kind);
  const mark = document.createElement("span");
  mark.className = "card-verdict";
  second.append(mark);
  caption.append(first, second);
  tile.replaceChildren(picture, caption);
  drawVerdict(tile, match);
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

// @ts-check
// A card of the failure viewer: what the page sent, its words, and how its tile is drawn.
import "../lode/boxes.js";
import { icon } from "../lode/icon.js";
import { around, within } from "./crop.js";

/** @typedef {import("./crop.js").Rect} Rect */
/**
 * @typedef {object} Card
 * @property {number} row
 * @property {string | null} failure
 * @property {boolean} recorded whether the case has rows yet
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
 * @property {string} evaluation whose rows and truth the cards show
 * @property {number} count
 * @property {Card[]} cards
 * @property {Record<string, {name: string, color: number}>} classes
 * @property {boolean} boxes
 * @property {number} judged
 * @property {boolean} may_judge
 * @property {boolean} may_mine
 * @property {Record<string, string>} urls
 * @property {Record<string, string>} words
 * @property {Record<string, string>} kinds
 * @property {string[]} verdicts
 * @property {Record<string, string>} verdict_titles
 */

const NO_UUID = "00000000-0000-0000-0000-000000000000";
export const KIND_ICONS = /** @type {Record<string, string>} */ ({
  missed: "eye-off",
  false_alarm: "bell",
  wrong_class: "replace",
  bad_location: "crosshair",
  duplicate: "copy",
  explained: "eye-off",
});
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

/** @param {Card} card what it is, in words: "RBC → WBC" */
export function saysClasses(card) {
  if (card.truth && card.predicted && card.truth !== card.predicted) {
    return `${className(card.truth)} → ${className(card.predicted)}`;
  }
  return className(card.truth ?? card.predicted);
}

/** @param {Card} card */
export function saysKind(card) {
  return card.kind ? (boot.kinds[card.kind] ?? card.kind) : boot.words.right;
}

/**
 * Draws a card's tile; one that is drawn already gets its verdict anew.
 * @param {HTMLElement} tile
 * @param {Card} card
 */
export function drawCard(tile, card) {
  tile.dataset.verdict = card.verdict;
  if (tile.dataset.row === String(card.row)) {
    drawVerdict(tile, card);
    return;
  }
  tile.dataset.row = String(card.row);
  tile.dataset.kind = card.kind;
  const part = around([card.box, card.predictedBox], card.width, card.height);
  const picture = /** @type {import("../lode/boxes.js").LodeBoxes} */ (document.createElement("lode-boxes"));
  picture.className = "card-picture";
  picture.setAttribute("src", `${address("thumb", card.item)}?size=256${boot.boxes ? `&crop=${part.join(",")}` : ""}`);
  picture.setAttribute("width", String(part[2] - part[0]));
  picture.setAttribute("height", String(part[3] - part[1]));
  picture.setAttribute("alt", `${saysKind(card)}: ${saysClasses(card)}`);
  /** @type {import("../lode/boxes.js").Box[]} */
  const boxes = [];
  if (card.box) boxes.push({ kind: "truth", box: within(card.box, part), label: className(card.truth) });
  if (card.predictedBox) {
    boxes.push({
      kind: "prediction",
      box: within(card.predictedBox, part),
      label: className(card.predicted),
      score: card.score,
    });
  }
  picture.boxes = boxes;
  const caption = document.createElement("div");
  caption.className = "card-caption";
  const first = document.createElement("div");
  first.className = "card-line";
  const words = document.createElement("span");
  words.className = "clip";
  words.textContent = saysClasses(card);
  first.append(words);
  if (card.score !== null) {
    const score = document.createElement("b");
    score.textContent = card.score.toFixed(2);
    first.append(score);
  }
  const second = document.createElement("div");
  second.className = "card-line card-kind";
  const kind = document.createElement("span");
  kind.className = "clip";
  kind.textContent = saysKind(card);
  second.append(icon(KIND_ICONS[card.kind] ?? "check"), kind);
  const mark = document.createElement("span");
  mark.className = "card-verdict";
  second.append(mark);
  caption.append(first, second);
  tile.replaceChildren(picture, caption);
  drawVerdict(tile, card);
}

/**
 * @param {HTMLElement} tile
 * @param {Card} card
 */
function drawVerdict(tile, card) {
  const mark = /** @type {HTMLElement | null} */ (tile.querySelector(".card-verdict"));
  if (!mark) return;
  mark.replaceChildren();
  if (!card.verdict) return;
  const title = boot.verdict_titles[card.verdict];
  const drawing = icon(VERDICT_ICONS[card.verdict] ?? "check");
  drawing.setAttribute("aria-label", title);
  mark.title = title;
  mark.append(drawing);
}

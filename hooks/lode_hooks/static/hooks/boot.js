// @ts-check
// What the failure viewer's page sent: its matches, their classes, words and addresses.
import { readRegion } from "../lode/canvas/kinds/index.js";

/** @typedef {import("../lode/canvas/canvas.js").Region} Region */
/** @typedef {{kind: string, geometry: unknown, frame?: number | null}} Sent a region as labels are published */
/**
 * @typedef {object} Match
 * @property {number} row
 * @property {string | null} failure
 * @property {boolean} recorded whether the failure is on record yet
 * @property {string} item
 * @property {string} path
 * @property {string} medium of the item
 * @property {number} width
 * @property {number} height
 * @property {number} page that it lies on, from 0 on
 * @property {number} pages of the item
 * @property {string} state
 * @property {string} kind
 * @property {number | null} truth
 * @property {number | null} predicted
 * @property {Sent | null} truthRegion
 * @property {Sent | null} predictedRegion
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
 * @property {string} overlap the word for IoU
 * @property {boolean} boxes whether the matches have places in their pictures
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

/** An element of the page by its `data-` name. @template {HTMLElement} [T=HTMLElement] @param {string} name @returns {T} */
export function part(name) {
  return /** @type {T} */ (document.querySelector(`[data-${name}]`));
}

/** @param {string} pattern @param {string} uuid */
export function address(pattern, uuid) {
  return boot.urls[pattern].replace(NO_UUID, uuid);
}

/** The picture's page that a match lies on. @param {Match} match */
export function pageAddress(match) {
  const place = address("media", match.item);
  return match.page ? `${place}?page=${match.page}` : place;
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
 * A region as it is drawn.
 * @param {Sent | null} sent
 * @param {Omit<Region, "kind">} said
 * @returns {Region[]} one; none where it has no place
 */
export function drawn(sent, said) {
  const region = sent && readRegion({ ...said, kind: sent.kind, geometry: sent.geometry });
  return region ? [region] : [];
}

/** A match's own truth and prediction. @param {Match} match @returns {Region[]} */
export function regionsOf(match) {
  return [
    ...drawn(match.truthRegion, { layer: "truth", label: className(match.truth) }),
    ...drawn(match.predictedRegion, { layer: "prediction", label: className(match.predicted), score: match.score }),
  ];
}

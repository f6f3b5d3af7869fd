// @ts-check
/** What a micro-task shows of its item: the part that is asked about, and all of it. */
import { readRegion } from "../lode/canvas/kinds/index.js";
import { partAround } from "../lode/canvas/part.js";
import { h } from "../lode/dom.js";
import { mediumNamed } from "../lode/media/index.js";
import { pictureOf } from "../lode/picture.js";
import "../lode/text.js";
import { gettext } from "../lode/words.js";

/**
 * @typedef {object} Question as the server sends it
 * @property {{id: string, position: number, total: number, reason: {text?: string}}} task
 * @property {{text: string, class_id: number | null, class_name: string, guideline: string, region: string | null}} question
 * @property {{id: string, url: string, kind: string, width: number, height: number, path: string}} media
 * @property {(import("../lode/canvas/canvas.js").Region & {geometry: unknown, frame?: number})[]} regions
 * @property {{before: string, quoted: string, after: string, begins: boolean, ends: boolean} | null} excerpt
 * @property {import("../editor/model/types.js").Lease} lease
 */

/** On each side of the region, as a part of its larger side, and the least side in pixels of the image. */
const MARGIN = 0.6;
const LEAST = 64;
/** Pixels of the larger side of what is fetched. */
const SIZE = 1024;

/**
 * A card with the part that is asked about; with `data-all` it shows the whole item.
 * @param {Question} question
 * @param {string} thumb address of a view of an item, with `{item}`
 * @returns {HTMLElement}
 */
export function cardOf(question, thumb) {
  const card = h("div", { class: "vote-card" });
  if (mediumNamed(question.media.kind).isPicture) card.append(...picturesOf(question, thumb.replace("{item}", question.media.id)));
  else card.append(...textsOf(question));
  return card;
}

/**
 * The crop, and the whole picture, which is fetched once it is looked at.
 * @param {Question} question
 * @param {string} thumb
 */
function picturesOf({ media, regions: sent, question }, thumb) {
  const regions = sent.flatMap((region) => readRegion(region) ?? []);
  const page = sent[0]?.frame ? `&page=${sent[0].frame}` : "";
  const { left, top, right, bottom } = partAround(regions, media, MARGIN, LEAST);
  const crop = regions.length ? `&crop=${[left, top, right, bottom].join(",")}` : "";
  const alt = question.class_name ? `${question.class_name}: ${media.path}` : media.path;
  const part = pictureOf({
    src: `${thumb}?size=${SIZE}${crop}${page}`,
    alt,
    view: [left, top, right - left, bottom - top],
    regions,
  });
  part.classList.add("vote-part");
  if (!regions.length) return [part];
  const all = pictureOf({ src: `${thumb}?size=${SIZE}${page}`, alt, view: [0, 0, media.width, media.height], regions });
  all.classList.add("vote-all");
  all.querySelector("img")?.setAttribute("loading", "lazy");
  return [part, all];
}

/** The sentence, and the whole text. @param {Question} question */
function textsOf({ media, excerpt }) {
  const all = document.createElement("lode-text");
  all.dir = "auto";
  if (!excerpt) {
    all.className = "vote-words vote-part";
    all.setAttribute("src", media.url);
    return [all];
  }
  const { before, quoted, after, begins, ends } = excerpt;
  const part = h("p", { class: "vote-words vote-part", dir: "auto" });
  part.append(begins ? "" : "… ", before, h("mark", {}, quoted), after, ends ? "" : " …");
  const card = h("div", { class: "vote-words vote-all", dir: "auto", "aria-label": gettext("The whole text") });
  card.append(all);
  const load = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    load.disconnect();
    all.setAttribute("src", media.url);
  });
  load.observe(card);
  return [part, card];
}

// @ts-check
// The right side of the failure viewer: the whole picture of the match looked at, its facts and its history.
import { PictureCanvas } from "../lode/canvas/canvas.js";
import { drawingOf } from "../lode/canvas/kinds/index.js";
import { partAround } from "../lode/canvas/part.js";
import { getJSON } from "../lode/http.js";
import { icon } from "../lode/icon.js";
import { mediumNamed } from "../lode/media/index.js";
import { toast } from "../lode/toast.js";
import { address, boot, className, drawn, pageAddress, part, regionsOf, saysClasses, saysKind } from "./boot.js";

/** @typedef {import("./boot.js").Match} Match */
/** @typedef {import("../lode/canvas/canvas.js").Region} Region */
/** @typedef {{truths: Beside[], predictions: Beside[], history: Dot[]}} Scene everything in a picture */
/** @typedef {{class: number, region: import("./boot.js").Sent, score: number | null, crowd: boolean}} Beside */
/** @typedef {{run: string, version: string, kind: string, words: string, score: number | null, when: string, url: string}} Dot */

const KEPT = 60;
/** How far around a match the view goes that is closest to it, as a part of its larger side, and its least side in pixels. */
const MARGIN = 0.1;
const LEAST = 8;

export class Look {
  constructor() {
    this.canvas = new PictureCanvas(part("stage"));
    /** @type {Map<string, Scene>} */
    this.scenes = new Map();
    /** @type {AbortController | null} */
    this.asking = null;
    /** @type {Match | undefined} */
    this.match = undefined;
  }

  /** Shows a match: its own regions at once, the rest of the picture when it is there. @param {Match | undefined} match */
  show(match) {
    this.match = match;
    part("end").hidden = true;
    part("look").hidden = !match;
    if (!match) return;
    const key = `${match.item} ${match.failure ?? ""}`;
    const scene = this.scenes.get(key);
    this.#draw(match, scene);
    this.describe(match);
    drawHistory(scene?.history ?? null, match);
    if (!scene) void this.#ask(match, key);
  }

  /** The item itself: a text as text, an image on the canvas. @param {Match} match @param {Scene|undefined} scene */
  #draw(match, scene) {
    const isText = !mediumNamed(match.medium).isPicture;
    const text = part("text");
    text.hidden = !isText;
    part("stage").hidden = isText;
    if (isText) {
      const place = address("media", match.item);
      if (text.getAttribute("src") !== place) text.setAttribute("src", place);
      return;
    }
    this.canvas.show({
      src: pageAddress(match),
      width: match.width,
      height: match.height,
      regions: inPicture(match, scene),
      focus: partAround(regionsOf(match), match, MARGIN, LEAST),
    });
  }

  /** Has the browser fetch the picture of what comes next. @param {Match | undefined} next */
  preload(next) {
    if (next && mediumNamed(next.medium).isPicture && (next.item !== this.match?.item || next.page !== this.match.page)) new Image().src = pageAddress(next);
  }

  /**
   * @param {Match} match
   * @param {string} key
   */
  async #ask(match, key) {
    this.asking?.abort();
    const mine = (this.asking = new AbortController());
    const failure = match.recorded ? `&failure=${match.failure}` : "";
    try {
      /** @type {Scene} */
      const scene = await getJSON(`${boot.urls.scene}&picture=${match.item}${failure}`, { signal: mine.signal });
      this.scenes.set(key, scene);
      if (this.scenes.size > KEPT) this.scenes.delete(/** @type {string} */ (this.scenes.keys().next().value));
      if (this.match === match) {
        if (mediumNamed(match.medium).isPicture) this.canvas.setRegions(inPicture(match, scene));
        drawHistory(scene.history, match);
      }
    } catch (error) {
      if (!mine.signal.aborted) toast(error instanceof Error ? error.message : String(error), { kind: "danger" });
    }
  }

  /** Says what is known of a match. @param {Match} match */
  describe(match) {
    const title = part("title");
    title.replaceChildren(icon(boot.kind_icons[match.kind] ?? "check"), `${saysKind(match)}: ${saysClasses(match)}`);
    const facts = [];
    if (match.score !== null) facts.push(`${boot.words.score} ${match.score.toFixed(3)}`);
    if (match.iou !== null) facts.push(`${boot.overlap} ${match.iou.toFixed(2)}`);
    const [region] = regionsOf(match);
    if (region) facts.push(drawingOf(region).measure(region));
    if (match.pages > 1) facts.push(boot.words.page.replace("{n}", String(match.page + 1)).replace("{all}", String(match.pages)));
    part("facts").textContent = facts.join(" · ");
    const item = part("item");
    item.setAttribute("href", address("item", match.item));
    item.textContent = match.path;
    const open = part("failure");
    open.hidden = !match.recorded;
    if (match.failure) open.setAttribute("href", address("failure", match.failure));
    for (const button of document.querySelectorAll("[data-verdict-key]")) {
      const kind = button.getAttribute("data-verdict-key");
      button.setAttribute("aria-pressed", String(kind === match.verdict));
      button.toggleAttribute("disabled", !boot.may_judge || !match.failure);
    }
  }
}

/**
 * What is drawn of a picture: the match's own regions, the others faint.
 * @param {Match} match
 * @param {Scene | undefined} scene
 * @returns {Region[]}
 */
function inPicture(match, scene) {
  const own = regionsOf(match);
  /** @param {Beside} one @param {"truth" | "prediction"} layer */
  const beside = (one, layer) =>
    Math.min(one.region.frame ?? 0, match.pages - 1) !== match.page ? [] : drawn(one.region, { layer, label: className(one.class), score: one.score, faint: true }).filter(
      (region) => !own.some((mine) => mine.layer === layer && mine.label === region.label && same(mine, region)),
    );
  return [
    ...(scene?.truths ?? []).flatMap((one) => beside(one, "truth")),
    ...(scene?.predictions ?? []).flatMap((one) => beside(one, "prediction")),
    ...own,
  ];
}

/** Whether two regions lie in one place, to a hundredth of a pixel. @param {Region} a @param {Region} b */
function same(a, b) {
  const [one, two] = [drawingOf(a).bounds(a), drawingOf(b).bounds(b)];
  const sides = /** @type {const} */ (["left", "top", "right", "bottom"]);
  return a.kind === b.kind && sides.every((side) => Math.abs(one[side] - two[side]) < 0.01);
}

/**
 * @param {Dot[] | null} history
 * @param {Match} match
 */
function drawHistory(history, match) {
  part("history-block").hidden = !match.failure;
  part("history").replaceChildren(...(history ?? []).map(dotOf));
}

/** @param {Dot} dot */
function dotOf(dot) {
  const link = document.createElement("a");
  link.href = dot.url;
  link.className = `history-dot ${dot.kind ? "is-wrong" : "is-right"}`;
  const score = dot.score === null ? "" : ` ${dot.score.toFixed(2)}`;
  link.title = `${dot.run} · ${dot.version}: ${dot.words}${score}`;
  const run = document.createElement("span");
  run.textContent = dot.run;
  const version = document.createElement("span");
  version.className = "muted";
  version.textContent = dot.version;
  link.append(icon(dot.kind ? (boot.kind_icons[dot.kind] ?? "x") : "check"), run, version);
  return link;
}

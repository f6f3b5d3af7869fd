// @ts-check
// The failure viewer: crops in the middle, the picture on the right, verdicts by key.
import { getJSON, postJSON } from "../lode/http.js";
import { icon } from "../lode/icon.js";
import { keys } from "../lode/keys.js";
import { toast } from "../lode/toast.js";
import { VirtualList } from "../lode/virtual.js";
import { boot, part, VERDICT_ICONS } from "./boot.js";
import { Look } from "./look.js";
import { drawTile, newTile } from "./tile.js";
import { Verdicts } from "./verdicts.js";

/** @typedef {import("./boot.js").Match} Match */

const PAGE = 200;
/** Pixels: the least width of a tile, the height of what stands below its square, and what is between two. */
const SIZE = 142;
const CAPTION = 44;
const GAP = 10;

/** @type {(Match | undefined)[]} */
const matches = boot.matches.slice();
/** @type {Set<number>} */
const asked = new Set();
/** @type {Set<number>} */
const selected = new Set();
let at = -1;

const look = new Look();
const verdicts = new Verdicts(matches, { changed, go });
const grid = new VirtualList(part("grid"), { count: boot.count, css: "grid-ground", measure, draw: drawAt, seen: fetchSeen });

/** Square tiles in as many columns as fit. @param {number} width */
function measure(width) {
  const inside = width - 2 * GAP;
  const columns = Math.max(1, Math.floor((inside + GAP) / (SIZE + GAP)));
  const across = (inside + GAP) / columns;
  return { columns, across, down: across + CAPTION, gap: GAP };
}

/**
 * @param {number} index
 * @param {HTMLElement} [before]
 */
function drawAt(index, before) {
  const tile = before ?? newTile(index);
  tile.toggleAttribute("data-selected", selected.has(index));
  tile.classList.toggle("is-at", index === at);
  tile.setAttribute("aria-selected", String(index === at));
  drawTile(tile, matches[index]);
  return tile;
}

/** Matches whose verdict or failure changed are shown again. @param {number[]} indexes */
function changed(indexes) {
  for (const index of indexes) grid.redraw(index);
  const looked = matches[at];
  if (looked && indexes.includes(at)) look.describe(looked);
}

/**
 * Asks for the matches of the pages that these tiles lie in.
 * @param {number} from
 * @param {number} to
 */
function fetchSeen(from, to) {
  for (let page = Math.floor(from / PAGE); page * PAGE < to; page += 1) {
    const start = page * PAGE;
    const end = Math.min(start + PAGE, boot.count);
    let whole = true;
    for (let index = start; index < end; index += 1) whole &&= matches[index] !== undefined;
    if (whole || asked.has(page)) continue;
    asked.add(page);
    getJSON(`${boot.urls.matches}&offset=${start}&limit=${PAGE}`).then(
      (/** @type {{matches: Match[]}} */ answer) => {
        answer.matches.forEach((match, place) => (matches[start + place] ??= match));
        grid.redraw(start, start + answer.matches.length);
        if (at >= start && at < end) look.show(matches[at]);
      },
      (/** @type {Error} */ error) => {
        asked.delete(page);
        toast(error.message, { kind: "danger" });
      },
    );
  }
}

/** @param {number} index */
function go(index) {
  if (index >= boot.count) {
    finish();
    return;
  }
  if (index < 0 || boot.count === 0) return;
  const before = at;
  at = index;
  grid.redraw(before);
  grid.redraw(at);
  grid.reveal(at);
  part("grid").setAttribute("aria-activedescendant", `match-${at}`);
  part("place").textContent = `${at + 1} / ${boot.count}`;
  look.show(matches[at]);
  look.preload(matches[at + 1]);
}

/** @returns {number[]} the matches that a key is about: those selected, else the one looked at; failures alone */
function meant() {
  const indexes = selected.size ? [...selected].sort((a, b) => a - b) : [at];
  return indexes.filter((index) => matches[index]?.failure);
}

/**
 * Gives a verdict and goes on.
 * @param {string} kind
 */
async function judge(kind) {
  if (!boot.may_judge) {
    toast(boot.words.may_not_judge, { kind: "danger" });
    return;
  }
  const indexes = meant();
  if (!indexes.length) {
    if (at >= 0) toast(boot.words.not_a_failure, { kind: "danger" });
    return;
  }
  const many = selected.size > 0;
  clearSelection();
  const given = verdicts.give(indexes, kind, many);
  if (!many) go(at + 1);
  await given;
}

function clearSelection() {
  const before = [...selected];
  selected.clear();
  for (const index of before) grid.redraw(index);
  drawSelection();
}

/** @param {number} index */
function select(index) {
  if (index < 0) return;
  if (!selected.delete(index)) selected.add(index);
  grid.redraw(index);
  drawSelection();
}

function drawSelection() {
  const bar = part("selection");
  bar.hidden = selected.size === 0;
  part("selected-count").textContent = String(selected.size);
}

/** Goes to mining, for things like those selected, else like all that this page shows. */
async function mine() {
  const indexes = selected.size ? meant() : [];
  try {
    await verdicts.record(indexes);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { kind: "danger" });
    return;
  }
  const failures = new Set(indexes.map((index) => matches[index]?.failure));
  location.href = boot.urls.mine + [...failures].map((uuid) => `&failures=${uuid}`).join("");
}

/** Opens the item for labelling, at once. */
async function fix() {
  const match = matches[at];
  if (!match) return;
  try {
    const answer = await postJSON(boot.urls.fix, { row: match.row });
    location.href = answer.url;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { kind: "danger" });
  }
}

/** The end of the list: what the verdicts said. */
function finish() {
  const counts = verdicts.counts();
  part("look").hidden = true;
  part("end").hidden = false;
  const given = boot.verdicts.filter((kind) => counts[kind]);
  const lines = given.map((kind) => line(icon(VERDICT_ICONS[kind]), `${boot.verdict_titles[kind]}: ${counts[kind]}`));
  part("end-counts").replaceChildren(...(lines.length ? lines : [line(boot.words.none_judged)]));
}

/** @param {...(Node | string)} children */
function line(...children) {
  const made = document.createElement("li");
  made.append(...children);
  return made;
}

/** @param {"truth" | "prediction"} layer */
function toggle(layer) {
  const shown = look.canvas.toggle(layer);
  document.querySelector(`button[data-layer="${layer}"]`)?.setAttribute("aria-pressed", String(shown));
  part("grid").classList.toggle(`without-${layer}`, !shown);
}

/** What the buttons do, by their `data-do`. @type {Record<string, () => void>} */
const DOES = {
  mine: () => void mine(),
  fix: () => void fix(),
  clear: clearSelection,
  fit: () => look.canvas.fit(),
  focus: () => look.canvas.toFocus(),
  first: () => go(0),
};

function listen() {
  part("grid").addEventListener("click", (event) => {
    const tile = /** @type {Element} */ (event.target).closest("[data-index]");
    if (!tile) return;
    const index = Number(tile.getAttribute("data-index"));
    if (event.shiftKey && at >= 0) {
      for (let place = Math.min(at, index); place <= Math.max(at, index); place += 1) selected.add(place);
      grid.redraw(0, boot.count);
      drawSelection();
    } else if (event.ctrlKey || event.metaKey) select(index);
    go(index);
  });
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("button[data-verdict-key],button[data-layer],[data-do]");
    if (!button) return;
    const verdict = button.getAttribute("data-verdict-key");
    const layer = button.getAttribute("data-layer");
    if (verdict) void judge(verdict);
    else if (layer === "truth" || layer === "prediction") toggle(layer);
    else DOES[button.getAttribute("data-do") ?? ""]?.();
  });
}

function bindKeys() {
  const { words } = boot;
  const { canvas } = look;
  const judging = boot.verdicts.map((kind, place) => {
    return { key: String(place + 1), title: boot.verdict_titles[kind], run: () => void judge(kind), repeat: false };
  });
  keys(words.keys_judge, judging);
  keys(words.keys_results, [
    { key: "j", title: words.next, run: () => go(at + 1) },
    { key: "k", title: words.previous, run: () => go(at - 1) },
    { key: "ArrowRight", title: words.next, run: () => go(at + 1) },
    { key: "ArrowLeft", title: words.previous, run: () => go(at - 1) },
    { key: "ArrowDown", title: words.row_down, run: () => go(Math.min(at + grid.columns, boot.count - 1)) },
    { key: "ArrowUp", title: words.row_up, run: () => go(Math.max(at - grid.columns, 0)) },
    { key: "x", title: words.select, run: () => select(at) },
    { key: "u", title: words.undo, run: () => void verdicts.undo(), repeat: false },
    { key: "m", title: words.mine, run: () => void mine(), repeat: false },
    { key: "a", title: words.fix, run: () => void fix(), repeat: false },
  ]);
  const leave = () => (selected.size ? clearSelection() : (location.href = boot.urls.back));
  keys(words.keys_picture, [
    { key: "g", title: words.truth, run: () => toggle("truth") },
    { key: "p", title: words.prediction, run: () => toggle("prediction") },
    { key: "z", title: words.focus, run: () => canvas.toFocus() },
    { key: "+", title: words.closer, run: () => canvas.scale(1.3) },
    { key: "-", title: words.further, run: () => canvas.scale(1 / 1.3) },
    { key: "0", title: words.whole, run: () => canvas.fit() },
    { key: "Enter", title: words.item, run: () => part("item").click() },
    { key: "Escape", title: words.back, run: leave },
  ]);
}

listen();
bindKeys();
verdicts.drawProgress();
drawSelection();
if (boot.count) go(0);
document.body.dataset.ready = "true";

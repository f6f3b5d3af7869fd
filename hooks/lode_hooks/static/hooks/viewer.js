// @ts-check
// The failure viewer: crops in the middle, the picture on the right, verdicts by key.
import { getJSON, HttpError, postJSON } from "../lode/http.js";
import { icon } from "../lode/icon.js";
import { keys } from "../lode/keys.js";
import { toast } from "../lode/toast.js";
import { address, boot, className, drawMatch, saysClasses, saysKind, VERDICT_ICONS } from "./match.js";
import { around } from "./crop.js";
import { Grid } from "./grid.js";
import { Stage } from "./stage.js";

/** @typedef {import("./match.js").Match} Match */
/** @typedef {import("./crop.js").Rect} Rect */
/** @typedef {{truths: SceneBox[], predictions: SceneBox[], history: Dot[]}} Scene */
/** @typedef {{row: number | null, class: number, box: Rect, score: number | null, state: string, kind: string, crowd: boolean}} SceneBox */
/** @typedef {{run: string, version: string, kind: string, words: string, score: number | null, when: string, url: string}} Dot */

const PAGE = 200;

/** @template {HTMLElement} [T=HTMLElement] @param {string} name @returns {T} */
function part(name) {
  return /** @type {T} */ (document.querySelector(`[data-${name}]`));
}

/** @type {(Match | undefined)[]} */
const matches = boot.matches.slice();
/** @type {Set<number>} */
const asked = new Set();
/** @type {Set<number>} */
const selected = new Set();
/** @type {{index: number, before: string}[][]} */
const done = [];
let at = -1;
let judged = boot.judged;
/** Puts the toast away that offers to undo what was undone. @type {(() => void) | null} */
let takenBack = null;
/** @type {Map<string, Scene>} */
const scenes = new Map();
/** @type {AbortController | null} */
let looking = null;

const stage = new Stage(part("stage"));
const grid = new Grid(part("grid"), { count: boot.count, size: 142, caption: 44, draw: drawTile, seen: fetchSeen });

/**
 * @param {HTMLElement} tile
 * @param {number} index
 */
function drawTile(tile, index) {
  const match = matches[index];
  tile.toggleAttribute("data-selected", selected.has(index));
  tile.classList.toggle("is-at", index === at);
  tile.setAttribute("aria-selected", String(index === at));
  if (!match) {
    if (!tile.firstChild) {
      const skeleton = document.createElement("div");
      skeleton.className = "skeleton card-picture";
      tile.append(skeleton);
    }
    return;
  }
  drawMatch(tile, match);
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
        if (at >= start && at < end) show();
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
  show();
}

/** Shows the match that is looked at: its own boxes at once, the rest of the picture when it is there. */
function show() {
  const match = matches[at];
  part("end").hidden = true;
  part("look").hidden = !match;
  if (!match) return;
  const key = `${match.item} ${match.failure ?? ""}`;
  const scene = scenes.get(key);
  stage.show({
    src: address("media", match.item),
    width: match.width,
    height: match.height,
    boxes: stageBoxes(match, scene),
    focus: around([match.box, match.predictedBox], match.width, match.height, 0.1, 8),
  });
  describe(match);
  drawHistory(scene?.history ?? null, match);
  if (!scene) lookUp(match, key);
  preload(at + 1);
}

/** @param {number} index */
function preload(index) {
  const next = matches[index];
  if (next && next.item !== matches[at]?.item) new Image().src = address("media", next.item);
}

/**
 * @param {Match} match
 * @param {string} key
 */
async function lookUp(match, key) {
  looking?.abort();
  const mine = (looking = new AbortController());
  const failure = match.recorded ? `&failure=${match.failure}` : "";
  try {
    /** @type {Scene} */
    const scene = await getJSON(`${boot.urls.scene}&picture=${match.item}${failure}`, { signal: mine.signal });
    scenes.set(key, scene);
    if (scenes.size > 60) scenes.delete(/** @type {string} */ (scenes.keys().next().value));
    if (matches[at] === match) {
      stage.draw(stageBoxes(match, scene));
      drawHistory(scene.history, match);
    }
  } catch (error) {
    if (!mine.signal.aborted) toast(error instanceof Error ? error.message : String(error), { kind: "danger" });
  }
}

/**
 * @param {Match} match
 * @param {Scene | undefined} scene
 * @returns {import("./stage.js").StageBox[]}
 */
function stageBoxes(match, scene) {
  /** @param {Rect | null} a @param {Rect} b */
  const same = (a, b) => a !== null && a.every((value, place) => Math.abs(value - b[place]) < 0.01);
  /** @type {import("./stage.js").StageBox[]} */
  const boxes = [];
  for (const box of scene?.truths ?? []) {
    const own = same(match.box, box.box) && box.class === match.truth;
    if (!own) boxes.push({ kind: "truth", box: box.box, label: className(box.class), own, crowd: box.crowd });
  }
  for (const box of scene?.predictions ?? []) {
    const own = same(match.predictedBox, box.box) && box.class === match.predicted;
    const score = box.score === null ? "" : ` ${box.score.toFixed(2)}`;
    if (!own) boxes.push({ kind: "prediction", box: box.box, label: className(box.class) + score, own });
  }
  if (match.box) boxes.push({ kind: "truth", box: match.box, label: className(match.truth), own: true });
  if (match.predictedBox) {
    const score = match.score === null ? "" : ` ${match.score.toFixed(2)}`;
    boxes.push({ kind: "prediction", box: match.predictedBox, label: className(match.predicted) + score, own: true });
  }
  return boxes;
}

/** @param {Match} match */
function describe(match) {
  const title = part("title");
  title.replaceChildren(icon(boot.kind_icons[match.kind] ?? "check"), `${saysKind(match)}: ${saysClasses(match)}`);
  const facts = [];
  if (match.score !== null) facts.push(`${boot.words.score} ${match.score.toFixed(3)}`);
  if (match.iou !== null) facts.push(`IoU ${match.iou.toFixed(2)}`);
  const box = match.box ?? match.predictedBox;
  if (box) facts.push(`${Math.round(box[2] - box[0])} × ${Math.round(box[3] - box[1])} px`);
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

/**
 * @param {Dot[] | null} history
 * @param {Match} match
 */
function drawHistory(history, match) {
  const holder = part("history");
  holder.replaceChildren();
  part("history-block").hidden = !match.failure;
  for (const dot of history ?? []) {
    const link = document.createElement("a");
    link.href = dot.url;
    link.className = `history-dot ${dot.kind ? "is-wrong" : "is-right"}`;
    const score = dot.score === null ? "" : ` ${dot.score.toFixed(2)}`;
    link.title = `${dot.run} · ${dot.version}: ${dot.words}${score}`;
    link.append(icon(dot.kind ? (boot.kind_icons[dot.kind] ?? "x") : "check"));
    const run = document.createElement("span");
    run.textContent = dot.run;
    const version = document.createElement("span");
    version.className = "muted";
    version.textContent = dot.version;
    link.append(run, version);
    holder.append(link);
  }
}

/** @returns {number[]} the matches that a key is about: those selected, else the one looked at */
function meant() {
  if (selected.size) return [...selected].sort((a, b) => a - b);
  return at >= 0 ? [at] : [];
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
  const indexes = meant().filter((index) => matches[index]?.failure);
  if (!indexes.length) {
    if (at >= 0) toast(boot.words.not_a_failure, { kind: "danger" });
    return;
  }
  const step = indexes.map((index) => ({ index, before: matches[index]?.verdict ?? "" }));
  done.push(step);
  const many = selected.size > 0;
  clearSelection();
  for (const { index } of step) setVerdict(index, kind);
  if (!many) go(at + 1);
  else if (matches[at]) describe(/** @type {Match} */ (matches[at]));
  await send(step, () => kind);
  if (many && done.includes(step)) {
    takenBack = toast(boot.words.judged_many.replace("%d", String(step.length)), { undo: () => void undo() });
  }
}

let facetsAsked = 0;

/** The facets on the left as they are after verdicts: the newest answer counts. */
async function refreshFacets() {
  const mine = (facetsAsked += 1);
  const answer = await fetch(boot.urls.facets, { headers: { "X-Requested-With": "fetch" } }).catch(() => null);
  if (!answer?.ok || mine !== facetsAsked) return;
  const lines = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  const holder = part("facets");
  const open = new Set([...holder.querySelectorAll("details[open]")].map((each) => facetOf(each)));
  for (const each of lines.querySelectorAll("details")) each.open ||= open.has(facetOf(each));
  holder.replaceChildren(...lines.childNodes);
}

/** @param {Element} inside @returns {string} */
function facetOf(inside) {
  return inside.closest("[data-facet]")?.getAttribute("data-facet") ?? "";
}

/** Takes the last verdict back. */
async function undo() {
  const step = done.pop();
  if (!step) return;
  takenBack?.();
  takenBack = null;
  for (const { index, before } of step) setVerdict(index, before);
  go(step[0].index);
  await send(step, ({ before }) => before || "withdrawn");
}

/** The verdicts on their way: what takes one back waits until it has arrived. */
let sending = Promise.resolve();

/**
 * @param {{index: number, before: string}[]} step
 * @param {(change: {index: number, before: string}) => string} kindOf
 */
function send(step, kindOf) {
  sending = sending.then(() => post(step, kindOf));
  return sending;
}

/**
 * @param {{index: number, before: string}[]} step
 * @param {(change: {index: number, before: string}) => string} kindOf
 */
async function post(step, kindOf) {
  const answers = await Promise.allSettled(
    step.map((change) => {
      const match = /** @type {Match} */ (matches[change.index]);
      const body = { kind: kindOf(change), evaluation: boot.evaluation, row: rowOf(match) };
      return postJSON(address("verdict", match.failure ?? ""), body, { keepalive: true });
    }),
  );
  answers.forEach((answer, place) => {
    if (answer.status === "fulfilled") {
      recorded(step[place].index, answer.value.failure);
      return;
    }
    setVerdict(step[place].index, step[place].before);
    const reason = answer.reason instanceof HttpError ? answer.reason.message : boot.words.not_sent;
    toast(reason, { kind: "danger" });
  });
  void refreshFacets();
}

/**
 * @param {Match} match
 * @returns {number | null} its row in the evaluation that verdicts are given on; null for what only belongs to a failure
 */
function rowOf(match) {
  if (match.state === "tp" || match.kind === "explained") return null;
  return match.row < 0 ? -1 - match.row : match.row;
}

/**
 * The failure of a match is on record now, perhaps as an earlier one that it continues.
 * @param {number} index
 * @param {string} failure
 */
function recorded(index, failure) {
  const match = /** @type {Match} */ (matches[index]);
  const before = match.failure;
  for (const other of matches) {
    if (other && other.failure === before) Object.assign(other, { failure, recorded: true });
  }
  if (matches[at] === match) describe(match);
}

/**
 * @param {number} index
 * @param {string} kind "" for none
 */
function setVerdict(index, kind) {
  const match = matches[index];
  if (!match) return;
  // A truth missed and its explanation are one failure: every match of it carries the verdict.
  matches.forEach((other, place) => {
    if (!other || other.failure !== match.failure) return;
    judged += Number(kind !== "") - Number(other.verdict !== "");
    other.verdict = kind;
    grid.redraw(place);
  });
  drawProgress();
  const looked = matches[at];
  if (looked && looked.failure === match.failure) describe(looked);
}

function drawProgress() {
  const bar = /** @type {HTMLProgressElement | null} */ (document.querySelector("[data-progress] progress"));
  if (bar) bar.value = Math.max(0, Math.min(judged, boot.count));
  part("judged").textContent = String(Math.max(0, judged));
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
  const indexes = selected.size ? meant().filter((index) => matches[index]?.failure) : [];
  const fresh = indexes.filter((index) => !matches[index]?.recorded);
  try {
    if (fresh.length) {
      const named = fresh.map((index) => /** @type {Match} */ (matches[index]));
      const body = { evaluation: boot.evaluation, matches: named.map((match) => ({ failure: match.failure, row: rowOf(match) })) };
      const answer = await postJSON(boot.urls.record, body);
      fresh.forEach((index, place) => recorded(index, answer.failures[place]));
    }
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

/** The end of the set: what the verdicts said. */
function finish() {
  const counts = /** @type {Record<string, number>} */ ({});
  for (const step of done) {
    for (const { index } of step) {
      const verdict = matches[index]?.verdict;
      if (verdict) counts[verdict] = (counts[verdict] ?? 0) + 1;
    }
  }
  part("look").hidden = true;
  part("end").hidden = false;
  const list = part("end-counts");
  list.replaceChildren(
    ...boot.verdicts
      .filter((kind) => counts[kind])
      .map((kind) => {
        const line = document.createElement("li");
        line.append(icon(VERDICT_ICONS[kind]), `${boot.verdict_titles[kind]}: ${counts[kind]}`);
        return line;
      }),
  );
  if (!list.childElementCount) {
    const line = document.createElement("li");
    line.textContent = boot.words.none_judged;
    list.append(line);
  }
}

/** @param {"truth" | "prediction"} kind */
function toggle(kind) {
  const shown = stage.toggle(kind);
  document.querySelector(`[data-layer="${kind}"]`)?.setAttribute("aria-pressed", String(shown));
  part("grid").classList.toggle(`without-${kind}`, !shown);
}

part("grid").addEventListener("click", (event) => {
  const tile = /** @type {Element} */ (event.target).closest("[data-index]");
  if (!tile) return;
  const index = Number(tile.getAttribute("data-index"));
  const mouse = /** @type {MouseEvent} */ (event);
  if (mouse.shiftKey && at >= 0) {
    for (let place = Math.min(at, index); place <= Math.max(at, index); place += 1) selected.add(place);
    grid.redraw(0, boot.count);
    drawSelection();
  } else if (mouse.ctrlKey || mouse.metaKey) select(index);
  go(index);
});
document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-verdict-key],[data-layer],[data-do]");
  if (!button) return;
  const verdict = button.getAttribute("data-verdict-key");
  const layer = button.getAttribute("data-layer");
  if (verdict) void judge(verdict);
  else if (layer === "truth" || layer === "prediction") toggle(layer);
  else {
    const what = button.getAttribute("data-do");
    if (what === "mine") void mine();
    else if (what === "fix") void fix();
    else if (what === "clear") clearSelection();
    else if (what === "fit") stage.fit();
    else if (what === "focus") stage.toFocus();
    else if (what === "first") go(0);
  }
});

const words = boot.words;
keys(
  words.keys_judge,
  boot.verdicts.map((kind, place) => ({
    key: String(place + 1),
    title: boot.verdict_titles[kind],
    run: () => void judge(kind),
    repeat: false,
  })),
);
keys(words.keys_results, [
  { key: "j", title: words.next, run: () => go(at + 1) },
  { key: "k", title: words.previous, run: () => go(at - 1) },
  { key: "ArrowRight", title: words.next, run: () => go(at + 1) },
  { key: "ArrowLeft", title: words.previous, run: () => go(at - 1) },
  { key: "ArrowDown", title: words.row_down, run: () => go(Math.min(at + grid.columns, boot.count - 1)) },
  { key: "ArrowUp", title: words.row_up, run: () => go(Math.max(at - grid.columns, 0)) },
  { key: "x", title: words.select, run: () => select(at) },
  { key: "u", title: words.undo, run: () => void undo(), repeat: false },
  { key: "m", title: words.mine, run: () => void mine(), repeat: false },
  { key: "a", title: words.fix, run: () => void fix(), repeat: false },
]);
keys(words.keys_picture, [
  { key: "g", title: words.truth, run: () => toggle("truth") },
  { key: "p", title: words.prediction, run: () => toggle("prediction") },
  { key: "z", title: words.focus, run: () => stage.toFocus() },
  { key: "+", title: words.closer, run: () => stage.scale(1.3) },
  { key: "-", title: words.further, run: () => stage.scale(1 / 1.3) },
  { key: "0", title: words.whole, run: () => stage.fit() },
  { key: "Enter", title: words.item, run: () => part("item").click() },
  {
    key: "Escape",
    title: words.back,
    run: () => {
      if (selected.size) clearSelection();
      else location.href = boot.urls.back;
    },
  },
]);

drawProgress();
drawSelection();
if (boot.count) go(0);
document.body.dataset.ready = "true";

// @ts-check
/** One task loaded for work: where its regions start from, and what has been kept of it. */

import { uuid } from "../../lode/uuid.js";
import { presets } from "../model/answers.js";
import { fromResults } from "../model/convert.js";
import { entriesOf, listAt } from "../model/slices.js";
import { load } from "../media/index.js";
import { pageToBegin } from "./page_kept.js";
import { resumed } from "./trail.js";

/** @typedef {import("../model/types.js").Payload} Payload */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("../model/history.js").History} History */
/** @typedef {import("../media/index.js").Shown} Shown */
/** @typedef {import("./local_store.js").Entry} Entry */
/** @typedef {import("./local_store.js").LocalStore} LocalStore */

/**
 * A task ready to be shown.
 * @typedef {object} LoadedTask
 * @property {Payload} payload
 * @property {Shown|null} picture of the page that it is at
 * @property {number} page from 0 on, where it has several
 * @property {string} fault why there is no picture, in words; empty if there is one
 * @property {string[]} texts the result to start from, one JSON text a region
 * @property {Region[]|null} laid the regions that it starts with, where they were read ahead
 * @property {{regions: Region[], history: History}|null} left the work as it was laid aside, with its steps
 * @property {string[]} prelabels
 * @property {string} annotation
 * @property {number|null} base
 * @property {string[]} dismissed
 * @property {number} lead
 * @property {"fresh"|"answered"|"skipped"|"draft"|"kept"} from where the work came from
 * @property {string[]|null} start what the project holds of the item; null where it holds nothing yet
 * @property {string[]} given the answer, as it was given
 * @property {number} began how many regions it began with
 * @property {string|null} other a draft of the server's that differs from the work kept here
 */

/**
 * Which beginning a task has: work kept here that the server has not seen comes first, then the server's draft, then the
 * answer given before, then what the project holds to be true of the item.
 * @param {Payload} payload
 * @param {string} text the same, as the server wrote it
 * @param {Entry|null} entry
 * @returns {Omit<LoadedTask, "picture"|"page"|"fault">}
 */
export function beginning(payload, text, entry) {
  const draft = listAt(text, ["draft", "result"]);
  const answer = listAt(text, ["annotation", "result"]);
  const start = listAt(text, ["start"]);
  const shared = {
    payload,
    prelabels: listAt(text, ["prelabels"]) ?? [],
    annotation: payload.annotation_id ?? payload.annotation?.id ?? entry?.annotation ?? uuid(),
    base: entry ? entry.base : (payload.annotation?.revision ?? null),
    laid: null,
    left: null,
    start,
    given: answer ?? [],
    began: (answer ?? start ?? []).length,
    dismissed: entry?.dismissed ?? [],
    lead: entry?.lead ?? 0,
  };
  if (entry && !(entry.confirmed && draft)) {
    const kept = entriesOf(entry.result);
    const other = draft && !sameEntries(draft, kept) ? `[${draft.join(",")}]` : null;
    return { ...shared, texts: kept, from: "kept", other };
  }
  if (draft) return { ...shared, texts: draft, from: "draft", other: null };
  const skipped = payload.annotation?.state === "skipped";
  if (answer) return { ...shared, texts: answer, from: skipped ? "skipped" : "answered", other: null };
  return { ...shared, texts: start ?? [], from: "fresh", other: null };
}

/** @param {string[]} a @param {string[]} b whether they say the same, however they are spaced */
function sameEntries(a, b) {
  const plain = (/** @type {string} */ text) => JSON.stringify(JSON.parse(text));
  return a.length === b.length && a.every((text, at) => text === b[at] || plain(text) === plain(b[at] ?? "null"));
}

/**
 * Lay a task out: read the journal and decode its picture.
 * @param {string} text the payload as the server wrote it
 * @param {LocalStore} local
 * @param {(payload: Payload) => string} [name] under which the journal keeps its work
 * @returns {Promise<LoadedTask>}
 */
export async function loadTask(text, local, name = (payload) => payload.task.id) {
  const began = performance.now();
  const payload = /** @type {Payload} */ (JSON.parse(text));
  performance.measure("editor:parse", { start: began });
  // A journal that cannot be read keeps nobody from working.
  const kept = local.entry(name(payload)).catch(() => null);
  const page = pageToBegin(payload);
  const [entry, shown] = await Promise.all([kept, picture({ payload, page })]);
  /** @type {LoadedTask} */
  const loaded = { ...beginning(payload, text, entry), ...shown, page };
  loaded.laid = regionsOf(loaded);
  if (entry?.trail && sameEntries(loaded.texts, entriesOf(entry.result))) {
    const steps = await local.steps(entry.task).catch(() => []);
    loaded.left = resumed(entry.trail, steps, loaded.laid);
  }
  performance.measure("editor:laid", { start: began });
  return loaded;
}

/** @param {Pick<LoadedTask, "payload"|"page">} loaded @returns {Promise<{picture: Shown|null, fault: string}>} */
export async function picture({ payload, page }) {
  try {
    return { picture: await load(payload.media, page), fault: "" };
  } catch (error) {
    return { picture: null, fault: String(error) };
  }
}

/**
 * The regions a loaded task starts with: as they were laid aside, else the result - of an item of which nothing is known
 * what the config says at first - and the pre-labels nobody has taken or put aside.
 * @param {LoadedTask} loaded
 * @returns {Region[]}
 */
export function regionsOf(loaded) {
  if (loaded.left) return loaded.left.regions;
  if (loaded.laid) return loaded.laid;
  const { config, media } = loaded.payload;
  const untouched = loaded.from === "fresh" && loaded.start === null;
  const own = untouched ? presets(config.controls, uuid) : fromResults(loaded.texts, config.controls, media);
  const gone = new Set(loaded.dismissed);
  for (const text of loaded.texts) {
    if (!text.includes('"prediction"')) continue;
    const id = JSON.parse(text).meta?.prediction?.id;
    if (id) gone.add(String(id));
  }
  const ahead = fromResults(loaded.prelabels, config.controls, media, { pending: true });
  return [...own, ...ahead.filter((region) => region.pending && !gone.has(region.id))];
}

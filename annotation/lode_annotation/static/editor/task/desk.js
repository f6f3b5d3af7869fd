// @ts-check
/** One task laid out for work: where its regions start from, and what has been kept of it. */

import { fromResults, parseExact, textsOf } from "../model/convert.js";
import { uuid } from "./api.js";
import { load } from "./picture.js";

/** @typedef {import("../model/types.js").Payload} Payload */
/** @typedef {import("../model/types.js").Region} Region */
/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./vault.js").Entry} Entry */
/** @typedef {import("./vault.js").Vault} Vault */

/**
 * A task ready to be shown.
 * @typedef {object} Desk
 * @property {Payload} payload
 * @property {Picture|null} picture
 * @property {string} fault why there is no picture, in words; empty if there is one
 * @property {string[]} texts the result to start from, one JSON text a region
 * @property {string[]} prelabels
 * @property {string} annotation
 * @property {number|null} base
 * @property {string[]} dismissed
 * @property {number} lead
 * @property {"fresh"|"answered"|"draft"|"kept"} from where `texts` came from
 * @property {string|null} other a draft of the server's that differs from the work kept here
 */

/**
 * Which beginning a task has: work kept here that the server has not seen comes first, then the server's draft, then the
 * answer given before, then what the project holds to be true of the item.
 * @param {Payload} payload
 * @param {any} exact the same payload, its numbers as they were written
 * @param {Entry|null} entry
 * @returns {Omit<Desk, "picture"|"fault">}
 */
export function beginning(payload, exact, entry) {
  const draft = payload.draft ? textsOf(exact.draft.result) : null;
  const answer = payload.annotation ? textsOf(exact.annotation.result) : null;
  const start = Array.isArray(exact.start) ? textsOf(exact.start) : [];
  const shared = {
    payload,
    prelabels: textsOf(exact.prelabels ?? []),
    annotation: entry?.annotation ?? payload.annotation?.id ?? uuid(),
    base: entry ? entry.base : (payload.annotation?.revision ?? null),
    dismissed: entry?.dismissed ?? [],
    lead: entry?.lead ?? 0,
  };
  if (entry && !(entry.confirmed && draft)) {
    const kept = textsOf(parseExact(entry.result));
    const other = draft && draft.join() !== kept.join() ? `[${draft.join(",")}]` : null;
    return { ...shared, texts: kept, from: "kept", other };
  }
  if (draft) return { ...shared, texts: draft, from: "draft", other: null };
  if (answer) return { ...shared, texts: answer, from: "answered", other: null };
  return { ...shared, texts: start, from: "fresh", other: null };
}

/**
 * Lay a task out: read the journal and decode its picture.
 * @param {string} text the payload as the server wrote it
 * @param {Vault} vault
 * @param {(payload: Payload) => string} [name] under which the journal keeps its work
 * @returns {Promise<Desk>}
 */
export async function layOut(text, vault, name = (payload) => payload.task.id) {
  const payload = /** @type {Payload} */ (JSON.parse(text));
  const exact = parseExact(text);
  const [entry, shown] = await Promise.all([vault.entry(name(payload)), picture(payload)]);
  return { ...beginning(payload, exact, entry), ...shown };
}

/** @param {Payload} payload @returns {Promise<{picture: Picture|null, fault: string}>} */
export async function picture(payload) {
  try {
    return { picture: await load(payload.media), fault: "" };
  } catch (error) {
    return { picture: null, fault: String(error) };
  }
}

/**
 * The regions a desk starts with: the result, and the pre-labels nobody has taken or put aside.
 * @param {Desk} desk
 * @returns {Region[]}
 */
export function regionsOf(desk) {
  const { config, media } = desk.payload;
  const own = fromResults(desk.texts, config.controls, media);
  const gone = new Set(desk.dismissed);
  for (const text of desk.texts) {
    const id = JSON.parse(text).meta?.prediction?.id;
    if (id) gone.add(String(id));
  }
  const ahead = fromResults(desk.prelabels, config.controls, media, { pending: true });
  return [...own, ...ahead.filter((region) => region.pending && !gone.has(region.id))];
}

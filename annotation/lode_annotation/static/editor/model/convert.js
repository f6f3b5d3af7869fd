// @ts-check
/**
 * Label Studio results to the model and back, by the kind of their control; untouched results as they came.
 *
 * A region keeps the text it came from (`source`). Only a region changed since then is encoded again, so every float and
 * every field of the others goes back number for number, as do the kinds this editor does not edit.
 */

import { isEmpty, kindFor, kindOf } from "../kinds/index.js";

/** @typedef {import("./types.js").LsResult} LsResult */
/** @typedef {import("./types.js").Region} Region */
/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Size} Size */

/**
 * JSON whose numbers keep the way they were written (`10.0`, `1e-05`) when stringified again, where the browser can.
 * @param {string} text
 * @returns {any}
 */
export function parseExact(text) {
  const rawJSON = /** @type {any} */ (JSON).rawJSON;
  if (typeof rawJSON !== "function") return JSON.parse(text);
  return JSON.parse(
    text,
    /** @type {any} */ (
      (/** @type {string} */ _key, /** @type {unknown} */ value, /** @type {{source?: string}} */ context) =>
        typeof value === "number" && context?.source !== undefined && context.source !== String(value)
          ? rawJSON(context.source)
          : value
    ),
  );
}

/**
 * @param {readonly string[]} texts each one result, as JSON
 * @param {readonly Control[]} controls
 * @param {Size} size of the upright image
 * @param {{pending?: boolean}} [options] pending: these are pre-labels
 * @returns {Region[]}
 */
export function fromResults(texts, controls, size, options = {}) {
  const byName = new Map(controls.map((control) => [control.name, control]));
  const seen = new Map();
  return texts.map((text) => {
    const result = /** @type {LsResult} */ (JSON.parse(text));
    const count = seen.get(result.id) ?? 0;
    seen.set(result.id, count + 1);
    const name = options.pending ? `p:${result.id}` : result.id;
    const key = count ? `${name}#${count}` : name;
    return fromResult(result, text, key, byName.get(result.from_name), size, options.pending ?? false);
  });
}

/**
 * @param {LsResult} result
 * @param {string} text
 * @param {string} key
 * @param {Control|undefined} control
 * @param {Size} size
 * @param {boolean} pending
 * @returns {Region}
 */
function fromResult(result, text, key, control, size, pending) {
  const shared = { key, id: result.id, control: result.from_name, pending, changed: false, source: text };
  const kind = control && kindFor(control);
  const value = result.value ?? {};
  const geometry = kind?.result !== result.type ? null : kind.drawn ? kind.decode(value, size) : {};
  if (!kind || !geometry) return { ...shared, kind: "kept", pending: false, questioned: false, labels: [], score: null };
  return {
    ...shared,
    kind: kind.name,
    labels: stringList(value[kind.result]),
    ...geometry,
    score: typeof result.score === "number" ? result.score : null,
    questioned: pending && result.meta?.questioned === true,
    ...(pending && result.model_version ? { model: String(result.model_version) } : {}),
  };
}

/** @param {unknown} list @returns {string[]} */
function stringList(list) {
  return Array.isArray(list) ? list.map(String) : [];
}

/**
 * The result to send, as JSON text: pre-labels nobody accepted are left out.
 * @param {Iterable<Region>} regions in order
 * @param {readonly Control[]} controls
 * @param {Size} size
 * @returns {string}
 */
export function toResultText(regions, controls, size) {
  const byName = new Map(controls.map((control) => [control.name, control]));
  const texts = [];
  for (const region of regions) {
    if (region.pending || isEmpty(region)) continue;
    if (region.source !== null && !region.changed) texts.push(region.source);
    else texts.push(JSON.stringify(toResult(region, byName.get(region.control), size)));
  }
  return `[${texts.join(",")}]`;
}

/**
 * @param {Region} region
 * @param {Control|undefined} control
 * @param {Size} size
 * @returns {LsResult}
 */
export function toResult(region, control, size) {
  const came = /** @type {Partial<LsResult>} */ (region.source === null ? {} : JSON.parse(region.source));
  const kind = kindOf(region);
  if (!kind) return /** @type {LsResult} */ (came);
  const shared = {
    ...came,
    id: region.id,
    from_name: region.control,
    to_name: came.to_name ?? control?.to_name ?? "image",
    // only an image has a size
    ...(size.width ? { original_width: size.width, original_height: size.height, image_rotation: came.image_rotation ?? 0 } : {}),
  };
  const value = { ...came.value, ...(kind.drawn ? kind.encode(region, size) : {}), [kind.result]: [...region.labels] };
  return { ...shared, type: kind.result, value, origin: originOf(came, region.changed) };
}

/**
 * Label Studio's `origin`: an accepted pre-label stays `prediction` until somebody changes it.
 * @param {Partial<LsResult>} came
 * @param {boolean} changed
 */
function originOf(came, changed) {
  if (came.origin === "prediction" && changed) return "prediction-changed";
  return came.origin ?? "manual";
}

/**
 * A pre-label as a region of one's own, which remembers its prediction: its id, its score and who made it stay in
 * `meta.prediction`.
 * @template {Region} T
 * @param {T} prelabel
 * @param {string} id the new region's
 * @returns {T}
 */
export function taken(prelabel, id) {
  const came = /** @type {LsResult} */ (prelabel.source === null ? {} : parseExact(prelabel.source));
  const { score: _score, model_version: _model, ...rest } = came;
  const { questioned: _questioned, ...meta } = came.meta ?? {};
  const { model, ...mine } = prelabel;
  const remembered = { id: prelabel.id, score: prelabel.score, ...(model ? { model_version: model } : {}) };
  const source = JSON.stringify({
    ...rest,
    id,
    origin: "prediction",
    meta: { ...meta, prediction: { ...meta.prediction, ...remembered } },
  });
  return /** @type {T} */ ({ ...mine, key: id, id, pending: false, questioned: false, score: prelabel.score, source });
}

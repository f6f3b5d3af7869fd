// @ts-check
/**
 * Label Studio results to the model and back, by the kind of their control; untouched results as they came.
 *
 * A region keeps the text it came from (`source`), as does each answer about it, which is an entry of its own. Only a region changed since then is encoded again, so every float and
 * every field of the others goes back number for number, as do the kinds this editor does not edit.
 */

import { answerFor, isEmpty, isShape, kindFor, kindOf, shapeOf } from "../kinds/index.js";
import { standing } from "./answers.js";
import { KIND, controlOf, fromEntry, isRelation, linkedLast, nameOf, toEntry } from "./relations.js";

/** @typedef {import("./types.js").LsResult} LsResult */
/** @typedef {import("./types.js").Region} Region */
/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Size} Size */

/**
 * JSON whose numbers keep the way they were written (`10.0`, `1e-05`) when stringified again, where the browser can.
 * @param {string} text
 * @returns {any}
 */
function parseExact(text) {
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
  /** @type {Region[]} */
  const regions = [];
  /** The place of each shape by its id. @type {Map<string, number>} */
  const shapes = new Map();
  /** What is about a shape, and the place of the last before it with its id. @type {{result: LsResult, text: string, before: number|undefined}[]} */
  const about = [];
  /** @type {{result: import("./types.js").LsRelation, text: string}[]} */
  const links = [];
  const keyOf = (/** @type {string} */ id) => {
    const count = seen.get(id) ?? 0;
    seen.set(id, count + 1);
    const name = options.pending ? `p:${id}` : id;
    return count ? `${name}#${count}` : name;
  };
  const add = (/** @type {LsResult} */ result, /** @type {string} */ text) => {
    const region = fromResult(result, text, keyOf(result.id), byName.get(result.from_name), size, options.pending ?? false);
    regions.push(region);
    if (isShape(region)) shapes.set(result.id, regions.length - 1);
  };
  for (const text of texts) {
    const result = /** @type {LsResult} */ (JSON.parse(text));
    if (/** @type {string} */ (result.type) === KIND) links.push({ result: /** @type {any} */ (result), text });
    else if (byName.get(result.from_name)?.per_region) about.push({ result, text, before: shapes.get(result.id) });
    else add(result, text);
  }
  for (const { result, text, before } of about) {
    const at = before ?? shapes.get(result.id);
    const region = at === undefined ? undefined : withAnswer(regions[at], result, text, byName);
    if (at !== undefined && region) regions[at] = region;
    else add(result, text);
  }
  // one between regions that are not edited here is kept as it came
  for (const { result, text } of links) {
    const key = keyOf(nameOf(result));
    const drawn = !options.pending && shapes.has(result.from_id) && shapes.has(result.to_id);
    regions.push(drawn ? fromEntry(result, text, key, controlOf(controls)) : { ...fromEntry(result, text, key, undefined), kind: "kept" });
  }
  return regions;
}

/**
 * A shape with an answer about it; undefined where it is none that is edited here, or a second one.
 * @param {Region|undefined} region
 * @param {LsResult} result
 * @param {string} text
 * @param {ReadonlyMap<string, Control>} controls
 * @returns {Region|undefined}
 */
function withAnswer(region, result, text, controls) {
  const control = controls.get(result.from_name);
  const kind = control && answerFor(control);
  const said = kind && kind.result === result.type ? kind.read(result.value?.[kind.said]) : null;
  if (!region || !control || said === null || region.attributes?.[control.name]) return undefined;
  return { ...region, attributes: { ...region.attributes, [control.name]: { said, source: text, changed: false } } };
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
  const kind = control?.per_region ? undefined : control && kindFor(control);
  const content = kind?.result === result.type ? contentOf(kind, result.value ?? {}, size, control) : null;
  if (!kind || !content) return { ...shared, kind: "kept", pending: false, questioned: false, labels: [], score: null };
  return {
    ...shared,
    kind: kind.name,
    ...content,
    ...(kind.drawn ? frameOf(result, control) : {}),
    score: typeof result.score === "number" ? result.score : null,
    questioned: pending && result.meta?.questioned === true,
    ...(pending && result.model_version ? { model: String(result.model_version) } : {}),
  };
}

/**
 * What a value holds: the labels and the geometry of a shape, what an answer says; null where it is not one of this kind.
 * @param {import("../kinds/index.js").Shape<any>|import("../kinds/index.js").Answer} kind
 * @param {Record<string, any>} value
 * @param {Size} size
 * @param {Control} [control]
 * @returns {{labels: string[], said?: any}|null}
 */
function contentOf(kind, value, size, control) {
  if (kind.drawn) {
    const geometry = kind.decode(value, size, control);
    return geometry && { labels: stringList(value[kind.result]), ...geometry };
  }
  const said = kind.read(value[kind.said]);
  return said === null ? null : { labels: [], said };
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
  for (const region of linkedLast(regions)) {
    if (region.pending || isEmpty(region)) continue;
    if (region.source !== null && !region.changed) texts.push(region.source);
    else if (isRelation(region)) texts.push(JSON.stringify(toEntry(region)));
    else texts.push(JSON.stringify(toResult(region, byName.get(region.control), size)));
    for (const [control, attribute] of standing(region, byName)) {
      if (attribute.source !== null && !attribute.changed && !region.changed) texts.push(attribute.source);
      else texts.push(JSON.stringify(aboutRegion(region, control, attribute, size)));
    }
  }
  return `[${texts.join(",")}]`;
}

/**
 * @param {Region} region
 * @param {Control|undefined} control
 * @param {Size} size
 * @returns {LsResult}
 */
function toResult(region, control, size) {
  const came = /** @type {Partial<LsResult>} */ (region.source === null ? {} : JSON.parse(region.source));
  const kind = kindOf(region);
  if (!kind) return /** @type {LsResult} */ (came);
  const content = kind.drawn ? { ...kind.encode(region, size), [kind.result]: [...region.labels] } : { [kind.said]: sentBy(kind, region.said) };
  const shared = { ...came, id: region.id, from_name: region.control, ...aboutItem(came, control, size), ...pageOf(region, control, size) };
  return { ...shared, type: kind.result, value: { ...came.value, ...content }, origin: originOf(came, region.changed) };
}

/**
 * An answer about a region, as Label Studio has it: an entry of its own under the region's id, with its geometry.
 * @param {Region} region
 * @param {Control} control
 * @param {import("./types.js").Attribute} attribute
 * @param {Size} size
 * @returns {LsResult}
 */
function aboutRegion(region, control, attribute, size) {
  const came = /** @type {Partial<LsResult>} */ (attribute.source === null ? {} : JSON.parse(attribute.source));
  const kind = /** @type {import("../kinds/index.js").Answer} */ (answerFor(control));
  const shared = { ...came, id: region.id, from_name: control.name, ...aboutItem(came, control, size), ...pageOf(region, control, size) };
  const value = { ...came.value, ...placeOf(region, size), [kind.said]: sentBy(kind, attribute.said) };
  return { ...shared, type: kind.result, value, origin: originOf(came, attribute.changed) };
}

/** The page that a shape lies on: that of its control, where that is about one of several pictures. @param {LsResult} result @param {Control} [control] */
function frameOf(result, control) {
  const frame = control?.page ?? result.item_index;
  return Number.isInteger(frame) ? { frame } : {};
}

/**
 * Label Studio's name of the page that a shape lies on, where there are several and its control does not say it.
 * @param {Region} region
 * @param {Control|undefined} control
 * @param {Size} size
 */
function pageOf(region, control, { pages = 1 }) {
  return pages > 1 && control?.page === undefined && isShape(region) ? { item_index: Math.min(region.frame ?? 0, pages - 1) } : {};
}

/** The value of a shape without its labels, as it came where nobody changed it. @param {Region} region @param {Size} size */
function placeOf(region, size) {
  const kind = shapeOf(region);
  const value = region.source !== null && !region.changed ? parseExact(region.source).value : kind.encode(region, size);
  const { [kind.result]: _labels, ...place } = value;
  return place;
}

/** @param {import("../kinds/index.js").Answer} kind @param {any} said */
function sentBy(kind, said) {
  return kind.sent ? kind.sent(said) : said;
}

/** @param {Partial<LsResult>} came @param {Control|undefined} control @param {Size} size */
function aboutItem(came, control, size) {
  return {
    // of two that are compared the first, as label-studio-sdk takes it
    to_name: came.to_name ?? control?.to_name.split(",")[0] ?? "image",
    // only an image has a size
    ...(size.width ? { original_width: size.width, original_height: size.height, image_rotation: came.image_rotation ?? 0 } : {}),
  };
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
 * @param {Region} prelabel
 * @param {string} id the new region's
 * @returns {Region}
 */
export function taken(prelabel, id) {
  const came = /** @type {LsResult} */ (prelabel.source === null ? {} : parseExact(prelabel.source));
  const { score: _score, model_version: _model, ...rest } = came;
  const { questioned: _questioned, ...meta } = came.meta ?? {};
  const { model, suggested: _suggested, ...mine } = prelabel;
  const remembered = { id: prelabel.id, score: prelabel.score, ...(model ? { model_version: model } : {}) };
  const source = JSON.stringify({
    ...rest,
    id,
    origin: "prediction",
    meta: { ...meta, prediction: { ...meta.prediction, ...remembered } },
  });
  const own = { ...mine, key: id, id, pending: false, questioned: false, score: prelabel.score, source };
  if (!prelabel.attributes) return own;
  const attributes = Object.entries(prelabel.attributes).map(([name, attribute]) => {
    const { score: _own, ...answer } = parseExact(attribute.source ?? "{}");
    return [name, { ...attribute, source: JSON.stringify({ ...answer, id, origin: "prediction" }) }];
  });
  return { ...own, attributes: Object.fromEntries(attributes) };
}

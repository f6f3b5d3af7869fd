// @ts-check
/**
 * The shapes the editor speaks: what the server sends, what the model holds, what goes back. No code.
 *
 * Coordinates: the model is in float64 pixels of the upright image; Label Studio's percent exists only where a kind
 * decodes and encodes its results.
 */

/** @typedef {{value: string, class_id?: number|null, color?: string|null, hotkey?: string|null, guideline?: string|null}} Label */
/**
 * @typedef {object} Control
 * @property {string} name
 * @property {string} type Label Studio's tag; `kinds/index.js` says which are edited here
 * @property {string} to_name the object it is about; two with a comma between, of one that compares
 * @property {"single"|"multiple"} [choice]
 * @property {boolean} [required]
 * @property {Record<string, any>} [options] what else its kind asks
 * @property {boolean} [per_region] whether it is asked of regions, of those of the controls `of` and with the labels
 *   `labelled`; where one of these is empty, of all
 * @property {string[]} [of]
 * @property {string[]} [labelled]
 * @property {number} [page] which of several pictures it is about, from 0 on, where the schema names each
 * @property {number[]} [pages] those that it compares
 * @property {Label[]} labels
 */
/** @typedef {{schema?: string, revision?: number, controls: Control[]}} Config */
/**
 * Why a task is asked.
 * @typedef {object} Reason
 * @property {string} [text]
 * @property {string|null} [strategy]
 * @property {string|null} [run]
 * @property {string|null} [failure_url] the page of the failure that caused it
 * @property {[number, number, number, number]|null} [box] where that failure lies: xyxy in pixels of the upright image
 * @property {number} [page] which it lies on, from 0 on
 * @property {number|null} [score]
 */
/**
 * @typedef {object} Task
 * @property {string} id
 * @property {number} [priority]
 * @property {string} [flag] the note it was flagged with; empty without a flag
 * @property {Reason|null} [reason]
 * @property {number} [position]  counted from 1
 * @property {number} [total]
 */
/** @typedef {{id?: string, url: string, values?: string|null, kind?: string, width: number, height: number, length?: number, pages?: number, path?: string, metadata?: Record<string, any>}} Media */
/** @typedef {{until: string, seconds: number}} Lease */
/**
 * One entry of a Label Studio result, as it travels.
 * @typedef {object} LsResult
 * @property {string} id
 * @property {string} from_name
 * @property {string} to_name
 * @property {string} type
 * @property {Record<string, any>} value
 * @property {number} [original_width]
 * @property {number} [original_height]
 * @property {number} [image_rotation]
 * @property {number} [item_index] the page it lies on, from 0 on, of a picture that has several
 * @property {string} [origin]
 * @property {number} [score]
 * @property {string} [model_version] who made a pre-label
 * @property {Record<string, any>} [meta]
 */
/** @typedef {{type: "relation", from_id: string, to_id: string, direction: "right"|"left"|"bi", labels?: string[]}} LsRelation an entry of a result that links two regions */
/** @typedef {{id: string, revision: number, result: LsResult[], state?: string, user?: string, submitted_at?: string, lead_time?: number}} Annotation */
/** @typedef {{verdict: "accept"|"fix"|"reject", comment: string, reviewer: string, created_at: string}} ReviewGiven */
/** @typedef {{result: LsResult[], saved_at?: string, base_revision?: number|null}} Draft */
/** @typedef {{x: number, y: number, page?: number}|{start: number, end: number}} Place in pixels of the upright image, or in code points of a text */
/** @typedef {{uuid: string, author: string, text: string, created_at: string}} Reply */
/**
 * What was said of an answer: of the region with that id, which may be `gone`, of a place, or of the whole.
 * @typedef {{uuid: string, number: number, author: string, text: string, region: string|null, label: string, gone: boolean, place: Place|null, resolved: boolean, resolved_by: string|null, created_at: string, replies: Reply[]}} Comment
 */
/**
 * What `next` answers and the page carries.
 * @typedef {object} Payload
 * @property {Task} task
 * @property {Media} media
 * @property {Config} config
 * @property {Lease|null} [lease]
 * @property {LsResult[]} [prelabels]
 * @property {Annotation|null} [annotation]
 * @property {string|null} [annotation_id] of the person's answer or draft, where there is one
 * @property {Draft|null} [draft]
 * @property {LsResult[]|null} [start] what the project holds to be true of the item
 * @property {{id: string, name: string, review?: boolean, skip_reasons?: string[]}} [queue]
 * @property {ReviewGiven[]} [reviews]
 * @property {Comment[]} [comments] on the answer
 * @property {number} [waiting] answers of the queue that wait for this reviewer, this one among them
 * @property {{id: string, user: string, result: LsResult[], saved_at: string, late: boolean, answered: boolean}[]} [others] answers of others, and their unfinished work
 */

/** @typedef {import("../../lode/canvas/geometry.js").Bounds} Bounds */
/** @typedef {import("../../lode/canvas/geometry.js").Point} Point */
/** @typedef {import("../../lode/canvas/geometry.js").Size & {pages?: number}} Size of each of the item's pages */

/**
 * Something somebody drew or answered, or a pre-label nobody has accepted yet (`pending`). Its kind adds what it needs:
 * a shape its geometry, in fields of its own. `questioned`: a prediction known to be at odds with the truth, which is
 * shown to be judged and not offered to be accepted with the others. `source`: the JSON text it came from. `said`: what an
 * answer about the whole item says; `attributes`: what was answered about a shape, by control. A result of a kind that is
 * not edited here is of the kind `kept`; a link between two shapes is a `Relation` (`relations.js`).
 * @typedef {object} Region
 * @property {string} kind see `kinds/index.js`
 * @property {string} key
 * @property {string} id
 * @property {string} control
 * @property {readonly string[]} labels
 * @property {boolean} pending
 * @property {boolean} questioned
 * @property {boolean} [suggested] by a click here: it can be adjusted before it is accepted
 * @property {number|null} score
 * @property {string} [model] who made a pre-label, where it is said
 * @property {string|null} source
 * @property {boolean} changed
 * @property {number} [frame] the page it lies on, from 0 on, of a picture that has several
 * @property {any} [said]
 * @property {Readonly<Record<string, Attribute>>} [attributes]
 */
/** @typedef {{said: any, source: string|null, changed: boolean}} Attribute with the JSON text it came from */

/** @typedef {{key: string, before: Region|null, after: Region|null, index: number}} Patch */
/** @typedef {{label: string, at: number, patches: Patch[], merge: string|null}} Step */

export {};

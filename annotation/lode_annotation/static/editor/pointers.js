// @ts-check
/** Which pointer on the stage is the hand: one draws, two fingers zoom and pan, and a palm beside the pen is nothing. */

/** @typedef {import("./model/types.js").Point} Point */
/** @typedef {{pointerId: number, pointerType: string}} Pointer */
/** @typedef {{from: [Point, Point], to: [Point, Point]}} Pinch where two fingers were and are */
/**
 * What a pointer that comes down is: the `hand`; the hand in place of another that lay there before (`instead`); one of two
 * fingers that `pinch`, whereupon the hand lets go; or `none`.
 * @typedef {"hand"|"instead"|"pinch"|"none"} Part
 */

export class Pointers {
  constructor() {
    /** The pointer that is pressed and does what the tool does. @type {number|null} */
    this.hand = null;
    /** Fingers on the stage, the first two at most. @type {Map<number, Point>} */
    this.fingers = new Map();
    /** Two fingers have met; until both are gone, neither draws. */
    this.pinching = false;
  }

  /** @param {Pointer} pointer @param {Point} at on the stage @returns {Part} */
  down({ pointerId, pointerType }, at) {
    if (pointerType !== "touch") return this.#fine(pointerId);
    const taken = this.hand !== null && !this.fingers.has(this.hand);
    if (taken || this.fingers.size > 1) return "none";
    this.fingers.set(pointerId, at);
    if (this.fingers.size > 1 || this.pinching) {
      this.hand = null;
      this.pinching = true;
      return "pinch";
    }
    this.hand = pointerId;
    return "hand";
  }

  /** A mouse or a pen: what lies there already is a palm. @param {number} id @returns {Part} */
  #fine(id) {
    const before = this.hand;
    this.fingers.clear();
    this.pinching = false;
    this.hand = id;
    return before === null || before === id ? "hand" : "instead";
  }

  /** Whether a pointer is heeded as it moves: the hand, or one that is seen before it is pressed. @param {Pointer} pointer */
  heeds({ pointerId, pointerType }) {
    return this.hand === pointerId || (this.hand === null && pointerType !== "touch");
  }

  /** One of two fingers moves. @param {Pointer} pointer @param {Point} at @returns {Pinch|null} null where it is not one of two */
  pinch({ pointerId }, at) {
    const was = this.fingers.get(pointerId);
    const other = [...this.fingers].find(([id]) => id !== pointerId)?.[1];
    if (!was) return null;
    this.fingers.set(pointerId, at);
    return other ? { from: [was, other], to: [at, other] } : null;
  }

  /** A pointer has gone. @param {Pointer} pointer @returns {boolean} whether it was the hand */
  gone({ pointerId }) {
    this.fingers.delete(pointerId);
    if (!this.fingers.size) this.pinching = false;
    if (this.hand !== pointerId) return false;
    this.hand = null;
    return true;
  }
}

// @ts-check
/** How long somebody has worked on a task: time with the page in sight and a hand on it. */

const IDLE_AFTER_MS = 120_000;

export class Clock {
  /** @param {() => number} [now] milliseconds */
  constructor(now = () => performance.now()) {
    this.now = now;
    this.passed = 0;
    this.last = now();
    this.touched = this.last;
    this.inSight = true;
  }

  /** Begin a task. @param {number} [seconds] worked on it before */
  start(seconds = 0) {
    this.passed = seconds * 1000;
    this.last = this.touched = this.now();
  }

  /** Somebody moved. */
  touch() {
    this.#add();
    this.touched = this.now();
  }

  /** @param {boolean} inSight */
  show(inSight) {
    this.#add();
    this.inSight = inSight;
    if (inSight) this.touched = this.now();
  }

  /** @returns {number} seconds */
  get seconds() {
    this.#add();
    return this.passed / 1000;
  }

  #add() {
    const now = this.now();
    const until = Math.min(now, this.touched + IDLE_AFTER_MS);
    if (this.inSight && until > this.last) this.passed += until - this.last;
    this.last = now;
  }
}

/** @param {number} seconds as `4:05` or `1:02:03` */
export function clockFace(seconds) {
  const whole = Math.floor(seconds);
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${two(minutes)}:${two(whole % 60)}`;
}

// @ts-check
/** The colours and dashes regions are drawn in, read from the page's style sheet. */

const CLASSES = 12;
const DASHED = ["prediction", "other", "before"];

export class Palette {
  /** @param {Element} root where the `--lode-...` properties hold */
  constructor(root) {
    this.root = root;
    /** @type {string[]} */
    this.classes = [];
    this.prediction = "";
    this.other = "";
    this.truth = "";
    this.link = "";
    this.stage = "";
    /** By meaning, in CSS pixels; what is not here is solid. @type {Record<string, readonly number[]>} */
    this.dashes = {};
    this.read();
  }

  /** Take the colours from the style sheet again, after the theme changed. */
  read() {
    // A canvas knows no var() and no light-dark(): an element is asked what they come to.
    const probe = document.createElement("span");
    this.root.append(probe);
    const colour = (/** @type {string} */ value) => {
      probe.style.color = value;
      return getComputedStyle(probe).color;
    };
    this.classes = Array.from({ length: CLASSES }, (_, at) => colour(`var(--lode-class-${at + 1})`));
    this.prediction = colour("var(--lode-draw-prediction)");
    this.other = colour("var(--lode-draw-other)");
    this.truth = colour("var(--lode-draw-truth)");
    this.link = colour("var(--lode-draw-link)");
    this.stage = colour("var(--lode-stage, var(--lode-inset))");
    const style = getComputedStyle(probe);
    this.dashes = Object.fromEntries(
      DASHED.map((name) => [name, style.getPropertyValue(`--lode-dash-${name}`).trim().split(" ").map(Number)]),
    );
    probe.remove();
  }

  /** The colour of a class. @param {number} number counted from 1 @returns {string} */
  nth(number) {
    return this.classes[(((number - 1) % CLASSES) + CLASSES) % CLASSES] ?? "";
  }
}

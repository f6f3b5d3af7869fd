// @ts-check
/** The colours regions are drawn in, read from the page's style sheet. */

const CLASSES = 12;

export class Palette {
  /** @param {Element} root where the `--lode-...` properties hold */
  constructor(root) {
    this.root = root;
    /** @type {string[]} */
    this.classes = [];
    this.prediction = "";
    this.other = "";
    this.truth = "";
    this.stage = "";
    this.read();
  }

  /** Take the colours from the style sheet again, after the theme changed. */
  read() {
    // A canvas knows no var() and no light-dark(): an element is asked what they come to.
    const probe = document.createElement("span");
    this.root.append(probe);
    const colour = (/** @type {string} */ name, /** @type {string} */ otherwise) => {
      probe.style.color = `var(${name}, ${otherwise})`;
      return getComputedStyle(probe).color;
    };
    this.classes = Array.from({ length: CLASSES }, (_, at) => colour(`--lode-class-${at + 1}`, "#8ab4f8"));
    this.prediction = colour("--lode-draw-prediction", "#ff8a2b");
    this.other = colour("--lode-draw-other", "#55a0ff");
    this.truth = colour("--lode-draw-truth", "#4cc38a");
    this.stage = colour("--lode-stage", "#15181d");
    probe.remove();
  }

  /** The colour of a class. @param {number} number counted from 1 @returns {string} */
  nth(number) {
    return this.classes[(((number - 1) % CLASSES) + CLASSES) % CLASSES] ?? "#8ab4f8";
  }
}

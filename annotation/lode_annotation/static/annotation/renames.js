// @ts-check
/** Which class has which new name, as far as the config has said so; and which control has one. */

/** @typedef {{id: number, name: string, control: string}} Known a class of the newest revision */

/** Stands between the steps of a path in a tree of classes. */
export const WITHIN = " / ";

export class Renames {
  /** @param {readonly Known[]} known */
  constructor(known) {
    this.known = known;
    /** @type {Map<number, string>} */
    this.names = new Map();
    /** The controls that have another name now. @type {Map<string, string>} */
    this.controls = new Map();
  }

  /** @param {Known} one its name as it is now */
  nameOf(one) {
    return this.names.get(one.id) ?? one.name;
  }

  /** The class that a label of a control is now; undefined where it is a new one. @param {string} control @param {string} name */
  classOf(control, name) {
    return this.known.find((one) => (this.controls.get(one.control) ?? one.control) === control && this.nameOf(one) === name);
  }

  /** A class has another name, and those below it in a tree with it. @param {Known} one @param {string} name */
  rename(one, name) {
    const before = this.nameOf(one);
    for (const other of this.known) {
      const rest = this.nameOf(other).slice(before.length);
      const below = other.control === one.control && this.nameOf(other).startsWith(before) && rest.startsWith(WITHIN);
      if (other.id === one.id || below) this.say(other.id, other.id === one.id ? name : `${name}${rest}`);
    }
  }

  /** @param {number} id @param {string} name "" for none */
  say(id, name) {
    if (!name || name === this.known.find((one) => one.id === id)?.name) this.names.delete(id);
    else this.names.set(id, name);
  }

  /** @param {string} from @param {string} to */
  renameControl(from, to) {
    const [first] = [...this.controls].find(([, name]) => name === from) ?? [from];
    this.controls.set(first, to);
  }
}

// @ts-check
/** The work in hand, written to the local store one state after the other; what a page that crashes leaves behind. */

/** @typedef {import("./local_store.js").Entry} Entry */
/** @typedef {import("./local_store.js").LocalStore} LocalStore */

export class Journal {
  /**
   * @param {LocalStore} local
   * @param {() => Omit<Entry, "scope"|"at">|null} work as it stands; null where there is nothing to keep
   * @param {() => void} failed told when the browser did not keep it
   * @param {import("../model/store.js").Store} [store] whose steps are kept with it
   */
  constructor(local, work, failed, store) {
    this.local = local;
    this.work = work;
    this.failed = failed;
    this.store = store;
    /** Why the browser did not keep the work, in words; "" while it does. */
    this.fault = "";
    this.writing = /** @type {Promise<void>|null} */ (null);
    this.again = false;
  }

  /** Write; changes made while it is being written are written next. Resolves when all is written. */
  write() {
    this.again = true;
    this.writing ??= this.#writeAll().finally(() => {
      this.writing = null;
    });
    return this.writing;
  }

  async #writeAll() {
    try {
      while (this.again) {
        this.again = false;
        const work = this.work();
        if (work) await this.local.keep({ ...work, at: this.local.stamp() }, this.store?.history.toKeep());
      }
      this.fault = "";
    } catch (error) {
      this.fault = String(error);
      if (this.store) this.store.history.kept = 0;
      this.failed();
    }
  }
}

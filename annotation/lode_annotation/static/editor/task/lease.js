// @ts-check
/** Keeping the tasks in hand: leases renewed while the page is open, given back when it is left untouched. */

import { call, HttpError } from "../../lode/http.js";

/** @typedef {import("../model/types.js").Lease} Lease */

/** @extends {EventTarget} Event: `lost` (detail: task id). */
export class Leases extends EventTarget {
  /** @param {(task: string) => string} address of a task's lease */
  constructor(address) {
    super();
    this.address = address;
    /** @type {Map<string, {lease: Lease, timer: ReturnType<typeof setTimeout>}>} */
    this.held = new Map();
  }

  /** @param {string} task @param {Lease|null|undefined} lease */
  hold(task, lease) {
    this.drop(task);
    if (!lease) return;
    const wait = Math.max(2, lease.seconds / 3) * 1000;
    this.held.set(task, { lease, timer: setTimeout(() => void this.renew(task), wait) });
  }

  /** Renew no more. @param {string} task */
  drop(task) {
    clearTimeout(this.held.get(task)?.timer);
    this.held.delete(task);
  }

  /** @param {string} task @returns {Promise<boolean>} whether it is ours */
  async renew(task) {
    const lease = this.held.get(task)?.lease;
    try {
      const { data } = await call("POST", this.address(task), "{}");
      this.hold(task, data?.lease ?? lease);
      return true;
    } catch (error) {
      const lost = error instanceof HttpError && (error.fault === "conflict" || error.fault === "gone");
      if (lost) {
        this.drop(task);
        this.dispatchEvent(new CustomEvent("lost", { detail: task }));
        return false;
      }
      if (lease && this.held.has(task)) this.hold(task, { ...lease, seconds: Math.min(lease.seconds, 30) });
      return true;
    }
  }

  /**
   * Give a task back, also from a page that is being closed. The lease's end goes along: if the next page has claimed the
   * task again meanwhile, the end has moved and nothing is given back.
   * @param {string} task
   */
  giveBack(task) {
    const held = this.held.get(task);
    if (!held) return;
    this.drop(task);
    const url = `${this.address(task)}?until=${encodeURIComponent(held.lease.until)}`;
    call("DELETE", url, null, { keepalive: true }).catch(() => {
      // It lapses by itself.
    });
  }
}

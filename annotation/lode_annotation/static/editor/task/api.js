// @ts-check
/** Talking to the server: JSON, the CSRF header, and faults named by what a person can do about them. */

import { t } from "../ui/dom.js";

/** @typedef {"network"|"signed_out"|"forbidden"|"gone"|"conflict"|"refused"|"server"} Fault */

/** A connection that says nothing for so long is taken for none. */
const LONGEST_MS = 90_000;

export class ApiError extends Error {
  /**
   * @param {Fault} fault
   * @param {string} words
   * @param {number} status 0 where no answer came
   * @param {any} [body]
   */
  constructor(fault, words, status, body = null) {
    super(words);
    this.fault = fault;
    this.status = status;
    this.body = body;
  }

  /** The server's stable word for it. @returns {string} */
  get code() {
    return String(this.body?.code ?? "");
  }

  /** May the same be sent again and go well? */
  get passing() {
    return this.fault === "network" || this.fault === "server";
  }
}

/**
 * @param {number} status
 * @param {any} body
 * @returns {ApiError}
 */
export function faultOf(status, body) {
  const said = typeof body?.error === "string" ? body.error : "";
  if (status === 401) return new ApiError("signed_out", t("You are signed out."), status, body);
  if (status === 403) {
    if (/credentials|not_authenticated/.test(`${said} ${body?.code ?? ""} ${body?.detail ?? ""}`))
      return new ApiError("signed_out", t("You are signed out."), status, body);
    return new ApiError("forbidden", said || t("Your role does not allow this any more."), status, body);
  }
  if (status === 404 || status === 410) return new ApiError("gone", said || t("This task is not there any more."), status, body);
  if (status === 409) return new ApiError("conflict", said || t("Somebody else was faster."), status, body);
  if (status === 429 || status >= 500) return new ApiError("server", t("The server has a fault."), status, body);
  return new ApiError("refused", said || t("The server does not accept this."), status, body);
}

/** The cookie that every sign-in of this browser changes, whichever tab it happens in. @returns {string} */
export function csrfCookie() {
  return decodeURIComponent(/(?:^|;\s*)lode_csrf=([^;]+)/.exec(document.cookie)?.[1] ?? "");
}

/** @returns {string} */
function csrfToken() {
  return csrfCookie() || (document.querySelector('meta[name="lode-csrf"]')?.getAttribute("content") ?? "");
}

/** Whose page this is, and the sign-in under which that was last seen to hold. */
const page = { user: "", signIn: "", root: "" };

/**
 * From here on nothing is sent under another person's sign-in.
 * @param {string} user their uuid
 * @param {string} [root] the path below which a proxy serves us
 */
export function speakFor(user, root = "") {
  page.user = user;
  page.root = root;
  page.signIn = csrfCookie();
}

/**
 * After a sign-in in another tab: is it still the person whose page this is? Their work is sent under no other name.
 * @throws {ApiError} `signed_out`
 */
async function confirmPerson() {
  const signIn = csrfCookie();
  if (!page.user || signIn === page.signIn) return;
  const { data } = await ask("GET", `${page.root}/api/v1/me`);
  if (data?.user?.uuid !== page.user) {
    const words = t("{who} is signed in at this browser now.", { who: data?.user?.username ?? "?" });
    throw new ApiError("signed_out", words, 0, data);
  }
  page.signIn = signIn;
}

/**
 * @param {"GET"|"POST"|"PUT"|"DELETE"} method
 * @param {string} url
 * @param {string|null} [body] JSON text
 * @param {{keepalive?: boolean}} [options]
 * @returns {Promise<{status: number, text: string, data: any}>} data is null where nothing came
 */
export async function call(method, url, body = null, options = {}) {
  if (csrfCookie() !== page.signIn) await confirmPerson();
  return ask(method, url, body, options);
}

/**
 * @param {"GET"|"POST"|"PUT"|"DELETE"} method
 * @param {string} url
 * @param {string|null} [body]
 * @param {{keepalive?: boolean}} [options]
 * @returns {Promise<{status: number, text: string, data: any}>}
 */
async function ask(method, url, body = null, options = {}) {
  /** @type {Response} */
  let response;
  let text;
  try {
    response = await fetch(url, {
      method,
      body,
      credentials: "same-origin",
      redirect: "error",
      signal: AbortSignal.timeout(LONGEST_MS),
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
      ...options,
    });
    text = await response.text();
  } catch (error) {
    throw new ApiError("network", t("No connection."), 0, { error: String(error) });
  }
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new ApiError("server", t("The server has a fault."), response.status);
  }
  if (!response.ok) throw faultOf(response.status, data);
  return { status: response.status, text, data };
}

/** A random UUID; `crypto.randomUUID` is missing where the page came without TLS. @returns {string} */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (/** @type {number} */ (bytes[6]) & 0x0f) | 0x40;
  bytes[8] = (/** @type {number} */ (bytes[8]) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

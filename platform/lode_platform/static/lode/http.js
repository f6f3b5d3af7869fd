// @ts-check
// Talking to the server: JSON, the CSRF header, and faults named by what a person can do about them.
import { gettext } from "./words.js";

/** @typedef {"network"|"signed_out"|"forbidden"|"gone"|"conflict"|"refused"|"server"} Fault */
/** @typedef {"GET"|"POST"|"PUT"|"PATCH"|"DELETE"} Method */
/** @typedef {{status: number, text: string, data: any}} Answer data is null where nothing came */
/** @typedef {{signal?: AbortSignal, keepalive?: boolean, redirect?: RequestRedirect}} Options */

/** A connection that says nothing for so long is taken for none. */
const LONGEST_MS = 90_000;

/** An answer that is not 2xx, or none at all; the message is the server's own words where it said any. */
export class HttpError extends Error {
  /**
   * @param {Fault} fault
   * @param {string} words
   * @param {number} status 0 where no answer came
   * @param {any} [body] the server's `{error, code, ...}`
   */
  constructor(fault, words, status, body = null) {
    super(words);
    this.name = "HttpError";
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
 * @returns {HttpError}
 */
export function faultOf(status, body) {
  const said = typeof body?.error === "string" ? body.error : "";
  if (status === 401) return new HttpError("signed_out", gettext("You are signed out."), status, body);
  if (status === 403) {
    if (/credentials|not_authenticated/.test(`${said} ${body?.code ?? ""} ${body?.detail ?? ""}`))
      return new HttpError("signed_out", gettext("You are signed out."), status, body);
    return new HttpError("forbidden", said || gettext("Your role no longer allows this."), status, body);
  }
  if (status === 404 || status === 410) return new HttpError("gone", said || gettext("This no longer exists."), status, body);
  if (status === 409) return new HttpError("conflict", said || gettext("Somebody else changed this first."), status, body);
  if (status === 429 || status >= 500) return new HttpError("server", said || gettext("The server reported an error."), status, body);
  return new HttpError("refused", said || gettext("The server does not accept this."), status, body);
}

/** The cookie that every sign-in of this browser changes, whichever tab it happens in. @returns {string} */
export function csrfCookie() {
  return decodeURIComponent(/(?:^|;\s*)lode_csrf=([^;]+)/.exec(document.cookie)?.[1] ?? "");
}

/** What a form or a script sends to prove itself: the newest, since another tab may have signed in. @returns {string} */
export function csrfToken() {
  return csrfCookie() || (document.querySelector('meta[name="lode-csrf"]')?.getAttribute("content") ?? "");
}

/** Whose page this is, where the server says who is signed in, and the sign-in under which that was last seen to hold. */
const page = { user: "", me: "", signIn: "" };
const owner = globalThis.document?.querySelector('meta[name="lode-user"]');
if (owner) speakFor(owner.getAttribute("content") ?? "", owner.getAttribute("data-me") ?? "");

/**
 * From here on nothing is sent under another person's sign-in.
 * @param {string} user their uuid; "" for nobody
 * @param {string} me the address that answers who is signed in
 */
export function speakFor(user, me) {
  page.user = user;
  page.me = me;
  page.signIn = csrfCookie();
}

/**
 * After a sign-in in another tab: is it still the person whose page this is? Their work is sent under no other name.
 * @throws {HttpError} `signed_out`
 */
async function confirmPerson() {
  const signIn = csrfCookie();
  if (!page.user || signIn === page.signIn) return;
  const { data } = await ask("GET", page.me, null, {});
  if (data?.user?.uuid !== page.user) {
    const words = gettext("{who} is signed in at this browser now.", { who: data?.user?.username ?? "?" });
    throw new HttpError("signed_out", words, 0, data);
  }
  page.signIn = signIn;
}

/**
 * @param {Method} method
 * @param {string} url
 * @param {string|FormData|null} [body] JSON text, or a form with files
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 * @throws {HttpError}
 */
export async function call(method, url, body = null, options = {}) {
  if (csrfCookie() !== page.signIn) await confirmPerson();
  return ask(method, url, body, options);
}

/**
 * @param {Method} method
 * @param {string} url
 * @param {string|FormData|null} body
 * @param {Options} options
 * @returns {Promise<Answer>}
 */
async function ask(method, url, body, options) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  const files = typeof body !== "string" && body !== null;
  if (!files) headers["Content-Type"] = "application/json";
  // Files take as long as they take.
  const signal = options.signal ?? (files ? undefined : AbortSignal.timeout(LONGEST_MS));
  /** @type {Response} */
  let response;
  let text;
  try {
    response = await fetch(url, { method, body, headers, credentials: "same-origin", redirect: "error", ...options, signal });
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new HttpError("network", gettext("No connection."), 0, { error: String(error) });
  }
  // A page that is not shown to strangers leads to the sign-in.
  if (response.type === "opaqueredirect") throw faultOf(401, null);
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new HttpError("server", gettext("The server reported an error."), response.status);
  }
  if (!response.ok) throw faultOf(response.status, data);
  return { status: response.status, text, data };
}

/**
 * @param {string} url
 * @param {Options} [options]
 * @returns {Promise<any>} the parsed body
 */
export async function getJSON(url, options = {}) {
  return (await call("GET", url, null, { redirect: "manual", ...options })).data;
}

/**
 * @param {string} url
 * @param {unknown} [body]
 * @param {Options} [options]
 * @returns {Promise<any>} the parsed body; null for 204
 */
export async function postJSON(url, body = {}, options = {}) {
  return (await call("POST", url, JSON.stringify(body), { redirect: "manual", ...options })).data;
}

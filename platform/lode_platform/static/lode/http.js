// @ts-check
// JSON over fetch, with the CSRF token and errors that carry the server's words.

/** An answer that is not 2xx; `problem` is the server's `{error, code, ...}`. */
export class HttpError extends Error {
  /**
   * @param {number} status
   * @param {{error?: string, code?: string, [key: string]: unknown}} problem
   */
  constructor(status, problem) {
    super(problem.error ?? `The server answered ${status}.`);
    this.name = "HttpError";
    this.status = status;
    this.problem = problem;
  }
}

/** @returns {string} */
export function csrfToken() {
  return document.querySelector('meta[name="lode-csrf"]')?.getAttribute("content") ?? "";
}

/**
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<any>} the parsed body; null for 204
 */
async function request(url, init) {
  const response = await fetch(url, { credentials: "same-origin", ...init });
  const text = await response.text();
  /** @type {any} */
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = { error: response.ok ? "The server's answer is not JSON." : text.slice(0, 200) };
    if (response.ok) throw new HttpError(response.status, body);
  }
  if (!response.ok) throw new HttpError(response.status, body ?? {});
  return body;
}

/**
 * @param {string} url
 * @param {{signal?: AbortSignal}} [options]
 */
export function getJSON(url, options = {}) {
  return request(url, { headers: { Accept: "application/json" }, ...options });
}

/**
 * @param {string} url
 * @param {unknown} [body]
 * @param {{method?: string, signal?: AbortSignal, keepalive?: boolean}} [options]
 */
export function postJSON(url, body = {}, options = {}) {
  return request(url, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(body),
    ...options,
  });
}

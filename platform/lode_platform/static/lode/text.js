// @ts-check
/** A text of the server, decoded as the SDK decodes it and shown as text content alone: `<lode-text src>`. */

/**
 * UTF-8 with or without a byte order mark, or UTF-16 with one; the mark is left out.
 * @param {Uint8Array} bytes
 * @returns {string}
 * @throws {TypeError} where the bytes are not that
 */
export function decoded(bytes) {
  const mark = bytes.length > 1 ? ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0) : 0;
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

/** @param {string} address @param {AbortSignal} [signal] @returns {Promise<string>} the text there */
export async function textAt(address, signal) {
  const response = await fetch(address, { credentials: "same-origin", ...(signal ? { signal } : {}) });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return decoded(new Uint8Array(await response.arrayBuffer()));
}

class LodeText extends (globalThis.HTMLElement ?? Object) {
  static observedAttributes = ["src"];
  /** @type {AbortController|null} */
  #asking = null;

  attributeChangedCallback() {
    this.#asking?.abort();
    const mine = (this.#asking = new AbortController());
    this.textContent = "";
    const address = this.getAttribute("src");
    if (!address) return;
    textAt(address, mine.signal).then(
      (text) => (this.textContent = text),
      (error) => {
        if (!mine.signal.aborted) this.textContent = String(error);
      },
    );
  }
}

globalThis.customElements?.define("lode-text", LodeText);

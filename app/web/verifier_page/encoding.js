/**
 * Bytes and the texts that stand for them: UTF-8, hex, canonical base64 (RFC 4648 §4, §3.5), plain decimals; SHA-256.
 */

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SEXTETS = new Int8Array(128).fill(-1);
for (let value = 0; value < 64; value += 1) SEXTETS[BASE64.charCodeAt(value)] = value;

const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;
export const SIZE_MAX = 2n ** 63n - 1n;
export const HASH_BYTES = 32;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(text) {
  return encoder.encode(text);
}

/** The text that `bytes` are in UTF-8, a byte order mark included; null when they are none. */
export function fromUtf8(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function sameBytes(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** SHA-256 over the parts, one after the other. */
export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

/** The bytes that `text` stands for; null when another text would be their canonical form. */
export function fromBase64(text) {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const digits = text.length - padding;
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (let place = 0; place < digits; place += 1) {
    const sextet = SEXTETS[text.charCodeAt(place)] ?? -1;
    if (sextet < 0) return null;
    pending = ((pending << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (pending >> bits) & 0xff;
      at += 1;
    }
  }
  // Bits that no byte took must be zero, else another text stands for the same bytes.
  return (pending & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** A tree size or leaf index: ASCII digits, no leading zero, below 2^63; null for anything else. */
export function fromDecimal(text) {
  if (!DECIMAL.test(text)) return null;
  const number = BigInt(text);
  return number <= SIZE_MAX ? number : null;
}

/** The parts of `text` before and after the first `separator`; the second is null where there is none. */
export function cut(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Below, at or above zero as `one` sorts before, with or after `other`, by code point. */
export function compareTexts(one, other) {
  const [left, right] = [Array.from(one), Array.from(other)];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const difference = left[at].codePointAt(0) - right[at].codePointAt(0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

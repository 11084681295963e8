/**
 * Reading JSON that must be canonical (RFC 8785), and taking it apart member by member.
 *
 * The browser's own JSON.parse would let pass what must be refused: keys that stand twice, fractions, numbers that lose
 * digits. Objects become Maps, so that no key can collide with what JavaScript itself keeps on objects.
 */

import { HASH_BYTES, fromBase64, fromUtf8 } from "./encoding.js";
import { Refusal, hold, message } from "./findings.js";

const DEPTH_MAX = 900; // a bundle has no more than eight levels
const INTEGER_DIGITS = String(Number.MAX_SAFE_INTEGER).length;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /(-?(?:0|[1-9][0-9]*))((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const NO_NUMBERS = ["NaN", "Infinity", "-Infinity"];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;
const TIME = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.[0-9]{3}Z$/;

/** The value whose canonical form `bytes` are. */
export function readCanonical(bytes) {
  const text = fromUtf8(bytes);
  hold(text !== null, message("The file is not UTF-8 text."));
  const value = new Reader(text).document();
  hold(canonical(value) === text, message("The file is not in canonical form (RFC 8785), byte for byte."));
  return value;
}

/** The JCS of a value that `readCanonical` gave: members sorted by UTF-16 code units, as JavaScript sorts. */
export function canonical(value) {
  if (value instanceof Map) {
    const names = [...value.keys()].sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value.get(name))}`).join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  return JSON.stringify(value);
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
    this.wellFormed = true;
  }

  document() {
    const value = this.value();
    this.match(SPACE);
    if (this.at !== this.text.length) this.fail();
    hold(this.wellFormed, message("The file holds text that is not valid Unicode."));
    return value;
  }

  fail() {
    throw new Refusal(message("The file is not JSON."));
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const matched = pattern.exec(this.text);
    if (matched !== null) this.at = pattern.lastIndex;
    return matched;
  }

  /** Whether `word` comes next; if so, it is behind us. */
  take(word) {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  value() {
    this.match(SPACE);
    if (this.take('"')) return this.string();
    if (this.take("{")) return this.nested(() => this.object());
    if (this.take("[")) return this.nested(() => this.array());
    if (this.take("null")) return null;
    if (this.take("true")) return true;
    if (this.take("false")) return false;
    return this.number();
  }

  nested(read) {
    this.depth += 1;
    hold(this.depth <= DEPTH_MAX, message("The file is nested too deeply."));
    const value = read();
    this.depth -= 1;
    return value;
  }

  object() {
    const value = new Map();
    let pairs = 0;
    this.match(SPACE);
    if (this.take("}")) return value;
    do {
      this.match(SPACE);
      if (!this.take('"')) this.fail();
      const name = this.string();
      this.match(SPACE);
      if (!this.take(":")) this.fail();
      value.set(name, this.value());
      pairs += 1;
      this.match(SPACE);
    } while (this.take(","));
    if (!this.take("}")) this.fail();
    hold(value.size === pairs, message("The file has an object with the same key twice."));
    return value;
  }

  array() {
    const value = [];
    this.match(SPACE);
    if (this.take("]")) return value;
    do {
      value.push(this.value());
      this.match(SPACE);
    } while (this.take(","));
    if (!this.take("]")) this.fail();
    return value;
  }

  number() {
    const fraction = message("The file has a number with a fraction or an exponent.");
    hold(!NO_NUMBERS.some((word) => this.text.startsWith(word, this.at)), fraction);
    const token = this.match(NUMBER);
    if (token === null) this.fail();
    hold(token[2] === "", fraction);
    const fits = token[1].length <= INTEGER_DIGITS + 1 && Number.isSafeInteger(Number(token[1]));
    hold(fits, message("The file has a number that is too large."));
    return Number(token[1]);
  }

  /** The rest of a string whose first quotation mark is behind us. */
  string() {
    const parts = [];
    for (;;) {
      parts.push(this.match(PLAIN)[0]);
      if (this.take('"')) break;
      if (!this.take("\\")) this.fail();
      parts.push(this.escape());
    }
    const value = parts.join("");
    this.wellFormed &&= value.isWellFormed();
    return value;
  }

  escape() {
    if (this.take("u")) {
      const digits = this.match(HEX4);
      return digits === null ? this.fail() : String.fromCharCode(parseInt(digits[0], 16));
    }
    const letter = this.text.charAt(this.at);
    if (!Object.hasOwn(ESCAPES, letter)) this.fail();
    this.at += 1;
    return ESCAPES[letter];
  }
}

/** `value` as an object with exactly these members. */
export function asMembers(value, names, where) {
  hold(value instanceof Map, message("{where} is not an object.", { where }));
  const exact = value.size === names.length && names.every((name) => value.has(name));
  hold(exact, message("{where} does not have exactly the members of its kind.", { where }));
  return value;
}

export function asItems(value, where) {
  hold(Array.isArray(value), message("{where} is not a list.", { where }));
  return value;
}

export function asText(value, where) {
  hold(typeof value === "string", message("{where} is not a string.", { where }));
  return value;
}

export function asCount(value, where) {
  hold(isInteger(value, 0), message("{where} is not a whole number from 0.", { where }));
  return value;
}

export function asTime(value, where) {
  hold(isTime(asText(value, where)), message("{where} is not a time of the form YYYY-MM-DDTHH:MM:SS.mmmZ.", { where }));
  return value;
}

export function asUuid(value, where) {
  hold(isUuid(asText(value, where)), message("{where} is not a UUID in lower case.", { where }));
  return value;
}

/** `value` as 64 lower-case hex digits, kept as text. */
export function asLeaf(value, where) {
  hold(isHash(asText(value, where)), message("{where} is not 64 lower-case hex digits.", { where }));
  return value;
}

export function asBase64(value, where) {
  const bytes = fromBase64(asText(value, where));
  hold(bytes !== null, message("{where} is not canonical base64.", { where }));
  return bytes;
}

/** `value` as base64 of 32 bytes: a hash, a commitment or a salt. */
export function asHash(value, where) {
  const bytes = asBase64(value, where);
  hold(bytes.length === HASH_BYTES, message("{where} is not 32 bytes long.", { where }));
  return bytes;
}

/** `value` as a list of hashes in base64; `element` names one of them. */
export function asPath(value, where, element) {
  return asItems(value, where).map((item) => asHash(item, element));
}

export function isInteger(value, least) {
  return typeof value === "number" && value >= least;
}

export function isUuid(value) {
  return typeof value === "string" && UUID.test(value);
}

export function isHash(value) {
  return typeof value === "string" && HASH.test(value);
}

/** Whether `value` is a time that exists, in UTC with three decimals. */
export function isTime(value) {
  const parts = typeof value === "string" ? TIME.exec(value) : null;
  if (parts === null) return false;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number);
  return year > 0 && day > 0 && day <= daysIn(year, month) && hour < 24 && minute < 60 && second < 60;
}

function daysIn(year, month) {
  if (month < 1 || month > 12) return 0;
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

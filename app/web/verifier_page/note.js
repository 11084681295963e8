/**
 * Signed notes and verifier keys (c2sp.org/signed-note), with Ed25519 signatures (type 01).
 */

import { cut, fromBase64, hex, sha256, utf8 } from "./encoding.js";
import { NotJudged, demand, message } from "./findings.js";
import { isKeyName } from "./merkle.js";

const NOTE_BYTES_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const LINE_START = "— "; // em dash, space
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const LINE_END = /\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/;

/** The key that `text` (name+hash+base64, no line end) describes: `text`, `name`, `id` (8 hex digits), `key` (bytes). */
export function parseVkey(text) {
  return parseKey(text, ED25519, message("the verifier key is not of type 01 (Ed25519)"));
}

/** The same for the key of a witness, whose signatures are of type 04. */
export function parseCosignerKey(text) {
  return parseKey(text, COSIGNATURE, message("the verifier key is not of type 04 (cosignature/v1 with Ed25519)"));
}

async function parseKey(text, type, ofAnotherType) {
  const [name, rest] = cut(text, "+");
  const [id, encoded] = cut(rest ?? "", "+");
  const material = fromBase64(encoded ?? "");
  demand(material !== null, message("a verifier key has the form name+hash+base64"));
  demand(material[0] === type, ofAnotherType);
  demand(isKeyName(name), message("the name of a key is empty or holds a space or a plus"));
  demand(material.length === KEY_BYTES + 1, message("an Ed25519 key has 32 bytes"));
  const computed = await sha256(utf8(name), utf8("\n"), material);
  demand(
    hex(computed.slice(0, KEY_ID_BYTES)) === id,
    message("the hash in the verifier key does not fit its name and key"),
  );
  return { text, name, id, key: material.slice(1) };
}

/** The keys of a vkey file, one a line; blank lines are passed over. */
export async function parseVkeys(text) {
  const lines = text.split(LINE_END).map((line) => line.trim());
  const vkeys = await Promise.all(lines.filter((line) => line !== "").map(parseVkey));
  demand(vkeys.length > 0, message("the file holds no verifier key"));
  return vkeys;
}

/** The parts of a well-formed note: its text with the final newline, and its signatures, none of them checked. */
export function parseNote(note) {
  demand(utf8(note).length <= NOTE_BYTES_MAX, message("the note is too long"));
  demand(!CONTROL.test(note), message("the note holds a control character"));
  const blank = note.lastIndexOf("\n\n");
  demand(
    blank >= 0 && note.endsWith("\n") && note.length > blank + 2,
    message("the note has no blank line before complete signature lines"),
  );
  const lines = note.slice(blank + 2, -1).split("\n");
  demand(lines.length <= SIGNATURES_MAX, message("the note has too many signatures"));
  return { text: note.slice(0, blank + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line) {
  const [name, encoded] = cut(line.slice(LINE_START.length), " ");
  demand(
    line.startsWith(LINE_START) && isKeyName(name),
    message("a line after the blank line is not a signature"),
  );
  const bytes = fromBase64(encoded ?? "");
  demand(bytes !== null, message("a signature is not canonical base64"));
  demand(bytes.length > KEY_ID_BYTES, message("a signature is too short"));
  return { name, id: hex(bytes.slice(0, KEY_ID_BYTES)), signature: bytes.slice(KEY_ID_BYTES) };
}

/**
 * The note, checked under the keys that the verifier knows: `text`, and in `signers` those that signed, maybe none.
 *
 * Signatures by unknown keys are passed over; a bad one by a known key makes the whole note malformed.
 */
export async function verifyNote(note, vkeys) {
  const { text, signatures } = parseNote(note);
  const known = new Map(vkeys.map((vkey) => [vkey.text, vkey]));
  const signers = [];
  for (const line of signatures) {
    for (const vkey of known.values()) {
      if (vkey.name !== line.name || vkey.id !== line.id) continue;
      demand(
        await verifiesEd25519(vkey.key, line.signature, utf8(text)),
        message("a signature by a known key does not hold"),
      );
      signers.push(vkey);
    }
  }
  return { text, signers };
}

/** Whether `signature` is the Ed25519 signature of `bytes` under `key` (32 bytes). */
export async function verifiesEd25519(key, signature, bytes) {
  if (!(await ed25519Works())) throw new NotJudged(message("This browser cannot check Ed25519 signatures."));
  return webCryptoVerifies(key, signature, bytes);
}

async function webCryptoVerifies(key, signature, bytes) {
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, bytes);
  } catch {
    return false;
  }
}

// The first test of RFC 8032 §7.1: the signature of nothing.
const SAMPLE_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const SAMPLE_SIGNATURE =
  "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==";

/** Whether this browser tells a good Ed25519 signature from a bad one; older browsers know nothing of them. */
export const ed25519Works = once(async () => {
  const [key, signature] = [fromBase64(SAMPLE_KEY), fromBase64(SAMPLE_SIGNATURE)];
  const [nothing, something] = [new Uint8Array(), new Uint8Array([0])];
  return (await webCryptoVerifies(key, signature, nothing)) && !(await webCryptoVerifies(key, signature, something));
});

function once(ask) {
  let answer = null;
  return () => (answer ??= ask());
}

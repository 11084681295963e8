/**
 * Commitments: what the log holds instead of a fact, and what a document holds instead of a personal value.
 */

import { sha256, utf8 } from "./encoding.js";
import { leafHash } from "./merkle.js";

/** The leaf hash under which a fact stands in the tree; `document` is its JCS, `salt` has 32 bytes. */
export async function leafOf(document, salt) {
  const commitment = await sha256(utf8("awizo/record/v1\0"), salt, utf8(document));
  return leafHash(utf8("awizo-leaf/v1\n"), commitment);
}

/** What a document holds in place of the field `name`; `salt` has 32 bytes. */
export function fieldCommitment(name, salt, value) {
  const label = utf8(name);
  return sha256(utf8("awizo/field/v1\0"), new Uint8Array([label.length]), label, salt, value);
}

const ALWAYS_ORIGINAL = ["event", "provider_reply", "receipt"];
const MEDIA_TYPES = { content: "message/rfc822", event: "application/cloudevents+json" };

/** Whether field `name` is shown among the originals, a whole document itself; of `content` only an e-mail is. */
export function isOriginal(name, encoding) {
  return ALWAYS_ORIGINAL.includes(name) || (name === "content" && encoding === "mime");
}

/** The media type that an original of field `name` must have; null when whoever sent it decides. */
export function fixedMediaType(name) {
  return Object.hasOwn(MEDIA_TYPES, name) ? MEDIA_TYPES[name] : null;
}

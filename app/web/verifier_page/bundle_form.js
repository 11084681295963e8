/**
 * Reading the bytes of a bundle: canonical JSON, exact members, well-formed values, documents by the catalogue.
 */

import { isOriginal, leafOf } from "./commitment.js";
import { readDocument } from "./documents.js";
import { fromUtf8, hex, sha256, utf8 } from "./encoding.js";
import { DocumentRefusal, Refusal, hold, message, orRefuse } from "./findings.js";
import { parseCheckpoint, parseProof } from "./merkle.js";
import { parseNote, parseVkey } from "./note.js";
import {
  asBase64,
  asCount,
  asHash,
  asItems,
  asLeaf,
  asMembers,
  asPath,
  asText,
  asTime,
  asUuid,
  canonical,
  readCanonical,
} from "./strict_json.js";

const FORMAT = "awizo-proof/v1";
const BUNDLE_MEMBERS = [
  ...["format", "notification", "issued_at", "pending", "vkeys", "facts", "context", "anchors", "timestamps"],
  ...["originals", "statement", "witnesses", "limits", "digest"],
];

/** The bundle that `bytes` hold; a refusal for anything that is not well-formed. Nothing of it is checked yet. */
export async function readBundle(bytes) {
  const raw = asMembers(readCanonical(bytes), BUNDLE_MEMBERS, message("The bundle"));
  hold(raw.get("format") === FORMAT, message("The bundle is not of the format awizo-proof/v1."));
  asText(raw.get("witnesses"), message("The member witnesses"));
  asText(raw.get("limits"), message("The member limits"));
  const facts = await readFacts(raw.get("facts"), "facts", FACT);
  hold(facts.length > 0, message("The bundle holds no fact."));
  const bundle = {
    notification: asUuid(raw.get("notification"), message("The notification of the bundle")),
    issuedAt: asTime(raw.get("issued_at"), message("The time of issue")),
    pending: asCount(raw.get("pending"), message("The number of pending facts")),
    vkeys: await readNamedVkeys(raw.get("vkeys")),
    facts,
    context: await readFacts(raw.get("context"), "context", CONTEXT_FACT),
    anchors: await readAnchors(raw.get("anchors")),
    timestamps: await readTimestamps(raw.get("timestamps")),
    originals: readOriginals(raw.get("originals")),
    statement: raw.get("statement") === null ? null : asText(raw.get("statement"), message("The statement")),
    digest: asLeaf(raw.get("digest"), message("The digest")),
  };
  raw.delete("digest");
  bundle.computedDigest = hex(await sha256(utf8(canonical(raw))));
  bundle.proven = [...bundle.facts, ...bundle.context];
  return bundle;
}

/** Each distinct checkpoint that proves something, in order: its `name` in sentences, its `note` and what that states. */
export function provingNotes(bundle) {
  const found = new Map();
  if (bundle.restsOn) found.set(bundle.restsOn.note, bundle.restsOn);
  for (const { note, checkpoint, where } of bundle.proven) {
    if (!found.has(note)) found.set(note, { name: message("The checkpoint of {where}", { where }), note, checkpoint });
  }
  return [...found.values()];
}

/** The checkpoint of each shard (the first, should there be several), by origin. */
export function checkpointsOf(bundle) {
  const found = new Map();
  for (const { checkpoint } of provingNotes(bundle)) {
    if (!found.has(checkpoint.origin)) found.set(checkpoint.origin, checkpoint);
  }
  return found;
}

/** The member `vkeys`. */
export async function readNamedVkeys(value) {
  const vkeys = [];
  for (const item of asItems(value, message("vkeys"))) {
    const text = asText(item, message("A verifier key"));
    vkeys.push(
      await orRefuse(
        () => parseVkey(text),
        (why) => message("A verifier key in the bundle is not well-formed: {why}.", { why }),
      ),
    );
  }
  return vkeys;
}

const FACT = {
  member: message("Member facts"),
  where: (number) => message("fact {number}", { number }),
  name: (number) => message("Fact {number}", { number }),
};
const CONTEXT_FACT = {
  member: message("Member context"),
  where: (number) => message("context fact {number}", { number }),
  name: (number) => message("Context fact {number}", { number }),
};

/** The facts in the member `section`; `noun` says what it and each of them are called in sentences. */
export async function readFacts(value, section, noun) {
  const facts = [];
  for (const [number, item] of asItems(value, noun.member).entries()) {
    facts.push(await readFact(item, section, noun.where(number), noun.name(number)));
  }
  return facts;
}

async function readFact(value, section, where, name) {
  const raw = asMembers(value, ["document", "salt", "openings", "proof"], name);
  const document = readItsDocument(raw.get("document"), where);
  const salt = asHash(raw.get("salt"), message("The salt of {where}", { where }));
  const proofText = asText(raw.get("proof"), message("The proof of {where}", { where }));
  const proof = await orRefuse(
    () => parseProof(proofText),
    (why) => message("The proof of {where} is not well-formed: {why}.", { where, why }),
  );
  const text = canonical(raw.get("document"));
  const leaf = await leafOf(text, salt);
  const openings = readOpenings(raw.get("openings"), document, where);
  const checkpoint = await checkpointOf(proof.note, message("The checkpoint of {where}", { where }));
  return { where, name, section, document, text, leaf, leafHex: hex(leaf), openings, checkpoint, ...proof };
}

function readItsDocument(value, where) {
  try {
    return readDocument(value, where);
  } catch (error) {
    throw error instanceof Refusal ? new DocumentRefusal(error.sentence) : error;
  }
}

function readOpenings(value, document, where) {
  hold(value instanceof Map, message("The openings of {where} are not an object.", { where }));
  const known = [...value.keys()].every((name) => document.sealed.has(name));
  hold(known, message("The openings of {where} name a field that it does not seal.", { where }));
  return [...value].map(([name, item]) => readOpening(name, item, document, where));
}

function readOpening(name, value, document, where) {
  const subject = message("The opening of {name} of {where}", { name: message(name), where });
  const misplaced = isOriginal(name, document.data.get("encoding"));
  hold(!misplaced, message("{subject} belongs among the originals.", { subject }));
  const inText = value instanceof Map && value.has("value");
  const raw = asMembers(value, ["salt", inText ? "value" : "value_base64"], subject);
  const its = message("{subject}: its value", { subject });
  const bytes = inText ? utf8(asText(raw.get("value"), its)) : asBase64(raw.get("value_base64"), its);
  const needless = !inText && fromUtf8(bytes) !== null;
  hold(!needless, message("{subject} gives text as base64.", { subject }));
  return { name, salt: asHash(raw.get("salt"), message("{subject}: its salt", { subject })), bytes };
}

/** The member `anchors`. */
export async function readAnchors(value) {
  const anchors = [];
  for (const [number, item] of asItems(value, message("Member anchors")).entries()) {
    const [name, where] = [message("Anchor {number}", { number }), message("anchor {number}", { number })];
    const raw = asMembers(item, ["note", "consistency"], name);
    const note = asText(raw.get("note"), name);
    const consistency = readConsistency(raw.get("consistency"), where);
    anchors.push({ name, note, consistency, checkpoint: await checkpointOf(note, name) });
  }
  return anchors;
}

async function readTimestamps(value) {
  const stamps = [];
  for (const [number, item] of asItems(value, message("Member timestamps")).entries()) {
    const [name, where] = [message("Time stamp {number}", { number }), message("time stamp {number}", { number })];
    const raw = asMembers(item, ["note", "tsr", "consistency"], name);
    const text = asText(raw.get("note"), message("The note of {where}", { where }));
    const checkpoint = await checkpointInText(text, name);
    const token = asBase64(raw.get("tsr"), message("The token of {where}", { where }));
    stamps.push({ name, text, checkpoint, token, consistency: readConsistency(raw.get("consistency"), where) });
  }
  return stamps;
}

function readConsistency(value, where) {
  return asPath(
    value,
    message("The consistency of {where}", { where }),
    message("An element of the consistency of {where}", { where }),
  );
}

/** The member `originals`. */
export function readOriginals(value) {
  return asItems(value, message("Member originals")).map((item, number) => {
    const [name, where] = [message("Original {number}", { number }), message("original {number}", { number })];
    const raw = asMembers(item, ["fact", "field", "media_type", "salt", "bytes"], name);
    return {
      name,
      field: asText(raw.get("field"), message("The field of {where}", { where })),
      salt: asHash(raw.get("salt"), message("The salt of {where}", { where })),
      bytes: asBase64(raw.get("bytes"), message("The bytes of {where}", { where })),
      fact: asUuid(raw.get("fact"), message("The fact of {where}", { where })),
      mediaType: asText(raw.get("media_type"), message("The media type of {where}", { where })),
    };
  });
}

/** The checkpoint that a signed note states. */
export async function checkpointOf(note, where) {
  const { text } = await orRefuse(
    () => parseNote(note),
    (why) => message("{where} is not a signed note: {why}.", { where, why }),
  );
  return checkpointInText(text, where);
}

function checkpointInText(text, where) {
  return orRefuse(
    () => parseCheckpoint(text),
    (why) => message("{where} is not a checkpoint: {why}.", { where, why }),
  );
}

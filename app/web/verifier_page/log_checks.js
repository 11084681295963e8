/**
 * The checks on checkpoints: anchors, the keys that signed, the statement of completeness, time stamps.
 */

import { checkpointsOf, provingNotes } from "./bundle_form.js";
import { compareTexts, fromDecimal } from "./encoding.js";
import { UnknownSigner, demand, hold, message, orRefuse } from "./findings.js";
import { sameCheckpoint, verifyConsistency } from "./merkle.js";
import { verifyNote } from "./note.js";
import { isHash, isTime, isUuid } from "./strict_json.js";

const STATEMENT_HEADER = "awizo-statement/v1";
const STATEMENT_LINES = 7;

/** Whose keys a check goes by, and how it says that none of them signed. */
export const IN_THE_BUNDLE = (where) => message("{where} is signed by none of the keys named in the bundle.", { where });
export const GIVEN = (where) => message("{where} is signed by none of the keys given.", { where });

/** The anchors are exactly those that facts name, each older than its facts and consistent with its shard. */
export async function checkAnchors(bundle) {
  const named = namedAnchors(bundle);
  const exact =
    bundle.anchors.length === named.length &&
    bundle.anchors.every(({ checkpoint }, at) => compareHeads(checkpoint, named[at]) === 0);
  hold(exact, message("The anchors are not exactly those that the facts name, in order of shard and size."));
  const checkpoints = checkpointsOf(bundle);
  for (const [at, { name, checkpoint, consistency }] of bundle.anchors.entries()) {
    hold(
      sameCheckpoint(checkpoint, named[at]),
      message("{name} has another root hash than the one that facts name.", { name }),
    );
    const newest = checkpoints.get(checkpoint.origin);
    if (newest !== undefined) {
      await requireConsistency(checkpoint, newest, consistency, name);
    } else {
      hold(
        consistency.length === 0,
        message("{name} has a consistency path, but its shard has no fact in the bundle.", { name }),
      );
    }
  }
  const number = named.length;
  return number === 0
    ? message("The facts name no earlier checkpoint.")
    : message("Each checkpoint that the facts name ({number}) is a beginning of the log that proves them.", { number });
}

/** The checkpoints that facts name, each once, in order of shard and size. */
function namedAnchors(bundle) {
  const named = [];
  for (const { where, index, checkpoint, document } of bundle.proven) {
    const { anchor } = document;
    if (anchor === null) continue;
    hold(
      anchor.origin !== checkpoint.origin || anchor.size <= index,
      message("The anchor of {where} is younger than the fact's place in the log.", { where }),
    );
    const known = named.find((other) => compareHeads(other, anchor) === 0);
    hold(
      known === undefined || sameCheckpoint(known, anchor),
      message("The anchor of {where} contradicts that of another fact: the log was forked.", { where }),
    );
    if (known === undefined) named.push(anchor);
  }
  return named.sort(compareHeads);
}

function compareHeads(one, other) {
  return compareTexts(one.origin, other.origin) || (one.size < other.size ? -1 : Number(one.size > other.size));
}

function requireConsistency(older, newer, path, name) {
  return orRefuse(
    () => verifyConsistency(older, newer, path),
    (why) => message("{name} is not consistent with the checkpoint of its shard: {why}.", { name, why }),
  );
}

/** Each checkpoint is signed by a key that the bundle itself names for its shard. */
export async function checkCheckpoints(bundle) {
  const { unsigned } = await verifyCheckpoints(bundle, bundle.vkeys, IN_THE_BUNDLE);
  if (unsigned.length > 0) throw unsigned[0];
  return message("Each checkpoint is signed by a key that the bundle names.");
}

/**
 * Each checkpoint is signed by a key that the verifier brought; with it, in `signers`, the keys that signed.
 *
 * An anchor of a shard that has facts is vouched for by its consistency with that shard's checkpoint, so that after a
 * rotation of keys it may carry the retired key's signature alone. Of any other shard only the signature speaks.
 */
export async function checkSignature(bundle, vkeys) {
  if (vkeys.length === 0) {
    const sentence = message("No key was given: nobody vouches for who signed, only that the bundle fits its own keys.");
    return { outcome: "not_vouched", sentence, signers: [] };
  }
  const { signers, unsigned } = await verifyCheckpoints(bundle, vkeys, GIVEN);
  const proven = checkpointsOf(bundle);
  const alone = unsigned.find((refusal) => !proven.has(refusal.origin));
  if (alone !== undefined) throw alone;
  const sentence =
    unsigned.length === 0
      ? message("Each checkpoint is signed by a key that you gave.")
      : message(
          "Each checkpoint that proves facts is signed by a key that you gave; of the anchors, {number} by another " +
            "key only, and vouched for by their consistency with these checkpoints.",
          { number: unsigned.length },
        );
  return { outcome: "holds", sentence, signers };
}

/** The keys that signed, and a refusal for each anchor that none of them signed. */
async function verifyCheckpoints(bundle, vkeys, unknown) {
  const signers = new Map();
  const add = (found) => found.forEach((vkey) => signers.set(vkey.text, vkey));
  for (const { name, note, checkpoint } of provingNotes(bundle)) {
    add((await signed(note, checkpoint.origin, vkeys, name, unknown)).signers);
  }
  const unsigned = [];
  for (const { note, checkpoint, name } of bundle.anchors) {
    try {
      add((await signed(note, checkpoint.origin, vkeys, name, unknown)).signers);
    } catch (error) {
      if (!(error instanceof UnknownSigner)) throw error;
      unsigned.push(error);
    }
  }
  return { signers: [...signers.values()], unsigned };
}

/** The note, signed by at least one of the keys that have this name. */
export async function signed(note, keyName, vkeys, where, unknown) {
  const candidates = vkeys.filter((vkey) => vkey.name === keyName);
  const verified = await orRefuse(
    () => verifyNote(note, candidates),
    (why) => message("{where} is not well signed: {why}.", { where, why }),
  );
  if (verified.signers.length === 0) throw new UnknownSigner(unknown(where), keyName);
  return verified;
}

/** The statement of completeness, if any, is about this bundle; whether under a key that the verifier brought. */
export async function checkCompleteness(bundle, vkeys) {
  if (bundle.statement === null) {
    return note(message("There is no statement of completeness: more facts may exist."));
  }
  const last = bundle.facts.at(-1);
  const keyName = `${last.checkpoint.origin}/statements`;
  const where = message("The statement");
  const { text } = await signed(bundle.statement, keyName, bundle.vkeys, where, IN_THE_BUNDLE);
  await orRefuse(
    () => checkStatementForm(text),
    (why) => message("The statement is not well-formed: {why}.", { why }),
  );
  const { notification, issuedAt, facts, pending } = bundle;
  const expected = [STATEMENT_HEADER, notification, issuedAt, facts.length, pending, last.leafHex, last.checkpoint.size];
  hold(
    text === expected.map((line) => `${line}\n`).join(""),
    message("The statement of completeness is about something else than this bundle."),
  );
  try {
    await signed(bundle.statement, keyName, vkeys, where, GIVEN);
  } catch (error) {
    if (!(error instanceof UnknownSigner)) throw error;
    return note(message("The key of the statement of completeness was not given: more facts may exist."));
  }
  const sentence = message(
    "The log states under a key that you gave that these are all facts published by {issuedAt}.",
    { issuedAt },
  );
  return { outcome: "holds", sentence };
}

/** A finding that is neither good nor bad: something that nobody vouches for. */
function note(sentence) {
  return { outcome: "not_vouched", sentence };
}

function checkStatementForm(text) {
  const lines = text.split("\n");
  demand(
    lines.length === STATEMENT_LINES + 1 && lines[0] === STATEMENT_HEADER && lines[STATEMENT_LINES] === "",
    message("a statement of completeness has seven lines, the first its header"),
  );
  const [notification, issuedAt, facts, pending, lastLeaf, size] = lines.slice(1, STATEMENT_LINES);
  demand(
    isUuid(notification) && isTime(issuedAt) && isHash(lastLeaf),
    message("the statement's notification, time or leaf hash is not well-formed"),
  );
  demand(
    ![facts, pending, size].map(fromDecimal).includes(null),
    message("a number in the statement is not a plain decimal"),
  );
}

/** Whether facts were waiting to be published when the bundle was issued. */
export function checkPending({ pending }) {
  return pending === 0
    ? { outcome: "holds", sentence: message("No fact was waiting to be published.") }
    : {
        outcome: "warning",
        sentence: message("Facts not yet published, and so not in this proof: {pending}.", { pending }),
      };
}

/** Each stamped checkpoint belongs to the history of the log; the stamps themselves are not judged here. */
export async function checkTimestamps(bundle) {
  const number = bundle.timestamps.length;
  if (number === 0) {
    return note(message("The bundle carries no time stamp: the checkpoints show order, not time."));
  }
  const proven = checkpointsOf(bundle);
  for (const { name, checkpoint, consistency } of bundle.timestamps) {
    const newest = proven.get(checkpoint.origin);
    if (newest === undefined) {
      const known = bundle.anchors.some((anchor) => sameCheckpoint(anchor.checkpoint, checkpoint));
      hold(
        consistency.length === 0 && known,
        message("{name} is on a checkpoint that has nothing to do with this bundle.", { name }),
      );
    } else if (checkpoint.size < newest.size) {
      await requireConsistency(checkpoint, newest, consistency, name);
    } else {
      await requireConsistency(newest, checkpoint, consistency, name);
    }
  }
  return note(
    message(
      "The stamped checkpoints belong to this log ({number}), but the time stamps on them were not checked: that takes " +
        "the stamping authority's certificate and a tool such as openssl ts -verify.",
      { number },
    ),
  );
}

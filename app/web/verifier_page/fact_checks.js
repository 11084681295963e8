/**
 * The checks on facts: what opens them, where they stand in the log, how they hang together.
 *
 * Each returns the sentence that says what holds, or refuses.
 */

import { fieldCommitment, fixedMediaType, isOriginal } from "./commitment.js";
import { compareTexts, sameBytes } from "./encoding.js";
import { hold, message, orRefuse } from "./findings.js";
import { CONSENT_FACTS, EVENT_FACTS } from "./generated.js";
import { verifyInclusion } from "./merkle.js";

export function checkDigest(bundle) {
  hold(
    bundle.digest === bundle.computedDigest,
    message("The digest is not that of the bundle: it was damaged or changed."),
  );
  return message("The digest fits: the bundle was not damaged on its way.");
}

/** Each opened field is the one that its document commits to. */
export async function checkOpenings(bundle) {
  let number = 0;
  for (const fact of bundle.proven) {
    for (const { name, salt, bytes } of fact.openings) {
      hold(
        sameBytes(await fieldCommitment(name, salt, bytes), fact.document.sealed.get(name)),
        message("The opened {name} of {where} is not what was sealed.", { name: message(name), where: fact.where }),
      );
      number += 1;
    }
  }
  return number === 1
    ? message("1 opened field is what was sealed.")
    : message("{number} opened fields are what was sealed.", { number });
}

/** Each original opens a field of a fact in the bundle, is of its kind, and they stand in order, none twice. */
export async function checkOriginals(bundle) {
  const documents = new Map(bundle.proven.map(({ document }) => [document.id, document]));
  hold(
    ascends(bundle.originals, (one, other) => compareTexts(one.fact, other.fact) || compareTexts(one.field, other.field)),
    message("The originals are not in order of fact and field, each once."),
  );
  for (const original of bundle.originals) await checkOriginal(original, documents.get(original.fact));
  const number = bundle.originals.length;
  return number === 1
    ? message("1 original is what was sealed.")
    : message("{number} originals are what was sealed.", { number });
}

async function checkOriginal({ name, field, salt, bytes, mediaType }, document) {
  hold(
    document?.sealed.has(field),
    message("{name} belongs to no sealed field of a fact in the bundle.", { name }),
  );
  hold(
    isOriginal(field, document.data.get("encoding")),
    message("{name} is of a field that is opened beside its fact.", { name }),
  );
  hold(
    [null, mediaType].includes(fixedMediaType(field)),
    message("{name} has another media type than its field.", { name }),
  );
  hold(
    sameBytes(await fieldCommitment(field, salt, bytes), document.sealed.get(field)),
    message("{name} is not what was sealed.", { name }),
  );
}

/** Whether each of `list` sorts after the one before it. */
function ascends(list, compare) {
  return list.every((item, at) => at === 0 || compare(list[at - 1], item) < 0);
}

/** Each fact stands in the log, under one checkpoint a shard, at an index and with an id that no other has. */
export async function checkInclusion(bundle) {
  const notes = new Map();
  const [places, ids] = [new Set(), new Set()];
  for (const { where, note, checkpoint, index, leaf, path, document } of bundle.proven) {
    const { origin, size, root } = checkpoint;
    if (!notes.has(origin)) notes.set(origin, note);
    hold(
      notes.get(origin) === note,
      message("The checkpoint of {where} is not the one that proves the other facts of its shard.", { where }),
    );
    const place = `${origin} ${index}`;
    hold(
      !places.has(place) && !ids.has(document.id),
      message("The index or the id of {where} is that of another fact.", { where }),
    );
    places.add(place);
    ids.add(document.id);
    await orRefuse(
      () => verifyInclusion({ leaf, index, size, path, root }),
      (why) => message("The place of {where} in the log is not proven: {why}.", { where, why }),
    );
  }
  const number = places.size;
  return number === 1
    ? message("1 fact stands in the log, unaltered.")
    : message("{number} facts stand in the log, unaltered.", { number });
}

/** The facts are one notification's, numbered from 0 without a gap, each naming the one before it. */
export function checkChain(bundle) {
  let ended = false;
  for (const [number, fact] of bundle.facts.entries()) {
    const { document, where } = fact;
    const { row } = document;
    const before = bundle.facts[number - 1] ?? null;
    hold(document.notification === bundle.notification, message("Not of this notification: {where}.", { where }));
    hold(document.n === number, message("The facts are not numbered from 0 without a gap: {where}.", { where }));
    hold(
      document.prev === (before?.leafHex ?? null),
      message("The fact before it is not the one that {where} names.", { where }),
    );
    hold(
      number === 0 ? row.opens : !row.only_opens,
      message("By its type, {where} cannot stand at this place of the chain.", { where }),
    );
    hold(
      !ended || row.follows_end,
      message("The chain had ended before {where}, which cannot follow.", { where }),
    );
    if (before !== null) checkOrder(before, fact);
    ended ||= row.ends;
  }
  const number = bundle.facts.length;
  return number === 1
    ? message("The chain of 1 fact has no gap and begins with fact 0.")
    : message("The chain of {number} facts has no gap and begins with fact 0.", { number });
}

/** The context is exactly the event and consent facts that facts name, in order of shard and index. */
export function checkContext(bundle) {
  const known = new Map(bundle.context.map((fact) => [fact.leafHex, fact]));
  hold(ascends(bundle.context, comparePlaces), message("The context is not in order of shard and index, each fact once."));
  const named = new Set();
  for (const fact of bundle.facts) {
    const { where, document } = fact;
    for (const leaf of document.data.get("event_facts") ?? []) {
      checkNamed(known.get(leaf), EVENT_FACTS, fact, {
        missing: message("An event fact that {where} names is not in the context.", { where }),
        ofAnotherType: message("An event fact that {where} names is of another type.", { where }),
      });
      named.add(leaf);
    }
    const consent = document.data.get("consent_fact") ?? null;
    if (consent !== null) {
      checkNamed(known.get(consent), CONSENT_FACTS, fact, {
        missing: message("The consent fact that {where} names is not in the context.", { where }),
        ofAnotherType: message("The consent fact that {where} names is of another type.", { where }),
      });
      named.add(consent);
    }
  }
  hold(
    [...known.keys()].every((leaf) => named.has(leaf)),
    message("The context holds a fact that no fact of the notification names."),
  );
  const number = known.size;
  return number === 1
    ? message("1 event or consent fact that the facts name is present and proven.")
    : message("{number} event or consent facts that the facts name are present and proven.", { number });
}

function comparePlaces(one, other) {
  return compareTexts(one.checkpoint.origin, other.checkpoint.origin) || Number(one.index - other.index);
}

function checkNamed(named, types, fact, { missing, ofAnotherType }) {
  hold(named !== undefined, missing);
  hold(types.includes(named.document.type), ofAnotherType);
  checkOrder(named, fact);
}

/** No entry is sealed before those that its document names; across shards only the hashes show the order. */
function checkOrder(earlier, later) {
  hold(
    earlier.checkpoint.origin !== later.checkpoint.origin || earlier.index < later.index,
    message("The log has {later} before {earlier}, which it names.", { later: later.where, earlier: earlier.where }),
  );
}

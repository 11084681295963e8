/**
 * Reading a fact's document against the catalogue: exact members, known type, keys, values and sealed names.
 *
 * The catalogue is awizo's own, written into this page when it is made: `CATALOGUE` maps each type of fact to its row.
 */

import { CATALOGUE, SUBSTITUTES_PAPER } from "./generated.js";
import { Malformed, hold, message } from "./findings.js";
import { isKeyName, parseCheckpoint } from "./merkle.js";
import { parseNote } from "./note.js";
import {
  asCount,
  asHash,
  asLeaf,
  asMembers,
  asText,
  asTime,
  asUuid,
  isHash,
  isInteger,
  isTime,
  isUuid,
} from "./strict_json.js";

const DOCUMENT_MEMBERS = ["v", "id", "type", "at", "notification", "n", "prev", "anchor", "data", "sealed"];

/** The test of each type of value, by the name that completes “must be …”; null is the catalogue's own affair. */
const VALUE_TESTS = {
  null: () => false,
  "a string": (value) => typeof value === "string",
  "an integer": (value) => isInteger(value, 0),
  "an integer from 1": (value) => isInteger(value, 1),
  "a UTC time with three decimals": isTime,
  "a UUID in lower case": isUuid,
  "64 lower-case hex digits": isHash,
  "a list of 64 lower-case hex digits each": (value) => Array.isArray(value) && value.every(isHash),
  "a whole signed checkpoint": isCheckpointNote,
};

/** The document that `value` is; a refusal, naming `where`, when it breaks a rule that it can break by itself. */
export function readDocument(value, where) {
  const row = rowOf(value, where);
  const names = row.etsi === null ? DOCUMENT_MEMBERS : [...DOCUMENT_MEMBERS, "etsi"];
  const raw = asMembers(value, names, message("The document of {where}", { where }));
  hold(raw.get("v") === 1, message("The document of {where} is not of version 1.", { where }));
  const etsi = row.etsi === null || raw.get("etsi") === row.etsi;
  hold(etsi, message("The ETSI event of {where} is not the one of its type.", { where }));
  const document = {
    raw,
    row,
    type: raw.get("type"),
    id: asUuid(raw.get("id"), message("The id of {where}", { where })),
    at: asTime(raw.get("at"), message("The time of {where}", { where })),
    notification: optional(asUuid, raw.get("notification"), message("The notification of {where}", { where })),
    n: optional(asCount, raw.get("n"), message("The number of {where}", { where })),
    prev: optional(asLeaf, raw.get("prev"), message("The predecessor of {where}", { where })),
    anchor: optional(readAnchor, raw.get("anchor"), message("The anchor of {where}", { where })),
    data: readData(raw.get("data"), row, where),
    sealed: readSealed(raw.get("sealed"), row, where),
  };
  checkPlace(document, where);
  return document;
}

function rowOf(value, where) {
  const type = value instanceof Map ? value.get("type") : null;
  const known = typeof type === "string" && Object.hasOwn(CATALOGUE, type);
  hold(known, message("The type of {where} is unknown.", { where }));
  return CATALOGUE[type];
}

function optional(read, value, where) {
  return value === null ? null : read(value, where);
}

function readAnchor(value, where) {
  const anchor = asMembers(value, ["origin", "size", "root"], where);
  const root = asHash(anchor.get("root"), message("{where}: its root hash", { where }));
  const size = asCount(anchor.get("size"), message("{where}: its size", { where }));
  hold(
    size > 0,
    message("{where} is an empty tree, but no checkpoint is published before the first entry.", { where }),
  );
  const origin = asText(anchor.get("origin"), message("{where}: its origin", { where }));
  hold(isKeyName(origin), message("{where} has an origin that no log can have.", { where }));
  return { origin, size: BigInt(size), root };
}

function readData(value, row, where) {
  const keys = Object.keys(row.data);
  const data = asMembers(value, [...keys, SUBSTITUTES_PAPER], message("The data of {where}", { where }));
  hold(
    data.get(SUBSTITUTES_PAPER) === false,
    message("The data of {where} does not say that it never substitutes for paper.", { where }),
  );
  for (const key of keys) {
    const kind = row.data[key];
    const expected = kind.words ? message("one of {words}", { words: kind.words.join(", ") }) : message(kind.name);
    hold(allows(kind, data.get(key)), message("In the data of {where}, {key} must be {expected}.", { where, key, expected }));
  }
  return data;
}

function allows(kind, value) {
  if (value === null) return kind.nullable;
  return kind.words ? kind.words.includes(value) : VALUE_TESTS[kind.name](value);
}

function isCheckpointNote(value) {
  if (typeof value !== "string") return false;
  try {
    parseCheckpoint(parseNote(value).text);
    return true;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

/** The commitments that stand in place of sealed fields, by name. */
function readSealed(value, row, where) {
  hold(value instanceof Map, message("The sealed fields of {where} are not an object.", { where }));
  const names = [...value.keys()];
  hold(
    names.every((name) => row.sealed.includes(name)),
    message("A sealed field of {where} is unknown to its type.", { where }),
  );
  return new Map(
    names.map((name) => [
      name,
      asHash(value.get(name), message("The commitment to {name} of {where}", { name: message(name), where })),
    ]),
  );
}

function checkPlace(document, where) {
  const { notification, n, prev, row } = document;
  const chained = notification !== null;
  hold(
    chained === (n !== null) && (prev !== null) === Boolean(n),
    message("The notification, number and predecessor of {where} do not fit together.", { where }),
  );
  hold(
    !chained || row.chain !== "never",
    message("By its type, {where} stands in no chain, but it names a notification.", { where }),
  );
  hold(
    chained || row.chain !== "always",
    message("By its type, {where} stands in the chain of a notification, but it names none.", { where }),
  );
}

/** What a fact shows, 0 to 5, derived from its document and never believed. */
export function gradeOf(document) {
  const { data, sealed, row } = document;
  switch (row.grading) {
    case "own_record":
      return 0;
    case "taken_over":
      return 1;
    case "taken_over_with_reply":
      return sealed.has("provider_reply") ? 1 : 0;
    case "by_reporter":
      if (data.get("via") === "handset") return 3;
      return data.get("via") === "dsn" && data.get("signature") === "dkim" ? 4 : 2;
    case "person":
      return 5;
    case "person_with_statement":
      return data.get("by") === "person" && sealed.has("statement") ? 5 : 0;
    default:
      throw new Error(`no such grading: ${row.grading}`);
  }
}

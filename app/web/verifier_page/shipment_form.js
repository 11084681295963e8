/**
 * Reading the bytes of a statement about one shipment: the same strictness as for a bundle, other members.
 */

import { checkpointOf, readAnchors, readFacts, readNamedVkeys, readOriginals } from "./bundle_form.js";
import { fromUtf8, hex, sha256, utf8 } from "./encoding.js";
import { hold, message } from "./findings.js";
import { asCount, asHash, asItems, asLeaf, asMembers, asText, asTime, asUuid, canonical, readCanonical } from "./strict_json.js";

const SHIPMENT_FORMAT = "awizo-shipment/v1";
const SHIPMENT_MEMBERS = [
  ...["format", "subject", "issued_at", "since", "until", "pending", "unlinked", "checkpoint", "vkeys", "events"],
  ...["notifications", "anchors", "originals", "statement", "witnesses", "limits", "digest"],
];
const EVENT = {
  member: message("Member events"),
  where: (number) => message("event {number}", { number }),
  name: (number) => message("Event {number}", { number }),
};

/** Whether the file says of itself that it is a statement about a shipment, whatever else is wrong with it. */
export function isAboutShipment(bytes) {
  try {
    return JSON.parse(fromUtf8(bytes))?.format === SHIPMENT_FORMAT;
  } catch {
    return false;
  }
}

/** The statement that `bytes` hold; a refusal for anything that is not well-formed. Nothing of it is checked yet. */
export async function readShipment(bytes) {
  const raw = asMembers(readCanonical(bytes), SHIPMENT_MEMBERS, message("The file"));
  hold(raw.get("format") === SHIPMENT_FORMAT, message("The file is not of the format awizo-shipment/v1."));
  asText(raw.get("witnesses"), message("The member witnesses"));
  asText(raw.get("limits"), message("The member limits"));
  const name = message("The checkpoint that it rests on");
  const note = asText(raw.get("checkpoint"), name);
  const shipment = {
    subject: readSubject(raw.get("subject")),
    issuedAt: asTime(raw.get("issued_at"), message("The time of issue")),
    since: asTime(raw.get("since"), message("The beginning")),
    until: asTime(raw.get("until"), message("The end")),
    pending: asCount(raw.get("pending"), message("The number of pending facts")),
    unlinked: readUnlinked(raw.get("unlinked")),
    restsOn: { name, note, checkpoint: await checkpointOf(note, name) },
    vkeys: await readNamedVkeys(raw.get("vkeys")),
    facts: await readFacts(raw.get("events"), "events", EVENT),
    notifications: readNotifications(raw.get("notifications")),
    anchors: await readAnchors(raw.get("anchors")),
    originals: readOriginals(raw.get("originals")),
    statement: asText(raw.get("statement"), message("The statement")),
    digest: asLeaf(raw.get("digest"), message("The digest")),
    context: [],
  };
  raw.delete("digest");
  shipment.computedDigest = hex(await sha256(utf8(canonical(raw))));
  shipment.proven = shipment.facts;
  return shipment;
}

function readSubject(value) {
  const named = value instanceof Map && value.has("value");
  const raw = asMembers(value, ["commitment", "salt", ...(named ? ["value"] : [])], message("The subject"));
  return {
    commitment: asHash(raw.get("commitment"), message("The commitment to the shipment")),
    commitmentText: raw.get("commitment"),
    salt: asHash(raw.get("salt"), message("The salt of the subject")),
    value: named ? asText(raw.get("value"), message("The name of the shipment")) : null,
  };
}

function readUnlinked(value) {
  const raw = asMembers(value, ["events", "notifications"], message("The member unlinked"));
  return {
    events: asCount(raw.get("events"), message("The number of unlinked events")),
    notifications: asCount(raw.get("notifications"), message("The number of unlinked notifications")),
  };
}

function readNotifications(value) {
  return asItems(value, message("Member notifications")).map((item, number) => {
    const where = message("notification {number}", { number });
    const raw = asMembers(item, ["notification", "facts", "last_leaf"], message("Notification {number}", { number }));
    return {
      notification: asUuid(raw.get("notification"), message("The id of {where}", { where })),
      facts: asCount(raw.get("facts"), message("The number of facts of {where}", { where })),
      lastLeaf: asLeaf(raw.get("last_leaf"), message("The last leaf hash of {where}", { where })),
    };
  });
}

/**
 * The checks that only a statement about one shipment has: that all of it is about that shipment, and its signed note.
 */

import { fieldCommitment } from "./commitment.js";
import { compareTexts, fromBase64, fromDecimal, fromUtf8, hex, sameBytes, sha256, utf8 } from "./encoding.js";
import { demand, hold, message, orRefuse } from "./findings.js";
import { EVENT_FACTS } from "./generated.js";
import { GIVEN, IN_THE_BUNDLE, signed } from "./log_checks.js";
import { isKeyName } from "./merkle.js";
import { isHash, isTime } from "./strict_json.js";

const NOTE_HEADER = "awizo-shipment-statement/v1";
const NOTE_LINES = 13;

/** All of it is about one shipment, the one that the commitment names where its name is open. */
export async function checkSubject(shipment) {
  checkEvents(shipment);
  checkListed(shipment);
  const operators = new Set(shipment.facts.map(({ document }) => document.data.get("operator")));
  hold(operators.size < 2, message("The events are those of several operators."));
  const { value, salt, commitment } = shipment.subject;
  if (value === null) {
    return reserved(message("The name of the shipment is closed: whoever knows it can give it, and have it checked."));
  }
  const [operator, name, ...more] = value.split("\n");
  hold(
    operator && name && more.length === 0,
    message("The name of the shipment is not that of an operator and of a shipment."),
  );
  hold(
    sameBytes(await fieldCommitment("subject", salt, utf8(value)), commitment),
    message("The name of the shipment is not the one that the statement commits to."),
  );
  hold(
    [...operators].every((each) => each === operator),
    message("The events are not those of the operator whom the statement names."),
  );
  const closed = shipment.facts.filter((fact) => !showsIts(fact, name)).length;
  const number = shipment.facts.length;
  return closed === 0
    ? { outcome: "holds", sentence: message("All of it is about the shipment that it names.") }
    : reserved(message("Of {closed} of {number} events the log alone says that they are about this shipment.", { closed, number }));
}

/** Whether the fact shows its shipments; a refusal where they are others. */
function showsIts({ openings, where }, name) {
  const shown = openings.find((opening) => opening.name === "shipment");
  if (shown === undefined) return false;
  const names = fromUtf8(shown.bytes)?.split("\n") ?? [];
  hold(names.includes(name), message("The shipment that {where} names is another one.", { where }));
  return true;
}

function checkEvents({ facts, restsOn }) {
  for (const { document, checkpoint, note, where } of facts) {
    hold(EVENT_FACTS.includes(document.type), message("The fact of an event is of another type: {where}.", { where }));
    hold(
      checkpoint.origin !== restsOn.checkpoint.origin || note === restsOn.note,
      message("The checkpoint of {where} is not the one that the statement rests on.", { where }),
    );
  }
  const inOrder = facts.every((fact, at) => at === 0 || compareEvents(facts[at - 1], fact) <= 0);
  hold(inOrder, message("The events are not in order of shard and index."));
}

function compareEvents(one, other) {
  return compareTexts(one.checkpoint.origin, other.checkpoint.origin) || Number(one.index - other.index);
}

function checkListed({ notifications, since, until, issuedAt }) {
  const inOrder = notifications.every(
    ({ notification, facts }, at) => facts > 0 && (at === 0 || notifications[at - 1].notification < notification),
  );
  hold(inOrder, message("The notifications are not in order, each once and with a fact at least."));
  hold(
    since <= until && until <= issuedAt,
    message("The statement does not begin before it ends, or ends after it was issued."),
  );
}

/** The signed note is about exactly this file; what it says, once a key that the verifier brought signed it. */
export async function checkShipmentStatement(shipment, vkeys) {
  const { statement, restsOn } = shipment;
  const keyName = `${restsOn.checkpoint.origin}/statements`;
  const where = message("The statement");
  const { text } = await signed(statement, keyName, shipment.vkeys, where, IN_THE_BUNDLE);
  await orRefuse(
    () => checkNoteForm(text),
    (why) => message("The statement is not well-formed: {why}.", { why }),
  );
  hold(text === (await expectedNote(shipment)), message("The signed statement is about something else than this file."));
  if (vkeys.length === 0) return reserved(message("No key was given: nobody vouches that the log states so."));
  await signed(statement, keyName, vkeys, where, GIVEN);
  return { outcome: "holds", sentence: inWords(shipment) };
}

async function expectedNote({ subject, issuedAt, since, until, facts, notifications, pending, unlinked, restsOn }) {
  const list = [
    ...facts.map(({ leafHex }) => `event ${leafHex}\n`),
    ...notifications.map((each) => `notification ${each.notification} ${each.facts} ${each.lastLeaf}\n`),
  ].join("");
  const { origin, size } = restsOn.checkpoint;
  const lines = [
    ...[NOTE_HEADER, subject.commitmentText, issuedAt, since, until, facts.length, notifications.length, pending],
    ...[unlinked.events, unlinked.notifications, hex(await sha256(utf8(list))), origin, size],
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function checkNoteForm(text) {
  const lines = text.split("\n");
  demand(
    lines.length === NOTE_LINES + 1 && lines[0] === NOTE_HEADER && lines[NOTE_LINES] === "",
    message("a statement about a shipment has thirteen lines, the first its header"),
  );
  const [subject, ...times] = lines.slice(1, 5);
  const [listed, origin, size] = lines.slice(10, NOTE_LINES);
  demand(
    times.every(isTime) && isHash(listed) && isKeyName(origin),
    message("a time, the hash of the list or the origin is not well-formed"),
  );
  const commitment = fromBase64(subject);
  demand(
    commitment !== null && ![...lines.slice(5, 10), size].map(fromDecimal).includes(null),
    message("a number is not a plain decimal or the commitment not canonical base64"),
  );
  demand(commitment.length === 32, message("the commitment to the shipment is not 32 bytes long"));
}

function inWords({ since, until, facts, notifications, unlinked }) {
  const values = { since, until, events: facts.length, notifications: notifications.length };
  const said =
    facts.length > 0
      ? message(
          "The log states under a key that you gave that from {since} until {until} this is all about this shipment " +
            "(events: {events}, notifications: {notifications}).",
          values,
        )
      : message(
          "The log states under a key that you gave that from {since} until {until} there was no event about this " +
            "shipment (notifications: {notifications}).",
          values,
        );
  if (unlinked.events === 0 && unlinked.notifications === 0) return said;
  return message(
    "{said} It cannot know of what no shipment's name leads to, and what may have been about this one (events of the " +
      "operator: {events}, notifications: {notifications}).",
    { said, ...unlinked },
  );
}

function reserved(sentence) {
  return { outcome: "not_vouched", sentence };
}

/**
 * Saying messages in the reader's language. English is the text of a message itself; the others come from `TEXTS`.
 */

import { message } from "./findings.js";
import { DEFAULT_LANGUAGE, LANGUAGES, TEXTS } from "./generated.js";

const BRACES = /\{(\w+)\}/g;

/** The function that says messages in `language`, several of them in a row; numbers and texts are said as they are. */
export function speaker(language) {
  const texts = TEXTS[language] ?? {};
  const say = (said) => {
    if (Array.isArray(said)) return said.map(say).join("; ");
    if (said === null || typeof said !== "object") return String(said);
    const text = Object.hasOwn(texts, said.text) ? texts[said.text] : said.text;
    return text.replace(BRACES, (_, name) => say(said.values[name]));
  };
  return say;
}

/** The language that the address asks for (`?lang=uk`), else the first of the browser's that we have, else Polish. */
export function languageOf(search, wanted) {
  const asked = new URLSearchParams(search).get("lang");
  const primary = wanted.map((tag) => tag.toLowerCase().split("-")[0]);
  return [asked, ...primary].find((language) => LANGUAGES.includes(language)) ?? DEFAULT_LANGUAGE;
}

/** What each check claims; that it holds or fails is said beside it. */
export const CLAIMS = {
  form: message("The file is a proof, in its exact form"),
  documents: message("Every fact is of a known kind"),
  digest: message("The file was not damaged"),
  openings: message("The open values are those that were sealed"),
  inclusion: message("Every fact stands in the log"),
  checkpoints: message("The log signed its checkpoints"),
  signature: message("A key that you brought signed them"),
  chain: message("No fact is missing from the chain"),
  context: message("What the facts rest on is here too"),
  anchors: message("The log only ever grew"),
  originals: message("The originals are those that were sealed"),
  completeness: message("The log vouches that nothing was left out"),
  pending: message("Nothing was waiting to be published"),
  witnesses: message("Others witnessed the log"),
  timestamps: message("Time stamps say at what time"),
};

/** The same of the check that only statements about a shipment have. */
export const SHIPMENT_CLAIMS = {
  subject: message("All of it is about one shipment"),
};

/** How a check stands, in one word or two. */
export const STATES = {
  waiting: message("not yet checked"),
  checking: message("checking"),
  holds: message("holds"),
  fails: message("fails"),
  warning: message("note"),
  not_vouched: message("note"),
  not_judged: message("cannot be checked here"),
  not_reached: message("not reached"),
};

/** A verdict: its name, and the sentences below it. */
export const VERDICTS = {
  checking: { title: message("Checking"), sentences: [message("One moment, please.")] },
  verified: {
    title: message("Verified"),
    sentences: [
      message("A key that you gave signed this proof, and nothing in it has been changed since."),
    ],
  },
  refused: {
    title: message("Refused"),
    sentences: [
      message("At least one check fails. Do not rely on anything in this file."),
      message("Ask whoever gave it to you for the proof once more. If it is refused again, the file has been altered."),
    ],
  },
  sound_unvouched: {
    title: message("Sound, but nobody vouches for who signed it"),
    sentences: [
      message("Everything in the file fits together, but without the key of the log anybody could have made it."),
      message("Bring the key from whoever runs the log, and check once more."),
    ],
  },
  not_judged: {
    title: message("Not judged"),
    sentences: [
      message("This browser cannot check Ed25519 signatures, and without them there is no verdict."),
      message("Open this page in a newer browser: Chrome or Edge from 137, Firefox from 129, Safari from 17."),
    ],
  },
};

/** What each type of fact that a proof can hold tells. */
export const FACT_WORDS = {
  "event.accepted": message("The operator reported what happened to the item"),
  "event.quarantined": message("A report by the operator was put aside as unusable"),
  "event.replayed": message("A report that had been put aside was taken up again"),
  "consent.granted": message("The person agreed to messages"),
  "consent.withdrawn": message("The person no longer wanted messages"),
  "notification.planned": message("It was decided to send the message"),
  "notification.held": message("It was decided to send the message later"),
  "notification.suppressed": message("It was decided not to send the message"),
  "notification.cancelled": message("The message was called off"),
  "notification.expired": message("The message had become too old to send"),
  "notification.failed": message("The message could not be sent"),
  "notification.closed": message("The sending of the message was concluded"),
  "attempt.started": message("An attempt to send the message began"),
  "attempt.accepted": message("The provider took the message over"),
  "attempt.refused": message("The provider refused the message"),
  "attempt.not_sent": message("The message did not leave"),
  "attempt.unknown": message("It is not known whether the message left"),
  "attempt.reconciled": message("It was found out later what became of the message"),
  "attempt.unresolved": message("It could not be found out what became of the message"),
  "receipt.delivered": message("The message was reported as delivered"),
  "receipt.failed": message("The message was reported as not delivered"),
  "receipt.late": message("A further report came in afterwards"),
  "recipient.acknowledged": message("The person confirmed the message"),
  "recipient.disputed": message("The person objected"),
  "recipient.misdirected": message("Somebody said that the message was not for them"),
};

/** What the sealed fields hold. */
export const FIELD_WORDS = {
  contact: message("Phone number or e-mail address"),
  content: message("The message, word for word"),
  event: message("The operator's report"),
  provider_id: message("The provider's number for the message"),
  provider_reply: message("The provider's answer"),
  reason: message("Reason"),
  receipt: message("The report on delivery"),
  recipient: message("Recipient, as the operator calls them"),
  shipment: message("Item"),
  statement: message("What the person said"),
};

/** What the signature on a report is worth to anybody but the service. */
export const REPORT_WORDS = {
  none: message("The report carries no signature."),
  shared_key: message("The report is signed with a key that the provider shares with the service: to anybody else that proves nothing."),
  public_key: message("The report is signed with the provider's own key."),
  dkim: message("The report is signed by the mail server (DKIM)."),
};

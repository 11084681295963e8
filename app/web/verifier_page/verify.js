/**
 * `verifyBundle` and `verifyShipment`: all checks in order, each on its own, and the report over them.
 *
 * It reads nothing and asks nobody: all it needs is the bytes of a bundle and the keys that the verifier brings.
 */

import { readBundle } from "./bundle_form.js";
import { gradeOf } from "./documents.js";
import {
  checkChain,
  checkContext,
  checkDigest,
  checkInclusion,
  checkOpenings,
  checkOriginals,
} from "./fact_checks.js";
import { DocumentRefusal, NotJudged, Refusal, message } from "./findings.js";
import { GRADE_WORDS } from "./generated.js";
import {
  checkAnchors,
  checkCheckpoints,
  checkCompleteness,
  checkPending,
  checkSignature,
  checkTimestamps,
} from "./log_checks.js";
import { checkWitnesses } from "./policy.js";
import { checkShipmentStatement, checkSubject } from "./shipment_checks.js";
import { isAboutShipment, readShipment } from "./shipment_form.js";

/** The names of the checks of a bundle, in order. They never change. */
export const CHECKS = [
  ...["form", "documents", "digest", "openings", "inclusion", "checkpoints", "signature", "chain", "context"],
  ...["anchors", "originals", "completeness", "pending", "witnesses", "timestamps"],
];

/** The names of the checks of a statement about a shipment, in order. */
const SHIPMENT_CHECKS = [
  ...["form", "documents", "digest", "openings", "inclusion", "checkpoints", "signature", "subject", "anchors"],
  ...["originals", "completeness", "pending", "witnesses"],
];

/** The names of the checks that a file, given as its bytes, will go through. */
export function checksFor(bytes) {
  return isAboutShipment(bytes) ? SHIPMENT_CHECKS : CHECKS;
}

/** Who follows a verification: called before each check and after it, and waited for. */
const NOBODY = { begins: async () => {}, ended: async () => {} };

/**
 * Checks a bundle, given as the bytes of its file, under the keys that the verifier brings. A policy brings the keys of
 * its logs beside them, and the bundle must be cosigned as it asks.
 *
 * The report has `verdict` (verified, refused, sound_unvouched when no key was given, not_judged when the browser cannot
 * check signatures), `checks` (name, outcome, sentence), and, unless refused, `bundle` and the `signers` among the keys:
 * nothing in a refused bundle should be read.
 */
export function verifyBundle(bytes, brought) {
  const whole = message("The bundle is canonical JSON with exactly the members it must have.");
  return verifyAs({ read: readBundle, whole, checksOf }, bytes, brought);
}

/** The same of a statement about one shipment, which is the report's `bundle` then. */
export function verifyShipment(bytes, brought) {
  const whole = message("The statement is canonical JSON with exactly the members it must have.");
  return verifyAs({ read: readShipment, whole, checksOf: shipmentChecksOf }, bytes, brought);
}

/** The same of a file of either kind, by what it says that it is. */
export function verifyFile(bytes, brought) {
  return isAboutShipment(bytes) ? verifyShipment(bytes, brought) : verifyBundle(bytes, brought);
}

async function verifyAs(kind, bytes, { vkeys: own = [], policy = null, follower = NOBODY } = {}) {
  const vkeys = [...own, ...(policy?.logs ?? [])];
  const checks = [];
  const keep = async (check) => {
    checks.push(check);
    await follower.ended(check);
  };
  await follower.begins("form");
  let bundle;
  try {
    bundle = await kind.read(bytes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const name = error instanceof DocumentRefusal ? "documents" : "form";
    await keep({ name, outcome: "fails", sentence: error.sentence });
    return refused(checks);
  }
  await keep(holds("form", kind.whole));
  await keep(holds("documents", message("Each document is as the catalogue has its type.")));
  let signers = [];
  for (const [name, check] of Object.entries(kind.checksOf(bundle, vkeys, policy))) {
    await follower.begins(name);
    const found = await finding(name, check);
    if (name === "signature") ({ signers = [] } = found);
    await keep({ name, outcome: found.outcome, sentence: found.sentence });
  }
  const verdict = verdictOver(checks, vkeys);
  return verdict === "refused" ? refused(checks) : { verdict, checks, bundle, signers };
}

function verdictOver(checks, vkeys) {
  const outcomes = checks.map((check) => check.outcome);
  if (outcomes.includes("fails")) return "refused";
  if (outcomes.includes("not_judged")) return "not_judged";
  return vkeys.length > 0 ? "verified" : "sound_unvouched";
}

/** The checks on a bundle that is well-formed, in order; each gives a sentence that holds, or a whole finding. */
function checksOf(bundle, vkeys, policy) {
  return {
    digest: () => checkDigest(bundle),
    openings: () => checkOpenings(bundle),
    inclusion: () => checkInclusion(bundle),
    checkpoints: () => checkCheckpoints(bundle),
    signature: () => checkSignature(bundle, vkeys),
    chain: () => checkChain(bundle),
    context: () => checkContext(bundle),
    anchors: () => checkAnchors(bundle),
    originals: () => checkOriginals(bundle),
    completeness: () => checkCompleteness(bundle, vkeys),
    pending: () => checkPending(bundle),
    witnesses: () => checkWitnesses(bundle, policy),
    timestamps: () => checkTimestamps(bundle),
  };
}

/** The same on a statement about a shipment. */
function shipmentChecksOf(shipment, vkeys, policy) {
  return {
    digest: () => checkDigest(shipment),
    openings: () => checkOpenings(shipment),
    inclusion: () => checkInclusion(shipment),
    checkpoints: () => checkCheckpoints(shipment),
    signature: () => checkSignature(shipment, vkeys),
    subject: () => checkSubject(shipment),
    anchors: () => checkAnchors(shipment),
    originals: () => checkOriginals(shipment),
    completeness: () => checkShipmentStatement(shipment, vkeys),
    pending: () => checkPending(shipment),
    witnesses: () => checkWitnesses(shipment, policy),
  };
}

async function finding(name, check) {
  try {
    const found = await check();
    return found.outcome === undefined ? holds(name, found) : found;
  } catch (error) {
    if (error instanceof Refusal) return { outcome: "fails", sentence: error.sentence };
    if (error instanceof NotJudged) return { outcome: "not_judged", sentence: error.sentence };
    throw error;
  }
}

function holds(name, sentence) {
  return { name, outcome: "holds", sentence };
}

function refused(checks) {
  return { verdict: "refused", checks, bundle: null, signers: [] };
}

/** What a proven fact shows, as a number and as a message. */
export function gradeInWords(fact) {
  const grade = gradeOf(fact.document);
  return { grade, words: message(GRADE_WORDS[grade]) };
}

/** The report as plain JSON values, its sentences said by `say`; the same that `awizo verify --json` prints. */
export function asJson(report, say) {
  const { bundle } = report;
  return {
    verdict: report.verdict,
    checks: report.checks.map((check) => ({ ...check, sentence: say(check.sentence) })),
    notification: bundle?.notification ?? null,
    issued_at: bundle?.issuedAt ?? null,
    pending: bundle?.pending ?? null,
    facts: (bundle?.proven ?? []).map((fact) => ({
      section: fact.section,
      id: fact.document.id,
      type: fact.document.type,
      at: fact.document.at,
      grade: gradeInWords(fact).grade,
      grade_words: say(gradeInWords(fact).words),
      origin: fact.checkpoint.origin,
      index: Number(fact.index),
    })),
    signers: report.signers.map((vkey) => vkey.text),
    ...(bundle?.restsOn ? { shipment: shipmentAsJson(bundle) } : {}),
  };
}

function shipmentAsJson({ subject, since, until, facts, notifications, unlinked }) {
  const [operator, shipment] = subject.value?.split("\n") ?? [null, null];
  return {
    ...{ operator, shipment, since, until },
    events: facts.length,
    notifications: notifications.map(({ notification, facts: number }) => ({ notification, facts: number })),
    unlinked,
  };
}

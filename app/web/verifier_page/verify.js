/**
 * `verifyBundle`: all checks in order, each on its own, and the report over them.
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

/** The names of the checks, in order. They never change. */
export const CHECKS = [
  ...["form", "documents", "digest", "openings", "inclusion", "checkpoints", "signature", "chain", "context"],
  ...["anchors", "originals", "completeness", "pending", "witnesses", "timestamps"],
];

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
export async function verifyBundle(bytes, { vkeys: own = [], policy = null, follower = NOBODY } = {}) {
  const vkeys = [...own, ...(policy?.logs ?? [])];
  const checks = [];
  const keep = async (check) => {
    checks.push(check);
    await follower.ended(check);
  };
  await follower.begins("form");
  let bundle;
  try {
    bundle = await readBundle(bytes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const name = error instanceof DocumentRefusal ? "documents" : "form";
    await keep({ name, outcome: "fails", sentence: error.sentence });
    return refused(checks);
  }
  await keep(holds("form", message("The bundle is canonical JSON with exactly the members it must have.")));
  await keep(holds("documents", message("Each document is as the catalogue has its type.")));
  let signers = [];
  for (const [name, check] of Object.entries(checksOf(bundle, vkeys, policy))) {
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
  };
}

/**
 * A story's page, held against its proofs: the browser verifies every proof that the page carries or names, and compares
 * what the page says with what is proven. It asks only the site that the page came from, and sends it nothing.
 */

import { fromBase64, fromUtf8 } from "./encoding.js";
import { Malformed, demand, message } from "./findings.js";
import { parseVkeys } from "./note.js";
import { CHECKS, verifyBundle } from "./verify.js";
import { showChecks } from "./view.js";
import { VERDICTS, speaker } from "./words.js";

const SHOWN = 600;
const TONES = { verified: "verified", refused: "problem", differs: "problem" };
const OWN_VERDICTS = {
  own_key: {
    title: message("Sound, under a key that this very site gave out"),
    sentences: [
      message("Everything fits together, but the key came from the same place as the proofs: whoever can forge one can forge the other."),
      message("Bring the key by another way, and check once more."),
    ],
  },
  differs: {
    title: message("This page says something else than its proofs"),
    sentences: [message("Do not rely on this page. Take the proofs away and check them with awizo verify.")],
  },
  nothing: {
    title: message("There is no proof to check yet"),
    sentences: [message("Nothing of it is published in the log. Load the page again in a few seconds.")],
  },
  unable: {
    title: message("Not checked by your browser"),
    sentences: [message("The proofs or keys could not be loaded. Load the page again, or sign in once more.")],
  },
};

const part = (id) => document.getElementById(id);
const say = speaker(document.documentElement.lang);
const box = part("verdict-box");

function tag(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

// --- What is checked, and with what ---

async function fetched(address) {
  const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", redirect: "error" });
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
}

/** The proofs that the page carries, open, or else those that it names, closed. */
async function proofs() {
  const carried = [...document.querySelectorAll("script.carried")].map((each) => fromBase64(each.textContent.trim()));
  if (carried.length > 0) return carried;
  return Promise.all(named("sources").map(fetched));
}

function named(name) {
  return box.dataset[name].split(" ").filter((address) => address !== "");
}

/** The keys of this site itself: their text and where they came from. */
async function ownKeys() {
  const found = (await Promise.all(named("keys").map(fetched))).filter((bytes) => bytes !== null).map(fromUtf8);
  const lines = new Set(found.flatMap((text) => text.split("\n")).filter((line) => line !== ""));
  return { text: [...lines].join("\n"), source: message("this very site, {address}", { address: location.origin + named("keys")[0] }), own: true };
}

// --- Checking ---

async function check(key) {
  const vkeys = await parseVkeys(key.text);
  const bundles = await proofs();
  if (bundles.includes(null)) return { verdict: "unable", reports: [], key, vkeys };
  const reports = [];
  for (const bytes of bundles) reports.push(await verifyBundle(bytes, { vkeys }));
  return { verdict: verdictOverAll(reports, key), reports, key, vkeys };
}

function verdictOverAll(reports, key) {
  const verdicts = reports.map(({ verdict }) => verdict);
  if (verdicts.length === 0) return "nothing";
  for (const worst of ["refused", "not_judged", "sound_unvouched"]) if (verdicts.includes(worst)) return worst;
  if (!comparedWithPage(reports)) return "differs";
  return key.own ? "own_key" : "verified";
}

/** Marks each fact of the page that is proven as it stands there; whether none stands there otherwise. */
function comparedWithPage(reports) {
  const proven = new Map();
  for (const { bundle } of reports) for (const fact of bundle.proven) proven.set(fact.document.id, { fact, bundle });
  let same = true;
  for (const item of document.querySelectorAll("[data-fact]")) {
    const found = proven.get(item.dataset.fact);
    const fits = found !== undefined && saysTheSame(item, found);
    if (!fits && item.dataset.entry !== "") same = false;
    confirm(item, fits);
    proven.delete(item.dataset.fact);
  }
  return same && proven.size === 0;
}

function saysTheSame(item, { fact, bundle }) {
  const entry = `${fact.checkpoint.origin}#${fact.index}`;
  if (item.dataset.type !== fact.document.type || item.dataset.at !== fact.document.at || item.dataset.entry !== entry) return false;
  if (item.querySelector("pre").textContent !== JSON.stringify(JSON.parse(fact.text), null, 1)) return false;
  const opened = openedOf(fact, bundle);
  return [...item.querySelectorAll("[data-field]")].every(
    (shown) => opened.has(shown.dataset.field) && beginningOf(opened.get(shown.dataset.field)) === ends(shown.textContent),
  );
}

function openedOf({ document, openings }, { originals }) {
  const own = originals.filter(({ fact }) => fact === document.id);
  return new Map([...openings.map(({ name, bytes }) => [name, bytes]), ...own.map(({ field, bytes }) => [field, bytes])]);
}

/** The beginning of a value as the page has it; HTML knows only one way to end a line. */
function beginningOf(bytes) {
  const characters = [...new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)];
  return ends(characters.length <= SHOWN ? characters.join("") : `${characters.slice(0, SHOWN).join("")}…`);
}

function ends(text) {
  return text.replace(/\r\n?/g, "\n");
}

function confirm(item, fits) {
  const line = item.querySelector(".confirmed");
  line.hidden = false;
  line.textContent = say(
    fits ? message("Your browser found it in the log, as it stands here.") : message("No proof on this page shows this fact."),
  );
  line.dataset.state = fits ? "holds" : "not_reached";
}

// --- Showing ---

function show({ verdict, reports, key, vkeys }) {
  const { title, sentences } = OWN_VERDICTS[verdict] ?? VERDICTS[verdict];
  box.className = `box ${TONES[verdict] ?? "soon"}`;
  box.dataset.verdict = verdict;
  part("verdict").textContent = say(title);
  part("verdict-words").replaceChildren(...[...sentences, ...worthKnowing(reports, verdict, key)].map((each) => tag("p", {}, say(each))));
  part("own-key").hidden = false;
  part("checked").hidden = reports.length === 0;
  part("keys").replaceChildren(...keyLines(reports, vkeys));
  part("checks").replaceChildren(...reports.flatMap(checkLists));
}

/** What a reader who sees only the verdict must know, each once. */
function worthKnowing(reports, verdict, key) {
  const outcomes = verdict === "refused" ? ["fails"] : ["warning"];
  const checks = reports.flatMap((report) => report.checks);
  const found = checks.filter(({ name, outcome }) => outcomes.includes(outcome) || (name === "completeness" && outcome === "not_vouched"));
  const said = new Map(found.map(({ sentence }) => [say(sentence), sentence]));
  const facts = reports.reduce((sum, { bundle }) => sum + (bundle?.proven.length ?? 0), 0);
  const counted = facts > 0 ? [message("Proofs checked here: {proofs}; facts in them: {facts}.", { proofs: reports.length, facts })] : [];
  return [...counted, ...(facts > 0 ? [message("The key came from: {source}.", { source: key.source })] : []), ...said.values()];
}

function keyLines(reports, vkeys) {
  const signers = new Set(reports.flatMap((report) => report.signers).map((vkey) => vkey.text));
  const lines = vkeys.map((vkey) => {
    const signed = signers.has(vkey.text) ? message("signed the checkpoints") : message("did not sign the checkpoints");
    return tag("li", {}, tag("code", {}, vkey.text), ` – ${say(signed)}`);
  });
  return [tag("ul", { class: "plain" }, ...lines)];
}

function checkLists(report, number) {
  const list = tag("ol", { class: "checks" });
  showChecks(list, { found: new Map(report.checks.map((each) => [each.name, each])), current: null, ended: true }, say);
  return [tag("h3", {}, say(message("Proof {number}: {held} of {all} checks hold", { number: number + 1, held: held(report), all: CHECKS.length }))), list];
}

function held(report) {
  return report.checks.filter(({ outcome }) => outcome === "holds").length;
}

// --- What the auditor brings ---

async function bring(text, source) {
  part("vkey-problem").hidden = true;
  try {
    demand(text !== null && text.trim() !== "", message("the file holds no text"));
    show(await check({ text, source, own: false }));
    part("verdict").focus();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    part("vkey-problem").textContent = say(message("The key cannot be used: {why}.", { why: error.clause }));
    part("vkey-problem").hidden = false;
  }
}

async function start() {
  if (globalThis.crypto?.subtle === undefined) {
    const insecure = message("This browser does not let the page compute hashes here, because the address is not a secure one (https).");
    part("verdict-words").replaceChildren(tag("p", {}, say(insecure)));
    return;
  }
  part("vkey").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file) await bring(fromUtf8(new Uint8Array(await file.arrayBuffer())), message("the file {name}", { name: file.name }));
  });
  part("check").addEventListener("click", () => bring(part("vkey-text").value, message("pasted text")));
  try {
    show(await check(await ownKeys()));
  } catch (error) {
    show({ verdict: "unable", reports: [], key: { source: "" }, vkeys: [] });
    if (!(error instanceof TypeError)) throw error;
  }
}

await start();

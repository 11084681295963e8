/**
 * The page: what the reader gives, the check that they start, and the language they read.
 */

import { fromUtf8, hex, sha256, utf8 } from "./encoding.js";
import { Malformed, demand, message } from "./findings.js";
import { parseVkeys } from "./note.js";
import { parsePolicy } from "./policy.js";
import { asJson, checksFor, verifyFile } from "./verify.js";
import { showAbout, showChecks, showFacts, showKeys, showVerdict } from "./view.js";
import { STATES, languageOf, speaker } from "./words.js";

const part = (id) => document.getElementById(id);

/** All that the page shows follows from this. `given` holds what each input brought: `bytes` and `source`, a message. */
const state = {
  language: languageOf(location.search, navigator.languages),
  given: { bundle: null, vkey: null, policy: null },
  problems: {},
  run: null,
};
const INPUTS = Object.keys(state.given);

const unableBecause = secureEnough()
  ? []
  : [
      message("This browser does not let the page compute hashes here, because the address is not a secure one (https)."),
      message("Save the page and open it from your disk, or open it under an address that begins with https."),
    ];

function secureEnough() {
  return globalThis.crypto?.subtle !== undefined;
}

// --- Showing ---

function voice() {
  const say = speaker(state.language);
  const format = new Intl.DateTimeFormat(state.language === "en" ? "en-GB" : state.language, {
    ...{ weekday: "long", day: "numeric", month: "long", year: "numeric" },
    ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
  });
  return { say, moment: (time) => timeElement(time, format) };
}

function timeElement(time, format) {
  const shown = document.createElement("time");
  shown.dateTime = time;
  shown.textContent = format.format(new Date(time));
  return shown;
}

function show() {
  const { say } = voice();
  document.documentElement.lang = state.language;
  for (const node of document.querySelectorAll("[data-say]")) {
    node.dataset.say ||= node.textContent;
    node.textContent = say(message(node.dataset.say));
  }
  for (const button of part("languages").children) button.setAttribute("aria-pressed", button.value === state.language);
  part("unable").replaceChildren(...unableBecause.map((sentence) => paragraph(say(sentence))));
  for (const name of INPUTS) showGiven(name, say);
  if (state.run !== null) showRun();
}

function paragraph(text) {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}

function showGiven(name, say) {
  const problem = state.problems[name] ?? null;
  part(`${name}-chosen`).textContent = state.given[name] === null ? "" : say(state.given[name].source);
  part(`${name}-problem`).textContent = problem === null ? "" : say(problem);
  part(`${name}-problem`).hidden = problem === null;
  part(name).setAttribute("aria-invalid", problem !== null);
}

function showRun() {
  const { run } = state;
  const spoken = voice();
  const verdict = run.report?.verdict ?? "checking";
  const bundle = run.report?.bundle ?? null;
  part("result").hidden = false;
  showVerdict({ box: part("verdict-box"), title: part("verdict"), words: part("verdict-words") }, verdict, run.report, spoken.say);
  showChecks(part("checks"), { ...run, ended: run.report !== null }, spoken.say);
  showKeys(part("keys"), run, spoken.say);
  part("proven").hidden = bundle === null || bundle.facts.length === 0;
  part("context").hidden = bundle === null || bundle.context.length === 0;
  showAbout(part("about"), run, spoken);
  if (bundle === null) return;
  showFacts(part("facts"), bundle.facts, bundle.originals, spoken);
  showFacts(part("context-facts"), bundle.context, bundle.originals, spoken);
}

// --- Checking ---

/** Lets the browser paint and answer before the work goes on. */
function breathe() {
  return new Promise((resolve) => setTimeout(resolve));
}

/** A verdict stands only as long as what it is about is what the form shows. */
function forget() {
  state.run = null;
  part("result").hidden = true;
}

async function check() {
  state.problems = {};
  forget();
  takePasted();
  const { bundle, vkey, policy } = state.given;
  if (bundle === null) state.problems.bundle = message("Choose or paste a proof first.");
  const vkeys = await readGiven("vkey", readGivenVkeys, (why) => message("The key cannot be used: {why}.", { why }));
  const trusted = await readGiven("policy", parsePolicy, (why) => message("The policy cannot be used: {why}.", { why }));
  show();
  const wrong = INPUTS.find((name) => state.problems[name]);
  if (wrong) {
    part(wrong).closest("details")?.setAttribute("open", "");
    part(wrong).focus();
    return;
  }
  const run = {
    ...{ found: new Map(), current: null, report: null, at: new Date().toISOString() },
    ...{ file: bundle.source, digest: hex(await sha256(bundle.bytes)), names: checksFor(bundle.bytes) },
    ...{ own: vkeys ?? [], policy: trusted, vkeys: [...(vkeys ?? []), ...(trusted?.logs ?? [])] },
    sources: [vkey, policy].filter(Boolean).map(({ source }) => source),
  };
  await follow(run, bundle.bytes);
}

/** What `read` makes of what was given as `name`; null, and the problem noted, when that is nothing or no good. */
async function readGiven(name, read, problem) {
  if (state.given[name] === null) return null;
  try {
    return await read(state.given[name].bytes);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    state.problems[name] = problem(error.clause);
    return null;
  }
}

function readGivenVkeys(bytes) {
  const text = fromUtf8(bytes);
  demand(text !== null, message("the file holds no text"));
  return parseVkeys(text);
}

async function follow(run, bytes) {
  state.run = run;
  part("check").disabled = true;
  const begins = async (name) => {
    run.current = name;
    showChecks(part("checks"), { ...run, ended: false }, voice().say);
    await breathe();
  };
  const ended = async (found) => run.found.set(found.name, found);
  showRun();
  part("progress").textContent = voice().say(STATES.checking);
  try {
    run.report = await verifyFile(bytes, { vkeys: run.own, policy: run.policy, follower: { begins, ended } });
  } finally {
    part("check").disabled = false;
    part("progress").textContent = "";
  }
  if (state.run !== run) return;
  showRun();
  part("verdict").focus();
}

/** An error in the page is no finding about the proof. */
function onFailure(error) {
  forget();
  state.problems.bundle = message("The page itself failed, so nothing was judged.");
  show();
  throw error;
}

// --- What the reader gives ---

async function take(name, file) {
  const source = message("the file {name}", { name: file.name });
  state.given[name] = { bytes: new Uint8Array(await file.arrayBuffer()), source };
  part(`${name}-text`).value = "";
  forget();
  show();
}

/** Pasted text counts before a file that was chosen earlier; choosing a file empties it. */
function takePasted() {
  for (const name of INPUTS) {
    const text = part(`${name}-text`).value.trim();
    if (text !== "") state.given[name] = { bytes: utf8(text), source: message("pasted text"), pasted: true };
    else if (state.given[name]?.pasted) state.given[name] = null;
  }
}

/** Which input a dropped file is for: a bundle begins as an object, a policy has a line that names its quorum. */
async function kindOf(file) {
  const beginning = await file.slice(0, 65536).text();
  if (beginning.startsWith("{")) return "bundle";
  return /^[ \t]*quorum[ \t]/m.test(beginning) ? "policy" : "vkey";
}

function onDrop(event) {
  event.preventDefault();
  part("form").classList.remove("over");
  Promise.all([...event.dataTransfer.files].map(async (file) => take(await kindOf(file), file)));
}

function onDrag(event) {
  event.preventDefault();
  part("form").classList.toggle("over", event.type === "dragover");
}

function listen() {
  const form = part("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check().catch(onFailure);
  });
  for (const type of ["dragover", "dragleave"]) form.addEventListener(type, onDrag);
  form.addEventListener("drop", onDrop);
  for (const name of INPUTS) {
    part(`${name}-text`).addEventListener("input", forget);
    part(name).addEventListener("change", ({ target }) => target.files[0] && take(name, target.files[0]));
  }
  part("languages").addEventListener("click", ({ target }) => {
    if (!target.value) return;
    state.language = target.value;
    show();
  });
}

/**
 * For programs: the report, as `awizo verify --json` prints it, on the bytes of a bundle and the texts of a vkey file and
 * of a policy, each of which may be empty. Rejects when one of these cannot be read.
 */
globalThis.awizoVerify = async (bytes, vkeyText = "", policyText = "") => {
  const say = speaker("en");
  try {
    const vkeys = vkeyText.trim() === "" ? [] : await parseVkeys(vkeyText);
    const policy = policyText.trim() === "" ? null : await parsePolicy(utf8(policyText));
    return asJson(await verifyFile(bytes, { vkeys, policy }), say);
  } catch (error) {
    throw error instanceof Malformed ? new Error(say(error.clause)) : error;
  }
};

part("no-script").hidden = true;
part("unable").hidden = unableBecause.length === 0;
part("form").hidden = unableBecause.length > 0;
part("keep").hidden = location.protocol === "file:";
listen();
show();

/**
 * What the page shows of a verification, built anew for each state and language. Values are text, never markup.
 */

import { fromUtf8 } from "./encoding.js";
import { message } from "./findings.js";
import { CHECKS, gradeInWords } from "./verify.js";
import { CLAIMS, FACT_WORDS, FIELD_WORDS, REPORT_WORDS, SHIPMENT_CLAIMS, STATES, VERDICTS } from "./words.js";

const SHOWN_CHARACTERS = 600;

/** A new element; `children` are elements and texts. */
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function paragraphs(messages, say) {
  return messages.map((sentence) => element("p", {}, say(sentence)));
}

/** The verdict: its name in `title`, its sentences in `words`, its colour and shape on `box`. */
export function showVerdict({ box, title, words }, verdict, report, say) {
  const { title: name, sentences } = VERDICTS[verdict];
  box.dataset.verdict = verdict;
  title.replaceChildren(say(name));
  const worthKnowing = (report?.checks ?? []).filter(verdict === "refused" ? failed : isReserved(report?.bundle ?? null));
  words.replaceChildren(...paragraphs([...sentences, ...worthKnowing.map((check) => check.sentence)], say));
}

function failed({ outcome }) {
  return outcome === "fails";
}

/** Whether a reader who sees only the verdict must know of a check: that facts are missing, or may be, or that none is. */
function isReserved(bundle) {
  const told = bundle?.restsOn ? ["subject", "completeness"] : [];
  return ({ name, outcome }) =>
    outcome === "warning" || told.includes(name) || (name === "completeness" && outcome === "not_vouched");
}

/**
 * All checks, by default those of a bundle, with what is known of each: `found` maps names to checks, `current` is the
 * name of the one under way.
 */
export function showChecks(list, { names = CHECKS, found, current, ended }, say) {
  list.replaceChildren(
    ...names.map((name) => {
      const check = found.get(name);
      const state = check?.outcome ?? (name === current ? "checking" : ended ? "not_reached" : "waiting");
      const standing = [element("span", { class: "state" }, say(STATES[state])), element("code", {}, name)];
      const said = [element("strong", {}, say(CLAIMS[name] ?? SHIPMENT_CLAIMS[name]))];
      if (check) said.push(element("span", { class: "finding" }, say(check.sentence)));
      return element("li", { "data-state": state }, element("div", {}, ...standing), element("div", {}, ...said));
    }),
  );
}

/** The keys in use, where they came from, and which of them signed; without any, those that the proof itself names. */
export function showKeys(box, { vkeys, sources, report }, say) {
  const given = vkeys.length > 0;
  const brought = sources.map((source) => message("You gave: {source}.", { source }));
  const lines = paragraphs(given ? brought : [...brought, message("You gave no key.")], say);
  const signers = report?.signers ?? [];
  const others = vkeys.filter((vkey) => !signers.includes(vkey));
  if (signers.length > 0) lines.push(...listed(message("These keys signed the checkpoints:"), signers, say));
  if (others.length > 0) {
    // Of a refused bundle it is not said who signed, for nothing in it should be read.
    const heading = report?.bundle ? message("These keys did not sign the checkpoints:") : message("Keys in it:");
    lines.push(...listed(heading, others, say));
  }
  const named = given ? [] : (report?.bundle?.vkeys ?? []);
  if (named.length > 0) {
    const hint = message("The proof itself names these keys. Compare them with those that the operator of the log publishes:");
    lines.push(...listed(hint, named, say));
  }
  box.replaceChildren(...lines);
}

function listed(heading, vkeys, say) {
  const keys = vkeys.map((vkey) => element("li", {}, element("code", {}, vkey.text)));
  return [element("p", {}, say(heading)), element("ul", { class: "keys" }, ...keys)];
}

/** Which file was checked, and when; of a bundle that was not refused, what it is about. */
export function showAbout(list, { file, digest, at, report }, { say, moment }) {
  const rows = [
    [message("Checked"), say(file)],
    [message("SHA-256 of the file"), element("code", {}, digest)],
    [message("When"), moment(at)],
  ];
  const bundle = report?.bundle ?? null;
  if (bundle?.restsOn) rows.push(...aboutShipment(bundle, { say, moment }));
  else if (bundle !== null) {
    rows.push(
      [message("Notification"), element("code", {}, bundle.notification)],
      [message("Proof issued"), moment(bundle.issuedAt)],
      [message("Facts"), String(bundle.facts.length)],
    );
  }
  list.replaceChildren(
    ...rows.map(([name, value]) => element("div", {}, element("dt", {}, say(name)), element("dd", {}, value))),
  );
}

function aboutShipment({ subject, since, until, issuedAt, facts, notifications }, { say, moment }) {
  const listed = notifications.map(({ notification }) => element("div", {}, element("code", {}, notification)));
  return [
    [message("Item"), subject.value === null ? say(message("sealed, not shown in this proof")) : subject.value.replace("\n", " / ")],
    [message("From"), moment(since)],
    [message("Until"), moment(until)],
    [message("Proof issued"), moment(issuedAt)],
    [message("Events"), String(facts.length)],
    [message("Notifications, each with a proof of its own"), element("div", {}, String(notifications.length), ...listed)],
  ];
}

/** Facts, oldest first: when, what, what that shows, the sealed fields; and, to be unfolded, the document itself. */
export function showFacts(list, facts, originals, voice) {
  list.replaceChildren(...facts.map((fact) => factItem(fact, originals, voice)));
}

function factItem(fact, originals, { say, moment }) {
  const { document } = fact;
  const worth = REPORT_WORDS[document.data.get("signature")];
  return element(
    "li",
    {},
    element("p", { class: "when" }, moment(document.at)),
    element("p", { class: "what" }, say(FACT_WORDS[document.type])),
    element("p", { class: "whose" }, say(message("What this shows: {words}", gradeInWords(fact)))),
    ...(worth ? [element("p", { class: "whose" }, say(worth))] : []),
    ...fieldList(fact, originals, say),
    element(
      "details",
      {},
      element("summary", {}, say(message("Word for word"))),
      element("p", { class: "place" }, say(message("Entry {index} of the log {origin}", { index: fact.index, origin: fact.checkpoint.origin }))),
      element("pre", {}, JSON.stringify(JSON.parse(fact.text), null, 2)),
    ),
  );
}

/** A list of the sealed fields, each with its value or the word that it stayed sealed; nothing where there are none. */
function fieldList({ document, openings }, originals, say) {
  const opened = new Map([
    ...openings.map(({ name, bytes }) => [name, bytes]),
    ...originals.filter(({ fact }) => fact === document.id).map(({ field, bytes }) => [field, bytes]),
  ]);
  const rows = [...document.sealed.keys()].map((name) => {
    const value = opened.has(name)
      ? element("dd", { class: "value" }, asShown(opened.get(name), say))
      : element("dd", { class: "note" }, say(message("sealed, not shown in this proof")));
    return element("div", {}, element("dt", {}, say(FIELD_WORDS[name])), value);
  });
  return rows.length > 0 ? [element("dl", {}, ...rows)] : [];
}

function asShown(bytes, say) {
  const text = fromUtf8(bytes);
  if (text === null) return say(message("{number} bytes that are not text", { number: bytes.length }));
  if (text.length <= SHOWN_CHARACTERS) return text;
  const more = message("… and {number} characters more", { number: text.length - SHOWN_CHARACTERS });
  return `${text.slice(0, SHOWN_CHARACTERS)} ${say(more)}`;
}

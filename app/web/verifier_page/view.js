/**
 * What the page shows of a verification, built anew for each state and language. Values are text, never markup.
 */

import { fromUtf8 } from "./encoding.js";
import { message } from "./findings.js";
import { CHECKS, gradeInWords } from "./verify.js";
import { CLAIMS, FACT_WORDS, FIELD_WORDS, REPORT_WORDS, STATES, VERDICTS } from "./words.js";

const SHOWN_CHARACTERS = 4000;

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
  const open = report?.checks.filter(({ outcome, name: check }) => outcome === "warning" || check === "completeness") ?? [];
  const reservations = open.filter(({ outcome }) => ["warning", "not_vouched"].includes(outcome));
  const shown = report?.bundle ? reservations.map((check) => check.sentence) : [];
  words.replaceChildren(...paragraphs([...sentences, ...shown], say));
}

/** All checks, with what is known of each: `found` maps names to checks, `current` is the name of the one under way. */
export function showChecks(list, { found, current, ended }, say) {
  list.replaceChildren(
    ...CHECKS.map((name) => {
      const check = found.get(name);
      const state = check?.outcome ?? (name === current ? "checking" : ended ? "not_reached" : "waiting");
      const lines = [
        element("span", { class: "state" }, say(STATES[state])),
        element("strong", { class: "claim" }, say(CLAIMS[name])),
      ];
      if (check) lines.push(element("span", { class: "finding" }, say(check.sentence)));
      lines.push(element("code", { class: "name" }, name));
      return element("li", { "data-state": state }, ...lines);
    }),
  );
}

/** The keys in use, where they came from, and which of them signed; without any, those that the proof itself names. */
export function showKeys(box, { vkeys, source, report }, say) {
  if (vkeys.length > 0) {
    const signed = new Set(report?.signers.map((vkey) => vkey.text) ?? []);
    const origin = element("p", {}, say(message("You gave: {source}.", { source })));
    box.replaceChildren(origin, keyList(vkeys, (vkey) => (signed.has(vkey.text) ? message("signed the log's checkpoints") : null), say));
    return;
  }
  const none = element("p", {}, say(message("You gave no key.")));
  const named = report?.bundle?.vkeys ?? [];
  if (named.length === 0) {
    box.replaceChildren(none);
    return;
  }
  const hint = message("The proof itself names these keys. Compare them with those that the operator of the log publishes:");
  box.replaceChildren(none, element("p", {}, say(hint)), keyList(named, () => null, say));
}

function keyList(vkeys, remark, say) {
  const lines = vkeys.map((vkey) => {
    const said = remark(vkey);
    return element("li", {}, element("code", {}, vkey.text), ...(said ? [element("span", { class: "remark" }, say(said))] : []));
  });
  return element("ul", { class: "keys" }, ...lines);
}

/** What the bundle is about. */
export function showAbout(list, bundle, { say, moment }) {
  const rows = [
    [message("Notification"), element("code", {}, bundle.notification)],
    [message("Proof issued"), moment(bundle.issuedAt)],
    [message("Records"), String(bundle.facts.length)],
  ];
  list.replaceChildren(
    ...rows.map(([name, value]) => element("div", {}, element("dt", {}, say(name)), element("dd", {}, value))),
  );
}

/** Facts, oldest first: when, what, whose word it is, and inside what lies open. */
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
    element("p", { class: "whose" }, say(message("Whose word: {words}", gradeInWords(fact)))),
    ...(worth ? [element("p", { class: "whose" }, say(worth))] : []),
    element(
      "details",
      {},
      element("summary", {}, say(message("Look inside"))),
      fieldList(fact, originals, say),
      element("p", { class: "place" }, say(message("Entry {index} of the log {origin}", { index: fact.index, origin: fact.checkpoint.origin }))),
      element("pre", {}, JSON.stringify(JSON.parse(fact.text), null, 2)),
    ),
  );
}

/** Each sealed field with its value, or the word that it stayed sealed. */
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
  return element("dl", {}, ...rows);
}

function asShown(bytes, say) {
  const text = fromUtf8(bytes);
  if (text === null) return say(message("{number} bytes that are not text", { number: bytes.length }));
  if (text.length <= SHOWN_CHARACTERS) return text;
  const more = message("… and {number} characters more", { number: text.length - SHOWN_CHARACTERS });
  return `${text.slice(0, SHOWN_CHARACTERS)} ${say(more)}`;
}

// Keeps the page up to date: after each event it asks for the page again and exchanges only what has changed, so that
// letters already shown are not loaded twice and opened details stay open. Without this script the page is whole, too.
"use strict";

const live = document.getElementById("live");
let asked = false;
let again = false;

function say(words, on) {
  live.hidden = false;
  live.textContent = words;
  live.classList.toggle("on", on);
}

function merge(listId, fresh) {
  const list = document.getElementById(listId);
  const known = new Map([...list.children].map((card) => [card.dataset.key, card]));
  let place = null;
  for (const card of [...fresh.getElementById(listId).children]) {
    const old = known.get(card.dataset.key);
    known.delete(card.dataset.key);
    const shown = old && old.dataset.version === card.dataset.version ? old : card;
    if (old && shown !== old) old.remove();
    const next = place ? place.nextElementSibling : list.firstElementChild;
    if (shown !== next) list.insertBefore(shown, next);
    place = shown;
  }
  known.forEach((card) => card.remove());
}

async function refresh() {
  if (asked) {
    again = true;
    return;
  }
  asked = true;
  try {
    const answer = await fetch("/", { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    merge("phone-cards", fresh);
    merge("letter-cards", fresh);
    for (const id of ["phones-empty", "letters-empty"]) {
      document.getElementById(id).hidden = fresh.getElementById(id).hidden;
    }
    const summary = document.getElementById("summary");
    if (summary.textContent !== fresh.getElementById("summary").textContent) {
      summary.replaceChildren(...fresh.getElementById("summary").childNodes);
    }
    document.body.dataset.version = fresh.body.dataset.version;
  } catch {
    say("The sandbox does not answer. What you see may be old.", false);
  }
  asked = false;
  if (again) {
    again = false;
    setTimeout(refresh, 150);
  }
}

const events = new EventSource("/events");
events.onopen = () => say("Live: new messages appear by themselves.", true);
events.onerror = () => say("The sandbox does not answer. Trying again.", false);
events.onmessage = (event) => {
  if (event.data !== document.body.dataset.version) refresh();
};

"""The linter of everything we say, in both languages."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import pytest

import app.rendering
from app.domain.event import Event, Facility, Handover, Pickup
from app.rendering.catalog import letter_speaker, sms_speaker
from app.rendering.email import render_email
from app.rendering.notice import template_of
from app.rendering.sms import SEPTETS_MAX, render_sms
from app.rendering.sms_segments import GSM7, count_parts, encoding_of, units
from app.rendering.words import MODES, RETURN_REASONS, SERVICES
from tests.unit.rendering.golden import rendered
from tests.unit.rendering.rules import FORBIDDEN, faults, links
from tests.unit.rendering.samples import ENVELOPE, LANGUAGES, NUMBER, STOCKTAKING, event, notice_left, notice_of, week
from tests.unit.rendering.test_catalogs import used_messages

# Wednesdays in September have the longest short date in English, Sundays in Polish.
LATE = (datetime(2026, 9, 30, 21, 59, tzinfo=UTC), datetime(2026, 12, 20, 21, 59, tzinfo=UTC), date(2026, 12, 20))
NO_LINKS = {"pl": ("Bez linkow i doplat.", "Nie wysylamy linkow ani doplat."), "en": ("No links, no fees.",)}

LONGEST = Facility(
    id="x" * 128,
    name="Filia Urzędu Pocztowego Konstancin-Jeziorna przy Międzynarodowym Centrum Logistycznym nr 123",
    street="Aleja Błogosławionego Księdza Jerzego Popiełuszki 123/125 lokal użytkowy 7B",
    post_code="05-510",
    city="Konstancin-Jeziorna",
    hours=week("8:30-11:45,12:15-19:05", "8:35-19:05", "8:40-19:05", "9:30-19:05", "7:30-19:05", "9:30-13:35", ""),
    closures=(STOCKTAKING,),
)


def longest_events() -> Iterator[Event]:
    """Every kind with every service and the longest values that sample data have."""
    for service, until in product([*SERVICES, None], LATE):
        pickup = Pickup(until=until)
        for facility in (LONGEST, replace(LONGEST, name="Ż" * 120), None):
            for ordinal in (1, 2):
                yield notice_left(ordinal, service=service, facility=facility, pickup=pickup)
            yield event("ready_for_pickup", service=service, facility=facility, pickup=pickup)
        yield event("damaged", service=service)
        for mode in MODES:
            handover = Handover(mode=mode, delivered_at=LATE[0])
            yield event("delivered", service=service, handover=handover)
        for reason in RETURN_REASONS:
            yield event("returned", service=service, reason=reason, effective_at=LATE[0])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [NUMBER, "X" * 128, "12345678", None])
def test_the_longest_data_fit_one_part_of_gsm7_and_keep_place_date_and_the_no_links_sentence(
    language: str, number: str | None
) -> None:
    for reported in longest_events():
        notice = notice_of(reported, language, number)
        sms = render_sms(notice)
        assert (sms.encoding, sms.parts) == (GSM7, 1)
        assert (encoding_of(sms.text), count_parts(sms.text)) == (GSM7, 1)
        assert units(sms.text) == len(sms.text) <= SEPTETS_MAX
        assert sms.text.endswith(NO_LINKS[language])
        assert sms.template == template_of(notice)
        if sms.template in {"notice_left", "ready_for_pickup"}:
            place = re.search(r": ([FZ].+)\. (?:Odbierz|Collect)", sms.text)
            assert place is not None
            assert len(place[1]) >= 20
            assert any(day in sms.text for day in ("20.12 (niedz)", "30.09 (sr)", "20 Dec (Sun)", "30 Sept (Wed)"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_catalog_text_breaks_a_rule(language: str) -> None:
    names = ("item", "place", "date", "when", "service", "end", "operator", "who", "how", "reason", "number", "time")
    speakers = {"sms": sms_speaker(language), "letter": letter_speaker(language), "words": letter_speaker(language)}
    values = dict.fromkeys((*names, "days", "hours", "reference"), "x")
    said = [say(text, **values) for domain, say in speakers.items() for text in used_messages(domain)]
    assert [(text, found) for text in said if (found := list(faults(text)))] == []


@pytest.mark.parametrize("path", sorted(rendered()))
def test_no_rendered_message_breaks_a_rule(path: str) -> None:
    text = rendered()[path].replace("<!", "<")
    assert list(faults(text.partition("</style>")[2] or text)) == []


@pytest.mark.parametrize("path", sorted(path for path in rendered() if path.endswith(".sms.txt")))
def test_no_sms_holds_a_link(path: str) -> None:
    assert links(rendered()[path]) == []


@pytest.mark.parametrize("path", sorted(path for path in rendered() if path.endswith(".email.txt")))
def test_an_email_holds_no_link_but_the_way_out(path: str) -> None:
    assert links(rendered()[path].replace(ENVELOPE.unsubscribe_url, "")) == []


def test_templates_say_nothing_themselves() -> None:
    templates = Path(app.rendering.__path__[0]) / "templates"
    for template in templates.iterdir():
        text = template.read_text(encoding="utf-8")
        assert list(faults(text.partition("</style>")[2].replace("<!", "<"))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_names_neither_sender_nor_court_nor_courier(language: str) -> None:
    reported = replace(
        notice_left(), source="/sad-rejonowy/wola", reason="divorce", recipient="kowalski", service="court_letter"
    )
    notice = notice_of(reported, language)
    said = render_sms(notice).text + repr(render_email(notice, ENVELOPE).mime)
    assert not any(secret in said.lower() for secret in ("sad-rejonowy", "divorce", "kowalski", "court", "k-0421"))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Skorzystaj z oferty kuriera", "promotion"),
        ("Get a discount today", "promotion"),
        ("Gwarantujemy dostarczenie", "promise"),
        ("Your letter will be delivered", "promise"),
        ("To nie nasza wina", "blame"),
        ("Unfortunately you failed to answer", "blame"),
        ("Przepraszamy za kłopot", "apology"),
        ("Termin na odwołanie mija jutro", "legal advice"),
        ("Ostatni bezpieczny dzień: 07.12", "a date we did not get"),
        ("Odbierz natychmiast!", "pressure"),
    ],
)
def test_the_linter_finds_what_it_is_there_to_find(text: str, rule: str) -> None:
    assert rule in {fault.partition(":")[0] for fault in faults(text)}


def test_every_rule_has_a_text_that_breaks_it() -> None:
    marks = test_the_linter_finds_what_it_is_there_to_find.pytestmark  # type: ignore[attr-defined]
    assert {rule for _, rule in marks[0].args[1]} == set(FORBIDDEN)


@pytest.mark.parametrize("link", ["https://a.b", "www.a.b", "a.pl/x", "x@y.pl", "mailto:x", "evil.example", "1.2.3.4"])
def test_the_linter_finds_links(link: str) -> None:
    assert links(f"Odbierz {link} dzis")


@pytest.mark.parametrize(
    "text", ["07.12 (pon). Wez dowod.", "nr ..456789", "pn-pt 8-20, so 9-13", "godz. 11:40", "S.A."]
)
def test_the_linter_takes_dates_and_hours_for_no_links(text: str) -> None:
    assert links(text) == []

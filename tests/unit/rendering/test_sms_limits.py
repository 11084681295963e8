"""Every kind of SMS in every language and spelling keeps to its size, whatever it is told of, and says what it must."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.decision import TELLS
from app.domain.event import AREA_INCIDENT_KINDS, Correction, Facility, Handover, PaperNotice, Pickup, Window
from app.domain.recipient import Letters
from app.rendering.notice import Item, Notice
from app.rendering.sms import render_sms
from app.rendering.sms.voice import voice
from app.rendering.sms_segments import GSM7, count_parts, encoding_of, transliterate, units
from app.rendering.words import (
    ADDRESS_PROBLEMS,
    CHANGES,
    DAMAGES,
    DELAY_REASONS,
    DELIVERING_CHANGES,
    MODES,
    NEWS,
    SERVICES,
    SEVERITIES,
)
from tests.unit.rendering.rules import links
from tests.unit.rendering.samples import NUMBER, STOCKTAKING, Sample, event, notice_of, told, week

LANGUAGES = ("pl", "en", "uk")
INCIDENTS = ("delayed", "damaged", "lost", "address_problem", "item_held")
REMINDERS = ("reminder", "last_day")
WAITING = ("notice_left", "ready_for_pickup", *REMINDERS)
NO_LINKS = {
    "pl": ("Bez linków i dopłat.", "Nie wysyłamy linków ani dopłat."),
    "en": ("No links, no fees.",),
    "uk": ("Без посилань і доплат.",),
}
# Wednesdays in September have the longest short date in English, Sundays in Polish.
WEDNESDAY, SUNDAY = date(2026, 9, 30), date(2026, 12, 20)
LATE = datetime(2026, 9, 30, 21, 59, tzinfo=UTC)
SAFE_DAYS = {WEDNESDAY: "30", SUNDAY: "20"}

LONGEST = Facility(
    id="x" * 128,
    name="Filia Urzędu Pocztowego Konstancin-Jeziorna przy Międzynarodowym Centrum Logistycznym nr 123",
    street="Aleja Błogosławionego Księdza Jerzego Popiełuszki 123/125 lokal użytkowy 7B",
    post_code="05-510",
    city="Konstancin-Jeziorna",
    hours=week("8:30-11:45,12:15-19:05", "8:35-19:05", "8:40-19:05", "9:30-19:05", "7:30-19:05", "9:30-13:35", ""),
    closures=(STOCKTAKING,),
)
NAMES = (LONGEST.name, "Ż" * 120, "Пошта Щастя " * 8)
# What is left of any name: enough to tell one place from another.
NAME_MIN = 10


def _waiting(service: str | None, facility: Facility, day: date) -> Iterator[Sample]:
    moment = datetime(day.year, day.month, day.day, 13, 59, tzinfo=UTC)
    for until, others in product((Pickup(until=day), Pickup(until=moment)), ((), (Item(shipment=NUMBER),) * 11)):
        for ordinal in (1, 2):
            paper = PaperNotice(ordinal=ordinal, left_at=datetime(2026, 9, 10, 9, tzinfo=UTC))
            left = event("notice_left", service=service, facility=facility, pickup=until, notice=paper)
            yield told(left, collect_by=day)
            for kind, back in product(REMINDERS, (0, 1, 5)):
                yield told(left, kind=kind, collect_by=day, told_on=day - timedelta(days=back), others=others)
        for place in ("locker", "point", "branch", "po_box", None):
            ready = event("ready_for_pickup", service=service, facility=facility, pickup=until, place=place)
            yield told(ready, collect_by=day)
        for change in {None, *CHANGES} - DELIVERING_CHANGES:
            changed = event("terms_changed", service=service, facility=facility, pickup=until, change=change)
            yield told(replace(changed, new_eta=moment), collect_by=day)
        for news in (None, *NEWS):
            correction = event("corrected", service=service, facility=facility, correction=Correction(action="cancel"))
            yield told(correction, corrected=news, collect_by=day)


def _reports(service: str | None) -> Iterator[Sample]:
    window = Window(starts=LATE, until=LATE + timedelta(days=1))
    for kind in ("out_for_delivery", "attempt_failed", "refused", "returned", "lost", "item_held", "unheard_of"):
        one = event(kind, service=service, effective_at=LATE, last_chance=LATE, window=window, action_until=LATE)
        yield told(replace(one, next_attempt=LATE))
    for mode in MODES:
        handover = Handover(mode=mode, delivered_at=LATE)
        yield told(event("delivered", service=service, handover=handover))
        for news, action in product((None, *NEWS), ("cancel", "replace")):
            correction = Correction(action=action)
            yield told(event("corrected", service=service, handover=handover, correction=correction), corrected=news)
    for change in DELIVERING_CHANGES:
        yield told(event("terms_changed", service=service, change=change, next_attempt=LATE))
    for reason in DELAY_REASONS:
        yield told(event("delayed", service=service, reason=reason, new_eta=LATE))
    for reason in ADDRESS_PROBLEMS:
        yield told(event("address_problem", service=service, reason=reason, action_until=LATE))
    for reason, severity in product((None, *DAMAGES), SEVERITIES):
        yield told(event("damaged", service=service, reason=reason, severity=severity, action_until=LATE))
    for chance in (LATE, True):
        yield told(event("pickup_expired", service=service, facility=LONGEST, last_chance=chance))


def assert_sound(notice: Notice) -> str:
    """As encoded and as long as declared and allowed, in one line, with the no-links sentence and without a link."""
    sms = render_sms(notice)
    assert (sms.encoding, sms.parts) == (encoding_of(sms.text), count_parts(sms.text))
    if notice.letters is Letters.PLAIN:
        assert sms.encoding == GSM7
        assert len(sms.text) == units(sms.text)
    more = notice.kind in INCIDENTS or notice.incidents or sms.encoding != GSM7
    assert sms.parts <= (2 if more else 1), (len(sms.text), sms.text)
    assert sms.text.startswith("AWIZO")
    assert sms.text.isprintable()
    assert sms.text.endswith(_spelled(NO_LINKS[notice.language], notice.language, notice.letters))
    assert links(sms.text) == []
    return sms.text


def _spelled(texts: tuple[str, ...], language: str, letters: Letters) -> tuple[str, ...]:
    if letters is Letters.NATIVE:
        return texts
    return tuple(transliterate(text, language) for text in texts)


def _abbreviated(name: str) -> str:
    return name.replace("Filia Urzędu Pocztowego", "FUP")


def _notices(samples: Iterator[Sample], language: str, letters: Letters) -> Iterator[Notice]:
    for sample in samples:
        notice = replace(notice_of(sample), language=language, letters=letters)
        for number, phrase in (("X" * 128, None), ("12345678", "żółty słoń " * 4)):
            yield replace(notice, shipment=number, safety_phrase=phrase)


@pytest.mark.parametrize("letters", Letters)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_waits_is_told_with_its_place_and_its_day_in_the_room_there_is(language: str, letters: Letters) -> None:
    for name, (day, shown) in product(NAMES, SAFE_DAYS.items()):
        beginnings = [_spelled((each,), language, letters)[0][:NAME_MIN] for each in (name, _abbreviated(name))]
        for notice in _notices(_waiting("courier", replace(LONGEST, name=name), day), language, letters):
            text = assert_sound(notice)
            assert shown in text
            assert any(beginning in text for beginning in beginnings), text


@pytest.mark.parametrize("letters", Letters)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_reported_is_told_in_the_room_there_is(language: str, letters: Letters) -> None:
    for service in ("courier", None):
        for notice in _notices(_reports(service), language, letters):
            assert_sound(notice)


def test_every_kind_of_news_of_an_item_is_held_to_its_limit() -> None:
    tried = [*_waiting("courier", LONGEST, SUNDAY), *_reports("courier")]
    assert {notice_of(sample).kind for sample in tried} >= set(TELLS) - set(AREA_INCIDENT_KINDS)


moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone
days = st.dates(date(1990, 1, 1), date(2090, 1, 1))
words = st.text(max_size=40) | st.sampled_from(["UP Warszawa 32", "Пошта 1", "😀" * 30, "Ż" * 100, "a.pl", "€[]{}"])
codes = st.sampled_from([*SERVICES, *CHANGES, *DELAY_REASONS, *ADDRESS_PROBLEMS, *SEVERITIES, *NEWS, "x"])
facilities = st.builds(Facility, id=st.just("x"), name=words, street=st.none() | words, city=st.none() | words)
samples = st.builds(
    lambda kind, told_of, telling: told(event(kind, **told_of), **telling),
    st.sampled_from([*TELLS, "unheard_of"]),
    st.fixed_dictionaries(
        {
            "service": st.none() | codes,
            "facility": st.none() | facilities,
            "pickup": st.none() | st.builds(Pickup, starts=st.none() | days, until=st.none() | days | moments),
            "place": st.none() | st.sampled_from(["locker", "point", "branch", "po_box"]),
            "handover": st.none() | st.builds(Handover, mode=st.sampled_from([*MODES, "x"]), delivered_at=moments),
            "window": st.none() | st.builds(Window, starts=moments, until=moments),
        }
        | dict.fromkeys(("reason", "change", "severity"), st.none() | codes)
        | dict.fromkeys(("next_attempt", "new_eta", "action_until"), st.none() | days | moments)
        | {"last_chance": st.none() | st.booleans() | days | moments}
    ),
    st.fixed_dictionaries(
        {
            "corrected": st.none() | codes,
            "collect_by": st.none() | days,
            "told_on": st.none() | days,
            "others": st.lists(st.builds(Item, shipment=st.none() | words), max_size=9).map(tuple),
            "letters": st.sampled_from(Letters),
            "safety_phrase": st.none() | words,
        }
    ),
)


@settings(max_examples=500, deadline=None)
@given(sample=samples, language=st.sampled_from(LANGUAGES), shipment=st.none() | words)
def test_whatever_is_told_keeps_to_its_limit_and_says_what_it_must(
    sample: Sample, language: str, shipment: str | None
) -> None:
    notice = replace(notice_of(sample, shipment=shipment), language=language)
    text = assert_sound(notice)
    facility = notice.facility
    if notice.kind not in WAITING or facility is None:
        return
    spelled = voice(language, notice.letters)
    name = spelled.words(facility.name)
    assert name[: NAME_MIN // 2] in text
    if notice.collect_by is not None:
        assert spelled.short_date(notice.collect_by) in text

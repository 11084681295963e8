"""SMS about incidents of areas: what stands in them, what goes first, and what one message can tell of several."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.event import AREA_INCIDENT_KINDS, Facility, Outage
from app.domain.recipient import Letters
from app.rendering.notice import IncidentNews, Item, PlaceTouched
from app.rendering.sms import render_sms, speaks_for_all
from app.rendering.sms.voice import voice
from app.rendering.words import AREA_REASONS
from tests.unit.rendering.area_samples import (
    AREA_SAMPLES,
    AT_LOCKER,
    AT_OFFICE,
    AT_THIRD,
    CLOSURE,
    INSTEAD,
    LETTER,
    LONGER,
    OVER,
    STRIKE,
    SUBSTITUTE,
    WORK,
    incident,
    shut,
)
from tests.unit.rendering.samples import LANGUAGES, NUMBER, OFFICE, SAFE, WARSAW, Sample, notice_of
from tests.unit.rendering.test_sms_limits import LONGEST, NAME_MIN, NAMES, assert_sound

TAIL = "Bez linkow i doplat."
SHUT = "UP Warszawa 32 nie dziala od 30.11 (pon) do 02.12 (sr)"
KINDS = ("facility_unavailable", "service_disruption", "maintenance_planned")


def text_of(sample: Sample, language: str = "pl") -> str:
    return render_sms(notice_of(sample, language)).text


def test_a_closure_says_where_when_why_and_until_when_the_item_can_be_collected() -> None:
    assert text_of(incident(CLOSURE)) == (
        f"AWIZO: {SHUT} (awaria). List polecony nr ..456789, odbior na miejscu do 07.12 (pon). {TAIL}"
    )


def test_the_number_is_whole_where_that_takes_no_second_part_or_there_is_one_anyhow() -> None:
    assert f"List polecony {NUMBER}, odbior" in text_of(incident(replace(CLOSURE, reason=None)))
    assert f"List polecony {NUMBER}, odbior" in text_of(incident(INSTEAD))


def test_a_substitute_is_told_with_street_hours_and_the_last_day_there() -> None:
    assert text_of(incident(INSTEAD)) == (
        f"AWIZO: {SHUT} (awaria). List polecony {NUMBER}, odbior: UP Warszawa 4, Zabkowska 31, pn-pt 8-20, so 9-13, "
        f"do 07.12 (pon). {TAIL}"
    )


def test_a_substitute_without_a_last_day_is_told_without_one() -> None:
    place = replace(AT_OFFICE, collect_by=None)
    assert "so 9-13. Bez" in text_of(incident(replace(INSTEAD, places=(place,))))


def test_where_no_open_day_is_left_that_is_said_and_whom_to_ask() -> None:
    place = replace(AT_OFFICE, collect_by=None, has_no_open_day=True)
    assert text_of(incident(replace(CLOSURE, reason=None, places=(place,)))) == (
        f"AWIZO: {SHUT}. List polecony {NUMBER}: przed zwrotem nie ma juz dnia otwarcia. Zapytaj operatora. {TAIL}"
    )


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"starts": None}, "nie dziala do 02.12 (sr)"),
        ({"until": None}, "nie dziala od 30.11 (pon), konca nie podano"),
        ({"starts": None, "until": None}, "nie dziala na razie, konca nie podano"),
        ({"starts": date(2026, 12, 2)}, "nie dziala 02.12 (sr) (awaria)"),
        ({"starts": datetime(2026, 12, 2, 9, tzinfo=WARSAW)}, "nie dziala 02.12 (sr), 9:00-20:00 (awaria)"),
        ({"until": datetime(2026, 12, 2, 14, tzinfo=WARSAW)}, "od 30.11 (pon) 8:00 do 02.12 (sr) 14:00 (awaria)"),
    ],
)
def test_it_says_from_when_until_when_as_far_as_that_is_known(change: dict[str, datetime | None], shown: str) -> None:
    assert shown in text_of(incident(replace(CLOSURE, **change)))  # type: ignore[arg-type] # the fields of news are of many types


@pytest.mark.parametrize(
    ("planned", "told_on", "verb"),
    [
        (True, date(2026, 11, 29), "nie bedzie dzialac"),
        (True, date(2026, 11, 30), "nie dziala"),
        (False, date(2026, 11, 29), "nie dziala"),
    ],
)
def test_what_is_planned_will_be(planned: bool, told_on: date, verb: str) -> None:
    assert f"UP Warszawa 32 {verb} od" in text_of(incident(replace(CLOSURE, planned=planned), told_on=told_on))


@pytest.mark.parametrize("reason", [None, "", "x-unknown", "{{7*7}}"])
def test_an_unknown_reason_stays_unsaid(reason: str | None) -> None:
    assert text_of(incident(replace(CLOSURE, reason=reason))).startswith(f"AWIZO: {SHUT}. List")


def test_several_items_are_counted() -> None:
    place = replace(AT_OFFICE, items=(LETTER, *AT_THIRD.items))
    assert f"{SHUT} (awaria). 3 przesylki, odbior na miejscu" in text_of(incident(replace(CLOSURE, places=(place,))))


def test_several_places_are_named_and_those_that_stand_otherwise_told_apart() -> None:
    text = text_of(incident(replace(CLOSURE, places=(AT_OFFICE, AT_THIRD, AT_LOCKER))))
    assert text.startswith("AWIZO: UP Warszawa 32, UP Warszawa 50, Paczkomat WAW01A nie dzialaja od 30.11 (pon)")
    assert "Paczkomat WAW01A, paczka nr ..345678: przed zwrotem nie ma" in text
    assert "UP Warszawa 32, UP Warszawa 50, 3 przesylki, odbior na miejscu do 04.12 (pt)." in text


def test_a_change_tells_only_what_is_otherwise_and_what_was_told_before() -> None:
    assert text_of(incident(LONGER)) == (
        f"AWIZO zmiana: UP Warszawa 32 nie dziala do 04.12 (pt), wczesniej: do 02.12. {TAIL}"
    )
    later = replace(CLOSURE, starts=date(2026, 12, 1), before=CLOSURE)
    assert text_of(incident(later)) == (
        "AWIZO zmiana: UP Warszawa 32 nie dziala od 01.12 (wt) do 02.12 (sr), wczesniej: od 30.11 do 02.12. " + TAIL
    )
    reason = replace(CLOSURE, reason="fire", before=CLOSURE)
    assert text_of(incident(reason)) == f"AWIZO zmiana: UP Warszawa 32 (zamkniecie). Powod: pozar. {TAIL}"


def test_a_place_that_is_added_is_told_with_when_and_the_others_are_not_told_again() -> None:
    text = text_of(incident(replace(CLOSURE, places=(AT_OFFICE, AT_THIRD), before=CLOSURE)))
    assert "od 30.11 (pon) do 02.12 (sr). 2 przesylki, odbior na miejscu do 04.12 (pt)." in text


def test_news_that_says_the_same_as_before_is_told_in_full() -> None:
    assert text_of(incident(replace(CLOSURE, before=CLOSURE))) == text_of(incident(CLOSURE))


def test_what_ended_is_told_with_the_safe_day_as_it_is_now() -> None:
    assert text_of(incident(OVER, told_on=date(2026, 12, 1))) == (
        f"AWIZO: UP Warszawa 32 znow dziala. List polecony {NUMBER}, odbior na miejscu do 07.12 (pon). {TAIL}"
    )


def test_a_place_that_something_else_keeps_shut_is_not_said_to_be_open() -> None:
    still = replace(OVER, places=(replace(AT_OFFICE, facility=shut(OFFICE)),))
    assert "UP Warszawa 32: jedno z zamkniec sie skonczylo." in text_of(incident(still, told_on=date(2026, 12, 1)))
    unknown = replace(OVER, places=())
    assert "UP Warszawa 32: zamkniecie sie skonczylo." in text_of(incident(unknown, told_on=date(2026, 12, 1)))


def test_what_is_called_off_before_it_began_will_not_be() -> None:
    assert "UP Warszawa 32: nie bedzie zamkniecia od 30.11 (pon) do 02.12 (sr)." in text_of(incident(OVER))


def test_a_disruption_names_its_operator_and_whom_it_concerns() -> None:
    assert text_of(incident(STRIKE)) == (
        "AWIZO: Poczta Polska zglasza utrudnienia od 30.11 (pon) do 04.12 (pt) (strajk)."
        " Doreczenia i odbior moga sie opoznic."
        f" Dotyczy: list polecony {NUMBER}, UP Warszawa 32, kod 03-7*. {TAIL}"
    )


def test_a_place_that_the_alphabet_cannot_write_is_told_without_its_name() -> None:
    place = replace(AT_OFFICE, facility=replace(AT_OFFICE.facility, name="郵便局"))
    assert text_of(incident(replace(CLOSURE, places=(place,)))).startswith("AWIZO: Miejsce odbioru nie dziala od")


def test_several_incidents_of_a_day_are_told_in_one_message() -> None:
    notice = notice_of(AREA_SAMPLES["facility_unavailable_digest"])
    text = render_sms(notice).text
    assert speaks_for_all(notice)
    assert text.index(SHUT) < text.index("UP Warszawa 3 nie dziala od 03.12 (czw) do 04.12 (pt)")


def test_a_message_without_the_room_for_all_incidents_speaks_for_the_first_and_counts_the_others() -> None:
    places = tuple(
        replace(AT_OFFICE, facility=replace(LONGEST, id=f"{n}", name=f"{LONGEST.name}{n}")) for n in range(3)
    )
    notice = notice_of(incident(*(replace(CLOSURE, places=(place,)) for place in places)))
    assert not speaks_for_all(notice)
    text = assert_sound(notice)
    assert "Inne zdarzenia: " in text


def test_one_incident_is_spoken_for_unless_it_has_no_room() -> None:
    assert speaks_for_all(notice_of(incident(CLOSURE)))
    assert not speaks_for_all(replace(notice_of(incident(CLOSURE)), safety_phrase="x" * 120, letters=Letters.NATIVE))


def test_a_phrase_of_the_persons_own_stands_in_the_message_and_is_no_room_for_a_digest() -> None:
    notice = replace(notice_of(AREA_SAMPLES["facility_unavailable_digest"]), safety_phrase="zielony czajnik")
    assert "Twoja fraza: zielony czajnik. Bez" in text_of(incident(CLOSURE, safety_phrase="zielony czajnik"))
    assert speaks_for_all(notice) == ("zielony czajnik" in render_sms(notice).text)


def test_without_anything_to_tell_it_is_general_news() -> None:
    notice = replace(notice_of(incident(CLOSURE)), incidents=())
    sms = render_sms(notice)
    assert (sms.template, sms.parts) == ("general", 1)


@pytest.mark.parametrize("kind", AREA_INCIDENT_KINDS)
def test_each_kind_has_its_template(kind: str) -> None:
    news = replace(CLOSURE, kind=kind)
    assert render_sms(notice_of(incident(news))).template == kind


def _longest(kind: str, name: str) -> IncidentNews:
    facility = replace(LONGEST, name=name, outages=(Outage(starts=datetime(2026, 9, 30, 6, tzinfo=UTC), until=None),))
    items = (Item(shipment="X" * 128, service="registered_letter"),)
    return IncidentNews(
        kind=kind,
        operator="poczta" * 20,
        starts=datetime(2026, 9, 30, 6, 5, tzinfo=UTC),
        until=datetime(2026, 10, 28, 19, 55, tzinfo=UTC),
        reason="it",
        substitute=replace(LONGEST, id="y"),
        places=(
            PlaceTouched(facility=facility, items=items, collect_by=SAFE, substitute_by=date(2026, 12, 20)),
            PlaceTouched(facility=replace(facility, id="2", name=name + "2"), items=items * 11, has_no_open_day=True),
            PlaceTouched(facility=replace(facility, id="3", name="3" + name), items=items, collect_by=SAFE),
        ),
        items=items * 12,
        post_codes=("03-7*", "00-0*", "99-999", "12-3*"),
    )


@pytest.mark.parametrize("letters", Letters)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_values_keep_to_two_parts_and_leave_place_and_dates(language: str, letters: Letters) -> None:
    speaking = voice(language, letters)
    for kind, name in product(KINDS, NAMES):
        news = _longest(kind, name)
        before = replace(news, until=date(2026, 9, 30), reason=None)
        told = (news, replace(news, before=before), replace(news, kind="resolved", before=news, is_over=True))
        for one, rest in product(told, ((), (news, news))):
            notice = replace(notice_of(incident(one, *rest)), language=language, letters=letters)
            text = assert_sound(replace(notice, safety_phrase="żółty słoń " * 4))
            if kind == "facility_unavailable":
                beginning = speaking.words(name)[: NAME_MIN // 2]
                assert beginning in text or "FUP" in text, text
            if not one.is_over:
                assert speaking.short_date(date(2026, 10, 28)) in text, text


words = st.text(max_size=40) | st.sampled_from(["UP Warszawa 32", "Пошта 1", "😀" * 30, "Ż" * 100, "a.pl", "€[]{}"])
days = st.dates(date(2000, 1, 1), date(2090, 1, 1))
moments = days | st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants bounds without a zone
facilities = st.builds(
    Facility,
    id=st.sampled_from(["1", "2", "3"]),
    name=words,
    street=st.none() | words,
    hours=st.sampled_from([None, OFFICE.hours]),
    outages=st.lists(
        st.builds(
            Outage,
            starts=st.just(datetime(2026, 11, 30, tzinfo=UTC)),
            until=st.none() | st.just(datetime(2026, 12, 3, 9, tzinfo=UTC)),
        ),
        max_size=2,
    ).map(tuple),
)
item_lists = st.lists(st.builds(Item, shipment=st.none() | words), max_size=3).map(tuple)
touched_places = st.builds(
    PlaceTouched,
    facility=facilities,
    items=item_lists,
    collect_by=st.none() | days,
    substitute_by=st.none() | days,
    has_no_open_day=st.booleans(),
)
fresh = st.builds(
    IncidentNews,
    kind=st.sampled_from(AREA_INCIDENT_KINDS),
    operator=words,
    starts=st.none() | moments,
    until=st.none() | moments,
    planned=st.booleans(),
    reason=st.none() | st.sampled_from([*AREA_REASONS, "x"]),
    substitute=st.none() | facilities,
    places=st.lists(touched_places, max_size=4).map(tuple),
    items=item_lists,
    post_codes=st.lists(st.sampled_from(["03-7*", "evil.example", "00-950"]), max_size=4).map(tuple),
    is_over=st.booleans(),
)
told_news = st.builds(lambda news, before: replace(news, before=before), fresh, st.none() | fresh)


@settings(max_examples=200, deadline=None)
@given(
    news=st.lists(told_news, min_size=1, max_size=4),
    language=st.sampled_from(LANGUAGES),
    letters=st.sampled_from(Letters),
    phrase=st.none() | words,
)
def test_whatever_happens_is_told_in_two_parts_with_place_and_days(
    news: list[IncidentNews], language: str, letters: Letters, phrase: str | None
) -> None:
    notice = replace(notice_of(incident(*news, safety_phrase=phrase)), language=language, letters=letters)
    text = assert_sound(notice)
    first, speaking = news[0], voice(language, letters)
    if first.kind != "facility_unavailable" or first.is_over or first.before is not None:
        return
    if first.places and (name := speaking.words(first.places[0].facility.name)):
        assert name[: NAME_MIN // 2] in text
    if type(first.until) is date:
        assert speaking.short_date(first.until) in text


def test_a_substitute_that_the_alphabet_cannot_write_is_another_place() -> None:
    news = replace(INSTEAD, substitute=replace(SUBSTITUTE, name="郵便局"))
    assert "odbior: inne miejsce, do 07.12 (pon)." in text_of(incident(news))


def test_planned_work_is_told_with_its_hours() -> None:
    assert "InPost planuje prace od 01.12 (wt) 22:00 do 02.12 (sr) 2:00" in text_of(incident(WORK))

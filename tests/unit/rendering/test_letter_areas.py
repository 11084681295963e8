"""Letters about incidents of areas: what happened, what it means for each place and item, and what can be done."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.domain.event import AREA_INCIDENT_KINDS
from app.rendering.letter import Letter, Section, letter_of
from app.rendering.notice import Item
from app.rendering.sms import render_sms
from tests.unit.rendering.area_samples import (
    AREA_SAMPLES,
    AT_LOCKER,
    AT_OFFICE,
    AT_THIRD,
    CLOSURE,
    INSTEAD,
    LONGER,
    OVER,
    STRIKE,
    SUBSTITUTE,
    TOLD_ON,
    WORK,
    incident,
    shut,
)
from tests.unit.rendering.samples import OFFICE, Sample, notice_of

RECORDED = "Co zapisał operator"
OFFICE_IN_A_LINE = "UP Warszawa 32, Targowa 73, 03-729 Warszawa"
LETTER_IN_A_LINE = "List polecony, numer 0075 9007 7341 2345 6789 – czeka od 23 listopada 2026 (poniedziałek)"
ELSEWHERE = "Inne miejsce odbioru, które podał operator"
TO_DO = "Co możesz zrobić"


def letter(sample: Sample, language: str = "pl") -> Letter:
    return letter_of(notice_of(sample, language), sent_on=TOLD_ON)


def section(written: Letter, title: str) -> Section:
    [found] = [each for each in written.sections if each.title == title]
    return found


def titles(written: Letter) -> list[str]:
    return [each.title for each in written.sections]


def test_a_closure_says_in_its_subject_which_place_is_shut_from_when_until_when() -> None:
    written = letter(incident(CLOSURE))
    assert written.subject == (
        "Nieczynne: UP Warszawa 32, od 30 listopada 2026 (poniedziałek) do 2 grudnia 2026 (środa)"
    )
    assert written.heading == "Nieczynne: UP Warszawa 32"
    assert written.preheader == "Ostatni bezpieczny dzień: poniedziałek, 7 grudnia 2026"


def test_what_the_operator_recorded_stands_with_its_moments_and_reason() -> None:
    assert section(letter(incident(CLOSURE)), RECORDED).lines == (
        "Od kiedy: poniedziałek, 30 listopada 2026, godz. 8:00",
        "Do kiedy: środa, 2 grudnia 2026, godz. 20:00",
        "Powód podany przez operatora: awaria",
    )


def test_an_end_that_nobody_knows_is_said_to_be_unknown_and_a_reason_that_we_have_no_words_for_is_not_said() -> None:
    written = letter(incident(replace(CLOSURE, until=None, reason="x-unknown")))
    assert section(written, RECORDED).lines[1:] == ("Operator nie podał, do kiedy.",)


def test_the_place_stands_with_its_items_its_safe_day_and_its_hours() -> None:
    place = section(letter(incident(CLOSURE)), OFFICE_IN_A_LINE)
    assert place.headline == "Ostatni bezpieczny dzień: poniedziałek, 7 grudnia 2026"
    assert place.lines == (LETTER_IN_A_LINE, "Godziny otwarcia podane przez operatora:")
    assert place.days[1] == ("poniedziałek, 30 listopada", "nieczynne – tak zapowiedział operator", True)
    assert place.days[-1] == ("poniedziałek, 7 grudnia", "8:00–20:00", False)


def test_a_substitute_stands_with_its_address_and_hours_beside_the_last_day_here() -> None:
    written = letter(incident(INSTEAD))
    place, instead = section(written, OFFICE_IN_A_LINE), section(written, ELSEWHERE)
    assert place.headline == "W innym miejscu do: poniedziałek, 7 grudnia 2026"
    assert place.lines[-1] == "Tutaj ostatni bezpieczny dzień to: poniedziałek, 7 grudnia 2026"
    assert place.days == ()
    assert (instead.headline, instead.lines[:2]) == ("UP Warszawa 4", ("Ząbkowska 31", "03-736 Warszawa"))
    assert instead.days[-1] == ("poniedziałek, 7 grudnia", "8:00–20:00", False)


def test_a_substitute_stands_beside_a_place_that_does_not_open_any_more() -> None:
    place = replace(INSTEAD.places[0], collect_by=None, has_no_open_day=True)
    written = section(letter(incident(replace(INSTEAD, places=(place,)))), OFFICE_IN_A_LINE)
    assert written.lines[-1] == "Przed zwrotem to miejsce nie będzie już czynne."


@pytest.mark.parametrize(("items", "what"), [(AT_LOCKER.items, "przesyłką"), (AT_THIRD.items, "przesyłkami")])
def test_where_no_open_day_is_left_that_is_said_and_what_to_ask(items: tuple[Item, ...], what: str) -> None:
    written = letter(incident(replace(CLOSURE, places=(replace(AT_LOCKER, items=items),))))
    place = section(written, "Paczkomat WAW01A, Kościelna 1, 03-730 Łódź")
    assert place.headline == "Przed zwrotem to miejsce nie będzie już czynne"
    [asked] = section(written, TO_DO).lines
    assert what in asked
    assert titles(written)[-1] == TO_DO
    assert "Co zabrać i kto jeszcze może odebrać" not in titles(written)


def test_each_place_has_a_section_with_its_own_day() -> None:
    written = letter(incident(replace(CLOSURE, places=(AT_OFFICE, AT_LOCKER, AT_THIRD))))
    assert written.heading == "Nieczynne: UP Warszawa 32 i jeszcze 2"
    assert [each.headline for each in written.sections[1:4]] == [
        "Ostatni bezpieczny dzień: poniedziałek, 7 grudnia 2026",
        "Przed zwrotem to miejsce nie będzie już czynne",
        "Ostatni bezpieczny dzień: piątek, 4 grudnia 2026",
    ]


def test_planned_work_at_a_place_is_announced_until_it_begins() -> None:
    planned = replace(CLOSURE, planned=True)
    assert letter(incident(planned)).heading == "Zapowiedziane zamknięcie: UP Warszawa 32"
    assert letter(incident(planned, told_on=date(2026, 11, 30))).heading == "Nieczynne: UP Warszawa 32"


def test_a_change_tells_only_what_is_otherwise_and_what_was_told_before() -> None:
    written = letter(incident(LONGER))
    assert written.heading == "Zmiana – nieczynne: UP Warszawa 32"
    assert titles(written) == ["Co się zmieniło", TO_DO]
    assert written.sections[0].lines == (
        "Do kiedy: piątek, 4 grudnia 2026, godz. 20:00",
        "Wcześniej podano: środa, 2 grudnia 2026, godz. 20:00",
    )


def test_a_change_of_where_to_collect_shows_where_that_is_now() -> None:
    written = letter(incident(replace(INSTEAD, before=CLOSURE)))
    assert titles(written)[:3] == ["Co się zmieniło", OFFICE_IN_A_LINE, ELSEWHERE]


def test_what_ended_says_so_and_until_when_items_can_be_collected_now() -> None:
    written = letter(incident(OVER, told_on=date(2026, 12, 1)))
    assert written.subject == "Znów czynne: UP Warszawa 32, 1 grudnia 2026 (wtorek)"
    assert titles(written)[:2] == ["Co podano wcześniej", OFFICE_IN_A_LINE]
    assert [day.closed for day in written.sections[1].days] == [False, False, False, False, True, True, False]


def test_what_ended_without_having_been_told_names_no_dates() -> None:
    written = letter(incident(replace(OVER, before=None), told_on=date(2026, 12, 1)))
    assert titles(written)[0] == OFFICE_IN_A_LINE


@pytest.mark.parametrize(
    ("sample", "heading"),
    [
        ("facility_unavailable_narrowed", "Zamknięcie nie dotyczy już Twoich przesyłek: UP Warszawa 32"),
        ("resolved_before_it_began", "Nie będzie zamknięcia: UP Warszawa 32"),
        ("resolved_without_items", "Zamknięcie się skończyło: UP Warszawa 32"),
        ("resolved_of_several_closures", "Jedno z zamknięć się skończyło: UP Warszawa 32"),
        ("service_disruption", "Utrudnienia: Poczta Polska"),
        ("service_disruption_narrowed", "Utrudnienia już Ciebie nie dotyczą: Poczta Polska"),
        ("resolved_disruption", "Utrudnienia się skończyły: Poczta Polska"),
        ("resolved_disruption_before_it_began", "Utrudnień nie będzie: Poczta Polska"),
        ("maintenance_planned", "Planowane prace: InPost"),
        ("maintenance_planned_narrowed", "Planowane prace już Ciebie nie dotyczą: InPost"),
        ("resolved_work", "Planowane prace się skończyły: InPost"),
        ("resolved_work_before_it_began", "Planowanych prac nie będzie: InPost"),
    ],
)
def test_the_heading_says_what_became_of_it(sample: str, heading: str) -> None:
    assert letter(AREA_SAMPLES[sample]).heading == heading


def test_a_disruption_says_what_it_means_and_what_it_concerns() -> None:
    written = letter(incident(STRIKE))
    assert section(written, "Co to oznacza dla Ciebie").lines == ("Doręczenia i odbiór mogą się opóźnić.",)
    assert section(written, "Czego to dotyczy").lines == (
        OFFICE_IN_A_LINE,
        LETTER_IN_A_LINE,
        "Ostatni bezpieczny dzień: poniedziałek, 7 grudnia 2026",
        "Kody pocztowe: 03-7*",
    )
    assert section(written, TO_DO).lines[0] == "Nie trzeba nic robić."


def test_several_incidents_have_a_section_each() -> None:
    later = replace(CLOSURE, places=(AT_THIRD,))
    written = letter(incident(INSTEAD, later, WORK))
    assert written.subject == "3 informacje o utrudnieniach, 29 listopada 2026 (niedziela)"
    assert titles(written) == [
        "Nieczynne: UP Warszawa 32",
        "Nieczynne: UP Warszawa 50",
        "Planowane prace: InPost",
        TO_DO,
    ]
    assert written.lead.startswith("Źródło tej informacji: Poczta Polska, InPost.")
    assert written.sections[0].lines[-1] == (
        f"{ELSEWHERE}: UP Warszawa 4, Ząbkowska 31, 03-736 Warszawa, pn-pt 8-20, so 9-13"
    )
    assert "Ostatni bezpieczny dzień: piątek, 4 grudnia 2026" in written.sections[1].lines


@pytest.mark.parametrize("kind", AREA_INCIDENT_KINDS)
def test_without_anything_to_tell_it_is_general_news(kind: str) -> None:
    notice = replace(notice_of(incident(CLOSURE, kind=kind)), incidents=())
    assert letter_of(notice, sent_on=TOLD_ON).template == "general"


def test_links_in_what_operators_wrote_are_taken_out() -> None:
    evil = "UP https://evil.example/x www.evil.example"
    place = replace(AT_OFFICE, facility=shut(replace(OFFICE, name=evil, street=evil, city=evil)))
    substitute = replace(SUBSTITUTE, name=evil, street=evil)
    news = replace(INSTEAD, operator=evil, places=(place,), substitute=substitute)
    strike = replace(STRIKE, operator=evil, post_codes=("evil.example",))
    for sample in (incident(news), incident(strike), incident(news, strike)):
        assert "evil." not in repr(letter(sample)) + render_sms(notice_of(sample)).text


def test_a_place_and_an_operator_without_a_name_are_told_in_general_words() -> None:
    place = replace(AT_OFFICE, facility=shut(replace(OFFICE, name="", street=None, post_code=None, city=None)))
    written = letter(incident(replace(CLOSURE, operator="", places=(place,))))
    assert written.heading == "Nieczynne: miejsce odbioru"
    assert titles(written)[1] == "Miejsce odbioru"
    assert written.lead.startswith("Źródło tej informacji: Operator.")


@pytest.mark.parametrize("extreme", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("as_day", [True, False])
def test_dates_at_the_ends_of_the_calendar_can_be_told(extreme: datetime, as_day: bool) -> None:
    moment = extreme.date() if as_day else extreme
    facility = shut(OFFICE, datetime.min.replace(tzinfo=UTC), extreme)
    place = replace(AT_OFFICE, facility=facility, collect_by=extreme.date(), substitute_by=extreme.date())
    first = replace(CLOSURE, starts=moment, until=moment, planned=True, places=(place,))
    instead = replace(first, substitute=replace(SUBSTITUTE, outages=facility.outages))
    for news in (first, instead, replace(first, before=CLOSURE), replace(first, kind="resolved", before=first)):
        assert letter(incident(news)).template == news.kind
        assert str(extreme.day) in render_sms(notice_of(incident(news))).text

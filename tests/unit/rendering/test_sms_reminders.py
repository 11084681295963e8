"""SMS that remind: of one item or several, and of the last safe day."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.domain.event import Outage, Pickup
from app.rendering.notice import Item
from app.rendering.opening_hours import Hours
from app.rendering.sms import render_sms
from tests.unit.rendering.samples import OFFICE, SAFE, STOCKTAKING, WARSAW, notice_left, notice_of, told, week

NOT_YET = date(2026, 11, 30)


def text_of(kind: str, *, told_on: date | None = NOT_YET, collect_by: date | None = SAFE, **fields: object) -> str:
    others = fields.pop("others", ())
    reported = told(notice_left(**fields), kind=kind, told_on=told_on, collect_by=collect_by, others=others)
    return render_sms(notice_of(reported)).text


def items(count: int) -> tuple[Item, ...]:
    return tuple(Item(shipment=f"RR0000000{n:02}PL", service="registered_letter") for n in range(1, count + 1))


def test_a_reminder_says_that_it_still_waits_and_until_when() -> None:
    assert text_of("reminder") == (
        "AWIZO przypomina: list polecony nr ..456789 nadal czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20."
        " Ostatni bezpieczny dzien: 07.12 (pon). Bez linkow i doplat."
    )


def test_a_reminder_says_what_to_do_with_it_where_there_is_room() -> None:
    assert text_of("reminder", facility=replace(OFFICE, hours=None, street=None)).endswith(
        ": UP Warszawa 32. Ostatni bezpieczny dzien: 07.12 (pon). Masz juz list? Zignoruj. Bez linkow i doplat."
    )


@pytest.mark.parametrize(
    ("told_on", "lead"),
    [
        (date(2026, 12, 6), "jutro (07.12) ostatni dzien odbioru"),
        (SAFE, "dzis (07.12) ostatni dzien odbioru"),
        (date(2026, 12, 5), "07.12 (pon) to ostatni dzien odbioru"),
        (date(2026, 12, 8), "07.12 (pon) to ostatni dzien odbioru"),
        (None, "07.12 (pon) to ostatni dzien odbioru"),
    ],
)
def test_tomorrow_is_said_only_on_the_eve(told_on: date | None, lead: str) -> None:
    assert text_of("last_day", told_on=told_on) == (
        f"AWIZO: {lead} listu nr ..456789: UP Warszawa 32, Targowa 73, do 20:00."
        " Masz juz list? Zignoruj. Bez linkow i doplat."
    )


def test_the_eve_of_a_month_and_of_a_year_is_an_eve() -> None:
    text = text_of("last_day", told_on=date(2026, 12, 31), collect_by=date(2027, 1, 1))
    assert text.startswith("AWIZO: jutro (01.01) ostatni dzien")


@pytest.mark.parametrize(
    ("service", "item", "already"),
    [
        ("letter", "listu", "list"),
        ("parcel", "paczki", "paczke"),
        ("courier", "przesylki", "przesylke"),
        (None, "przesylki", "przesylke"),
    ],
)
def test_the_item_is_named_in_the_right_form(service: str | None, item: str, already: str) -> None:
    text = text_of("last_day", service=service)
    assert f"dzien odbioru {item} nr ..456789: " in text
    assert f" Masz juz {already}? " in text


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (week("8:00-12:00,13:00-18:30", *["8:00-20:00"] * 4, "", ""), "Targowa 73, do 18:30. Masz"),
        (week(*["0:00-0:00"] * 7), "Targowa 73. Masz"),
        (week(*[""] * 7), "Targowa 73. Masz"),
        (None, "Targowa 73. Masz"),
    ],
)
def test_the_hour_is_when_the_place_closes_on_that_day(hours: object, shown: str) -> None:
    assert shown in text_of("last_day", facility=replace(OFFICE, hours=hours))  # type: ignore[arg-type] # of tests


def test_no_hour_is_told_for_a_day_on_which_the_place_is_closed() -> None:
    text = text_of("last_day", facility=replace(OFFICE, closures=(STOCKTAKING,)), collect_by=STOCKTAKING.first_on)
    assert "Targowa 73. Masz juz list?" in text


@pytest.mark.parametrize(("hour", "shown"), [(10, "do 11:15"), (21, "do 20:00")])
def test_the_operators_last_moment_ends_the_day_if_it_is_earlier(hour: int, shown: str) -> None:
    pickup = Pickup(until=datetime(2026, 12, 7, hour, 15, tzinfo=UTC))
    assert f"Targowa 73, {shown}. Masz" in text_of("last_day", pickup=pickup)


def test_an_operators_last_moment_in_a_break_is_told_as_the_beginning_of_the_break() -> None:
    office = replace(OFFICE, hours=week("8:00-12:00,13:00-18:30", *["8:00-20:00"] * 4, "", ""))
    pickup = Pickup(until=datetime(2026, 12, 7, 11, 30, tzinfo=UTC))
    assert "Targowa 73, do 12:00. Masz" in text_of("last_day", facility=office, pickup=pickup)


def test_without_a_safe_day_the_last_day_is_a_reminder() -> None:
    text = text_of("last_day", collect_by=None)
    assert text.startswith("AWIZO przypomina: list polecony nr ..456789 nadal czeka: UP Warszawa 32")
    assert " Odbierz wg operatora do 07.12 (pon). " in text


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (2, "2 przesylki nadal czekaja (nr ..456789, ..0001PL): "),
        (5, "5 przesylek nadal czeka (w tym nr ..456789, ..0001PL, ..0002PL): "),
        (22, "22 przesylki nadal czekaja (w tym nr ..456789, ..0001PL): "),
    ],
)
def test_a_reminder_counts_several_items_in_the_right_form(count: int, said: str) -> None:
    text = text_of("reminder", others=items(count - 1), facility=replace(OFFICE, street=None, hours=None))
    assert (
        text == f"AWIZO przypomina: {said}UP Warszawa 32. Ostatni bezpieczny dzien: 07.12 (pon). Bez linkow i doplat."
    )


@pytest.mark.parametrize("count", [2, 3, 6, 40])
def test_the_last_day_of_several_items_names_as_many_numbers_as_fit(count: int) -> None:
    text = text_of("last_day", others=items(count - 1), facility=replace(OFFICE, street=None, hours=None))
    named = text.partition("(nr ")[2] or text.partition("(w tym nr ")[2]
    numbers = named.partition(")")[0].split(", ")
    assert len(text) <= 160
    assert f"odbioru {count} przesylek (" in text
    assert ("(w tym nr " in text) == (len(numbers) < count)
    assert numbers[0] == "..456789"
    assert len(numbers) >= min(count, 3)


def test_an_item_without_a_number_is_counted_but_not_named() -> None:
    text = text_of(
        "reminder", others=(Item(), Item(shipment="12345678")), facility=replace(OFFICE, hours=None, street=None)
    )
    assert "3 przesylki nadal czekaja (w tym nr ..456789, 12345678): " in text


def test_items_without_any_number_are_only_counted() -> None:
    reported = told(notice_left(), kind="reminder", collect_by=SAFE, others=(Item(),))
    text = render_sms(notice_of(reported, shipment=None)).text
    assert text.startswith("AWIZO przypomina: 2 przesylki nadal czekaja: UP Warszawa 32, Targowa 73, pn-pt 8-20.")


def test_the_count_and_the_date_in_brief_stay_when_the_name_leaves_no_room_for_a_number() -> None:
    text = text_of("reminder", others=items(2), facility=replace(OFFICE, name="X" * 80))
    assert (
        text
        == f"AWIZO przypomina: 3 przesylki nadal czekaja: {'X' * 68}.. Odbierz do 07.12 (pon). Bez linkow i doplat."
    )


@pytest.mark.parametrize("kind", ["reminder", "last_day"])
def test_without_a_place_the_operator_has_the_details(kind: str) -> None:
    text = text_of(kind, facility=None)
    assert "07.12 (pon)" in text
    assert ". Szczegoly u operatora. " in text


def test_on_the_eve_of_the_last_day_an_incident_shortens_the_hours_told() -> None:
    from_two = Outage(starts=datetime(2026, 12, 7, 14, tzinfo=WARSAW), until=None)
    office = replace(OFFICE, outages=(from_two,))
    reminded = told(notice_left(facility=office), kind="last_day", collect_by=SAFE, told_on=date(2026, 12, 6))
    assert "UP Warszawa 32, Targowa 73, do 14:00." in render_sms(notice_of(reminded)).text


@pytest.mark.parametrize("hours", [OFFICE.hours, None])
def test_an_hour_of_the_operators_that_an_incident_takes_is_not_told(hours: Hours | None) -> None:
    noon = Outage(starts=datetime(2026, 12, 7, 12, tzinfo=WARSAW), until=None)
    until = Pickup(until=datetime(2026, 12, 7, 14, 30, tzinfo=WARSAW))
    reported = notice_left(facility=replace(OFFICE, hours=hours, outages=(noon,)), pickup=until)
    assert "Odbierz do 07.12 (pon) 12:00." in render_sms(notice_of(told(reported, collect_by=SAFE))).text

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.domain.event import Closure
from app.domain.facility_calendar import calendar_of
from app.rendering.catalog import letter_speaker
from app.rendering.opening_hours import Days, compact_hours, days_to_show, listed_days, never_closes
from tests.unit.rendering.samples import LOCKER, OFFICE, STOCKTAKING, week

DAYS = Days(first=date(2026, 11, 24), last=date(2026, 12, 7))
PL, EN = letter_speaker("pl"), letter_speaker("en")


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (("8:00-20:00",) * 5 + ("", ""), "Mon-Fri 8-20"),
        (("8:00-20:00",) * 5 + ("9:00-13:00", ""), "Mon-Fri 8-20, Sat 9-13"),
        (("8:00-20:00",) * 7, "Mon-Sun 8-20"),
        (
            ("8:00-20:00", "8:00-20:00", "8:00-12:00,13:00-18:00", "8:00-20:00", "8:00-20:00", "", ""),
            "Mon-Tue,Thu-Fri 8-20, Wed 8-12/13-18",
        ),
        (("8:30-18:05", "", "8:30-18:05", "", "", "", ""), "Mon,Wed 8:30-18:05"),
        (("6:00-0:00", "", "", "", "", "", ""), "Mon 6-24"),
        (("0:00-0:00",) * 7, "round the clock"),
        (("0:00-0:00",) * 5 + ("", ""), "Mon-Fri 0-24"),
        (("",) * 7, ""),
    ],
)
def test_equal_days_are_said_together(hours: tuple[str, ...], text: str) -> None:
    assert compact_hours(replace(OFFICE, hours=week(*hours)), DAYS, EN, "en") == text


def test_polish_days_have_their_usual_short_names() -> None:
    office = replace(OFFICE, hours=week(*[f"{n}:00-20:00" for n in range(1, 8)]))
    assert compact_hours(office, DAYS, PL, "pl") == "pn 1-20, wt 2-20, śr 3-20, czw 4-20, pt 5-20, so 6-20, nd 7-20"


def test_closures_stand_beside_the_hours_they_break() -> None:
    office = replace(OFFICE, closures=(STOCKTAKING,))
    assert compact_hours(office, DAYS, PL, "pl") == "pn-pt 8-20 (zamkn. 01.12-02.12)"


def test_a_closure_of_one_day_is_one_date_and_others_of_another_time_are_left_out() -> None:
    one_day = Closure(first_on=date(2026, 12, 7), last_on=date(2026, 12, 7))
    before = Closure(first_on=date(2026, 11, 1), last_on=date(2026, 11, 23))
    after = Closure(first_on=date(2026, 12, 8), last_on=date(2026, 12, 9))
    office = replace(OFFICE, closures=(before, one_day, after))
    assert compact_hours(office, DAYS, EN, "en") == "Mon-Fri 8-20 (closed 7 Dec)"


def test_a_closure_is_told_even_where_the_hours_are_unknown() -> None:
    office = replace(OFFICE, hours=None, closures=(STOCKTAKING,))
    assert compact_hours(office, DAYS, EN, "en") == "closed 1 Dec-2 Dec"


def test_unknown_hours_give_no_words_and_no_list() -> None:
    office = replace(OFFICE, hours=None)
    assert compact_hours(office, DAYS, EN, "en") == ""
    assert listed_days(office, DAYS, EN, "en") == ()


def test_each_day_is_listed_with_its_hours_and_closed_days_are_said() -> None:
    office = replace(OFFICE, closures=(STOCKTAKING,))
    listed = listed_days(office, Days(first=date(2026, 11, 29), last=date(2026, 12, 1)), PL, "pl")
    assert listed == (
        ("niedziela, 29 listopada", "nieczynne", True),
        ("poniedziałek, 30 listopada", "8:00–20:00", False),
        ("wtorek, 1 grudnia", "nieczynne – tak zapowiedział operator", True),
    )


def test_a_break_at_noon_and_midnight_are_listed_as_they_are() -> None:
    office = replace(OFFICE, hours=week("8:00-12:00,13:00-0:00", "0:00-0:00", *[""] * 5))
    listed = listed_days(office, Days(first=date(2026, 11, 30), last=date(2026, 12, 1)), EN, "en")
    assert [day.hours for day in listed] == ["8:00–12:00, 13:00–24:00", "open round the clock"]


def test_a_statutory_holiday_on_a_weekday_does_not_look_open() -> None:
    epiphany = date(2027, 1, 6)
    [day] = listed_days(OFFICE, Days(first=epiphany, last=epiphany), EN, "en")
    assert day == ("Wednesday, 6 January", "public holiday – usually closed", True)


def test_a_place_open_round_the_clock_is_open_on_holidays_too() -> None:
    epiphany = date(2027, 1, 6)
    [day] = listed_days(LOCKER, Days(first=epiphany, last=epiphany), EN, "en")
    assert day == ("Wednesday, 6 January", "open round the clock", False)


def test_what_is_listed_as_closed_is_what_no_safe_day_falls_on() -> None:
    days = Days(first=date(2026, 12, 19), last=date(2027, 1, 8))
    for place in (OFFICE, LOCKER, replace(OFFICE, closures=(STOCKTAKING,))):
        opens = [calendar_of(place).is_open(days.first + timedelta(days=n)) for n in range(21)]
        assert [not day.closed for day in listed_days(place, days, EN, "en")] == opens


@pytest.mark.parametrize(
    ("first", "until", "last"),
    [
        (date(2026, 11, 24), date(2026, 12, 7), date(2026, 12, 7)),
        (date(2026, 11, 24), date(2026, 11, 24), date(2026, 11, 24)),
        (date(2026, 11, 24), date(2027, 12, 7), date(2026, 12, 14)),
        (date(2026, 11, 24), None, date(2026, 11, 30)),
        (date(2026, 11, 24), date(2026, 11, 23), date(2026, 11, 30)),
    ],
)
def test_days_are_shown_up_to_the_date_but_no_more_than_three_weeks(
    first: date, until: date | None, last: date
) -> None:
    assert days_to_show(first, until) == Days(first=first, last=last)


def test_days_at_the_end_of_the_calendar_can_be_shown() -> None:
    assert days_to_show(date.max, date.max).last <= date.max


def test_only_a_place_without_closures_never_closes() -> None:
    assert never_closes(LOCKER, DAYS)
    assert not never_closes(replace(LOCKER, closures=(STOCKTAKING,)), DAYS)
    assert not never_closes(replace(LOCKER, hours=None), DAYS)
    assert not never_closes(OFFICE, DAYS)

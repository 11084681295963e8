from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.event import Closure, Facility, Outage
from app.domain.facility_calendar import calendar_of
from app.rendering.catalog import letter_speaker
from app.rendering.opening_hours import Days, compact_hours, days_to_show, listed_days, never_closes
from tests.unit.rendering.samples import LOCKER, OFFICE, STOCKTAKING, WARSAW, week

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


def outage(starts: datetime, until: datetime | None) -> Facility:
    return replace(OFFICE, outages=(Outage(starts=starts, until=until),))


def at(day: int, hour: int = 0, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=WARSAW)


def test_the_days_of_which_an_outage_leaves_nothing_stand_beside_the_hours() -> None:
    assert compact_hours(outage(at(1, 8), at(2, 20)), DAYS, PL, "pl") == "pn-pt 8-20 (zamkn. 01.12-02.12)"
    assert compact_hours(outage(at(1), at(2)), DAYS, EN, "en") == "Mon-Fri 8-20 (closed 1 Dec)"


def test_days_on_which_the_place_is_shut_anyway_neither_break_an_outage_nor_begin_or_end_it() -> None:
    assert compact_hours(outage(at(4), at(8)), DAYS, PL, "pl") == "pn-pt 8-20 (zamkn. 04.12-07.12)"
    assert compact_hours(outage(at(5), at(7)), DAYS, PL, "pl") == "pn-pt 8-20"


def test_an_outage_that_lasts_longer_than_the_days_shown_ends_when_it_ends() -> None:
    assert compact_hours(outage(at(4), at(12)), DAYS, PL, "pl") == "pn-pt 8-20 (zamkn. 04.12-11.12)"
    assert compact_hours(outage(at(8), at(12)), DAYS, PL, "pl") == "pn-pt 8-20"


def test_an_outage_whose_end_nobody_knows_is_told_from_its_beginning() -> None:
    assert compact_hours(outage(at(1), None), DAYS, PL, "pl") == "pn-pt 8-20 (zamkn. od 01.12)"
    assert compact_hours(outage(at(23, month=11), None), DAYS, PL, "pl") == "pn-pt 8-20 (zamkn. od 24.11)"
    assert compact_hours(outage(at(1, 12), None), DAYS, EN, "en") == "Mon-Fri 8-20 (closed from 2 Dec on; 1 Dec 8-12)"


def test_an_outage_of_more_than_a_year_is_told_without_its_end() -> None:
    forever = outage(at(1), datetime.max.replace(tzinfo=UTC))
    assert compact_hours(forever, DAYS, PL, "pl") == "pn-pt 8-20 (zamkn. od 01.12)"


def test_a_day_of_which_an_outage_leaves_a_part_is_told_with_that_part() -> None:
    assert compact_hours(outage(at(1, 8), at(2, 12)), DAYS, PL, "pl") == "pn-pt 8-20 (zamkn. 01.12; 02.12 12-20)"
    assert compact_hours(outage(at(2, 12), at(2, 16)), DAYS, PL, "pl") == "pn-pt 8-20 (02.12 8-12/16-20)"


def test_an_outage_of_a_place_without_known_hours_is_told_with_its_own_times() -> None:
    office = replace(outage(at(1, 8), at(2, 12)), hours=None)
    assert compact_hours(office, DAYS, PL, "pl") == "zamkn. 01.12 8:00-02.12 12:00"
    without_end = replace(outage(at(1, 8), None), hours=None)
    assert compact_hours(without_end, DAYS, EN, "en") == "closed from 1 Dec 8:00 on"


def test_outages_are_listed_day_by_day_with_what_they_leave() -> None:
    office = outage(at(30, 8, month=11), at(2, 12))
    assert listed_days(office, Days(first=date(2026, 11, 29), last=date(2026, 12, 3)), PL, "pl") == (
        ("niedziela, 29 listopada", "nieczynne", True),
        ("poniedziałek, 30 listopada", "nieczynne – tak zapowiedział operator", True),
        ("wtorek, 1 grudnia", "nieczynne – tak zapowiedział operator", True),
        ("środa, 2 grudnia", "12:00–20:00", False),
        ("czwartek, 3 grudnia", "8:00–20:00", False),
    )


def test_what_an_outage_leaves_of_a_locker_ends_at_midnight() -> None:
    locker = replace(LOCKER, outages=(Outage(starts=at(1), until=at(1, 12)),))
    [day] = listed_days(locker, Days(first=date(2026, 12, 1), last=date(2026, 12, 1)), EN, "en")
    assert day == ("Tuesday, 1 December", "12:00–24:00", False)
    assert not never_closes(locker, DAYS)
    assert never_closes(locker, Days(first=date(2026, 12, 2), last=date(2026, 12, 7)))


moments = st.datetimes(datetime(2026, 11, 20), datetime(2026, 12, 12), timezones=st.just(WARSAW))  # noqa: DTZ001 - hypothesis wants bounds without a zone


@given(starts=moments, lasts=st.none() | st.timedeltas(timedelta(0), timedelta(days=15)))
def test_what_is_listed_as_closed_by_outages_is_what_the_calendar_has_shut(
    starts: datetime, lasts: timedelta | None
) -> None:
    office = outage(starts, starts + lasts if lasts is not None else None)
    opens = [calendar_of(office).is_open(DAYS.first + timedelta(days=n)) for n in range(14)]
    assert [not day.closed for day in listed_days(office, DAYS, EN, "en")] == opens

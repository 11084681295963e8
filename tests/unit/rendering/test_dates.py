from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.rendering.dates import clock, date_in_sentence, day_of_list, full_date, local, sms_date
from tests.unit.rendering.samples import WARSAW

DAY = date(2026, 12, 7)


def test_a_date_stands_in_full_with_its_weekday() -> None:
    assert full_date(DAY, "pl") == "poniedziałek, 7 grudnia 2026"
    assert full_date(DAY, "en") == "Monday, 7 December 2026"
    assert full_date(DAY, "uk") == "понеділок, 7 грудня 2026 року"


def test_a_date_in_a_sentence_has_the_form_that_prepositions_take() -> None:
    assert date_in_sentence(DAY, "pl") == "7 grudnia 2026 (poniedziałek)"
    assert date_in_sentence(DAY, "en") == "7 December 2026 (Monday)"
    assert date_in_sentence(DAY, "uk") == "7 грудня 2026 року (понеділок)"


def test_a_list_of_days_leaves_out_the_year() -> None:
    assert day_of_list(DAY, "pl") == "poniedziałek, 7 grudnia"
    assert day_of_list(DAY, "en") == "Monday, 7 December"
    assert day_of_list(DAY, "uk") == "понеділок, 7 грудня"


def test_an_sms_shows_day_month_and_short_weekday() -> None:
    week = [sms_date(DAY + timedelta(days=n), "pl") for n in range(7)]
    assert week == [
        "07.12 (pon)",
        "08.12 (wt)",
        "09.12 (śr)",
        "10.12 (czw)",
        "11.12 (pt)",
        "12.12 (sob)",
        "13.12 (niedz)",
    ]
    assert sms_date(DAY, "en") == "7 Dec (Mon)"
    assert sms_date(DAY, "uk") == "07.12 (пн)"


def test_a_time_is_on_the_24_hour_clock() -> None:
    assert [clock(time(8, 5)), clock(time(20)), clock(time())] == ["8:05", "20:00", "0:00"]


@pytest.mark.parametrize("moment", [datetime.max.replace(tzinfo=UTC), datetime(2026, 7, 1, 22, 30, tzinfo=UTC)])
def test_a_moment_is_told_by_the_local_clock_unless_that_leaves_the_calendar(moment: datetime) -> None:
    assert local(moment, WARSAW) == moment
    assert local(moment, WARSAW).year == moment.year


def test_local_days_follow_summer_time() -> None:
    assert local(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), WARSAW).date() == date(2026, 7, 2)
    assert local(datetime(2026, 12, 1, 22, 30, tzinfo=UTC), WARSAW).date() == date(2026, 12, 1)

"""Until when an item can be collected: worked examples, what is unknown, projected, contradictory, or over."""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.calendar import DAYS_OFF_VERSION, rolled, zone
from app.domain.deadline import (
    CANDIDATES,
    RULESET,
    STORAGE,
    Candidate,
    Deadlines,
    Inputs,
    deadlines,
    second_notice_overdue_on,
)
from app.domain.event import Closure, LegalRegime, OpeningInterval
from app.domain.facility_calendar import ROUND_THE_CLOCK, FacilityCalendar

VECTORS = list(
    csv.DictReader((Path(__file__).parents[2] / "vectors" / "deadlines.csv").read_text("utf-8").splitlines())
)
OFFICE = (OpeningInterval(opens=time(8), closes=time(20)),)
MON_FRI = FacilityCalendar(hours=(OFFICE,) * 5 + ((), ()))
MON_SAT = FacilityCalendar(hours=(OFFICE,) * 6 + ((),))
ALWAYS = FacilityCalendar(hours=(ROUND_THE_CLOCK,) * 7)
NEVER = FacilityCalendar(hours=((),) * 7)
KPA, KPC, POSTAL, UNKNOWN = LegalRegime.KPA, LegalRegime.KPC, LegalRegime.POSTAL, LegalRegime.UNKNOWN

# 2026-11-23 is a Monday: its first window ends on Monday the 30th, its second notice is due on 1 December.
FIRST = date(2026, 11, 23)
DUE = date(2026, 12, 1)


def november(day: int) -> date:
    return date(2026, 11, day)


def december(day: int) -> date:
    return date(2026, 12, day)


def of(regime: LegalRegime = KPA, *, first: date | None = FIRST, second: date | None = None, **more: Any) -> Deadlines:
    given: dict[str, Any] = {"pickup_from": None, "pickup_until": None, "calendar": MON_FRI, "as_of": FIRST} | more
    return deadlines(Inputs(regime=regime, first_notice_on=first, second_notice_on=second, **given))


def closed(first_on: date, last_on: date, calendar: FacilityCalendar = MON_FRI) -> FacilityCalendar:
    return replace(calendar, closures=(Closure(first_on=first_on, last_on=last_on),))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@pytest.mark.parametrize("week", ["mon_fri", "mon_sat"])
@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_each_worked_example_comes_out(vector: dict[str, str], week: str) -> None:
    first = date.fromisoformat(vector["notice1"])
    known = of(
        LegalRegime(vector["regime"]),
        first=first,
        second=_day(vector["notice2_actual"]),
        calendar={"mon_fri": MON_FRI, "mon_sat": MON_SAT}[week],
        as_of=first,
    )
    assert known.first_window_end is not None
    assert {
        "first_window_end": known.first_window_end,
        "first_window_end_rolled": rolled(known.first_window_end),
        "notice2_expected": known.second_notice_expected_on,
        "end_strict": known.end_strict,
        "end_rolled": known.end_rolled,
        f"safe_collect_by_{week}": known.safe_collect_by,
    } == {
        name: date.fromisoformat(vector[name])
        for name in (
            "first_window_end",
            "first_window_end_rolled",
            "notice2_expected",
            "end_strict",
            "end_rolled",
            f"safe_collect_by_{week}",
        )
    }
    assert known.anomalies == ()


def test_there_are_eighteen_worked_examples() -> None:
    assert [vector["id"] for vector in VECTORS] == [f"V{number:02}" for number in range(1, 19)]


def test_a_result_names_the_rules_the_days_off_and_what_it_was_computed_from() -> None:
    inputs = Inputs(
        regime=KPA,
        first_notice_on=FIRST,
        second_notice_on=None,
        pickup_from=None,
        pickup_until=None,
        calendar=MON_FRI,
        as_of=FIRST,
    )
    known = deadlines(inputs)
    assert (known.ruleset, known.days_off, known.inputs) == (RULESET, DAYS_OFF_VERSION, inputs)


@pytest.mark.parametrize("regime", ["kpa", "ppsa", "op"])
def test_some_laws_keep_an_item_fourteen_days_from_the_first_notice_whenever_the_second_came(regime: str) -> None:
    ends = {of(LegalRegime(regime), second=second).end_strict for second in (None, DUE, december(5), november(27))}
    assert ends == {december(7)}


@pytest.mark.parametrize("regime", ["kpc", "kpk", "dfp"])
def test_other_laws_keep_it_seven_days_from_the_second_notice(regime: str) -> None:
    known = of(LegalRegime(regime), second=december(3))
    assert (known.end_strict, known.safe_collect_by, known.projected) == (december(10), december(10), False)


def test_until_the_second_notice_comes_the_end_is_projected_and_the_safe_day_waits_no_longer_than_fourteen_days() -> (
    None
):
    known = of(KPC)
    assert (known.end_strict, known.end_rolled, known.projected) == (december(8), december(8), True)
    assert known.safe_collect_by == december(7)


def test_the_safe_day_moves_later_once_the_second_notice_is_real() -> None:
    known = of(KPC, second=DUE)
    assert (known.safe_collect_by, known.projected) == (december(8), False)


@pytest.mark.parametrize("regime", [regime for regime in LegalRegime if regime in STORAGE])
def test_every_law_has_the_first_window_and_expects_a_second_notice_after_it(regime: LegalRegime) -> None:
    known = of(regime)
    assert (known.first_window_end, known.second_notice_expected_on) == (november(30), DUE)


@pytest.mark.parametrize("regime", [LegalRegime.POSTAL, LegalRegime.COURIER])
@pytest.mark.parametrize("as_of", [FIRST, december(5), date(2027, 1, 31)])
def test_an_operators_terms_know_nothing_but_the_operators_day(regime: LegalRegime, as_of: date) -> None:
    known = of(regime, pickup_until=december(5), as_of=as_of, calendar=MON_SAT)
    assert (known.first_window_end, known.second_notice_expected_on) == (None, None)
    assert (known.end_strict, known.end_rolled, known.projected) == (december(5), december(5), False)
    assert (known.safe_collect_by, known.anomalies) == (december(5), ())


def test_without_any_day_nothing_can_be_known() -> None:
    known = of(POSTAL)
    assert (known.end_strict, known.end_rolled, known.safe_collect_by, known.anomalies) == (None, None, None, ())


@pytest.mark.parametrize("regime", list(LegalRegime))
@pytest.mark.parametrize(("until", "safe"), [(december(2), december(2)), (november(29), november(27))])
def test_the_operators_day_makes_the_safe_day_earlier_whatever_the_law(
    regime: LegalRegime, until: date, safe: date
) -> None:
    assert of(regime, pickup_until=until).safe_collect_by == safe


@pytest.mark.parametrize("regime", sorted(set(STORAGE)))
def test_the_operators_day_changes_no_end_by_law_and_makes_none_later(regime: LegalRegime) -> None:
    early, late = of(regime, pickup_until=december(2)), of(regime, pickup_until=december(31))
    assert early.end_strict == late.end_strict == of(regime).end_strict
    assert late.safe_collect_by == of(regime).safe_collect_by


def test_an_unknown_law_has_all_candidates_and_the_earliest_of_them_counts() -> None:
    known = of(UNKNOWN, pickup_until=december(20))
    assert known.candidates == (
        Candidate(regime=KPA, end_strict=december(7), end_rolled=december(7), projected=False),
        Candidate(regime=KPC, end_strict=december(8), end_rolled=december(8), projected=True),
        Candidate(regime=POSTAL, end_strict=december(20), end_rolled=december(20), projected=False),
    )
    assert (known.end_strict, known.projected, known.safe_collect_by) == (december(7), False, december(7))
    assert (known.first_window_end, known.second_notice_expected_on) == (november(30), DUE)


def test_with_an_early_second_notice_an_unknown_law_may_end_storage_early() -> None:
    known = of(UNKNOWN, second=november(26))
    assert (known.end_strict, known.projected, known.safe_collect_by) == (december(3), False, december(3))


def test_an_operators_early_day_is_the_earliest_candidate_of_an_unknown_law() -> None:
    known = of(UNKNOWN, pickup_until=december(2))
    assert (known.end_strict, known.end_rolled, known.safe_collect_by) == (december(2), december(2), december(2))


def test_only_an_unknown_law_has_candidates() -> None:
    assert [regime for regime in LegalRegime if of(regime, pickup_until=december(2)).candidates] == [UNKNOWN]


def test_the_candidates_cover_every_kind_of_law() -> None:
    assert {STORAGE.get(regime) for regime in LegalRegime} == {STORAGE.get(regime) for regime in CANDIDATES}


@pytest.mark.parametrize("regime", ["kpc", "kpk", "dfp", "unknown"])
def test_a_second_notice_is_enough_where_the_law_counts_from_it(regime: str) -> None:
    known = of(LegalRegime(regime), first=None, second=DUE)
    assert (known.end_strict, known.safe_collect_by, known.projected) == (december(8), december(8), False)
    assert (known.first_window_end, known.second_notice_expected_on, known.anomalies) == (None, None, ())


def test_a_second_notice_alone_says_no_end_where_the_law_counts_from_the_first() -> None:
    known = of(KPA, first=None, second=DUE, pickup_until=december(4))
    assert (known.end_strict, known.end_rolled) == (None, None)
    assert known.safe_collect_by == december(4)


@pytest.mark.parametrize(
    ("second", "early"), [(november(22), True), (FIRST, True), (november(30), True), (DUE, False), (december(9), False)]
)
def test_a_second_notice_within_the_first_window_is_early(second: date, early: bool) -> None:
    for regime in (*STORAGE, UNKNOWN):
        assert ("second_notice_early" in of(regime, second=second).anomalies) is early


@pytest.mark.parametrize("as_of", [DUE, december(2), december(3)])
def test_a_second_notice_has_two_more_working_days(as_of: date) -> None:
    assert of(KPA, as_of=as_of).anomalies == ()


@pytest.mark.parametrize("regime", [*STORAGE, UNKNOWN])
def test_afterwards_it_is_missing(regime: LegalRegime) -> None:
    assert of(regime, as_of=december(4)).anomalies == ("second_notice_missing",)


def test_one_that_was_left_in_time_is_not_missing_however_late_it_is_heard_of() -> None:
    assert of(KPA, second=december(3), as_of=december(20)).anomalies == ()


def test_one_that_was_left_later_was_missing_until_then() -> None:
    assert of(KPC, second=december(4), as_of=december(4)).anomalies == ("second_notice_missing",)


def test_nobody_misses_a_second_notice_under_an_operators_terms() -> None:
    assert of(POSTAL, pickup_until=december(7), as_of=december(7)).anomalies == ()


def test_days_of_grace_are_working_days() -> None:
    assert second_notice_overdue_on(date(2026, 12, 23)) == date(2026, 12, 30)  # 24 to 27 December are none


def test_the_safe_day_is_the_last_open_one() -> None:
    assert of(KPA, calendar=closed(december(4), december(7))).safe_collect_by == december(3)
    assert of(KPA, calendar=closed(december(6), december(7), ALWAYS)).safe_collect_by == december(5)


@pytest.mark.parametrize("calendar", [NEVER, closed(FIRST, december(31))])
def test_where_no_open_day_is_left_there_is_no_safe_day(calendar: FacilityCalendar) -> None:
    known = of(KPA, calendar=calendar)
    assert (known.safe_collect_by, known.anomalies) == (None, ("no_open_day",))
    assert known.end_strict == december(7)


def test_a_closure_that_is_announced_late_does_not_send_people_into_the_past() -> None:
    known = of(KPA, second=DUE, calendar=closed(december(3), december(31)), as_of=december(3))
    assert (known.safe_collect_by, known.anomalies) == (None, ("no_open_day",))


@pytest.mark.parametrize("as_of", [december(7), december(8), date(2027, 11, 23)])
def test_a_term_that_is_over_keeps_the_safe_day_that_it_had(as_of: date) -> None:
    known = of(KPA, second=DUE, as_of=as_of)
    assert (known.safe_collect_by, known.anomalies) == (december(7), ())


def test_a_term_that_is_over_and_never_had_an_open_day_still_has_none() -> None:
    known = of(KPA, second=DUE, calendar=NEVER, as_of=date(2027, 11, 23))
    assert (known.safe_collect_by, known.anomalies) == (None, ("no_open_day",))


def test_nothing_can_be_collected_before_it_is_there() -> None:
    until = december(6)  # a Sunday
    assert of(POSTAL, pickup_from=december(4), pickup_until=until).safe_collect_by == december(4)
    late = of(POSTAL, pickup_from=december(5), pickup_until=until, as_of=december(20))
    assert (late.safe_collect_by, late.anomalies) == (None, ("no_open_day",))


@pytest.mark.parametrize(("hour", "safe"), [(19, december(4)), (20, None)])
def test_what_comes_after_closing_time_cannot_be_collected_that_day(hour: int, safe: date | None) -> None:
    there = datetime(2026, 12, 4, hour, tzinfo=zone("Europe/Warsaw"))
    assert of(POSTAL, pickup_from=there, pickup_until=december(6)).safe_collect_by == safe


@pytest.mark.parametrize(("hour", "safe"), [(8, december(3)), (9, december(4))])
def test_the_office_must_open_before_the_operators_moment(hour: int, safe: date) -> None:
    until = datetime(2026, 12, 4, hour, tzinfo=zone("Europe/Warsaw"))
    assert of(POSTAL, pickup_until=until).safe_collect_by == safe


def test_an_operators_moment_falls_on_its_local_day() -> None:
    known = of(POSTAL, pickup_until=datetime(2026, 12, 4, 23, 30, tzinfo=UTC), calendar=ALWAYS)
    assert known.end_strict == known.safe_collect_by == december(5)


@pytest.mark.parametrize(
    ("ready", "until"),
    [
        ("2026-03-28T10:00+01:00", "2026-03-30T11:00+02:00"),
        ("2026-10-24T10:00+02:00", "2026-10-26T09:00+01:00"),
    ],
)
def test_a_lockers_hours_are_elapsed_hours_also_when_the_clock_changes(ready: str, until: str) -> None:
    starts = datetime.fromisoformat(ready).astimezone(UTC)
    ends = starts + timedelta(hours=48)
    assert ends == datetime.fromisoformat(until)
    known = of(LegalRegime.COURIER, first=None, pickup_from=starts, pickup_until=ends, calendar=ALWAYS)
    assert known.safe_collect_by == datetime.fromisoformat(until).date()


@pytest.mark.parametrize("regime", list(LegalRegime))
@pytest.mark.parametrize(
    "day", [date(1970, 1, 1), date(1970, 12, 31), date(9998, 1, 1), date(9998, 12, 31), date(9999, 1, 1)]
)
def test_the_first_and_the_last_days_that_an_event_may_name_raise_nothing(regime: LegalRegime, day: date) -> None:
    for second in (None, day):
        for calendar in (MON_FRI, NEVER, ALWAYS):
            known = of(
                regime,
                first=day,
                second=second,
                pickup_from=datetime.combine(day, time(1), UTC),
                pickup_until=datetime.combine(day, time(23), UTC),
                calendar=calendar,
            )
            assert known.inputs.first_notice_on == day


def test_an_operators_day_thousands_of_years_ahead_is_the_safe_day() -> None:
    assert of(POSTAL, pickup_until=date(9998, 12, 31)).safe_collect_by == date(9998, 12, 31)


def test_a_second_notice_before_the_first_leaves_no_day() -> None:
    known = of(KPC, second=november(10))
    assert (known.end_strict, known.safe_collect_by) == (november(17), None)
    assert known.anomalies == ("second_notice_early", "no_open_day")

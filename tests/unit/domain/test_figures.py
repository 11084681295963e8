"""What a fact counts as, and what the median of lags is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.figures import (
    COUNTED_TYPES,
    LAG_BOUNDS,
    MORE,
    NO_LAGS,
    CountedFact,
    Figure,
    Lags,
    Measure,
    NoticeSaid,
    figures_of,
    lag_bucket,
    notice_said,
)
from app.evidence.catalogue import CATALOGUE

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


def fact(fact_type: str, **said: Any) -> CountedFact:
    values: dict[str, Any] = {"type": fact_type, "at": NOON, "operator": "inpost", "data": {}} | said
    return CountedFact(**values)


def notice(left_at: datetime, **said: Any) -> CountedFact:
    values = {
        "data": {"received_at": "2026-11-23T11:00:00.000Z"},
        "notice": NoticeSaid(facility="UP-1", courier="K-1", left_at=left_at),
    }
    return fact("event.accepted", kind="notice_left", **(values | said))


def test_every_counted_type_is_one_that_the_log_can_hold() -> None:
    assert CATALOGUE.keys() >= COUNTED_TYPES


@pytest.mark.parametrize(
    ("fact_type", "data", "measure", "bucket"),
    [
        ("notification.planned", {}, "planned", ""),
        ("notification.held", {}, "held", ""),
        ("notification.suppressed", {"reason": "no_consent"}, "suppressed", "no_consent"),
        ("notification.cancelled", {"reason": "collected"}, "cancelled", "collected"),
        ("notification.expired", {"reason": None}, "expired", ""),
        ("notification.failed", {"failure": "permanent"}, "failed", "permanent"),
        ("notification.failed", {"failure": None}, "failed", ""),
        ("attempt.accepted", {}, "sent", ""),
        ("attempt.reconciled", {}, "sent", "reconciled"),
        ("attempt.unknown", {}, "unknown", ""),
        ("attempt.unresolved", {}, "unresolved", ""),
        ("receipt.delivered", {}, "delivered", ""),
        ("recipient.acknowledged", {}, "statements", "acknowledged"),
        ("recipient.disputed", {}, "statements", "disputed"),
        ("recipient.misdirected", {}, "statements", "misdirected"),
    ],
)
def test_a_fact_about_a_message_counts_on_its_channel(
    fact_type: str, data: dict[str, Any], measure: Measure, bucket: str
) -> None:
    counted = list(figures_of(fact(fact_type, data=data, channel="sms")))
    assert counted == [Figure("inpost", DAY, measure, channel="sms", bucket=bucket)]


def test_the_day_is_the_local_one() -> None:
    late = fact("attempt.accepted", at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC), channel="sms")
    assert [each.day for each in figures_of(late)] == [DAY + timedelta(days=1)]


def test_a_notice_counts_as_an_event_by_place_and_by_the_hour_in_which_it_was_left() -> None:
    assert list(figures_of(notice(NOON - timedelta(hours=3)))) == [
        Figure("inpost", DAY, Measure.EVENTS, bucket="notice_left"),
        Figure("inpost", DAY, Measure.NOTICE_LAG, "UP-1", "K-1", bucket="14400"),
        Figure("inpost", DAY, Measure.NOTICE_LAG_HOUR, bucket="09/14400"),
    ]


def test_a_notice_that_nobody_can_open_any_more_counts_as_an_event_only() -> None:
    assert [each.measure for each in figures_of(notice(NOON, notice=NoticeSaid()))] == [Measure.EVENTS]


def test_what_nobody_could_interpret_counts_as_that_whatever_it_became() -> None:
    aside = fact("event.quarantined", kind="notice_left", notice=NoticeSaid(left_at=NOON))
    assert list(figures_of(aside)) == [Figure("inpost", DAY, Measure.EVENTS, bucket="quarantined")]


def test_an_anomaly_counts_where_its_notice_was() -> None:
    odd = fact("shipment.anomaly", data={"code": "no_open_day"}, notice=NoticeSaid(facility="UP-1", courier="K-1"))
    assert list(figures_of(odd)) == [Figure("inpost", DAY, Measure.ANOMALY, "UP-1", "K-1", bucket="no_open_day")]


@pytest.mark.parametrize(
    "damaged",
    [
        fact("attempt.accepted", operator=""),
        fact("attempt.accepted", operator="a b"),
        fact("attempt.accepted", channel="pigeon"),
        fact("notification.failed", data={"failure": "\0"}),
        fact("notification.failed", data={"failure": 7}),
        fact("notification.failed"),
        fact("event.accepted", kind="no such kind"),
        notice(NOON, data={"received_at": "yesterday"}),
        notice(NOON, data={"received_at": "2026-11-23T11:00:00"}),
    ],
)
def test_a_damaged_fact_is_no_figure(damaged: CountedFact) -> None:
    with pytest.raises((ValueError, KeyError)):
        list(figures_of(damaged))


def cloud_event(**data: Any) -> dict[str, Any]:
    return {"time": "2026-11-23T12:00:00+01:00", "data": data}


def test_a_notice_says_where_who_and_when() -> None:
    paper = {"ordinal": 1, "left_at": "2026-11-23t11:40:00.123456789z", "courier": "Żółć 7"}
    said = notice_said(cloud_event(notice=paper, facility={"id": "UP-1", "name": "UP"}))
    left_at = datetime(2026, 11, 23, 11, 40, 0, 123456, tzinfo=UTC)
    assert said == NoticeSaid(facility="UP-1", courier="Żółć 7", left_at=left_at)


def test_a_notice_without_a_slip_was_left_at_the_events_own_time() -> None:
    assert notice_said(cloud_event(facility=None)) == NoticeSaid(left_at=NOON)


def test_what_is_no_code_of_a_place_or_of_a_courier_is_not_known() -> None:
    paper = {"left_at": "2026-11-23T11:00:00Z", "courier": "K" * 201}
    assert notice_said(cloud_event(notice=paper, facility={"id": "a b"})) == NoticeSaid(left_at=NOON)
    paper |= {"courier": "K\0"}
    assert notice_said(cloud_event(notice=paper, facility={"id": 7})) == NoticeSaid(left_at=NOON)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(-5, "60"), (0, "60"), (60, "60"), (60.001, "300"), (604800, "604800"), (604801, MORE), (10**9, MORE)],
)
def test_a_lag_belongs_to_the_first_bound_that_it_does_not_pass(seconds: float, bucket: str) -> None:
    assert lag_bucket(seconds) == bucket


@pytest.mark.parametrize(
    ("counts", "median"),
    [
        ({}, None),
        ({"60": 1}, 30),
        ({"60": 10}, 30),
        ({"300": 1}, 180),
        ({"60": 3, "300": 1}, 40),
        ({"60": 1, "300": 1}, 60),
        ({"60": 31, "300": 290, "900": 66, "3600": 19, "86400": 5, "more": 1}, 205),
        ({"60": 1, "more": 2}, 604800),
    ],
)
def test_the_median_is_interpolated_within_its_bucket(counts: dict[str, int], median: int | None) -> None:
    assert Lags(counts=counts).median_seconds == median


def test_without_notices_there_is_no_median() -> None:
    assert (NO_LAGS.notices, NO_LAGS.median_seconds) == (0, None)


@given(st.lists(st.integers(min_value=0, max_value=604800), min_size=1))
def test_the_median_lies_within_the_bucket_of_the_true_one(lags: list[int]) -> None:
    counts: dict[str, int] = {}
    for lag in lags:
        counts[lag_bucket(lag)] = counts.get(lag_bucket(lag), 0) + 1
    median = Lags(counts=counts).median_seconds
    lower, upper = sorted(lags)[(len(lags) - 1) // 2], sorted(lags)[len(lags) // 2]
    assert median is not None
    lowest = max([0, *(bound for bound in LAG_BOUNDS if bound < lower)])
    assert lowest <= median <= int(lag_bucket(upper))

"""The clock of a complaint's answer."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import is_working_day
from app.domain.complaint import Complaint, ComplaintState, answer_due_on


def complaint(received_on: date, answered_on: date | None = None) -> Complaint:
    return Complaint(
        id=uuid4(),
        operator="poczta-polska",
        recipient=uuid4(),
        shipment="canary-shipment",
        reference="canary-reference",
        received_on=received_on,
        answer_due_on=answer_due_on(received_on),
        answered_on=answered_on,
        attached_at=datetime(2026, 11, 24, 9, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("received_on", "due_on", "rolled_on"),
    [
        (date(2026, 11, 23), date(2026, 12, 23), date(2026, 12, 23)),
        (date(2026, 11, 24), date(2026, 12, 24), date(2026, 12, 28)),  # a day off since 2025, then Christmas, Saturday
        (date(2026, 4, 1), date(2026, 5, 1), date(2026, 5, 4)),
        (date(2026, 10, 2), date(2026, 11, 1), date(2026, 11, 2)),
        (date(2028, 1, 30), date(2028, 2, 29), date(2028, 2, 29)),
        (date(2026, 2, 27), date(2026, 3, 29), date(2026, 3, 30)),  # the clocks change: days are days
    ],
)
def test_the_day_of_receipt_does_not_count(received_on: date, due_on: date, rolled_on: date) -> None:
    kept = complaint(received_on)
    assert (kept.answer_due_on, kept.answer_due_on_rolled) == (due_on, rolled_on)


@pytest.mark.parametrize(
    ("today", "state", "left", "overdue"),
    [
        (date(2026, 11, 23), ComplaintState.OPEN, 30, False),
        (date(2026, 12, 22), ComplaintState.OPEN, 1, False),
        (date(2026, 12, 23), ComplaintState.DUE, 0, False),
        (date(2026, 12, 24), ComplaintState.DUE, -1, True),
    ],
)
def test_days_run_down_to_the_last_one_and_below(
    today: date, state: ComplaintState, left: int, *, overdue: bool
) -> None:
    kept = complaint(date(2026, 11, 23))
    assert (kept.state(today), kept.days_left(today), kept.is_overdue(today)) == (state, left, overdue)


def test_an_answer_stops_the_clock_however_late_it_is() -> None:
    kept = complaint(date(2026, 11, 23), answered_on=date(2027, 1, 4))
    assert kept.state(date(2027, 1, 5)) is ComplaintState.ANSWERED
    assert kept.days_left(date(2027, 1, 5)) is None
    assert not kept.is_overdue(date(2027, 1, 5))


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1)))
def test_the_rolled_day_is_the_first_working_day_from_the_last_one_on(received_on: date) -> None:
    kept = complaint(received_on)
    between = (kept.answer_due_on_rolled - kept.answer_due_on).days
    assert is_working_day(kept.answer_due_on_rolled)
    assert not any(is_working_day(kept.answer_due_on + timedelta(days=each)) for each in range(between))


def test_a_repr_shows_no_name() -> None:
    assert "canary" not in repr(complaint(date(2026, 11, 23)))

"""When a contact point is disabled: one hard bounce, or three hard failures with nothing delivered in between."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.domain.channel import Channel
from app.domain.failing_contact import Failure, disable, why_disabled
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient

VERIFIED = datetime(2026, 11, 1, tzinfo=UTC)


def contact(state: ContactState = ContactState.ACTIVE) -> ContactPoint:
    return ContactPoint(
        id=UUID(int=1),
        channel=Channel.EMAIL,
        value="jan@example.org",
        state=state,
        method="counter",
        changed_at=VERIFIED,
        changed_by=Actor.OPERATOR,
    )


def day(number: int) -> datetime:
    return VERIFIED + timedelta(days=number)


def failed(*days: int, bounced: bool = False) -> list[Failure]:
    return [Failure(bounced=bounced, sent_at=day(number)) for number in days]


def why(failures: Sequence[Failure], *, delivered: int | None = None) -> str | None:
    return why_disabled(contact(), failures, delivered_sent_at=None if delivered is None else day(delivered))


def test_one_hard_bounce_is_enough() -> None:
    assert why(failed(1, bounced=True)) == "bounced"


def test_three_hard_failures_are_enough() -> None:
    assert why(failed(1, 2)) is None
    assert why(failed(1, 2, 3)) == "hard_failures"


@pytest.mark.parametrize(("delivered", "expected"), [(0, "hard_failures"), (2, None), (4, None)])
def test_what_failed_before_a_delivery_does_not_count(delivered: int, expected: str | None) -> None:
    assert why(failed(1, 2, 3), delivered=delivered) == expected


def test_a_bounce_that_a_later_delivery_belies_does_not_count() -> None:
    assert why(failed(1, bounced=True), delivered=2) is None


def test_what_was_sent_before_the_contact_was_verified_does_not_count() -> None:
    assert why([*failed(-1, bounced=True), *failed(-3, -2, 1, 2)]) is None
    assert why(failed(0, bounced=True)) == "bounced"


@pytest.mark.parametrize("state", [state for state in ContactState if state is not ContactState.ACTIVE])
def test_only_what_is_in_use_is_disabled(state: ContactState) -> None:
    assert why_disabled(contact(state), failed(1, bounced=True), delivered_sent_at=None) is None


def test_a_disabled_contact_keeps_how_it_was_verified_and_the_others_stay() -> None:
    other = ContactPoint(
        id=UUID(int=2),
        channel=Channel.SMS,
        value="+48600100200",
        state=ContactState.ACTIVE,
        method="counter",
        changed_at=VERIFIED,
        changed_by=Actor.OPERATOR,
    )
    person = Recipient(id=UUID(int=3), operator="poczta", name="jan", contact_points=(contact(), other))
    after = disable(person, contact(), now=day(5), method="bounced")
    first, second = after.recipient.contact_points
    assert (first.state, first.method, first.changed_at) == (ContactState.DISABLED, "counter", day(5))
    assert second == other

"""When a phone is to be confirmed once more, and what becomes of one that was not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.merge import ContactDisabled
from app.domain.recipient import Actor, ContactState
from app.domain.reverification import NOT_CONFIRMED_AGAIN, is_old, lapse
from tests.unit.domain.test_unbound import OWN, contact

CONFIRMED = datetime(2026, 2, 28, 12, tzinfo=UTC)


def test_a_confirmation_is_old_after_twelve_months_of_the_calendar() -> None:
    known = replace(contact(), changed_at=CONFIRMED)
    assert is_old(known, now=CONFIRMED.replace(year=2027))
    assert not is_old(known, now=CONFIRMED.replace(year=2027) - timedelta(milliseconds=1))


@pytest.mark.parametrize("state", [state for state in ContactState if state is not ContactState.ACTIVE])
def test_what_is_not_in_use_is_not_asked_about(state: ContactState) -> None:
    assert not is_old(replace(contact(state=state), changed_at=CONFIRMED), now=CONFIRMED + timedelta(days=900))


def test_what_was_not_confirmed_again_is_in_the_persons_hands() -> None:
    known, other = contact(), contact(1, id_=8)
    lapsed = lapse(replace(OWN, contact_points=(known, other)), known, now=CONFIRMED)
    changed = replace(known, state=ContactState.UNCONFIRMED, changed_at=CONFIRMED, changed_by=Actor.PERSON)
    assert lapsed.recipient.contact_points == (changed, other)
    assert lapsed.acts == (ContactDisabled(contact=changed, method=NOT_CONFIRMED_AGAIN),)

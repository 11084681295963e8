"""Support puts a mistyped contact right, and undoes nothing that the person did."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from app.domain.channel import Channel
from app.domain.correction_of_contact import CORRECTED, ContactCorrection, NotCorrected, correct_contact
from app.domain.merge import (
    ContactAdded,
    ContactRemoved,
    ContactVerified,
    Merged,
    RecipientPatch,
    WantedContact,
    Withdrawn,
    merge,
)
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient
from tests.unit.domain.people import NOON, contact, person

WRONG, RIGHT = "+48600100200", "+48600100201"
NOW = NOON + timedelta(days=1)


def corrected(
    current: Recipient,
    *,
    wrong: str = WRONG,
    right: str = RIGHT,
    verified: bool = False,
    trusted: bool = True,
    withdrawn: Withdrawn | None = None,
) -> Merged | NotCorrected:
    wanted = WantedContact(channel=Channel.SMS, value=right, verified=verified, method="phone" if verified else None)
    return correct_contact(
        current,
        ContactCorrection(wrong=wrong, right=wanted),
        now=NOW,
        operator_verified=trusted,
        new_id=uuid4,
        withdrawn=withdrawn or {},
    )


def done(current: Recipient, *, verified: bool = False, trusted: bool = True) -> Merged:
    merged = corrected(current, verified=verified, trusted=trusted)
    assert isinstance(merged, Merged), merged
    return merged


def states(current: Recipient) -> dict[str, ContactState]:
    return {each.value: each.state for each in current.contact_points}


def right_one(state: ContactState, by: Actor) -> ContactPoint:
    return replace(contact(state=state), value=RIGHT, changed_by=by)


def test_the_wrong_one_goes_and_the_right_one_comes_unconfirmed() -> None:
    merged = done(person([contact()]))
    assert states(merged.recipient) == {WRONG: ContactState.REMOVED, RIGHT: ContactState.UNCONFIRMED}
    assert [type(act) for act in merged.acts] == [ContactRemoved, ContactAdded]
    assert merged.acts[0] == ContactRemoved(contact=merged.recipient.contact_points[0])
    assert merged.recipient.contact_points[0].method == CORRECTED


def test_or_verified_by_the_operator_where_that_is_trusted() -> None:
    merged = done(person([contact()]), verified=True)
    assert states(merged.recipient)[RIGHT] is ContactState.ACTIVE
    assert [type(act) for act in merged.acts] == [ContactRemoved, ContactAdded, ContactVerified]
    distrusted = done(person([contact()]), verified=True, trusted=False)
    assert states(distrusted.recipient)[RIGHT] is ContactState.UNCONFIRMED
    assert [each.reason for each in distrusted.ignored] == ["operators_verification_not_trusted"]


@pytest.mark.parametrize(
    ("state", "by", "code"),
    [
        (ContactState.ACTIVE, Actor.OPERATOR, None),
        (ContactState.UNCONFIRMED, Actor.OPERATOR, None),
        (ContactState.DISABLED, Actor.OPERATOR, None),
        (ContactState.DISABLED, Actor.PERSON, None),
        (ContactState.ACTIVE, Actor.PERSON, "only_the_person"),
        (ContactState.UNCONFIRMED, Actor.PERSON, "only_the_person"),
        (ContactState.REMOVED, Actor.PERSON, "no_such_contact"),
    ],
)
def test_what_the_person_gave_or_confirmed_stays(state: ContactState, by: Actor, code: str | None) -> None:
    outcome = corrected(person([replace(contact(state=state), changed_by=by)]))
    assert (outcome.code if isinstance(outcome, NotCorrected) else None) == code


def test_what_the_person_took_away_does_not_come_back() -> None:
    current = person([contact(), right_one(ContactState.REMOVED, Actor.PERSON)])
    assert corrected(current) == NotCorrected(code="removed_by_the_person")
    erased = corrected(person([contact()]), withdrawn={(Channel.SMS, RIGHT): NOON})
    assert erased == NotCorrected(code="removed_by_the_person")


def test_nobody_can_correct_what_is_not_there() -> None:
    assert corrected(person()) == NotCorrected(code="no_such_contact")


def test_the_same_again_changes_nothing() -> None:
    once = done(person([contact()])).recipient
    assert done(once) == Merged(recipient=once)


def test_a_correction_that_was_a_mistake_is_corrected_and_the_person_confirms() -> None:
    once = done(person([contact()]), verified=True).recipient
    back = corrected(once, wrong=RIGHT, right=WRONG, verified=True)
    assert isinstance(back, Merged)
    assert states(back.recipient) == {WRONG: ContactState.UNCONFIRMED, RIGHT: ContactState.REMOVED}


def test_a_nightly_copy_of_the_old_record_does_not_make_the_wrong_one_active_again() -> None:
    once = done(person([contact()])).recipient
    copy = RecipientPatch(
        contact_points=(WantedContact(channel=Channel.SMS, value=WRONG, verified=True, method="counter"),)
    )
    merged = merge(once, copy, now=NOW + timedelta(days=1), operator_verified=True, new_id=uuid4)
    assert states(merged.recipient)[WRONG] is ContactState.UNCONFIRMED
    assert [each.reason for each in merged.ignored] == ["only_the_person_confirms"]


def test_the_right_one_may_be_known_already() -> None:
    merged = done(person([contact(), right_one(ContactState.ACTIVE, Actor.PERSON)]))
    assert states(merged.recipient) == {WRONG: ContactState.REMOVED, RIGHT: ContactState.ACTIVE}
    assert [type(act) for act in merged.acts] == [ContactRemoved]

"""Codes that people show to operators, and what becomes of two records of one person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel, Purpose
from app.domain.merge import CONTACT_POINTS_MAX, ConsentChanged, ContactAdded, ContactVerified, PreferencesChanged
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Recipient
from app.domain.unbound import BIND_BYTES, NO_OPERATOR, bind_code_of, bind_code_typed, join_people

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
EARLIER = NOW - timedelta(days=10)
THEIRS = Recipient(id=UUID(int=1), operator="poczta-polska", name="customer-4711")
OWN = Recipient(id=UUID(int=2), operator=NO_OPERATOR, name="own")


def contact(number: int = 0, state: ContactState = ContactState.ACTIVE, *, id_: int = 7) -> ContactPoint:
    return ContactPoint(
        id=UUID(int=id_),
        channel=Channel.SMS,
        value=f"+4860010{number:04}",
        state=state,
        method="code",
        changed_at=EARLIER,
        changed_by=Actor.PERSON,
    )


def consent(*, granted: bool = True, at: datetime = EARLIER, by: Actor = Actor.PERSON, version: int = 1) -> Consent:
    return Consent(
        channel=Channel.SMS,
        purpose=Purpose.DELIVERY,
        granted=granted,
        version=version,
        at=at,
        by=by,
        method="preferences",
        text_version="2026-11",
        fact_leaf=b"leaf",
    )


def joined(current: Recipient, other: Recipient) -> tuple[Recipient, list[type]]:
    merged = join_people(current, other, now=NOW, new_id=lambda: UUID(int=99))
    return merged.recipient, [type(act) for act in merged.acts]


@given(st.binary(min_size=BIND_BYTES, max_size=BIND_BYTES))
def test_a_code_is_read_as_it_was_written(randomness: bytes) -> None:
    code = bind_code_of(randomness)
    assert bind_code_typed(code) == code
    assert bind_code_typed(code.lower().replace("-", " ")) == code
    assert bind_code_typed(code.replace("1", "i").replace("0", "O")) == code


@given(st.binary(min_size=BIND_BYTES, max_size=BIND_BYTES), st.integers(0, 49))
def test_every_one_of_fifty_bits_makes_another_code(randomness: bytes, bit: int) -> None:
    other = (int.from_bytes(randomness) ^ (1 << bit)).to_bytes(BIND_BYTES)
    assert bind_code_of(other) != bind_code_of(randomness)


@given(st.text())
def test_what_is_no_code_is_none(text: str) -> None:
    typed = bind_code_typed(text)
    assert typed is None or bind_code_typed(typed) == typed


@pytest.mark.parametrize("text", ["", "482913", "K7QF2-M9XR", "K7QF2-M9XR45", "K7QF2-M9XRU", "K7QF2_M9XR4"])
def test_a_text_of_another_form_is_no_code(text: str) -> None:
    assert bind_code_typed(text) is None


def test_a_confirmed_contact_is_in_use_at_once_and_no_younger() -> None:
    person, acts = joined(THEIRS, replace(OWN, contact_points=(contact(),)))
    (taken,) = person.contact_points
    assert (taken.id, taken.state, taken.changed_at) == (UUID(int=99), ContactState.ACTIVE, EARLIER)
    assert acts == [ContactAdded, ContactVerified]


@pytest.mark.parametrize("state", [ContactState.UNCONFIRMED, ContactState.DISABLED])
def test_a_contact_that_was_known_and_not_in_use_is_confirmed(state: ContactState) -> None:
    known = replace(THEIRS, contact_points=(contact(state=state, id_=5),))
    person, acts = joined(known, replace(OWN, contact_points=(contact(),)))
    assert [(c.id, c.state) for c in person.contact_points] == [(UUID(int=5), ContactState.ACTIVE)]
    assert acts == [ContactVerified]


@pytest.mark.parametrize("state", [state for state in ContactState if state is not ContactState.ACTIVE])
def test_a_contact_that_is_not_in_use_is_not_taken_along(state: ContactState) -> None:
    assert joined(THEIRS, replace(OWN, contact_points=(contact(state=state),))) == (THEIRS, [])


def test_the_same_contact_stays_as_it_is() -> None:
    known = replace(THEIRS, contact_points=(contact(id_=5),))
    assert joined(known, replace(OWN, contact_points=(contact(),))) == (known, [])


def test_a_full_record_takes_no_more_contacts_and_says_so() -> None:
    full = tuple(contact(number, id_=number + 1) for number in range(CONTACT_POINTS_MAX))
    other = replace(OWN, contact_points=(contact(9999),))
    merged = join_people(replace(THEIRS, contact_points=full), other, now=NOW, new_id=lambda: UUID(int=99))
    assert merged.recipient.contact_points == full
    assert [each.reason for each in merged.ignored] == ["too_many_contact_points"]


def test_a_consent_counts_as_of_when_it_was_given() -> None:
    person, acts = joined(THEIRS, replace(OWN, consents=(consent(version=3),)))
    (taken,) = person.consents
    assert (taken.granted, taken.at, taken.version, taken.fact_leaf) == (True, EARLIER, 1, b"")
    assert acts == [ConsentChanged]


@pytest.mark.parametrize("by", Actor)
@pytest.mark.parametrize("days", [0, 1])
def test_an_earlier_consent_does_not_outdo_a_later_refusal(by: Actor, days: int) -> None:
    refused = consent(granted=False, at=EARLIER + timedelta(days=days), by=by)
    known = replace(THEIRS, consents=(refused,))
    assert joined(known, replace(OWN, consents=(consent(),))) == (known, [])


def test_a_later_refusal_ends_an_earlier_consent_and_keeps_its_version() -> None:
    known = replace(THEIRS, consents=(consent(version=2, by=Actor.OPERATOR),))
    refused = consent(granted=False, at=EARLIER + timedelta(days=1), version=1)
    person, _ = joined(known, replace(OWN, consents=(refused,)))
    assert [(c.granted, c.version) for c in person.consents] == [(False, 2)]


def test_what_was_never_granted_is_not_taken_along_as_a_refusal() -> None:
    assert joined(THEIRS, replace(OWN, consents=(consent(granted=False, version=0),))) == (THEIRS, [])


def test_settings_that_the_person_chose_go_along_unless_they_chose_others_here() -> None:
    own = replace(OWN, language="uk", safety_phrase="kot", chosen_by_person=frozenset({"language", "safety_phrase"}))
    known = replace(THEIRS, language="en", chosen_by_person=frozenset({"language"}))
    person, acts = joined(known, own)
    assert (person.language, person.safety_phrase) == ("en", "kot")
    assert person.chosen_by_person == {"language", "safety_phrase"}
    assert acts == [PreferencesChanged]


def test_a_pause_goes_along_while_it_lasts() -> None:
    until = NOW + timedelta(days=1)
    assert joined(THEIRS, replace(OWN, paused_until=until))[0].paused_until == until
    assert joined(THEIRS, replace(OWN, paused_until=NOW - timedelta(days=1)))[0].paused_until is None
    longer = replace(THEIRS, paused_until=until + timedelta(days=1))
    assert joined(longer, replace(OWN, paused_until=until)) == (longer, [])


def test_joining_twice_changes_nothing_more() -> None:
    own = replace(OWN, contact_points=(contact(),), consents=(consent(),), language="uk")
    once, _ = joined(THEIRS, own)
    assert joined(once, own) == (once, [])

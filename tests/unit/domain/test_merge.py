"""The rules by which an operator's copy of a person's data joins what is known."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from app.domain.channel import Channel, Purpose
from app.domain.decision import reason_against
from app.domain.merge import (
    CONTACT_POINTS_MAX,
    ConsentAct,
    ConsentChanged,
    ContactAdded,
    ContactVerified,
    Ignored,
    Merged,
    PreferencesChanged,
    RecipientPatch,
    WantedContact,
    merge,
    withdraw,
)
from app.domain.quiet_hours import NEVER_QUIET, QuietHours
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Recipient

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PHONE = "+48600100200"


def stranger() -> Recipient:
    return Recipient(id=UUID(int=1), operator="poczta-polska", name="customer-4711")


def ids() -> Iterator[UUID]:
    return (UUID(int=number) for number in count(100))


def put(
    current: Recipient,
    *,
    trusting: bool = True,
    withdrawn: dict[tuple[Channel, str], datetime] | None = None,
    **patch: object,
) -> Merged:
    new_ids = ids()
    return merge(
        current,
        RecipientPatch(**patch),  # type: ignore[arg-type]
        now=NOW,
        operator_verified=trusting,
        new_id=lambda: next(new_ids),
        withdrawn=withdrawn or {},
    )


def phone(*, verified: bool = True, method: str | None = "counter", value: str = PHONE) -> WantedContact:
    return WantedContact(channel=Channel.SMS, value=value, verified=verified, method=method)


def act(*, granted: bool = True, hours_ago: float = 1, method: str = "counter") -> ConsentAct:
    return ConsentAct(
        channel=Channel.SMS,
        purpose=Purpose.DELIVERY,
        granted=granted,
        at=NOW - timedelta(hours=hours_ago),
        method=method,
        text_version="2026-11",
    )


def known_phone(state: ContactState, by: Actor) -> Recipient:
    contact = ContactPoint(
        id=UUID(int=7),
        channel=Channel.SMS,
        value=PHONE,
        state=state,
        method="code",
        changed_at=NOW - timedelta(days=3),
        changed_by=by,
    )
    return Recipient(id=UUID(int=1), operator="poczta-polska", name="customer-4711", contact_points=(contact,))


def known_consent(*, granted: bool, by: Actor, hours_ago: float, version: int = 1) -> Recipient:
    consent = Consent(
        channel=Channel.SMS,
        purpose=Purpose.DELIVERY,
        granted=granted,
        version=version,
        at=NOW - timedelta(hours=hours_ago),
        by=by,
        method="page",
        text_version=None,
        fact_leaf=b"\1" * 32,
    )
    return Recipient(id=UUID(int=1), operator="poczta-polska", name="customer-4711", consents=(consent,))


def the_consent(merged: Merged) -> Consent:
    consent = merged.recipient.consent(Channel.SMS, Purpose.DELIVERY)
    assert consent is not None
    return consent


def test_a_verified_contact_of_a_stranger_may_be_used_at_once() -> None:
    merged = put(stranger(), contact_points=(phone(),))
    (contact,) = merged.recipient.contact_points
    assert (contact.state, contact.method, contact.changed_by) == (ContactState.ACTIVE, "counter", Actor.OPERATOR)
    assert [type(each) for each in merged.acts] == [ContactAdded, ContactVerified]
    assert merged.ignored == ()


def test_an_unverified_contact_of_a_stranger_waits_for_confirmation() -> None:
    merged = put(stranger(), contact_points=(phone(verified=False, method=None),))
    assert [c.state for c in merged.recipient.contact_points] == [ContactState.UNCONFIRMED]
    assert [type(each) for each in merged.acts] == [ContactAdded]


def test_a_deployment_that_does_not_trust_operators_keeps_the_contact_unconfirmed_and_says_so() -> None:
    merged = put(stranger(), trusting=False, contact_points=(phone(),))
    assert [c.state for c in merged.recipient.contact_points] == [ContactState.UNCONFIRMED]
    assert merged.ignored == (
        Ignored(pointer="/contact_points/0/verified", reason="operators_verification_not_trusted"),
    )


def test_an_operator_can_verify_later_what_it_listed_unverified() -> None:
    merged = put(known_phone(ContactState.UNCONFIRMED, Actor.OPERATOR), contact_points=(phone(),))
    assert [c.state for c in merged.recipient.contact_points] == [ContactState.ACTIVE]
    assert [type(each) for each in merged.acts] == [ContactVerified]


def test_an_operator_cannot_verify_what_the_person_listed() -> None:
    merged = put(known_phone(ContactState.UNCONFIRMED, Actor.PERSON), contact_points=(phone(),))
    assert [c.state for c in merged.recipient.contact_points] == [ContactState.UNCONFIRMED]
    assert [each.reason for each in merged.ignored] == ["only_the_person_confirms"]


def test_verified_false_takes_no_confirmation_away() -> None:
    current = known_phone(ContactState.ACTIVE, Actor.PERSON)
    merged = put(current, contact_points=(phone(verified=False, method=None),))
    assert merged.recipient == current
    assert merged.acts == ()
    assert merged.ignored == (Ignored(pointer="/contact_points/0/verified", reason="already_verified"),)


def test_another_method_for_a_verified_contact_is_reported_as_not_applied() -> None:
    current = known_phone(ContactState.ACTIVE, Actor.PERSON)
    merged = put(current, contact_points=(phone(method="counter"),))
    assert merged.recipient == current
    assert merged.ignored == (Ignored(pointer="/contact_points/0/method", reason="already_verified"),)


def test_the_same_method_for_a_verified_contact_is_no_news() -> None:
    current = known_phone(ContactState.ACTIVE, Actor.OPERATOR)
    merged = put(current, contact_points=(phone(method="code"),))
    assert merged == Merged(recipient=current)


def test_a_contact_that_the_person_removed_returns_only_unverified() -> None:
    merged = put(known_phone(ContactState.REMOVED, Actor.PERSON), contact_points=(phone(),))
    (contact,) = merged.recipient.contact_points
    assert (contact.id, contact.state, contact.method) == (UUID(int=7), ContactState.UNCONFIRMED, None)
    assert [each.reason for each in merged.ignored] == ["only_the_person_confirms"]


def test_a_contact_that_bounced_for_good_returns_only_unverified() -> None:
    merged = put(known_phone(ContactState.DISABLED, Actor.OPERATOR), contact_points=(phone(),))
    assert [c.state for c in merged.recipient.contact_points] == [ContactState.UNCONFIRMED]
    assert [each.reason for each in merged.ignored] == ["only_the_person_confirms"]


def test_the_next_nights_copy_does_not_verify_what_returned_unverified() -> None:
    for state, by in ((ContactState.REMOVED, Actor.PERSON), (ContactState.DISABLED, Actor.OPERATOR)):
        first = put(known_phone(state, by), contact_points=(phone(),))
        second = put(first.recipient, contact_points=(phone(),))
        assert second.recipient == first.recipient
        assert second.acts == ()


def test_a_contact_left_out_stays() -> None:
    current = known_phone(ContactState.ACTIVE, Actor.OPERATOR)
    merged = put(current, contact_points=(phone(value="+48600100201"),))
    assert [c.value for c in merged.recipient.contact_points] == [PHONE, "+48600100201"]


def test_no_more_contacts_are_taken_than_a_person_can_have() -> None:
    wanted = tuple(phone(value=f"+4860010{number}") for number in range(1000, 1000 + CONTACT_POINTS_MAX))
    full = put(stranger(), contact_points=wanted).recipient
    merged = put(full, contact_points=(phone(),))
    assert merged.recipient == full
    assert merged.ignored == (Ignored(pointer="/contact_points/0", reason="too_many_contact_points"),)


def test_grants_are_counted_from_one() -> None:
    merged = put(stranger(), consents=(act(hours_ago=3), act(hours_ago=2, granted=False), act(hours_ago=1)))
    assert (the_consent(merged).granted, the_consent(merged).version) == (True, 2)
    versions = [each.consent.version for each in merged.acts if isinstance(each, ConsentChanged)]
    assert versions == [1, 1, 2]


def test_a_withdrawal_of_what_was_never_granted_has_version_zero() -> None:
    merged = put(stranger(), consents=(act(granted=False),))
    assert (the_consent(merged).granted, the_consent(merged).version) == (False, 0)


def test_a_later_act_of_the_operator_wins_even_over_the_person() -> None:
    current = known_consent(granted=False, by=Actor.PERSON, hours_ago=2)
    merged = put(current, consents=(act(hours_ago=1),))
    assert (the_consent(merged).granted, the_consent(merged).version) == (True, 2)


def test_an_equal_act_of_the_operator_does_not_undo_the_persons() -> None:
    current = known_consent(granted=False, by=Actor.PERSON, hours_ago=1)
    merged = put(current, consents=(act(hours_ago=1),))
    assert merged.recipient == current
    assert merged.ignored == (Ignored(pointer="/consents/0", reason="the_person_decided_later"),)


def test_an_older_act_is_reported_as_not_applied() -> None:
    current = known_consent(granted=True, by=Actor.OPERATOR, hours_ago=1)
    merged = put(current, consents=(act(hours_ago=2, granted=False),))
    assert merged.recipient == current
    assert merged.ignored == (Ignored(pointer="/consents/0", reason="a_later_act_is_known"),)


def test_the_same_act_again_is_no_news() -> None:
    first = put(stranger(), consents=(act(),))
    assert put(first.recipient, consents=(act(),)) == Merged(recipient=first.recipient)


def test_of_two_acts_of_one_moment_the_withdrawal_wins_whichever_came_first() -> None:
    granted_first = put(put(stranger(), consents=(act(),)).recipient, consents=(act(granted=False),))
    withdrawn_first = put(put(stranger(), consents=(act(granted=False),)).recipient, consents=(act(),))
    assert not the_consent(granted_first).granted
    assert not the_consent(withdrawn_first).granted
    assert [each.reason for each in withdrawn_first.ignored] == ["an_act_of_the_same_moment_is_known"]


def test_a_changed_act_has_no_leaf_until_its_fact_is_recorded() -> None:
    current = known_consent(granted=True, by=Actor.OPERATOR, hours_ago=5)
    assert the_consent(put(current, consents=(act(),))).fact_leaf == b""


def test_settings_left_out_stay_and_those_given_are_named_once() -> None:
    current = put(stranger(), time_zone="Europe/Kyiv", post_codes=("03-729",)).recipient
    merged = put(current, language="uk", post_codes=("03-729",), quiet_hours=NEVER_QUIET)
    assert (merged.recipient.language, merged.recipient.time_zone) == ("uk", "Europe/Kyiv")
    assert merged.acts == (PreferencesChanged(settings=("language", "quiet_hours")),)


def test_settings_that_the_person_made_stay() -> None:
    own = QuietHours()
    current = Recipient(
        id=UUID(int=1),
        operator="poczta-polska",
        name="customer-4711",
        language="en",
        chosen_by_person=frozenset({"language", "quiet_hours"}),
    )
    merged = put(current, language="pl", quiet_hours=NEVER_QUIET, time_zone="Europe/Kyiv")
    assert (merged.recipient.language, merged.recipient.quiet_hours) == ("en", own)
    assert merged.recipient.time_zone == "Europe/Kyiv"
    assert merged.ignored == (
        Ignored(pointer="/language", reason="chosen_by_the_person"),
        Ignored(pointer="/quiet_hours", reason="chosen_by_the_person"),
    )


def test_a_setting_that_repeats_the_persons_choice_is_no_news() -> None:
    current = Recipient(
        id=UUID(int=1),
        operator="poczta-polska",
        name="customer-4711",
        language="en",
        chosen_by_person=frozenset({"language"}),
    )
    assert put(current, language="en") == Merged(recipient=current)


def test_withdrawing_ends_what_is_granted_on_that_channel_only() -> None:
    def on(channel: Channel, purpose: Purpose) -> ConsentAct:
        return ConsentAct(channel=channel, purpose=purpose, granted=True, at=NOW, method="counter")

    wanted = (
        on(Channel.SMS, Purpose.DELIVERY),
        on(Channel.SMS, Purpose.INCIDENT),
        on(Channel.EMAIL, Purpose.DELIVERY),
    )
    current = put(stranger(), consents=wanted).recipient
    withdrawn = withdraw(current, Channel.SMS, now=NOW, method="one_click")
    standing = {(c.channel, c.purpose): (c.granted, c.by, c.version) for c in withdrawn.recipient.consents}
    assert standing == {
        (Channel.SMS, Purpose.DELIVERY): (False, Actor.PERSON, 1),
        (Channel.SMS, Purpose.INCIDENT): (False, Actor.PERSON, 1),
        (Channel.SMS, Purpose.PROGRESS): (False, Actor.PERSON, 0),
        (Channel.EMAIL, Purpose.DELIVERY): (True, Actor.OPERATOR, 1),
    }
    assert {each.consent.purpose for each in withdrawn.acts if isinstance(each, ConsentChanged)} == {
        Purpose.DELIVERY,
        Purpose.INCIDENT,
    }


HOUR = timedelta(hours=1)
LEFT_BEFORE = {
    "never granted": stranger(),
    "withdrawn by the operator": known_consent(granted=False, by=Actor.OPERATOR, hours_ago=9),
    "left before": known_consent(granted=False, by=Actor.PERSON, hours_ago=9),
}


@pytest.mark.parametrize("current", LEFT_BEFORE.values(), ids=list(LEFT_BEFORE))
def test_leaving_refuses_what_is_not_granted_without_an_act_and_older_grants_do_not_count(current: Recipient) -> None:
    left = withdraw(current, Channel.SMS, now=NOW, method="one_click")
    assert left.acts == ()
    for hours_ago in (3, 0):
        again = put(left.recipient, consents=(act(hours_ago=hours_ago),))
        assert (again.recipient, again.acts) == (left.recipient, ())
        assert again.ignored == (Ignored(pointer="/consents/0", reason="the_person_decided_later"),)


@pytest.mark.parametrize("current", LEFT_BEFORE.values(), ids=list(LEFT_BEFORE))
def test_a_grant_younger_than_a_refusal_counts(current: Recipient) -> None:
    before = current.consent(Channel.SMS, Purpose.DELIVERY)
    left = withdraw(current, Channel.SMS, now=NOW - timedelta(hours=2), method="one_click").recipient
    granted = the_consent(put(left, consents=(act(hours_ago=1),)))
    assert (granted.granted, granted.by, granted.refused_at) == (True, Actor.OPERATOR, None)
    assert granted.version == (before.version if before else 0) + 1


def test_a_refusal_keeps_the_fact_that_ended_the_consent_before() -> None:
    current = known_consent(granted=False, by=Actor.OPERATOR, hours_ago=9)
    refusal = the_consent(withdraw(current, Channel.SMS, now=NOW, method="one_click"))
    assert (refusal.sealed_fact, refusal.sealed_version) == ("01" * 32, 1)


def test_a_refusal_of_what_was_never_granted_names_no_fact_and_reads_as_no_consent() -> None:
    refusal = the_consent(withdraw(stranger(), Channel.SMS, now=NOW, method="one_click"))
    assert (refusal.sealed_fact, refusal.sealed_version, reason_against(refusal)) == (None, None, "no_consent")


def test_withdrawing_twice_changes_nothing_more() -> None:
    once = withdraw(put(stranger(), consents=(act(),)).recipient, Channel.SMS, now=NOW, method="one_click")
    twice = withdraw(once.recipient, Channel.SMS, now=NOW + timedelta(hours=1), method="one_click")
    assert twice.acts == ()
    assert replace(the_consent(twice), refused_at=None) == the_consent(once)


def test_a_grant_between_two_withdrawals_does_not_count_after_the_second() -> None:
    once = withdraw(
        put(stranger(), consents=(act(hours_ago=9),)).recipient, Channel.SMS, now=NOW - 3 * HOUR, method="a"
    )
    twice = withdraw(once.recipient, Channel.SMS, now=NOW - HOUR, method="a").recipient
    assert put(once.recipient, consents=(act(hours_ago=2),)).ignored == ()
    assert put(twice, consents=(act(hours_ago=2),)).recipient == twice


def test_the_operators_own_withdrawal_sent_again_after_a_refusal_is_no_news() -> None:
    withdrawn = put(stranger(), consents=(act(granted=False, hours_ago=2),)).recipient
    refused = withdraw(withdrawn, Channel.SMS, now=NOW, method="one_click").recipient
    assert put(refused, consents=(act(granted=False, hours_ago=2),)) == Merged(recipient=refused)


def test_a_clock_that_was_set_back_does_not_make_a_withdrawal_the_older_act() -> None:
    current = put(stranger(), consents=(act(hours_ago=1),)).recipient
    withdrawn = withdraw(current, Channel.SMS, now=NOW - timedelta(hours=25), method="one_click")
    again = put(withdrawn.recipient, consents=(act(hours_ago=1),))
    assert not the_consent(again).granted


MARKED = {(Channel.SMS, PHONE): NOW - timedelta(hours=2)}


def test_a_contact_that_bears_a_mark_is_taken_in_unconfirmed() -> None:
    merged = put(stranger(), withdrawn=MARKED, contact_points=(phone(),))
    assert [type(act) for act in merged.acts] == [ContactAdded]
    assert merged.ignored == (Ignored(pointer="/contact_points/0/verified", reason="withdrawn_by_erasure"),)


def test_an_unverified_contact_that_bears_a_mark_is_nothing_to_speak_of() -> None:
    merged = put(stranger(), withdrawn=MARKED, contact_points=(phone(verified=False),))
    assert (len(merged.acts), merged.ignored) == (1, ())


def test_a_grant_no_younger_than_the_mark_is_ignored_on_its_channel_only() -> None:
    email_grant = ConsentAct(
        channel=Channel.EMAIL, purpose=Purpose.DELIVERY, granted=True, at=NOW - timedelta(hours=3), method="counter"
    )
    acts = (act(hours_ago=2), act(hours_ago=1), email_grant)
    merged = put(stranger(), withdrawn=MARKED, contact_points=(phone(),), consents=acts)
    assert Ignored(pointer="/consents/0", reason="withdrawn_by_erasure") in merged.ignored
    assert {(c.channel, c.at) for c in merged.recipient.consents} == {
        (Channel.SMS, NOW - timedelta(hours=1)),
        (Channel.EMAIL, NOW - timedelta(hours=3)),
    }


def test_a_refusal_counts_in_spite_of_the_mark_and_so_does_what_was_known() -> None:
    refused = put(stranger(), withdrawn=MARKED, contact_points=(phone(),), consents=(act(granted=False, hours_ago=9),))
    assert [c.granted for c in refused.recipient.consents] == [False]
    known = put(stranger(), contact_points=(phone(),), consents=(act(hours_ago=5),)).recipient
    again = put(known, withdrawn=MARKED, contact_points=(phone(),), consents=(act(hours_ago=5),))
    assert (again.acts, again.ignored) == ((), ())

"""The rules by which an operator's copy of a person's data joins what is known."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.merge import (
    CONTACT_POINTS_MAX,
    ConsentAct,
    ConsentChanged,
    ContactAdded,
    ContactVerified,
    Ignored,
    Merged,
    PreferencesChanged,
)
from app.domain.quiet_hours import NEVER_QUIET, QuietHours
from app.domain.recipient import Actor, ContactState, Letters, Recipient
from tests.unit.domain.merging import NOW, PHONE, act, known_consent, known_phone, phone, put, stranger, the_consent


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


def test_a_safety_phrase_is_set_kept_by_being_left_out_and_removed_by_an_empty_one() -> None:
    chosen = put(stranger(), safety_phrase="kot Filemon", letters=Letters.NATIVE)
    assert (chosen.recipient.safety_phrase, chosen.recipient.letters) == ("kot Filemon", Letters.NATIVE)
    assert chosen.acts == (PreferencesChanged(settings=("letters", "safety_phrase")),)
    assert put(chosen.recipient) == Merged(recipient=chosen.recipient)
    removed = put(chosen.recipient, safety_phrase="")
    assert (removed.recipient.safety_phrase, removed.recipient.letters) == (None, Letters.NATIVE)
    assert removed.acts == (PreferencesChanged(settings=("safety_phrase",)),)
    assert put(removed.recipient, safety_phrase="") == Merged(recipient=removed.recipient)


def test_an_operator_does_not_remove_the_phrase_that_the_person_chose() -> None:
    current = replace(stranger(), safety_phrase="kot Filemon", chosen_by_person=frozenset({"safety_phrase"}))
    merged = put(current, safety_phrase="")
    assert merged.recipient == current
    assert merged.ignored == (Ignored(pointer="/safety_phrase", reason="chosen_by_the_person"),)


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

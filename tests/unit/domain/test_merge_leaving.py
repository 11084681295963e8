"""Leaving a channel: what ends, what is refused, and which later acts count."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.channel import Channel, Purpose
from app.domain.decision import reason_against
from app.domain.merge import (
    ConsentAct,
    ConsentChanged,
    Ignored,
    Merged,
    withdraw,
)
from app.domain.recipient import Actor, Recipient
from tests.unit.domain.merging import NOW, act, known_consent, put, stranger, the_consent

HOUR = timedelta(hours=1)
LEFT_BEFORE = {
    "never granted": stranger(),
    "withdrawn by the operator": known_consent(granted=False, by=Actor.OPERATOR, hours_ago=9),
    "left before": known_consent(granted=False, by=Actor.PERSON, hours_ago=9),
}


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

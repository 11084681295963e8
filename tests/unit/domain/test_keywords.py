"""What people write back: which words end or resume SMS, and what resuming gives back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.domain.channel import Channel, Purpose
from app.domain.keywords import Asked, asked_by_sms, resume
from app.domain.merge import withdraw
from app.domain.recipient import Actor, Consent, Recipient

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def consent(channel: Channel = Channel.SMS, purpose: Purpose = Purpose.DELIVERY, version: int = 1) -> Consent:
    return Consent(
        channel=channel,
        purpose=purpose,
        granted=True,
        version=version,
        at=NOON,
        by=Actor.OPERATOR,
        method="counter",
        text_version="2026-11",
        fact_leaf=b"leaf",
    )


def person(*consents: Consent) -> Recipient:
    return Recipient(id=UUID(int=1), operator="poczta", name="jan", consents=consents)


def stopped(*consents: Consent) -> Recipient:
    return withdraw(person(*consents), Channel.SMS, now=NOON + timedelta(hours=1), method="sms_stop").recipient


@pytest.mark.parametrize(
    "text",
    [
        "STOP", "stop", " Stop. ", "STOP!", "S T O P", "stop all", "StopAll", "UNSUBSCRIBE", "cancel", "END", "quit",
        "opt-out", "REZYGNUJE", "rezygnuję", "Rezygnuje\u0328", "СТОП", "стоп.", "ＳＴＯＰ",
    ],
)  # fmt: skip
def test_these_words_end_sms(text: str) -> None:
    assert asked_by_sms(text) is Asked.STOP


@pytest.mark.parametrize("text", ["START", "start", "Start!", "UNSTOP", "yes", "старт"])
def test_these_words_resume_them(text: str) -> None:
    assert asked_by_sms(text) is Asked.START


@pytest.mark.parametrize(
    "text",
    ["", "   ", "!!!", "STOP it", "please stop", "don't stop", "STOPSTOP", "start stop", "no", "tak", "\0", "🛑"],
)
def test_anything_else_asks_for_nothing(text: str) -> None:
    assert asked_by_sms(text) is Asked.OTHER


def test_resuming_gives_back_what_stop_ended_as_a_new_grant() -> None:
    after = resume(stopped(consent(version=3)), now=NOON + timedelta(hours=2)).recipient
    resumed = after.consent(Channel.SMS, Purpose.DELIVERY)
    assert resumed is not None
    assert (resumed.granted, resumed.version, resumed.by, resumed.method) == (True, 4, Actor.PERSON, "sms_start")
    assert resumed.at == NOON + timedelta(hours=2)


def test_resuming_twice_changes_nothing_more() -> None:
    once = resume(stopped(consent()), now=NOON + timedelta(hours=2)).recipient
    assert resume(once, now=NOON + timedelta(hours=3)).acts == ()


@pytest.mark.parametrize(
    "ended",
    [
        replace(consent(), granted=False, by=Actor.PERSON, method="one_click"),
        replace(consent(), granted=False, by=Actor.OPERATOR, method="sms_stop"),
        replace(consent(channel=Channel.EMAIL), granted=False, by=Actor.PERSON, method="sms_stop"),
    ],
)
def test_what_ended_otherwise_stays_ended(ended: Consent) -> None:
    before = person(ended)
    resumed = resume(before, now=NOON + timedelta(hours=1))
    assert (resumed.acts, resumed.recipient) == ((), before)


def test_only_what_was_granted_before_the_stop_comes_back() -> None:
    refused = replace(consent(purpose=Purpose.PROGRESS), granted=False, by=Actor.PERSON, method="preferences")
    after = resume(stopped(consent(), refused), now=NOON + timedelta(hours=2)).recipient
    assert {each.purpose for each in after.consents if each.granted} == {Purpose.DELIVERY}


def test_a_second_stop_leaves_it_to_start_what_the_first_ended() -> None:
    later = {"now": NOON + timedelta(hours=2), "method": "sms_stop"}
    twice = withdraw(stopped(consent()), Channel.SMS, **later).recipient  # type: ignore[arg-type]
    after = resume(twice, now=NOON + timedelta(hours=3)).recipient
    assert {each.purpose for each in after.consents if each.granted} == {Purpose.DELIVERY}


@pytest.mark.parametrize("by", list(Actor))
def test_what_a_stop_found_ended_otherwise_is_refused_and_start_never_resumes_it(by: Actor) -> None:
    ended = replace(consent(), granted=False, by=by, method="preferences")
    refused = stopped(consent(purpose=Purpose.INCIDENT), ended)
    after = resume(refused, now=NOON + timedelta(hours=2)).recipient
    assert {each.purpose for each in after.consents if each.granted} == {Purpose.INCIDENT}


def test_resuming_forgets_the_refusals_since_and_is_no_older_than_they() -> None:
    left = withdraw(stopped(consent()), Channel.SMS, now=NOON + timedelta(hours=3), method="one_click").recipient
    resumed = resume(left, now=NOON + timedelta(hours=2)).recipient.consent(Channel.SMS, Purpose.DELIVERY)
    assert resumed is not None
    assert (resumed.at, resumed.refused_at) == (NOON + timedelta(hours=3), None)


def test_a_clock_that_was_set_back_makes_no_older_act() -> None:
    resumed = resume(stopped(consent()), now=NOON).recipient.consent(Channel.SMS, Purpose.DELIVERY)
    assert resumed is not None
    assert resumed.at == NOON + timedelta(hours=1)

"""Who is told, on which contact points, when – and if not, why not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.channel import Channel, Purpose
from app.domain.decision import (
    TELLS,
    Hold,
    News,
    Notify,
    Planned,
    Suppress,
    expires_at,
    is_from_the_future,
    last_check,
    plan,
    reason_against,
    tells,
)
from app.domain.event import DELIVERY_KINDS
from app.domain.quiet_hours import QuietHours
from app.domain.recipient import Consent, ContactPoint, ContactState, Recipient
from tests.builders import event
from tests.unit.domain.people import NOON, consent, contact, on_its_way, person

TOMORROW = NOON + timedelta(days=1)
NIGHT = datetime(2026, 11, 23, 22, tzinfo=UTC)
ACTIVE, UNCONFIRMED, DISABLED, REMOVED = (
    ContactState.ACTIVE,
    ContactState.UNCONFIRMED,
    ContactState.DISABLED,
    ContactState.REMOVED,
)


def told(
    recipient: Recipient,
    *,
    kind: str = "notice_left",
    against: str | None = None,
    now: datetime = NOON,
    until: datetime = TOMORROW,
) -> list[Planned]:
    untold = dict.fromkeys(Channel, against) if against else {}
    return plan(News(kind=kind, expires_at=until, untold_because=untold), recipient, now=now)


def sms_of(planned: list[Planned]) -> Planned:
    (sms,) = (item for item in planned if item.channel is Channel.SMS)
    return sms


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        ("notice_left", Purpose.DELIVERY),
        ("ready_for_pickup", Purpose.DELIVERY),
        ("returned", Purpose.DELIVERY),
        ("delivered", Purpose.PROGRESS),
    ],
)
def test_each_kind_that_tells_uses_both_channels_under_its_purpose(kind: str, purpose: Purpose) -> None:
    consents = [consent(channel, purpose=purpose) for channel in Channel]
    recipient = person([contact(Channel.SMS), contact(Channel.EMAIL)], consents)
    assert [(p.channel, p.purpose, p.decision) for p in told(recipient, kind=kind)] == [
        (Channel.SMS, purpose, Notify()),
        (Channel.EMAIL, purpose, Notify()),
    ]


@pytest.mark.parametrize("kind", sorted(set(DELIVERY_KINDS) - set(TELLS)))
def test_other_kinds_tell_nobody(kind: str) -> None:
    assert not tells(event(kind))


@pytest.mark.parametrize(("kind", "stage"), [("registered", "draft"), ("returned", "never_sent")])
def test_what_was_never_posted_is_nobodys_news(kind: str, stage: str) -> None:
    assert not tells(replace(event(kind), stage=stage))


def test_consent_to_one_purpose_is_none_to_another() -> None:
    recipient = person([contact()], [consent(purpose=Purpose.PROGRESS)])
    assert sms_of(told(recipient)).decision == Suppress(reason="no_consent")


@pytest.mark.parametrize(
    ("contacts", "consents", "against", "reason"),
    [
        ([], [consent()], None, "no_contact_point"),
        ([contact(state=REMOVED)], [consent()], None, "no_contact_point"),
        ([contact(state=DISABLED)], [consent()], None, "contact_disabled"),
        ([contact(state=DISABLED), contact(state=UNCONFIRMED)], [consent()], None, "contact_disabled"),
        ([contact(state=UNCONFIRMED)], [consent()], None, "unverified"),
        ([contact()], [], None, "no_consent"),
        ([contact()], [consent(granted=False, version=0)], None, "no_consent"),
        ([contact()], [consent(granted=False)], None, "opted_out"),
        ([contact()], [consent()], "stale", "stale"),
        ([contact()], [consent()], "superseded", "superseded"),
        ([contact()], [consent()], "duplicate_content", "duplicate_content"),
        # the first that applies
        ([], [consent(granted=False)], "stale", "no_contact_point"),
        ([contact(state=DISABLED)], [], "stale", "contact_disabled"),
        ([contact(state=UNCONFIRMED)], [], "stale", "unverified"),
        ([contact()], [], "stale", "no_consent"),
        ([contact()], [consent(granted=False)], "stale", "opted_out"),
    ],
)
def test_the_first_reason_that_applies_is_the_reason(
    contacts: Sequence[ContactPoint], consents: Sequence[Consent], against: str | None, reason: str
) -> None:
    assert sms_of(told(person(contacts, consents), against=against)).decision == Suppress(reason=reason)


def test_what_cannot_be_told_names_no_contact_point() -> None:
    assert sms_of(told(person([contact(state=UNCONFIRMED)], [consent()]))).contact is None


def test_every_active_contact_point_gets_its_own_copy_and_no_other_does() -> None:
    contacts = [contact(), contact(state=UNCONFIRMED), contact(), contact(state=DISABLED), contact(state=REMOVED)]
    planned = [item for item in told(person(contacts, [consent()])) if item.channel is Channel.SMS]
    assert [item.contact for item in planned] == [contacts[0], contacts[2]]
    assert {item.decision for item in planned} == {Notify()}


def test_an_sms_in_the_night_is_held_and_an_email_is_not() -> None:
    both = [consent(channel) for channel in Channel]
    recipient = person([contact(Channel.SMS), contact(Channel.EMAIL)], both, quiet_hours=QuietHours())
    sms, email = told(recipient, now=NIGHT, until=NIGHT + timedelta(days=7))
    assert sms.decision == Hold(until=datetime(2026, 11, 24, 7, tzinfo=UTC))
    assert email.decision == Notify()


@pytest.mark.parametrize("until", [datetime(2026, 11, 24, 6, 59, tzinfo=UTC), datetime(2026, 11, 24, 7, tzinfo=UTC)])
def test_an_sms_that_could_only_go_when_it_has_expired_is_stale(until: datetime) -> None:
    recipient = person([contact()], [consent()], quiet_hours=QuietHours())
    assert sms_of(told(recipient, now=NIGHT, until=until)).decision == Suppress(reason="stale")


def test_news_that_has_expired_on_arrival_is_stale() -> None:
    recipient = person([contact()], [consent()])
    assert sms_of(told(recipient, until=NOON)).decision == Suppress(reason="stale")
    assert sms_of(told(recipient, until=NOON + timedelta(milliseconds=1))).decision == Notify()


def test_the_decision_names_the_consent_it_rests_on() -> None:
    given = consent(version=3)
    assert sms_of(told(person([contact()], [given]))).consent == given


@pytest.mark.parametrize(
    ("until", "moment"),
    [
        ("2026-12-07", datetime(2026, 12, 7, 23, tzinfo=UTC)),
        ("2026-12-07T18:00:00+01:00", datetime(2026, 12, 7, 17, tzinfo=UTC)),
        (None, NOON + timedelta(hours=24)),
    ],
)
def test_news_lives_until_the_operators_last_day_or_a_day(until: str | None, moment: datetime) -> None:
    pickup = {"from": None, "until": until}
    assert expires_at(event(data={"pickup": pickup}), known=None, received_at=NOON) == moment


@pytest.mark.parametrize("kind", ["pickup_expired", "returned", "corrected"])
def test_that_the_time_is_over_is_news_for_a_day_though_it_names_the_time_that_is_over(kind: str) -> None:
    data = {"pickup": {"until": "2026-11-20"}}
    if kind == "corrected":
        data |= {"corrects": {"source": "/a", "id": "1"}, "action": "replace"}  # type: ignore[dict-item] # any of JSON
    assert expires_at(event(kind, data=data), known=None, received_at=NOON) == NOON + timedelta(hours=24)


def test_news_without_any_pickup_lives_a_day() -> None:
    assert expires_at(event("delivered"), known=None, received_at=NOON) == NOON + timedelta(hours=24)


@pytest.mark.parametrize(("minutes", "future"), [(0, False), (15, False), (15.001, True), (-60, False), (600, True)])
def test_an_event_a_quarter_of_an_hour_ahead_is_from_the_future(minutes: float, future: bool) -> None:
    ahead = event(at=NOON + timedelta(minutes=minutes))
    assert is_from_the_future(ahead, received_at=NOON) is future


@pytest.mark.parametrize(
    ("state", "given", "reason"),
    [
        (ACTIVE, consent(), None),
        (ACTIVE, None, "no_consent"),
        (ACTIVE, consent(granted=False), "opted_out"),
        (ACTIVE, consent(granted=False, version=0), "no_consent"),
        (DISABLED, consent(granted=False), "contact_disabled"),
        (UNCONFIRMED, consent(), "unverified"),
        (REMOVED, consent(), "no_contact_point"),
    ],
)
def test_the_last_check_gives_the_same_reasons(state: ContactState, given: Consent | None, reason: str | None) -> None:
    point = contact(state=state)
    recipient = person([point], [given] if given else [])
    assert last_check(recipient, on_its_way(point), now=NOON) == reason


def test_the_last_check_stops_what_goes_to_nobody() -> None:
    assert last_check(None, on_its_way(None), now=NOON) == "no_contact_point"
    there = person([], [consent()])
    assert last_check(there, on_its_way(None), now=NOON) == "no_contact_point"


def test_a_refusal_of_what_was_never_granted_is_no_opt_out() -> None:
    assert reason_against(consent(granted=False, version=0)) == "no_consent"
    assert reason_against(consent(granted=False, version=1)) == "opted_out"
    assert reason_against(consent()) is None


def test_a_pause_stops_what_was_planned_until_it_ends() -> None:
    point = contact()
    paused = replace(person([point], [consent()]), paused_until=NOON + timedelta(days=1))
    assert last_check(paused, on_its_way(point), now=NOON) == "paused"
    assert last_check(paused, on_its_way(point), now=NOON + timedelta(days=1)) is None

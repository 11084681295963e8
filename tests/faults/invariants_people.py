"""Invariants 6 and 11: nobody is told against their will, and nobody is told what is not true any more."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from tests.faults.asking import Row
from tests.faults.journals import Copy, OptOut
from tests.faults.producer import email, phone
from tests.faults.reading import Broken, Fact, Reading

# Between the last look at the consent and the first byte lie microseconds, and whatever the machine does meanwhile.
_ON_ITS_WAY_SECONDS = 3.0
_RANK = {"notice_left": 1, "delivered": 2}  # of what people are told here; nothing else overtakes it


def invariant_6_nothing_starts_after_a_withdrawal(reading: Reading) -> Iterator[Broken]:
    """By consent version and the order of the log; and nothing comes to a provider long after we said it is done."""
    ended = {
        (fact.recipient, fact.data["channel"], fact.data["purpose"], fact.data["version"]): fact
        for fact in reading.facts.values()
        if fact.type == "consent.withdrawn"
    }
    for fact in _started(reading):
        about = reading.notifications[_named(fact)]
        key = (about["recipient_id"], about["channel"], about["purpose"], fact.data["consent_version"])
        if fact.data["consent_version"] is None:
            yield Broken(invariant="6", what=f"{fact.notification} was started without a consent")
        if key in ended and _place(fact) > _place(ended[key]):
            yield Broken(invariant="6", what=f"{fact.notification} was started after its consent was withdrawn")
    by_contact = defaultdict(list)
    for act in reading.journals.opt_outs:
        by_contact[phone(act.person) if act.channel == "sms" else email(act.person)].append(act)
    for copy in reading.journals.copies:
        for act in by_contact[copy.to]:
            if _came_too_late(copy, act, reading.journals.standstills):
                yield Broken(invariant="6", what=f"attempt {copy.attempt} left after the opt-out was confirmed")


def _came_too_late(copy: Copy, act: OptOut, standstills: list[tuple[float, float]]) -> bool:
    if act.acked is None or copy.at < act.acked + _ON_ITS_WAY_SECONDS:
        return False
    if act.regranted is not None and copy.at > act.regranted:
        return False
    # Who is stopped between the look and the first byte goes on where he was.
    return not any(
        begin < copy.at and end + _ON_ITS_WAY_SECONDS > act.acked and copy.at < end + _ON_ITS_WAY_SECONDS
        for begin, end in standstills
    )


def invariant_11_stale_news_is_not_sent(reading: Reading) -> Iterator[Broken]:
    """No attempt after `expires_at`, and none after the log holds an event that makes the message untrue."""
    for attempt in reading.attempts.values():
        about = reading.notifications[attempt["notification_id"]]
        if attempt["started_at"] > about["expires_at"]:
            yield Broken(invariant="11", what=f"{about['id']} was tried after it had expired")
    events = {row["id"]: row for row in reading.events}
    places = {
        UUID(fact.data["event"]): _place(fact) for fact in reading.facts.values() if fact.type == "event.accepted"
    }
    shipments: dict[Any, list[Row]] = defaultdict(list)
    for row in [each for each in reading.events if each["status"] == "accepted" and each["shipment_index"]]:
        shipments[row["shipment_index"]].append(row)
    for fact in _started(reading):
        told = events[reading.notifications[_named(fact)]["event_id"]]
        for other in shipments.get(told["shipment_index"], []):  # of an erased person nobody can tell any more
            if _overtakes(other, told) and places[other["id"]] < _place(fact):
                yield Broken(invariant="11", what=f"{fact.notification} was started although {other['kind']} was known")


def _overtakes(other: Row, told: Row) -> bool:
    if other["effective_at"] < told["effective_at"]:
        return False
    rank = (_RANK.get(other["kind"], 0), other["ordinal"] or 0)
    return rank > (_RANK.get(told["kind"], 0), told["ordinal"] or 0)


def _started(reading: Reading) -> Iterator[Fact]:
    return (fact for fact in reading.facts.values() if fact.type == "attempt.started")


def _named(fact: Fact) -> UUID:
    assert fact.notification is not None
    return fact.notification


def _place(fact: Fact) -> tuple[str, int]:
    """Where it stands in the log; what is not sealed stands last."""
    return fact.place or ("~", 0)

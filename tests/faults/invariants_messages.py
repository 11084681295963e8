"""Invariants 3 to 6, 10 and 11, and what the contract promises of reports: what left, for whom, and how often."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from tests.faults.reading import Broken, Reading

_OUTCOMES = {"attempt.accepted", "attempt.refused", "attempt.not_sent", "attempt.unknown"}


def invariant_3_nobody_gets_a_message_twice(reading: Reading) -> Iterator[Broken]:
    """Copies at the provider ≤ 1 + authorised re-sends; here none is."""
    taken: Counter[UUID] = Counter()
    for copy in reading.journals.copies:
        attempt = reading.attempts.get(copy.attempt)
        if copy.taken and attempt is not None:
            taken[attempt["notification_id"]] += 1
    for notification, count in taken.items():
        if count > 1:
            yield Broken(invariant="3", what=f"{count} copies of {notification} were taken")
    for notification, chain in reading.chains.items():
        unknown = False
        for fact in chain:
            if fact.type == "attempt.started" and unknown:
                yield Broken(invariant="3", what=f"{notification} was tried again after an unknown attempt")
            unknown = unknown or fact.type == "attempt.unknown"


def invariant_4_what_left_was_written_down_first(reading: Reading) -> Iterator[Broken]:
    """Every message at a provider has an earlier committed `attempt.started`."""
    started = {
        (fact.notification, fact.data["attempt"]) for fact in reading.facts.values() if fact.type == "attempt.started"
    }
    for copy in reading.journals.copies:
        attempt = reading.attempts.get(copy.attempt)
        if copy.committed is False:
            yield Broken(invariant="4", what=f"attempt {copy.attempt} left before it was committed")
        if attempt is None or (attempt["notification_id"], attempt["number"]) not in started:
            yield Broken(invariant="4", what=f"attempt {copy.attempt} left and was never written down")


def invariant_5_every_attempt_ends_once(reading: Reading) -> Iterator[Broken]:
    """Every started attempt ends in one outcome."""
    for notification, chain in reading.chains.items():
        started = Counter(fact.data["attempt"] for fact in chain if fact.type == "attempt.started")
        ended = Counter(fact.data["attempt"] for fact in chain if fact.type in _OUTCOMES)
        if started != ended or (started and max(started.values()) > 1):
            yield Broken(invariant="5", what=f"{notification}: started {dict(started)}, ended {dict(ended)}")
    for attempt in reading.attempts.values():
        if attempt["status"] == "started":
            yield Broken(invariant="5", what=f"attempt {attempt['id']} has no outcome")

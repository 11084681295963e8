"""Invariants 3 to 6, 10 and 11, and what the contract promises of reports: what left, for whom, and how often."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
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


# What each status may become, however long one looks away.
_LATER = {
    "sent": {"sent", "delivered", "failed"},
    "unknown": {"unknown", "sent", "delivered", "failed"},
    **{final: {final} for final in ("delivered", "failed", "expired", "cancelled", "suppressed")},
}


def invariant_10_no_status_moves_backwards(reading: Reading) -> Iterator[Broken]:
    """Looked at again and again, and in the end."""
    for notification in reading.notifications.values():
        seen = reading.journals.seen.get(notification["id"].hex)
        statuses = [*(seen.statuses if seen else []), (notification["status"], notification["attempts"])]
        for (before, tries), (after, more_tries) in pairwise(statuses):
            if after not in _LATER.get(before, {after}) or more_tries < tries:
                yield Broken(invariant="10", what=f"{notification['id']} was {before} and then {after}")


_FINAL = {"delivered": "delivered", "undelivered": "failed", "failed": "failed"}


def reports_are_kept_and_have_their_effect(reading: Reading) -> Iterator[Broken]:
    """Every report that was answered 2xx is kept and counted, the ones of nobody are refused (contract §6)."""
    kept = {(row["attempt_id"], row["status"]): bool(row["applied"]) for row in reading.receipts}
    for report in reading.journals.reports:
        said = _FINAL.get(report.status, "progress")
        if not report.genuine:
            if report.answered != _REFUSED or report.attempt in reading.attempts:
                yield Broken(invariant="reports", what=f"a report of nobody was answered {report.answered}")
        elif report.answered != _NO_CONTENT:
            yield Broken(invariant="reports", what=f"a report on {report.attempt} was answered {report.answered}")
        elif not kept.get((report.attempt, said)):
            yield Broken(invariant="reports", what=f"{said} of {report.attempt} is not kept, or waits for ever")
        elif said != "progress":
            attempt = reading.attempts[report.attempt]
            stands = reading.notifications[attempt["notification_id"]]["status"]
            if stands not in {"delivered", "failed"}:
                yield Broken(invariant="reports", what=f"{report.attempt} was reported {said} and is {stands}")


_NO_CONTENT, _REFUSED = 204, 403

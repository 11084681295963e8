"""A chain of facts told again: the status of a notification, from the documents alone."""

from collections.abc import Sequence

from tests.faults.reading import Fact

_OPENS = {"notification.planned": "queued", "notification.held": "held", "notification.suppressed": "suppressed"}
_ENDS = {
    "notification.suppressed": "suppressed",
    "notification.cancelled": "cancelled",
    "notification.expired": "expired",
    "notification.failed": "failed",
}
_ATTEMPTS = {
    "attempt.started": "sending",
    "attempt.accepted": "sent",
    "attempt.refused": "queued",
    "attempt.not_sent": "queued",
    "attempt.unknown": "unknown",
    "attempt.reconciled": "sent",
    "receipt.delivered": "delivered",
}


def story_of(chain: Sequence[Fact]) -> str:
    """The status that the facts of one chain, in their order, lead to."""
    first = _OPENS.get(chain[0].type, f"opened by {chain[0].type}")
    status = first
    for fact in chain[1:]:
        status = _ENDS.get(fact.type) or _ATTEMPTS.get(fact.type, status)
    return status

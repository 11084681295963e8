"""What is told to other systems of what happened, in the order of the log; when it is tried again, and when no more."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from app.domain.shard import is_shard_name


class WebhookType(StrEnum):
    """What an endpoint can ask to be told of."""

    SENT = "notification.sent"
    DELIVERED = "notification.delivered"
    FAILED = "notification.failed"
    SUPPRESSED = "notification.suppressed"
    DISPUTED = "recipient.disputed"
    ANOMALY = "shipment.anomaly"
    CONSENT = "consent.changed"


TEST_TYPE = "webhook.test"

# An attempt that was reconciled is one of which it was found out later that the provider has taken it.
FACTS: Mapping[str, WebhookType] = MappingProxyType(
    {
        "attempt.accepted": WebhookType.SENT,
        "attempt.reconciled": WebhookType.SENT,
        "receipt.delivered": WebhookType.DELIVERED,
        "notification.failed": WebhookType.FAILED,
        "notification.suppressed": WebhookType.SUPPRESSED,
        "recipient.disputed": WebhookType.DISPUTED,
        "recipient.misdirected": WebhookType.DISPUTED,
        "shipment.anomaly": WebhookType.ANOMALY,
        "consent.granted": WebhookType.CONSENT,
        "consent.withdrawn": WebhookType.CONSENT,
    }
)

_MINUTE, _HOUR = 60, 3600
# How long is waited after the first try, the second, and so on: fourteen tries within about three days.
_WAITS = (
    5, 30, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 12 * _HOUR,
    16 * _HOUR, 24 * _HOUR,
)  # fmt: skip
TRIES = len(_WAITS) + 1
PREVIOUS_SECRET_SIGNS = timedelta(hours=24)

_CURSOR = re.compile(r"([0-9]{4}h[12][b-z]?)-([0-9]{12})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the log: everything before the entry `index` of `shard` was read, and all older shards."""

    shard: str
    index: int

    def __str__(self) -> str:
        """The cursor that is given out; cursors compare as texts do, the earlier place first."""
        return f"{self.shard}-{self.index:012d}"


def parse_place(cursor: str) -> Place | None:
    """The place that a cursor names; None when it has not the form of one."""
    matched = _CURSOR.fullmatch(cursor)
    if matched is None or not is_shard_name(matched[1]):
        return None
    return Place(shard=matched[1], index=int(matched[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """One event as it goes out: ids, codes and the operator's own names; never a contact or a text.

    `after` is the place behind the entry that it is read from; an event without one is a test.
    """

    id: UUID
    type: str
    at: datetime
    after: Place | None
    data: Mapping[str, Any] = field(repr=False)

    @property
    def message_id(self) -> str:
        """What `webhook-id` says: the same at each try and at each replay."""
        return f"evt_{self.id.hex}"


class WebhookFailure(StrEnum):
    """Why a call did not succeed. An answer with another status than 2xx is `status_<code>` instead."""

    ADDRESS = "address_refused"
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"


_WORDS: Mapping[str, str] = {
    WebhookFailure.ADDRESS: "the name leads to an address that is not public, and was not called",
    WebhookFailure.UNRESOLVED: "the name could not be resolved",
    WebhookFailure.UNREACHABLE: "no connection could be made, or it broke off",
    WebhookFailure.CERTIFICATE: "the certificate is not that of the name, or nobody known vouches for it",
    WebhookFailure.TIMEOUT: "there was no answer within five seconds",
    WebhookFailure.PROTOCOL: "what came back is no whole HTTP answer",
}
GONE = "status_410"


def status_failure(status: int) -> str:
    """How an answer with that status is called, which is not 2xx."""
    return f"status_{status:03d}"


def failure_words(failure: str) -> str:
    """A failure in words."""
    if failure in _WORDS:
        return _WORDS[failure]
    status = failure.removeprefix("status_")
    if status.startswith("3"):
        return f"the answer was {status}, and redirects are not followed"
    return f"the answer was {status}"


class Disabled(StrEnum):
    """Why an endpoint is called no more."""

    GONE = "gone"  # it answered 410
    FAILING = "failing"  # all tries of an event failed, and nothing arrived meanwhile


def next_try(*, tries: int, now: datetime, jitter: float) -> datetime | None:
    """When to try again after `tries` tries; None after the last. `jitter` in [0, 1) moves it by up to a fifth."""
    if tries >= TRIES:
        return None
    return now + timedelta(seconds=_WAITS[tries - 1] * (0.8 + 0.4 * jitter))

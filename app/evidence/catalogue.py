"""Every type of fact that can stand in the log, as data: its keys, sealed names, ETSI analogy, chain and grade.

Writers and verifiers read the same table: what is not in it is refused by both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, assert_never

from app.evidence.values import (
    CHECKPOINT_NOTE,
    COUNT,
    HASH,
    HASHES,
    HASHES_ALWAYS,
    NOTHING,
    ORDINAL,
    TEXT,
    TIME,
    UUID_TEXT,
    ValueType,
    one_of,
)

SUBSTITUTES_PAPER = "substitutes_paper"
"""The key of `data` that every fact has, always false: no notice of ours stands in for the paper one."""

SEALED_NAMES = frozenset(
    {
        "contact",
        "content",
        "event",
        "provider_id",
        "provider_reply",
        "reason",
        "receipt",
        "recipient",
        "shipment",
        "statement",
    }
)
GRADE_WORDS = (
    "our own record",
    "a provider or mail server took it over",
    "a provider's report",
    "a handset's report",
    "a mail server's signed report",
    "an act of the person",
)

_ETSI = "http://uri.etsi.org/19522/Event/"
_ETSI_EVENTS = {
    "event.accepted": "SubmissionAcceptance",
    "event.quarantined": "SubmissionRejection",
    "attempt.accepted": "RelayToNonERDS",
    "attempt.refused": "RelayToNonERDSFailure",
    "receipt.delivered": "NotificationDelivered",
    "receipt.failed": "ConsignmentNotificationFailure",
    "recipient.acknowledged": "NotificationAccessTracking",
}


class Chain(Enum):
    """Whether facts of a type stand in the chain of a notification."""

    ALWAYS = auto()
    NEVER = auto()
    WHEN_MATCHED = auto()  # a receipt that matches no attempt has no chain


class Grading(Enum):
    """How the grade of a fact follows from its document."""

    OWN_RECORD = auto()
    TAKEN_OVER = auto()
    TAKEN_OVER_WITH_REPLY = auto()
    BY_REPORTER = auto()
    PERSON = auto()
    PERSON_WITH_STATEMENT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class FactType:
    """One row: `data` maps each key to its type of value, `sealed` are the names that may be sealed.

    `opens`: stands only as fact 0 of a chain or may; `only_opens`: stands nowhere else. `ends`: closes a chain.
    `follows_end`: may come after the end.
    """

    name: str
    data: Mapping[str, ValueType]
    sealed: frozenset[str]
    etsi: str | None
    chain: Chain
    grading: Grading
    opens: bool
    only_opens: bool
    ends: bool
    follows_end: bool


_OPENING = frozenset({"notification.planned", "notification.held", "notification.suppressed"})
_ENDING = frozenset(
    {
        "notification.suppressed",
        "notification.cancelled",
        "notification.expired",
        "notification.failed",
        "notification.closed",
    }
)
_FOLLOWING = frozenset(
    {"receipt.late", "recipient.acknowledged", "recipient.disputed", "recipient.misdirected"},
)

_KEYS: dict[str, ValueType] = {
    "act": TEXT,
    "actor": TEXT,
    "attempt": ORDINAL,
    "by": one_of("person", "operator", nullable=True),
    "channel": TEXT,
    "claimed_at": TIME,
    "code": TEXT,
    "consent_fact": HASH,
    "consent_version": ORDINAL,
    "detail": TEXT,
    "detected_at": TIME,
    "encoding": one_of("gsm7", "ucs2", "mime", nullable=True),
    "event": UUID_TEXT,
    "event_facts": HASHES_ALWAYS,
    "event_time": TIME,
    "event_type": TEXT,
    "facts": HASHES,
    "failure": TEXT,
    "kind": TEXT,
    "language": TEXT,
    "legal_basis": TEXT,
    "legal_regime": TEXT,
    "method": TEXT,
    "not_before": TIME,
    "operator": TEXT,
    "origin": TEXT,
    "parts": COUNT,
    "peer": HASH,
    "policy": TEXT,
    "previous_checkpoint": CHECKPOINT_NOTE,
    "provider": TEXT,
    "purpose": TEXT,
    "reason": TEXT,
    "received_at": TIME,
    "reference": TEXT,
    "signature": one_of("none", "shared_key", "public_key", "dkim", nullable=False),
    "stage": TEXT,
    "status": TEXT,
    "template": TEXT,
    "template_version": COUNT,
    "text_digest": HASH,
    "text_version": TEXT,
    "version": ORDINAL,
    "via": one_of("callback", "handset", "dsn", nullable=False),
    "vkey": TEXT,
}


def _rows(
    names: Iterable[str], data: str, sealed: str, grading: Grading, chain: Chain, **special: ValueType
) -> dict[str, FactType]:
    keys = {key: special.get(key, _KEYS[key]) for key in data.split()}
    return {
        name: FactType(
            name=name,
            data=MappingProxyType(keys),
            sealed=frozenset(sealed.split()),
            etsi=_ETSI + _ETSI_EVENTS[name] if name in _ETSI_EVENTS else None,
            chain=chain,
            grading=grading,
            opens=name in _OPENING,
            only_opens=name in _OPENING - _ENDING,
            ends=name in _ENDING,
            follows_end=name in _FOLLOWING,
        )
        for name in names
    }


_CONSENT_KEYS = "channel purpose version text_version text_digest language method claimed_at by"
_CONSENT_SEALED = "contact recipient statement"

CATALOGUE: Mapping[str, FactType] = MappingProxyType(
    _rows(
        ("event.accepted", "event.quarantined", "event.replayed"),
        "operator event event_type event_time received_at",
        "event shipment recipient",
        Grading.OWN_RECORD,
        Chain.NEVER,
    )
    | _rows(
        ("notification.planned", "notification.held", "notification.suppressed"),
        "operator kind channel purpose reason not_before event_facts consent_fact consent_version policy legal_regime",
        "contact recipient shipment",
        Grading.OWN_RECORD,
        Chain.ALWAYS,
    )
    | _rows(
        ("notification.cancelled", "notification.expired", "notification.failed", "notification.closed"),
        "status reason failure",
        "",
        Grading.OWN_RECORD,
        Chain.ALWAYS,
    )
    | _rows(
        ("attempt.started",),
        "attempt provider consent_version template template_version encoding parts",
        "contact content",
        Grading.OWN_RECORD,
        Chain.ALWAYS,
    )
    | _rows(
        ("attempt.accepted",),
        "attempt provider code peer",
        "provider_id provider_reply",
        Grading.TAKEN_OVER,
        Chain.ALWAYS,
    )
    | _rows(
        ("attempt.refused", "attempt.not_sent", "attempt.unknown", "attempt.reconciled", "attempt.unresolved"),
        "attempt provider stage code method",
        "provider_id provider_reply",
        Grading.TAKEN_OVER_WITH_REPLY,
        Chain.ALWAYS,
    )
    | _rows(
        ("receipt.delivered", "receipt.failed", "receipt.late"),
        "attempt provider code claimed_at via signature",
        "receipt",
        Grading.BY_REPORTER,
        Chain.WHEN_MATCHED,
    )
    | _rows(
        ("recipient.acknowledged", "recipient.disputed", "recipient.misdirected"),
        "method reference",
        "statement",
        Grading.PERSON,
        Chain.ALWAYS,
    )
    | _rows(
        ("consent.granted", "consent.withdrawn"),
        _CONSENT_KEYS,
        _CONSENT_SEALED,
        Grading.PERSON_WITH_STATEMENT,
        Chain.NEVER,
    )
    | _rows(
        ("preference.changed", "contact.added", "contact.verified", "contact.disabled", "contact.removed"),
        _CONSENT_KEYS,
        _CONSENT_SEALED,
        Grading.PERSON_WITH_STATEMENT,
        Chain.NEVER,
        version=NOTHING,
    )
    | _rows(
        ("shipment.anomaly",),
        "code detected_at",
        "shipment",
        Grading.OWN_RECORD,
        Chain.NEVER,
    )
    | _rows(
        ("support.acted", "access.read", "hold.placed", "hold.lifted", "recipient.erased"),
        "actor act legal_basis facts",
        "reason",
        Grading.OWN_RECORD,
        Chain.NEVER,
    )
    | _rows(
        ("log.opened", "log.key_rotated", "log.incident", "log.recovered", "log.sealed"),
        "origin vkey previous_checkpoint detail",
        "",
        Grading.OWN_RECORD,
        Chain.NEVER,
    )
)
EVENT_FACTS = frozenset({"event.accepted", "event.quarantined", "event.replayed"})
CONSENT_FACTS = frozenset({"consent.granted", "consent.withdrawn"})


def grade_of(document: Mapping[str, Any]) -> int:
    """What a fact shows, 0 to 5, derived from a valid document; `GRADE_WORDS` has the words."""
    data, sealed = document["data"], document["sealed"]
    grading = CATALOGUE[document["type"]].grading
    match grading:
        case Grading.OWN_RECORD:
            return 0
        case Grading.TAKEN_OVER:
            return 1
        case Grading.TAKEN_OVER_WITH_REPLY:
            return 1 if "provider_reply" in sealed else 0
        case Grading.BY_REPORTER:
            return _report_grade(data["via"], data["signature"])
        case Grading.PERSON:
            return 5
        case Grading.PERSON_WITH_STATEMENT:
            return 5 if data["by"] == "person" and "statement" in sealed else 0
        case _:
            assert_never(grading)


def _report_grade(via: str, signature: str) -> int:
    if via == "handset":
        return 3
    return 4 if via == "dsn" and signature == "dkim" else 2

"""One row of a vocabulary: an operator's code and what it means. Pure.

What a row may say is listed here, so that a fault in a table shows when it is read and not when an event comes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from app.domain.event import AREA_INCIDENT_KINDS, KNOWN_TYPES, TYPE_PREFIX, TYPE_SUFFIX, LegalRegime, kind_of

IGNORE = "ignore"
SHIPMENT_TYPES = KNOWN_TYPES - {f"{TYPE_PREFIX}incident.{kind}{TYPE_SUFFIX}" for kind in AREA_INCIDENT_KINDS}

_WAITING = frozenset({"place", "legal_regime", "pickup_days", "pickup_working_days"})
# Which fields each kind of event takes from a row; incidents take `reason`.
_TAKES = {
    "registered": frozenset({"stage", "reason"}),
    "in_transit": frozenset({"stage", "reason"}),
    "out_for_delivery": frozenset(),
    "attempt_failed": frozenset({"reason", "next_attempt"}),
    "notice_left": _WAITING | {"ordinal", "reason"},
    "ready_for_pickup": _WAITING,
    "terms_changed": _WAITING | {"change"},
    "delivered": frozenset({"mode"}),
    "refused": frozenset({"reason"}),
    "pickup_expired": frozenset({"reason"}),
    "returned": frozenset({"stage", "reason"}),
    "operator_notified": frozenset({"channel", "about"}),
    "corrected": frozenset({"corrects", "corrects_kind", "action"}),
}
_INCIDENT_TAKES = frozenset({"reason"})
# Without these the event could not be understood.
_NEEDS = {"notice_left": "ordinal", "corrected": "action"}

_STAGES_OUT = ("draft", "pre_advice", "registered", "accepted", "at_delivery_office")
_STAGES_BACK = ("decided", "started", "completed", "undeliverable_office", "never_sent")
_REDIRECTS = ("redirect_address", "redirect_locker", "redirect_point", "redirect_cancelled")
_CHANGES = ("hold_requested", "place_changed", "date", "extended", *_REDIRECTS)
_TYPE_OF_KIND = {kind_of(name): name for name in SHIPMENT_TYPES}
_VALUES: Mapping[str, frozenset[str]] = {
    "ordinal": frozenset({"1", "2"}),
    "legal_regime": frozenset(LegalRegime),
    "stage": frozenset((*_STAGES_OUT, *_STAGES_BACK)),
    "mode": frozenset({"handed_over", "collected", "collected_by_authorised", "locker", "letterbox"}),
    "change": frozenset(_CHANGES),
    "place": frozenset({"po_box", "locker", "point", "branch"}),
    "next_attempt": frozenset({"same_day", "next_day", "next_working_day"}),
    "channel": frozenset({"sms", "email"}),
    "about": frozenset({"waiting", "collected", "returned"}),
    "action": frozenset({"cancel", "replace"}),
    "corrects_kind": frozenset(_TYPE_OF_KIND) - {"corrected"},
    "state": frozenset({"returned"}),
}
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "reason": re.compile(r"[a-z0-9_]{1,64}"),
    "pickup_days": re.compile(r"[1-9][0-9]?"),
    "pickup_working_days": re.compile(r"[1-9][0-9]?"),
    "corrects": re.compile(r"[^*]+"),
}
# One of each pair only: together they would contradict each other.
_RIVALS = (("pickup_days", "pickup_working_days"), ("corrects", "corrects_kind"))


class Guard(StrEnum):
    """A predicate that changes what a row means.

    `returned_before`: the shipment already had a return event or state, so that whatever happens to it happens at the
    sender's end; then a delivery means that it is back with the sender, and all else that it is on its way there.
    `notice_said`: the event says that a paper notice was left; then it is one.
    """

    RETURNED_BEFORE = "returned_before"
    NOTICE_SAID = "notice_said"


def _guarded(guard: Guard, kind: str) -> tuple[str, Mapping[str, str]]:
    """The kind that `guard` makes of another, and what it fills in."""
    match guard:
        case Guard.RETURNED_BEFORE if kind == "delivered":
            return "returned", {"stage": "completed"}
        case Guard.RETURNED_BEFORE:
            return "in_transit", {}
        case Guard.NOTICE_SAID:
            return "notice_left", {"ordinal": "1"}
        case _:
            assert_never(guard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a code means for one event: the type and the fields that it brings, by their names in tables."""

    type: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one code means, or all that begin with it when it ends in `*`.

    `type` None: the code is ignored. `line` is where the row begins in its file; it does not tell rows apart.
    """

    code: str
    type: str | None
    fields: Mapping[str, str]
    guard: Guard | None = None
    is_sure: bool = True
    line: int = field(default=0, compare=False)

    @property
    def says_returned(self) -> bool:
        """Whether the code, though ignored, is the state of a shipment that travels back; for `returned_before`."""
        return self.fields.get("state") == "returned"

    def reading(self, *, returned_before: bool, notice_said: bool) -> Reading | None:
        """What the code means where these hold; None when it is ignored."""
        if self.type is None:
            return None
        holds = {Guard.RETURNED_BEFORE: returned_before, Guard.NOTICE_SAID: notice_said}
        if self.guard is None or not holds[self.guard]:
            return _reading(self.type, self.fields)
        kind, fields = _guarded(self.guard, kind_of(self.type))
        return _reading(_TYPE_OF_KIND[kind], {**fields, **self.fields})


def _reading(type_: str, fields: Mapping[str, str]) -> Reading:
    return Reading(type=type_, fields={key: fields[key] for key in fields if key in _taken_by(type_)})


def _taken_by(type_: str) -> frozenset[str]:
    return _TAKES.get(kind_of(type_), _INCIDENT_TAKES)


def row_faults(row: Row) -> Iterable[str]:
    """Sentences about what the row may not say; none when it is sound."""
    if row.type is None:
        yield from _ignored_faults(row)
        return
    guarded = _guarded(row.guard, kind_of(row.type))[0] if row.guard else None
    if guarded and kind_of(row.type) in {guarded, "returned", "corrected"}:
        yield f"the guard {row.guard} changes nothing about {row.type}"
    takes = _taken_by(row.type) | (_TAKES[guarded] if guarded else frozenset())
    yield from _field_faults(row, takes, f"an event of the type {row.type}")
    needed = _NEEDS.get(kind_of(row.type))
    if needed and needed not in row.fields:
        yield f"an event of the type {row.type} needs {needed}"
    for one, other in _RIVALS:
        if one in row.fields and other in row.fields:
            yield f"{one} and {other} exclude each other"


def _ignored_faults(row: Row) -> Iterable[str]:
    if row.guard:
        yield "an ignored code tells nobody, so that no guard can change it"
    yield from _field_faults(row, frozenset({"state"}), "an ignored code")


def _field_faults(row: Row, takes: frozenset[str], taker: str) -> Iterable[str]:
    for key, value in row.fields.items():
        if key not in _VALUES and key not in _PATTERNS:
            yield f"no field is called {key}"
        elif key not in takes:
            yield f"{taker} takes no {key}"
        elif wrong := _value_fault(key, value):
            yield wrong


def _value_fault(key: str, value: str) -> str | None:
    if key in _VALUES:
        known = sorted(_VALUES[key])
        return None if value in known else f"{key} must be one of {', '.join(known)}"
    if _PATTERNS[key].fullmatch(value):
        return None
    return {
        "reason": "reason must be small letters, digits and _",
        "corrects": "corrects must be a whole code",
    }.get(key, f"{key} must be a number from 1 to 99")

"""What the outside saw: kept by those who saw it, in their own process, never by the code under test.

All times are this process's monotonic seconds.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(slots=True, kw_only=True)
class Posted:
    """An event as a producer sent it, again and again until it was answered.

    `answers` are the results of every answer, in the order of their arrival. `given_up`: its producer forgot it.
    """

    key: str
    body: dict[str, Any] = field(repr=False)
    kind: str
    person: str
    shipment: str
    told: bool  # somebody with two contact points and consent is to be told
    is_told_later: bool = False  # an incident of an area: nobody is named in the answer
    posts: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)
    given_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A message as it came to a provider. `taken`: a person may get it, whatever the provider answered.

    `committed` is what the database said of its attempt at that moment, None when it could not be asked.
    """

    at: float
    channel: str
    attempt: UUID
    to: str
    behaviour: str
    taken: bool
    committed: bool | None
    provider_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Report:
    """A status callback that the gateway sends until it is answered. `answered` is the status of the last answer."""

    attempt: UUID
    status: str
    genuine: bool = True
    answered: int | None = None


@dataclass(slots=True, kw_only=True)
class OptOut:
    """A person's consent to one channel was withdrawn; `acked` when we were told that it is done.

    `regranted` is when we began to say that it is given again.
    """

    person: str
    channel: str
    acked: float | None = None
    regranted: float | None = None


@dataclass(slots=True, kw_only=True)
class Seen:
    """A notification each time that it was looked at and stood otherwise than before."""

    statuses: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Journals:
    """Everything that was seen of one deployment."""

    events: dict[str, Posted] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    opt_outs: list[OptOut] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)  # checkpoints as shown, each when it was another than before
    bundles: list[bytes] = field(default_factory=list)
    vkeys: set[str] = field(default_factory=set)
    seen: dict[str, Seen] = field(default_factory=dict)
    surprises: list[tuple[str, str]] = field(default_factory=list)  # wrong answers, and the invariants they break
    poisoned: Counter[str] = field(default_factory=Counter)
    standstills: list[tuple[float, float]] = field(default_factory=list)  # a process was stopped, and woken
    memory_max: int = 0  # bytes of the largest process
    connections_max: int = 0
    counts: Counter[str] = field(default_factory=Counter)

"""An event: what an operator's system reports about a shipment, decoded and trusted."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

TYPE_PREFIX = "pl.awizo."
TYPE_SUFFIX = ".v1"

DELIVERY_KINDS = (
    "registered",
    "in_transit",
    "out_for_delivery",
    "attempt_failed",
    "notice_left",
    "ready_for_pickup",
    "terms_changed",
    "delivered",
    "refused",
    "pickup_expired",
    "returned",
    "operator_notified",
    "corrected",
)
SHIPMENT_INCIDENT_KINDS = ("delayed", "damaged", "lost", "address_problem", "item_held")
AREA_INCIDENT_KINDS = ("facility_unavailable", "service_disruption", "maintenance_planned", "resolved")

KNOWN_TYPES = frozenset(
    [f"{TYPE_PREFIX}delivery.{kind}{TYPE_SUFFIX}" for kind in DELIVERY_KINDS]
    + [f"{TYPE_PREFIX}incident.{kind}{TYPE_SUFFIX}" for kind in (*SHIPMENT_INCIDENT_KINDS, *AREA_INCIDENT_KINDS)]
)


def kind_of(event_type: str) -> str:
    """The last part of a type: `notice_left` for `pl.awizo.delivery.notice_left.v1`."""
    return event_type.removesuffix(TYPE_SUFFIX).rpartition(".")[2]


class LegalRegime(StrEnum):
    """Which law or terms govern the storage of an item (KPA art. 44, KPC art. 139, …)."""

    KPA = "kpa"
    PPSA = "ppsa"
    OP = "op"
    KPC = "kpc"
    KPK = "kpk"
    DFP = "dfp"
    POSTAL = "postal"
    COURIER = "courier"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningInterval:
    """One stretch of a day during which a facility is open, local time; `closes` 00:00 means midnight."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Whole local days, both ends included, on which a facility stays shut."""

    first_on: date
    last_on: date
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """From when until when an incident keeps a facility shut; `until` None: nobody knows."""

    starts: datetime
    until: datetime | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """A post office, collection point or locker.

    `hours` has seven entries, Monday first, each a tuple of intervals, empty when shut that day;
    None when the operator said nothing about hours. `closures` came with the facility, `outages` are incidents'.
    """

    id: str
    name: str
    street: str | None = None
    post_code: str | None = None
    city: str | None = None
    hours: tuple[tuple[OpeningInterval, ...], ...] | None = None
    closures: tuple[Closure, ...] = ()
    outages: tuple[Outage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickup:
    """From when until when an item can be collected: local dates for offices, instants for lockers."""

    starts: date | datetime | None = None
    until: date | datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperNotice:
    """The slip that a courier left: the first one or the repeat."""

    ordinal: int
    left_at: datetime
    place: str | None = None
    courier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """How an item changed hands, in the operator's codes; never who took it by name."""

    mode: str | None = None
    delivered_at: datetime | None = None
    receiver_role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The stretch of time in which a courier means to come."""

    starts: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Which event of the same operator is taken back.

    It is named by its `source` and `id`, or is the shipment's newest with that `code`, or the newest of that `kind`.
    `action` is `cancel` (it did not happen) or `replace` (it happened as the correction's own fields say; without
    any, what really happened follows as an event of its own).
    """

    action: str
    source: str | None = None
    id: str | None = None
    code: str | None = None
    kind: str | None = None


class AreaKind(StrEnum):
    """By what an incident says whom it touches."""

    SHIPMENT = "shipment"
    FACILITY = "facility"
    POST_CODE = "post_code"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One shipment, one facility, one post code (or all that begin so, with a `*`), or the whole operator."""

    kind: AreaKind
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What an incident of an area says of itself, beside its event's `reason`.

    `name` and `revision` are the operator's; `starts` and `until` local days, or moments; `substitute` is where to go
    instead. `scope` lists whom it touches: areas of one kind.
    """

    name: str
    revision: int
    starts: date | datetime | None = None
    until: date | datetime | None = None
    planned: bool = False
    announced_at: datetime | None = None
    substitute: Facility | None = None
    scope: tuple[Area, ...] = field(default=(), repr=False)


def vocabulary_name(said: str) -> str:
    """The name of a vocabulary as tables have it: the same in either case, and blanks around it are none of it."""
    return said.strip().casefold()


def code_with_vocabulary(vocabulary: str, code: str) -> str:
    """An operator's code as corrections look for it: `poczta-polska:P_OWU`. Blanks around it are none of it."""
    return f"{vocabulary_name(vocabulary)}:{code.strip()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRecord:
    """The operator's own record behind an event, as it came. `time` is evidence only and often without an offset.

    `notice_said`: the record says that a paper notice was left; `cancelled`: that it takes itself back.
    """

    vocabulary: str
    code: str
    time: str | None = None
    notice_said: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One reported event.

    `id` and `source` are the producer's; `canonical` is the JCS (RFC 8785) of the structured CloudEvent and
    the same bytes for all three HTTP modes. `effective_at` is when the reported thing happened (`notice.left_at`,
    `delivered_at`, else the CloudEvents `time`). `quarantine` names why an event that nobody can interpret is
    kept aside (None: understood). `mapped_type` is what a vocabulary made of the operator's own code, None when the
    producer named the type itself. `handover` comes with `delivered`; `reason`, `stage`, `change`, `severity` and
    `place` (what kind of place the item waits in) are codes. Moments that come as a date are local days.
    `last_chance` says whether, or until when, an item that goes back can still be had. `incident` comes with incidents
    of an area.
    """

    id: str
    source: str
    type: str
    time: datetime
    effective_at: datetime
    operator: str
    canonical: bytes = field(repr=False)
    shipments: tuple[str, ...] = field(default=(), repr=False)
    recipient: str | None = field(default=None, repr=False)
    service: str | None = None
    legal_regime: LegalRegime | None = None
    notice: PaperNotice | None = field(default=None, repr=False)
    facility: Facility | None = None
    pickup: Pickup | None = None
    handover: Handover | None = None
    reason: str | None = None
    stage: str | None = None
    window: Window | None = None
    next_attempt: date | datetime | None = None
    change: str | None = None
    place: str | None = None
    last_chance: bool | date | datetime | None = None
    severity: str | None = None
    new_eta: date | datetime | None = None
    action_until: date | datetime | None = None
    correction: Correction | None = field(default=None, repr=False)
    record: OperatorRecord | None = field(default=None, repr=False)
    incident: Incident | None = None
    mapped_type: str | None = None
    quarantine: str | None = None

    @property
    def kind(self) -> str:
        """The kind of the type that it is understood as."""
        return kind_of(self.mapped_type or self.type)

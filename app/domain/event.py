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
class Facility:
    """A post office, collection point or locker.

    `hours` has seven entries, Monday first, each a tuple of intervals, empty when shut that day;
    None when the operator said nothing about hours.
    """

    id: str
    name: str
    street: str | None = None
    post_code: str | None = None
    city: str | None = None
    hours: tuple[tuple[OpeningInterval, ...], ...] | None = None
    closures: tuple[Closure, ...] = ()


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
class Event:
    """One reported event.

    `id` and `source` are the producer's; `canonical` is the JCS (RFC 8785) of the structured CloudEvent and
    the same bytes for all three HTTP modes. `effective_at` is when the reported thing happened (`notice.left_at`,
    `delivered_at`, else the CloudEvents `time`). `quarantine` names why an event that nobody can interpret is
    kept aside (None: understood). `handover` comes with `delivered`; `reason` is the operator's code for why an item
    was refused, returned or delayed.
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
    quarantine: str | None = None

    @property
    def kind(self) -> str:
        """The last part of the type: `notice_left` for `pl.awizo.delivery.notice_left.v1`."""
        return self.type.removesuffix(TYPE_SUFFIX).rpartition(".")[2]

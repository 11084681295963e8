"""What a message about a shipment is made from, and which template says it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.calendar import zone
from app.domain.event import Event, Facility, Handover, Pickup
from app.rendering.catalog import language_or_default
from app.rendering.dates import local
from app.rendering.free_text import plain, plain_number
from app.rendering.words import OPERATORS

# The evidence log records a template's name and version; one version covers its SMS and its e-mail in all languages.
TEMPLATE_VERSIONS = {"notice_left": 1, "ready_for_pickup": 1, "delivered": 1, "returned": 1, "general": 1}

WAITING_KINDS = frozenset({"notice_left", "ready_for_pickup"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The facts of one message. Strings are the operator's own words, still as they came; rendering tames them.

    `happened_at` is when the reported thing happened, `zone` the clock it is told by, `language` one of the
    catalogs', `reference` the notification's id by which its proof is found.
    """

    kind: str
    happened_at: datetime
    operator: str
    language: str
    zone: ZoneInfo
    reference: UUID
    ordinal: int = 1
    service: str | None = None
    shipment: str | None = field(default=None, repr=False)
    facility: Facility | None = None
    pickup: Pickup | None = None
    paper_place: str | None = None
    handover: Handover | None = None
    reason: str | None = None

    @property
    def happened_on(self) -> date:
        """The local day on which the reported thing happened."""
        return local(self.happened_at, self.zone).date()

    @property
    def number(self) -> str:
        """The shipment's number, harmless on one line; empty when unknown."""
        return plain_number(self.shipment) if self.shipment else ""

    @property
    def until(self) -> date | datetime | None:
        """The operator's last day or moment for collecting, as the operator gave it."""
        return self.pickup.until if self.pickup else None


def notice_of_event(event: Event, *, shipment: str | None, language: str, time_zone: str, reference: UUID) -> Notice:
    """The notice that tells of `event`. A language without a catalog becomes Polish.

    `time_zone` is an IANA name; raises ZoneInfoNotFoundError or ValueError when it is none.
    """
    paper = event.notice
    handed_over_at = event.handover.delivered_at if event.handover else None
    return Notice(
        kind=event.kind,
        ordinal=paper.ordinal if paper else 1,
        happened_at=(paper.left_at if paper else handed_over_at) or event.effective_at,
        operator=OPERATORS.get(event.operator, event.operator),
        language=language_or_default(language),
        zone=zone(time_zone),
        reference=reference,
        service=event.service,
        shipment=shipment,
        facility=event.facility,
        pickup=event.pickup,
        paper_place=paper.place if paper else None,
        handover=event.handover,
        reason=event.reason,
    )


def template_of(notice: Notice) -> str:
    """The name of the template that fits: the kind's own if everything it must say is known, else `general`."""
    if notice.kind in WAITING_KINDS:
        named = notice.facility is not None and plain(notice.facility.name) != ""
        return notice.kind if named else "general"
    return notice.kind if notice.kind in TEMPLATE_VERSIONS else "general"


def local_date_of(moment: date | datetime, zone_: ZoneInfo) -> date:
    """The local day of an instant; a date is its own."""
    return local(moment, zone_).date() if isinstance(moment, datetime) else moment


def first_day(notice: Notice) -> date:
    """The first local day on which the item can be collected, as far as known."""
    starts = notice.pickup.starts if notice.pickup else None
    return local_date_of(starts, notice.zone) if starts is not None else notice.happened_on

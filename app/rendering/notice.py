"""What a message about a shipment is made from, and which template says it."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.calendar import DEFAULT_TIME_ZONE, zone
from app.domain.event import AREA_INCIDENT_KINDS, Event, Facility, Handover, PaperNotice, Pickup, Window
from app.domain.recipient import Letters
from app.domain.reminder import REMINDER_KINDS
from app.domain.shipment import TERM_KINDS, WAITING_KINDS, Stay
from app.rendering.catalog import language_or_default
from app.rendering.dates import local
from app.rendering.free_text import plain, plain_number
from app.rendering.words import MOVING_CHANGES, OPERATORS

# The evidence log records a template's name and version; one version covers its SMS and its e-mail in all languages.
TEMPLATE_VERSIONS = {
    "out_for_delivery": 2,
    "attempt_failed": 2,
    "notice_left": 3,
    "ready_for_pickup": 3,
    "terms_changed": 2,
    "delivered": 3,
    "refused": 2,
    "pickup_expired": 2,
    "returned": 3,
    "corrected": 2,
    "delayed": 2,
    "damaged": 2,
    "lost": 2,
    "address_problem": 2,
    "item_held": 2,
    "facility_unavailable": 2,
    "service_disruption": 2,
    "maintenance_planned": 2,
    "resolved": 2,
    "reminder": 2,
    "last_day": 2,
    "confirmation": 1,
    "sign_in": 1,
    "contact_changed": 1,
    "general": 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item that a message speaks of: number and service as the operator gave them, and since when it waits."""

    shipment: str | None = field(default=None, repr=False)
    service: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTouched:
    """A place where items of the person wait that an incident touches.

    `facility` has its outages. `collect_by` is the last safe day there, `substitute_by` the last day until which the
    incident's substitute is open for them; both None where no open day is left, and None of an operator's item without
    any end.
    """

    facility: Facility
    items: tuple[Item, ...]
    collect_by: date | None = None
    substitute_by: date | None = None
    has_no_open_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentNews:
    """One incident of an area, as one person is to be told of it.

    `kind` is its event's (facility_unavailable, service_disruption, maintenance_planned, resolved), `operator` a code
    or name, `starts` and `until` local days or moments, `reason` the operator's code. `places` are where items of the
    person wait that it touches, `items` other items that it touches; `post_codes` the areas (`03-7*`, as the operator
    wrote them) in which the person lives. `before` is what they were told of it earlier, so that only the change is
    told; `is_over`: it does not concern them any more, because it ended or was narrowed.
    """

    kind: str
    operator: str
    starts: date | datetime | None = None
    until: date | datetime | None = None
    planned: bool = False
    reason: str | None = None
    substitute: Facility | None = None
    places: tuple[PlaceTouched, ...] = ()
    items: tuple[Item, ...] = ()
    post_codes: tuple[str, ...] = field(default=(), repr=False)
    before: "IncidentNews | None" = None
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The facts of one message. Strings are the operator's own words, still as they came; rendering tames them.

    `happened_at` is when the reported thing happened, `zone` the clock it is told by, `language` one of the
    catalogs', `reference` the notification's id by which its proof is found. `since` is when the item was first said
    to wait, the notices are those of paper. `collect_by` is the last safe day for collecting as we computed it, None
    where we could not; `told_on` the local day on which the message is made. `corrected` is the kind of the news that
    a correction takes back, `replaced` whether it says what stands instead. `others` wait at the same place, too.
    `incidents` are what there is to tell of incidents of areas: the notice's own first, then others of the same day.
    Messages about the service itself bring a `code`, valid until `valid_until`, and the address of the `page` on which
    it is typed in, or of the settings. `letters` is how the person wants SMS spelt, `safety_phrase` their own words
    that stand in each message.
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
    since: datetime | None = None
    first_notice_at: datetime | None = None
    second_notice_at: datetime | None = None
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
    corrected: str | None = None
    replaced: bool = False
    collect_by: date | None = None
    told_on: date | None = None
    others: tuple[Item, ...] = ()
    incidents: tuple[IncidentNews, ...] = ()
    letters: Letters = Letters.PLAIN
    safety_phrase: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    valid_until: datetime | None = None
    page: str | None = field(default=None, repr=False)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a message needs beside its event.

    `kind` is the notification's own where it is not the event's (a reminder), `stay` what is known of an item that
    waits; the rest as in Notice.
    """

    language: str
    reference: UUID
    kind: str | None = None
    stay: Stay | None = None
    corrected: str | None = None
    collect_by: date | None = None
    told_on: date | None = None
    others: tuple[Item, ...] = ()
    incidents: tuple[IncidentNews, ...] = ()
    letters: Letters = Letters.PLAIN
    safety_phrase: str | None = field(default=None, repr=False)


def notice_of_event(event: Event, telling: Telling, *, time_zone: str = DEFAULT_TIME_ZONE) -> Notice:
    """The notice that tells of `event`. A language without a catalog becomes Polish.

    Of an item that waits, what its other events say is said where this one says nothing; a reminder, and news that was
    put right or comes late, says what all of them come to. `time_zone` is an IANA name; raises ZoneInfoNotFoundError or
    ValueError when it is none.
    """
    stay = telling.stay
    if stay is not None and (telling.kind in REMINDER_KINDS or _is_part_of(event, stay)):
        event = _as_known_now(event, stay)
    paper = event.notice
    # What is to be moved waits no longer where, or until when, it was said to wait before.
    place = stay if event.change not in MOVING_CHANGES else None
    return Notice(
        kind=telling.kind or event.kind,
        ordinal=paper.ordinal if paper else 1,
        happened_at=_happened_at(event),
        operator=OPERATORS.get(event.operator, event.operator),
        language=language_or_default(telling.language),
        zone=zone(time_zone),
        reference=telling.reference,
        service=event.service or (stay.service if stay else None),
        shipment=event.shipments[0] if event.shipments else None,
        facility=event.facility or (place.facility if place else None),
        pickup=event.pickup or (place.pickup if place else None),
        place=event.place or (place.place if place else None),
        paper_place=paper.place if paper else None,
        since=stay.since if stay else None,
        first_notice_at=_left_at(paper, 1) or (stay.first_notice_at if stay else None),
        second_notice_at=_left_at(paper, 2) or (stay.second_notice_at if stay else None),
        handover=event.handover,
        reason=event.reason,
        stage=event.stage,
        window=event.window,
        next_attempt=event.next_attempt,
        change=event.change,
        last_chance=event.last_chance,
        severity=event.severity,
        new_eta=event.new_eta,
        action_until=event.action_until,
        corrected=telling.corrected,
        replaced=event.correction is not None and event.correction.action == "replace",
        collect_by=telling.collect_by,
        told_on=telling.told_on,
        others=telling.others,
        incidents=telling.incidents,
        letters=telling.letters,
        safety_phrase=telling.safety_phrase,
    )


def _is_part_of(event: Event, stay: Stay) -> bool:
    """Whether the event says where, or until when, the item waits, and is covered by all that is known of that."""
    return event.kind in TERM_KINDS and event.effective_at <= stay.newest_at


def _as_known_now(event: Event, stay: Stay) -> Event:
    """The event that is told of, as corrections and other people's events have left what it said."""
    left_at = {1: stay.first_notice_at, 2: stay.second_notice_at}.get(event.notice.ordinal) if event.notice else None
    known = replace(event, notice=replace(event.notice, left_at=left_at) if event.notice and left_at else None)
    if event.change in MOVING_CHANGES and event.facility is None:
        return known  # nobody has said yet where it is moved to
    return replace(
        known,
        facility=stay.facility or event.facility,
        pickup=stay.pickup or event.pickup,
        place=stay.place or event.place,
    )


def _happened_at(event: Event) -> datetime:
    """When a notice was left or an item handed over; of a correction, when it was made."""
    if event.correction is not None:
        return event.effective_at
    handed_over_at = event.handover.delivered_at if event.handover else None
    return (event.notice.left_at if event.notice else handed_over_at) or event.effective_at


def _left_at(paper: PaperNotice | None, ordinal: int) -> datetime | None:
    return paper.left_at if paper and paper.ordinal == ordinal else None


def template_of(notice: Notice) -> str:
    """The name of the template that fits: the kind's own if everything it must say is known, else `general`."""
    if notice.kind in WAITING_KINDS:
        named = notice.facility is not None and plain(notice.facility.name) != ""
        return notice.kind if named else "general"
    if notice.kind in AREA_INCIDENT_KINDS and not notice.incidents:
        return "general"
    return notice.kind if notice.kind in TEMPLATE_VERSIONS else "general"


def local_date_of(moment: date | datetime, zone_: ZoneInfo) -> date:
    """The local day of an instant; a date is its own."""
    return local(moment, zone_).date() if isinstance(moment, datetime) else moment


def first_day(notice: Notice) -> date:
    """The first local day on which the item can be collected, as far as known."""
    starts = notice.pickup.starts if notice.pickup else None
    return local_date_of(starts, notice.zone) if starts is not None else notice.happened_on

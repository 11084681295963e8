"""The judge's own reading of what was posted: what each event means, and what those of one item come to.

It shares no code with the application, and knows only what stories post.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.second_deadlines import Hours
from tests.simulation.journal import Posted
from tests.simulation.parcels import WARSAW
from tests.simulation.places import DAYS

_STAGES = [
    "registered",
    "in_transit",
    "out_for_delivery",
    "attempt_failed",
    "notice_left",
    "ready_for_pickup",
    "pickup_expired",
    "refused",
    "returned",
    "delivered",
]
WAITING = {"notice_left", "ready_for_pickup"}
_ABOUT_WAITING = WAITING | {"terms_changed"}
_MOVING = {"in_transit", "out_for_delivery", "pickup_expired", "refused", "returned", "delivered", "lost"}
_AHEAD_OF_US = timedelta(minutes=15)

# What the operators' codes that stories use mean: kind, which notice, what kind of place.
CODES: dict[tuple[str, str], tuple[str, int | None, str | None]] = {
    ("poczta-polska", "P_NAD"): ("registered", None, None),
    ("poczta-polska", "P_WD"): ("out_for_delivery", None, None),
    ("poczta-polska", "P_A"): ("notice_left", 1, None),
    ("poczta-polska", "P_PA"): ("notice_left", 2, None),
    ("poczta-polska", "P_DKAO"): ("ready_for_pickup", None, None),
    ("poczta-polska", "P_OWU"): ("delivered", None, None),
    ("poczta-polska", "P_ZDUN"): ("returned", None, None),
    ("poczta-polska", "P_NDZ"): ("returned", None, None),
    ("inpost", "collected_from_sender"): ("registered", None, None),
    ("inpost", "out_for_delivery"): ("out_for_delivery", None, None),
    ("inpost", "pickup_reminder_sent_address"): ("attempt_failed", None, None),
    ("inpost", "ready_to_pickup"): ("ready_for_pickup", None, "locker"),
    ("inpost", "ready_to_pickup_from_pok"): ("ready_for_pickup", None, "point"),
    ("inpost", "delivered"): ("delivered", None, None),
    ("inpost", "pickup_time_expired"): ("pickup_expired", None, None),
    ("inpost", "returned_to_sender"): ("returned", None, None),
}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One event: when we heard it, and what it says."""

    at: datetime
    effective: datetime
    kind: str
    ordinal: int | None
    place: str | None
    name: tuple[str, str]
    takes_back: tuple[str, str] | None
    data: dict[str, Any]

    @property
    def order(self) -> tuple[datetime, int, int, tuple[str, str]]:
        rank = _STAGES.index(self.kind) if self.kind in _STAGES else -1
        return self.effective, rank, self.ordinal or 0, self.name


@dataclass(frozen=True, kw_only=True)
class Shut:
    """One revision of an incident that shuts a place on whole days, or, without days, its end."""

    at: datetime
    operator: str
    name: str
    revision: int
    office: str
    days: tuple[date, date] | None

    @property
    def order(self) -> tuple[int, bool]:
        return self.revision, self.days is None


@dataclass(kw_only=True)
class Item:
    """One shipment: whose it is, and what was heard of it, in the order of hearing."""

    number: str
    operator: str
    recipient: str
    heard: list[Heard] = field(default_factory=list)
    shut: list[Shut] = field(default_factory=list)  # what was heard of incidents at places where it ever was

    @property
    def moments(self) -> list[datetime]:
        """When something was heard that may count for it, from the first that was heard of itself."""
        since = self.heard[0].at
        return sorted({each.at for each in self.heard} | {each.at for each in self.shut if each.at >= since})

    @property
    def regime(self) -> str:
        """What it falls under, for counting."""
        said = [each.data["legal_regime"] for each in self.heard if "legal_regime" in each.data]
        return said[-1] if said else "unsaid"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an item stands: whether it waits, and where, since and until when, as last said."""

    waits: bool
    regime: str
    first: date | None
    second: date | None
    office: str | None
    week: tuple[tuple[tuple[int, int], ...], ...]
    closures: tuple[tuple[date, date], ...]
    pickup_from: date | datetime | None
    pickup_until: date | datetime | None


def items_of(posted: Iterable[Posted]) -> dict[str, Item]:
    """All items by number; what comes again under its own name was heard before."""
    items: dict[str, Item] = {}
    posted = list(posted)
    for post in posted:
        data = post.document["data"]
        if "incident" in data:
            continue
        item = items.setdefault(
            data["shipment"], Item(number=data["shipment"], operator=data["operator"], recipient=data["recipient"])
        )
        heard = _heard(post)
        if heard.name not in {each.name for each in item.heard}:
            item.heard.append(heard)
    shut = shut_by(posted)
    for item in items.values():
        offices = {each.data["facility"]["id"] for each in item.heard if "facility" in each.data}
        item.shut = [each for each in shut if each.operator == item.operator and each.office in offices]
    return items


def shut_by(posted: Iterable[Posted]) -> list[Shut]:
    """What was heard of incidents."""
    found = []
    for post in posted:
        data = post.document["data"]
        if "incident" in data:
            days = (date.fromisoformat(data["from"]), date.fromisoformat(data["until"])) if "from" in data else None
            office = data["scope"]["facilities"][0]
            found.append(
                Shut(
                    at=post.at, operator=data["operator"], name=data["incident"], revision=data["revision"],
                    office=office, days=days,
                )
            )  # fmt: skip
    return found


def _shut_days(shut: Iterable[Shut], office: str | None, now: datetime) -> tuple[tuple[date, date], ...]:
    """When incidents keep that place shut, as the highest revision of each says that was heard by then."""
    newest: dict[str, Shut] = {}
    for each in shut:
        if each.at < now and (each.name not in newest or each.order > newest[each.name].order):
            newest[each.name] = each
    return tuple(each.days for each in newest.values() if each.days is not None and each.office == office)


def _heard(post: Posted) -> Heard:
    document = post.document
    data = document["data"]
    kind, ordinal, place = document["type"].split(".")[3], None, data.get("place")
    if "raw" in data:
        kind, ordinal, place = CODES[data["raw"]["vocabulary"], data["raw"]["code"]]
    effective = document["time"]
    if "notice" in data:
        ordinal, effective = data["notice"]["ordinal"], data["notice"]["left_at"]
    effective = data.get("delivered_at", effective)
    aim = data.get("corrects")
    return Heard(
        at=post.at,
        effective=datetime.fromisoformat(effective),
        kind=kind,
        ordinal=ordinal,
        place=place,
        name=(document["source"], document["id"]),
        takes_back=(aim["source"], aim["id"]) if aim else None,
        data=data,
    )


def standing(item: Item, now: datetime) -> Standing | None:
    """What all that was heard before comes to; None as long as it never waited."""
    known = [each for each in item.heard if each.at < now and each.effective <= now + _AHEAD_OF_US]
    gone = {each.takes_back for each in known}
    true = sorted((e for e in known if e.name not in gone and e.kind != "corrected"), key=lambda each: each.order)
    waiting = [each for each in true if each.kind in WAITING]
    if not waiting:
        return None
    ended = any(each.kind in _MOVING and each.order > waiting[-1].order for each in true)
    said = [each for each in true if each.kind in _ABOUT_WAITING]
    notices = [each for each in waiting if each.kind == "notice_left"]
    facility = _newest(said, "facility")
    pickup = _newest(said, "pickup") or {}
    until = _moment(pickup.get("until"))
    place = next((each.place for each in reversed(said) if each.place), None)
    return Standing(
        waits=not ended,
        regime=_newest(said, "legal_regime") or ("unknown" if notices else "postal"),
        first=next((_day(each.effective) for each in notices if each.ordinal == 1), None),
        second=next((_day(each.effective) for each in reversed(notices) if each.ordinal == 2), None),
        office=facility["id"] if facility else None,
        week=_week(facility, never_shuts=place == "locker" or (place is None and isinstance(until, datetime))),
        closures=_closures(facility) + _shut_days(item.shut, facility["id"] if facility else None, now),
        pickup_from=_moment(pickup.get("from")),
        pickup_until=until,
    )


def _newest(said: Sequence[Heard], member: str) -> Any:
    return next((each.data[member] for each in reversed(said) if each.data.get(member) is not None), None)


def _day(moment: datetime) -> date:
    return moment.astimezone(WARSAW).date()


def _moment(text: str | None) -> date | datetime | None:
    if text is None:
        return None
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def _week(facility: dict[str, Any] | None, *, never_shuts: bool) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Minutes after midnight; offices of which nothing is known open from Monday to Friday, eight to four."""
    if facility is None or "hours" not in facility:
        return (((0, 1440),),) * 7 if never_shuts else (((480, 960),),) * 5 + ((), ())
    return tuple(tuple(_spans(facility["hours"][day])) for day in DAYS)


def _spans(text: str | None) -> Hours:
    spans = [span.split("-") for span in text.split(",")] if text else []
    return [(_minutes(opens), _minutes(closes)) for opens, closes in spans]


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _closures(facility: dict[str, Any] | None) -> tuple[tuple[date, date], ...]:
    listed = facility.get("closures", []) if facility else []
    return tuple((date.fromisoformat(each["from"]), date.fromisoformat(each["until"])) for each in listed)

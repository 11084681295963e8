"""Events, notices and an envelope to render: a November day on which everything happens."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.event import Closure, Event, Facility, Handover, OpeningInterval, PaperNotice, Pickup
from app.rendering.email import EmailEnvelope
from app.rendering.notice import Notice, Telling, notice_of_event

WARSAW = ZoneInfo("Europe/Warsaw")
REFERENCE = UUID("01936b1e-7a00-7000-8000-000000000001")
NUMBER = "00759007734123456789"
LANGUAGES = ("pl", "en")

ENVELOPE = EmailEnvelope(
    sender="Awizo <awizo@example.org>",
    to="jan@example.com",
    message_id=f"<{REFERENCE}@example.org>",
    date=datetime(2026, 11, 23, 11, 45, tzinfo=WARSAW),
    unsubscribe_url="https://example.org/u/" + "A" * 43,
)


def intervals(text: str) -> tuple[OpeningInterval, ...]:
    """`8:00-12:00,13:00-18:00` as intervals; an empty text means shut."""
    ends = [part.split("-") for part in text.split(",") if part]
    return tuple(OpeningInterval(opens=_time(opens), closes=_time(closes)) for opens, closes in ends)


def week(*days: str) -> tuple[tuple[OpeningInterval, ...], ...]:
    """Seven days of hours, Monday first."""
    assert len(days) == 7
    return tuple(intervals(day) for day in days)


def _time(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a wall-clock time has no zone


OFFICE = Facility(
    id="UP-00-032",
    name="UP Warszawa 32",
    street="Targowa 73",
    post_code="03-729",
    city="Warszawa",
    hours=week(*["8:00-20:00"] * 5, "", ""),
)
LOCKER = Facility(
    id="WAW01A",
    name="Paczkomat WAW01A",
    street="Kościelna 1",
    post_code="03-730",
    city="Łódź",
    hours=week(*["0:00-0:00"] * 7),
)
STOCKTAKING = Closure(first_on=date(2026, 12, 1), last_on=date(2026, 12, 2), reason="stocktaking")
PICKUP = Pickup(starts=date(2026, 11, 24), until=date(2026, 12, 7))


def event(kind: str, **fields: object) -> Event:
    """An event of that kind on 23 November 2026, 11:42 in Warsaw."""
    moment = datetime(2026, 11, 23, 11, 42, tzinfo=WARSAW)
    plain = Event(
        id="wer-1-000123",
        source="/poczta-polska/wer-warszawa",
        type=f"pl.awizo.delivery.{kind}.v1",
        time=moment,
        effective_at=moment,
        operator="poczta-polska",
        canonical=b"{}",
        service="registered_letter",
    )
    return replace(plain, **fields)  # type: ignore[arg-type] # the fields of an event are of many types


def notice_left(ordinal: int = 1, **fields: object) -> Event:
    """A first or a repeat notice for an item at the post office until 7 December."""
    left_at = datetime(2026, 11, 23, 11, 40, tzinfo=WARSAW) + timedelta(days=8 * (ordinal - 1))
    paper = PaperNotice(ordinal=ordinal, left_at=left_at, place="letterbox", courier="K-0421")
    return event("notice_left", **{"notice": paper, "facility": OFFICE, "pickup": PICKUP, **fields})


def notice_of(reported: Event, language: str = "pl", shipment: str | None = NUMBER) -> Notice:
    """The notice of an event for a person in Warsaw."""
    shipments = (shipment,) if shipment else ()
    return notice_of_event(replace(reported, shipments=shipments), Telling(language=language, reference=REFERENCE))


_COLLECTED_AT = datetime(2026, 11, 24, 9, 5, tzinfo=WARSAW)

# Every kind, with what changes its words: the golden files show each of them in each language.
SAMPLES: Mapping[str, Event] = {
    "notice_left_first": notice_left(),
    "notice_left_first_with_closure": notice_left(
        facility=replace(
            OFFICE,
            hours=week(
                "8:00-20:00", "8:00-20:00", "8:00-12:00,13:00-18:00", "8:00-20:00", "8:00-20:00", "9:00-13:00", ""
            ),
            closures=(STOCKTAKING,),
        )
    ),
    "notice_left_first_without_date": notice_left(pickup=None),
    "notice_left_repeat": notice_left(2),
    "notice_left_repeat_without_date": notice_left(
        2, pickup=None, facility=replace(OFFICE, hours=None, closures=(STOCKTAKING,))
    ),
    "ready_for_pickup_locker": event(
        "ready_for_pickup",
        service="parcel",
        operator="inpost",
        facility=LOCKER,
        pickup=Pickup(until=datetime(2026, 11, 25, 14, 30, tzinfo=WARSAW)),
    ),
    "ready_for_pickup_office": event("ready_for_pickup", service="parcel", facility=OFFICE),
    "delivered_by_hand": event(
        "delivered",
        handover=Handover(mode="handed_over", delivered_at=_COLLECTED_AT, receiver_role="household_member"),
    ),
    "delivered_collected": event(
        "delivered", handover=Handover(mode="collected", delivered_at=_COLLECTED_AT, receiver_role="addressee")
    ),
    "returned_not_collected": event("returned", reason="not_collected"),
    "returned_without_reason": event("returned", service=None),
    "general_notice_without_place": notice_left(facility=None),
    "general_other_kind": event("terms_changed", facility=OFFICE, pickup=PICKUP),
}

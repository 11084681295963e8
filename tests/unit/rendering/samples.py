"""Events, notices and an envelope to render: a November day on which everything happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.event import (
    Closure,
    Correction,
    Event,
    Facility,
    Handover,
    LegalRegime,
    OpeningInterval,
    PaperNotice,
    Pickup,
    Window,
)
from app.domain.shipment import Stay
from app.rendering.email import EmailEnvelope
from app.rendering.notice import Item, Notice, Telling, notice_of_event

WARSAW = ZoneInfo("Europe/Warsaw")
REFERENCE = UUID("01936b1e-7a00-7000-8000-000000000001")
NUMBER = "00759007734123456789"
LANGUAGES = ("pl", "en", "uk")

ENVELOPE = EmailEnvelope(
    sender="Awizo <awizo@example.org>",
    to="jan@example.com",
    message_id=f"<{REFERENCE}@example.org>",
    date=datetime(2026, 11, 23, 11, 45, tzinfo=WARSAW),
    unsubscribe_url="https://example.org/u/" + "A" * 43,
    notice_url="https://example.org/n/" + "B" * 43,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An event, and what is told beside it: fields of Telling."""

    event: Event
    told: Mapping[str, object] = field(default_factory=dict)


def told(reported: Event, **fields: object) -> Sample:
    """The event as told with these fields of Telling."""
    return Sample(event=reported, told=fields)


def notice_of(reported: Event | Sample | Notice, language: str = "pl", shipment: str | None = NUMBER) -> Notice:
    """The notice of an event for a person in Warsaw; one that is about no event is what it is."""
    if isinstance(reported, Notice):
        return replace(reported, language=language)
    sample = reported if isinstance(reported, Sample) else Sample(event=reported)
    shipments = (shipment,) if shipment else ()
    telling = replace(Telling(language=language, reference=REFERENCE), **sample.told)  # type: ignore[arg-type] # of many types
    return notice_of_event(replace(sample.event, shipments=shipments), telling)


_COLLECTED_AT = datetime(2026, 11, 24, 9, 5, tzinfo=WARSAW)

_NOTICE_AT = datetime(2026, 11, 23, 11, 40, tzinfo=WARSAW)
SAFE = date(2026, 12, 7)
STAY = Stay(
    since=_NOTICE_AT,
    newest_at=_NOTICE_AT,
    regime=LegalRegime.KPA,
    service="registered_letter",
    facility=OFFICE,
    pickup=Pickup(starts=date(2026, 11, 24), until=date(2026, 12, 8)),
    first_notice_at=_NOTICE_AT,
)
_TWICE = replace(STAY, second_notice_at=_NOTICE_AT + timedelta(days=8))
_REMINDED = date(2026, 12, 3)
OTHERS = (
    Item(shipment="00759007734123450001", service="registered_letter", since=_NOTICE_AT - timedelta(days=3)),
    Item(shipment="RR123456789PL", service="parcel"),
)
_LOCKER_UNTIL = Pickup(until=datetime(2026, 11, 25, 14, 30, tzinfo=WARSAW))
_POINT = replace(OFFICE, id="P-7", name="Sklep Ulubiony", street="Brzeska 7", hours=week(*["7:00-21:00"] * 6, ""))


def _reminder(kind: str, stay: Stay = STAY, **fields: object) -> Sample:
    return told(event("notice_left"), kind=kind, stay=stay, collect_by=SAFE, **fields)


def _incident(kind: str, **fields: object) -> Event:
    return event(kind, type=f"pl.awizo.incident.{kind}.v1", **fields)


def _correction(kind: str, action: str, **fields: object) -> Sample:
    given = {"corrected": fields.pop("corrected"), "stay": fields.pop("stay", None)}
    safe = fields.pop("collect_by", None)
    return told(event(kind, correction=Correction(action=action), **fields), collect_by=safe, **given)


# Every kind, with what changes its words: the golden files show each of them in each language.
SAMPLES: Mapping[str, Sample] = {
    "out_for_delivery": told(event("out_for_delivery")),
    "out_for_delivery_with_window": told(
        event(
            "out_for_delivery",
            service="courier_parcel",
            operator="inpost",
            window=Window(
                starts=datetime(2026, 11, 23, 14, 0, tzinfo=WARSAW), until=datetime(2026, 11, 23, 16, 0, tzinfo=WARSAW)
            ),
        )
    ),
    "attempt_failed": told(event("attempt_failed")),
    "attempt_failed_with_next": told(event("attempt_failed", reason="absent", next_attempt=date(2026, 11, 24))),
    "notice_left_first": told(
        notice_left(pickup=replace(PICKUP, until=date(2026, 12, 8)), legal_regime=LegalRegime.KPA), collect_by=SAFE
    ),
    "notice_left_first_with_closure": told(
        notice_left(
            facility=replace(
                OFFICE,
                hours=week(
                    "8:00-20:00", "8:00-20:00", "8:00-12:00,13:00-18:00", "8:00-20:00", "8:00-20:00", "9:00-13:00", ""
                ),
                closures=(STOCKTAKING,),
            )
        ),
        collect_by=SAFE,
        safety_phrase="zielony czajnik",
    ),
    "notice_left_first_without_operators_date": told(notice_left(pickup=None), collect_by=SAFE),
    "notice_left_first_without_safe_day": told(notice_left()),
    "notice_left_first_without_date": told(notice_left(pickup=None)),
    "notice_left_repeat": told(notice_left(2), stay=_TWICE, collect_by=SAFE),
    "notice_left_repeat_without_date": told(
        notice_left(2, pickup=None, facility=replace(OFFICE, hours=None, closures=(STOCKTAKING,)))
    ),
    "ready_for_pickup_locker": told(
        event(
            "ready_for_pickup",
            service="parcel",
            operator="inpost",
            facility=LOCKER,
            place="locker",
            pickup=_LOCKER_UNTIL,
        ),
        collect_by=date(2026, 11, 25),
    ),
    "ready_for_pickup_office": told(event("ready_for_pickup", facility=OFFICE), stay=STAY, collect_by=SAFE),
    "ready_for_pickup_point": told(
        event(
            "ready_for_pickup",
            service="parcel",
            operator="inpost",
            facility=_POINT,
            place="point",
            pickup=Pickup(until=date(2026, 11, 26)),
        ),
        collect_by=date(2026, 11, 26),
    ),
    "terms_changed_extended": told(
        event("terms_changed", change="extended", pickup=Pickup(until=date(2026, 12, 11))),
        stay=STAY,
        collect_by=date(2026, 12, 7),
    ),
    "terms_changed_moved": told(
        event(
            "terms_changed",
            change="redirect_locker",
            service="parcel",
            operator="inpost",
            facility=LOCKER,
            place="locker",
            pickup=_LOCKER_UNTIL,
        ),
        collect_by=date(2026, 11, 25),
    ),
    "terms_changed_moved_nowhere_yet": told(event("terms_changed", change="place_changed"), stay=STAY),
    "terms_changed_to_address": told(event("terms_changed", change="redirect_address"), stay=STAY),
    "terms_changed_unknown": told(event("terms_changed", change="x-change")),
    "delivered_by_hand": told(
        event(
            "delivered",
            handover=Handover(mode="handed_over", delivered_at=_COLLECTED_AT, receiver_role="household_member"),
        )
    ),
    "delivered_collected": told(
        event("delivered", handover=Handover(mode="collected", delivered_at=_COLLECTED_AT, receiver_role="addressee"))
    ),
    "refused": told(event("refused")),
    "refused_with_reason": told(event("refused", reason="cod_unpaid", last_chance=date(2026, 11, 30))),
    "pickup_expired": told(event("pickup_expired", service="parcel", facility=OFFICE)),
    "pickup_expired_with_last_chance": told(
        event("pickup_expired", service="parcel", operator="inpost", facility=LOCKER, last_chance=True)
    ),
    "returned_not_collected": told(event("returned", reason="not_collected", stage="started", last_chance=False)),
    "returned_without_reason": told(event("returned", service=None)),
    "returned_undeliverable": told(event("returned", stage="undeliverable_office", reason="unknown_addressee")),
    "corrected_cancelled": _correction("corrected", "cancel", corrected="delivered"),
    "corrected_still_waiting": _correction("corrected", "cancel", corrected="delivered", stay=STAY, collect_by=SAFE),
    "corrected_replaced": _correction(
        "corrected",
        "replace",
        corrected="notice_left",
        notice=PaperNotice(ordinal=1, left_at=_NOTICE_AT, place="letterbox"),
        facility=OFFICE,
        pickup=PICKUP,
        collect_by=SAFE,
    ),
    "corrected_replaced_handover": _correction(
        "corrected",
        "replace",
        corrected="delivered",
        handover=Handover(mode="collected", delivered_at=_COLLECTED_AT, receiver_role="authorised"),
    ),
    "corrected_unknown": _correction("corrected", "replace", corrected=None),
    "delayed": told(_incident("delayed", reason="unspecified")),
    "delayed_with_new_date": told(_incident("delayed", reason="customs_hold", new_eta=date(2026, 11, 27))),
    "damaged": told(_incident("damaged", service="parcel")),
    "damaged_in_part": told(_incident("damaged", service="parcel", reason="incomplete", severity="minor")),
    "lost": told(_incident("lost")),
    "address_problem": told(
        _incident("address_problem", reason="incomplete", action_until=date(2026, 11, 27), operator="inpost")
    ),
    "address_problem_without_reason": told(_incident("address_problem")),
    "item_held": told(_incident("item_held", reason="inspection")),
    "item_held_for_the_sender": told(_incident("item_held", reason="sender_decision")),
    "reminder": _reminder("reminder", told_on=date(2026, 11, 26)),
    "reminder_after_repeat": _reminder("reminder", _TWICE, told_on=_REMINDED),
    "reminder_of_three": _reminder("reminder", told_on=_REMINDED, others=OTHERS, safety_phrase="zielony czajnik"),
    "reminder_locker": told(
        event("ready_for_pickup", service="parcel", operator="inpost", facility=LOCKER, place="locker"),
        kind="reminder",
        stay=replace(STAY, regime=LegalRegime.COURIER, facility=LOCKER, pickup=_LOCKER_UNTIL, first_notice_at=None),
        collect_by=date(2026, 11, 25),
        told_on=date(2026, 11, 24),
    ),
    "last_day_tomorrow": _reminder("last_day", told_on=date(2026, 12, 6)),
    "last_day_today": _reminder("last_day", _TWICE, told_on=SAFE),
    "last_day_later": _reminder("last_day", told_on=date(2026, 12, 4)),
    "last_day_of_three": _reminder("last_day", told_on=date(2026, 12, 6), others=OTHERS),
    "general_notice_without_place": told(notice_left(facility=None), collect_by=SAFE),
    "general_ready_without_place": told(event("ready_for_pickup", place="branch", service="parcel", operator="inpost")),
    "general_other_kind": told(event("registered")),
}

"""Bugs planted on purpose, each to be found by the violation that it brings about, in a story of a few shipments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from app.domain.outages import NO_OUTAGES
from tests.simulation.outages import shut_post
from tests.simulation.parcels import DAY, Parcel, in_order_of_arrival, wall
from tests.simulation.people import DEFAULT_QUIET, Person
from tests.simulation.places import ClosedSpan, Place
from tests.simulation.stories import Story

MONDAY = date(2026, 11, 30)
_EVERY = frozenset(
    (channel, purpose) for channel in ("sms", "email") for purpose in ("delivery", "progress", "incident")
)


# What the product remembers of calls, and what a story without a bug, or with another one, must not have filled.
REMEMBERED = ("app.domain.deadline._applied", "app.domain.reminder._days")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`finds` is the violation that shows it, `places` all names under which the product uses what is replaced."""

    finds: str
    places: tuple[str, ...]
    make: Callable[[Any], Any]


def _waits_for_ever(picture_of: Callable[..., Any]) -> Callable[..., Any]:
    def still_waits(milestones: Any) -> Any:
        picture = picture_of(milestones)
        return replace(picture, waits=picture.stay is not None)

    return still_waits


def _a_day_later(safe_day: Callable[..., Any]) -> Callable[..., Any]:
    def later(inputs: Any, latest: date) -> date | None:
        day = safe_day(inputs, latest)
        while day is not None and not inputs.calendar.is_open(day + DAY):
            day += DAY
        return day + DAY if day else None

    return later


def _without_the_eve(days: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: [step for step in days(*given) if step[0] != "last_day"]


def _with_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    def wrap(render_sms: Callable[..., Any]) -> Callable[..., Any]:
        def rendered(notice: Any) -> Any:
            sms = render_sms(notice)
            return replace(sms, text=change(sms.text))

        return rendered

    return wrap


def _in_english(notice_of_event: Callable[..., Any]) -> Callable[..., Any]:
    return lambda event, telling: notice_of_event(event, replace(telling, language="en"))


def _never_closed(calendar_of: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given, **named: replace(calendar_of(*given, **named), closures=())


def _nothing_is_shut(_outages: Callable[..., Any]) -> Callable[..., Any]:
    async def nothing(*_given: Any) -> Any:
        return NO_OUTAGES

    return nothing


FAULTS: Mapping[str, Fault] = {
    "the plan is not dropped on collection": Fault(
        finds="not_waiting", places=("app.domain.stay.picture_of",), make=_waits_for_ever
    ),
    "quiet hours are ignored": Fault(
        finds="quiet", places=("app.domain.decision.quiet_until",), make=lambda _: lambda *_given: None
    ),
    "the safe day is one later": Fault(
        finds="too_late_day", places=("app.domain.deadline._safe_day",), make=_a_day_later
    ),
    "announced closures are ignored": Fault(
        finds="shut_safe_day", places=("app.domain.stay.calendar_of",), make=_never_closed
    ),
    "incidents shut nothing": Fault(
        finds="shut_safe_day", places=("app.storage.incidents.outages",), make=_nothing_is_shut
    ),
    "nobody is told of shut places": Fault(
        finds="untold", places=("app.usecases.tell_incidents.plan",), make=lambda _: lambda *_given, **_named: []
    ),
    "items are never merged": Fault(
        finds="unmerged",
        places=("app.usecases.release_reminders._message",),
        make=lambda _: lambda release: release.id,
    ),
    "nobody counts SMS": Fault(
        finds="too_many_sms",
        places=("app.domain.reminder.SMS_PER_ITEM_MAX", "app.usecases.plan_notifications.SMS_PER_ITEM_MAX"),
        make=lambda _: 99,
    ),
    "nobody is told on the eve of the last day": Fault(
        finds="missing", places=("app.domain.reminder._days",), make=_without_the_eve
    ),
    "reminders come three hours late": Fault(
        finds="missing",
        places=("app.domain.reminder.MORNING", "app.domain.reminder.EVE"),
        make=lambda hour: hour.replace(hour=hour.hour + 3),
    ),
    "a link is added": Fault(
        finds="link",
        places=("app.usecases.render_message.render_sms",),
        make=_with_text(lambda text: f"{text} https://awizo.example"),
    ),
    "texts grow": Fault(
        finds="too_long",
        places=("app.usecases.render_message.render_sms",),
        make=_with_text(lambda text: f"{text} {text} {text}"),
    ),
    "everybody is told in English": Fault(
        finds="language", places=("app.usecases.render_message.notice_of_event",), make=_in_english
    ),
    "consent is not asked for": Fault(
        finds="unconsented",
        places=("app.domain.decision.reason_to_stop",),
        make=lambda _: lambda *_given: None,
    ),
    "missing second notices are not noted": Fault(
        finds="missing_anomaly",
        places=("app.domain.deadline._anomalies",),
        make=lambda _: lambda *_given, **_named: (),
    ),
}


def small_story() -> Story:
    """Ten shipments, three people and three offices: enough for each of the faults to do harm."""
    chance = Random(7)
    jan, olha, nobody = _person(0, "pl"), _person(1, "uk", native=True), _person(2, "pl", agreed=False)
    office = _office("UP-1", ())
    closing = _office(
        "UP-2", (ClosedSpan(first=MONDAY + 14 * DAY, last=MONDAY + 15 * DAY, announced_on=MONDAY - 9 * DAY),)
    )
    struck = _office("UP-3", ())
    parcels = [
        _letter(chance, 1, jan, office, collected_after=5),
        _letter(chance, 2, jan, office),
        _letter(chance, 3, jan, office),
        _letter(chance, 4, olha, closing),
        _letter(chance, 5, olha, office, collected_after=12),
        _letter(chance, 6, nobody, office),
        _letter(chance, 7, jan, closing, left_at=21),
        _letter(chance, 8, olha, office, regime="kpc", second=True),
        _letter(chance, 9, jan, closing, changes=5),
        _letter(chance, 10, olha, struck),
    ]
    told_at, first, last = wall(MONDAY + 2 * DAY, 9), MONDAY + 11 * DAY, MONDAY + 15 * DAY
    shut = shut_post("facility_unavailable", told_at, "I-1", 1, struck, first=first, last=last)
    posts = sorted([*in_order_of_arrival(parcels), shut], key=lambda post: post.at)
    return Story(first_day=MONDAY, days=30, people=[jan, olha, nobody], posts=posts, standing=())


def _person(number: int, language: str, *, native: bool = False, agreed: bool = True) -> Person:
    return Person(
        name=f"person-{number}",
        operator="poczta-polska",
        language=language,
        native=native,
        quiet=DEFAULT_QUIET,
        phones=(f"+4860010020{number}",),
        email=f"person-{number}@example.com",
        consents=_EVERY if agreed else frozenset(),
        phrase=None,
    )


def _office(name: str, closed: tuple[ClosedSpan, ...]) -> Place:
    return Place(
        id=name,
        name=f"Urząd {name}",
        street="Targowa 73",
        city="Łódź",
        week=("08:00-20:00",) * 5 + (None, None),
        closed=closed,
        is_locker=False,
    )


def _letter(
    chance: Random,
    number: int,
    person: Person,
    place: Place,
    *,
    regime: str = "kpa",
    left_at: int = 11,
    collected_after: int | None = None,
    second: bool = False,
    changes: int = 0,
) -> Parcel:
    parcel = Parcel(
        chance=chance,
        number=f"00759007{number:012}",
        person=person,
        place=place,
        regime=regime,
        service="registered_letter",
    )
    _notice(parcel, 1, MONDAY, left_at)
    for change in range(changes):
        at = wall(MONDAY + DAY, 10) + timedelta(hours=3 * change)
        parcel.say("terms_changed", at, change="extended", pickup={"until": f"{MONDAY + (11 + change) * DAY}"})
    if second:
        _notice(parcel, 2, MONDAY + 8 * DAY, 11)
    if collected_after is not None:
        parcel.say("delivered", wall(MONDAY + collected_after * DAY, 12), mode="collected")
    return parcel


def _notice(parcel: Parcel, ordinal: int, day: date, hour: int) -> None:
    at = wall(day, hour)
    parcel.say(
        "notice_left",
        at,
        notice={"ordinal": ordinal, "left_at": at.isoformat(), "place": "letterbox"},
        legal_regime=parcel.regime,
        facility=parcel.place.described_on(day),
        pickup={"from": f"{day + DAY}"},
    )

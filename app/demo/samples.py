"""The people and the events of the demonstration, invented, with times relative to one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.calendar import DEFAULT_TIME_ZONE, is_day_off, zone
from app.domain.consent_texts import published_texts

OPERATOR = "poczta-polska"
OTHER_OPERATOR = "kurier-wzorcowy"

NOTICE_LEFT_MINUTES_AGO = 150

# How a notification stands at the end: its status, and after a space the reason where it has one.
SMS_ARRIVED, EMAIL_LEFT = "delivered", "sent"

OFFICE = {
    "id": "UP-00-032",
    "name": "UP Warszawa 32",
    "street": "Targowa 73",
    "post_code": "03-729",
    "city": "Warszawa",
    "hours": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-20:00") | {"sat": "09:00-14:00", "sun": None},
    "closures": [],
}
OTHER_OFFICE = OFFICE | {"id": "UP-00-004", "name": "UP Warszawa 4", "street": "Ząbkowska 31", "post_code": "03-736"}
LOCKER = {"id": "WAW-117", "name": "Automat WAW-117", "street": "Stalowa 9", "post_code": "03-425", "city": "Warszawa"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody to register: the name the operator knows them by, who they are in one phrase, and the PUT's body."""

    name: str
    about: str
    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An event to post, and what must follow.

    `told` says it in a few words. `outcome` has how the notification of each channel stands once everything that can
    leave has left; an event that is answered otherwise than `accepted` has none. `overtakes` is the kind of an
    earlier event of the shipment whose held SMS this one makes untrue.
    """

    told: str
    event: Mapping[str, Any] = field(repr=False)
    answer: str = "accepted"
    outcome: Mapping[str, str] = field(default_factory=dict)
    overtakes: str = ""

    @property
    def kind(self) -> str:
        """The last part of the type, without its version."""
        return str(self.event["type"]).removesuffix(".v1").rpartition(".")[2]

    @property
    def shipment(self) -> str:
        """What the event is about."""
        return str(self.event["data"]["shipment"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """An incident to post, and how the notifications about each shipment must stand once everybody was told."""

    told: str
    event: Mapping[str, Any] = field(repr=False)
    outcome: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def people(now: datetime) -> list[Person]:
    """Six people who agreed to different things. One of them wants no SMS at this time of day."""
    local = now.astimezone(zone(DEFAULT_TIME_ZONE))
    quiet = {"from": f"{local - timedelta(hours=1):%H:%M}", "to": f"{local + timedelta(hours=3):%H:%M}"}
    return [
        _person("customer-4711", "SMS and e-mail, in Polish", now, sms=211, email="anna", purposes=3),
        _person("customer-4712", "SMS and e-mail, in English", now, sms=212, email="martin", language="en"),
        _person("customer-4713", "SMS only, in English", now, sms=213, language="en"),
        _person(
            "customer-4714", f"SMS only, and none from {quiet['from']} to {quiet['to']}", now, sms=214, quiet=quiet
        ),
        _person("customer-4715", "known, but never agreed to anything", now, sms=215, email="jerzy", purposes=0),
        _person("customer-4716", "the e-mail address is not confirmed", now, sms=216, email="ewa", verified=False),
    ]


def _person(
    name: str,
    about: str,
    now: datetime,
    *,
    sms: int,
    email: str | None = None,
    verified: bool = True,
    purposes: int = 1,
    language: str = "pl",
    quiet: Mapping[str, str] | None = None,
) -> Person:
    """The number is +48 600 100 and `sms`; `verified` is about the e-mail; `purposes` counts what was agreed to."""
    points: list[dict[str, Any]] = [
        {"channel": "sms", "value": f"+48600100{sms}", "verified": True, "method": "counter"}
    ]
    if email:
        points.append({"channel": "email", "value": f"{email}@example.com", "verified": verified, "method": "counter"})
    agreed_at = (now - timedelta(days=30)).isoformat(timespec="seconds")
    consents = [
        {
            "channel": point["channel"],
            "purpose": purpose,
            "granted": True,
            "at": agreed_at,
            "method": "counter",
            "text_version": published_texts().newest,
        }
        for point in points
        for purpose in ("delivery", "progress", "incident")[:purposes]
    ]
    body = {"language": language, "contact_points": points, "consents": consents, "quiet_hours": quiet}
    return Person(name=name, about=about, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The events of the day, as the operator's systems report them at the moment `now`."""

    now: datetime

    def first_notice(self) -> Sample:
        """A paper notice that goes out at once on both channels; it is the one that is proved later."""
        return self._notice(
            "a paper notice for customer-4711", "customer-4711", 1, {"sms": SMS_ARRIVED, "email": EMAIL_LEFT}
        )

    def first_notice_altered(self) -> Sample:
        """The same key, `source` and `id`, but another office."""
        first = self.first_notice()
        data = first.event["data"] | {"facility": OFFICE | {"id": "UP-00-004", "name": "UP Warszawa 4"}}
        return Sample(told="the same id with another office", event={**first.event, "data": data})

    def parcel_in_locker(self) -> Sample:
        """A parcel in a locker, which counts hours."""
        return self._parcel(2, "a parcel in a locker for customer-4712", {"sms": SMS_ARRIVED, "email": EMAIL_LEFT})

    def foreign_event(self) -> Sample:
        """An event that the key may not post: it is another operator's."""
        return self._notice("an event of another operator", "customer-4711", 90, {}, operator=OTHER_OPERATOR)

    def batch(self) -> list[Sample]:
        """What a nightly job might hand in at once: five good events, one that is wrong, one of an unknown type."""
        no_email = "suppressed no_contact_point"
        wrong = self._notice(
            "a paper notice that does not say when it was left", "customer-4711", 91, {}, answer="rejected"
        )
        data = {name: value for name, value in wrong.event["data"].items() if name != "notice"}
        return [
            self._returned(3, "a return for customer-4713", {"sms": SMS_ARRIVED, "email": no_email}),
            self._notice("a paper notice for customer-4714", "customer-4714", 4, {"sms": "held", "email": no_email}),
            self._notice(
                "another one for customer-4714",
                "customer-4714",
                5,
                {"sms": "held", "email": no_email},
            ),
            self._notice(
                "a paper notice for customer-4715",
                "customer-4715",
                6,
                {"sms": "suppressed no_consent", "email": "suppressed no_consent"},
            ),
            self._notice(
                "a repeat notice for customer-4716",
                "customer-4716",
                7,
                {"sms": SMS_ARRIVED, "email": "suppressed unverified"},
                ordinal=2,
            ),
            Sample(told=wrong.told, event={**wrong.event, "data": data}, answer="rejected"),
            self._event("teleported", "customer-4711", 92, told="a type that nobody knows", answer="quarantined"),
        ]

    def closure(self) -> Closure:
        """The office at which letters wait is shut tomorrow. Who wants to know of such things is told; once each."""
        tomorrow = self.now.astimezone(zone(DEFAULT_TIME_ZONE)).replace(minute=0, second=0) + timedelta(days=1)
        data = {
            "operator": OPERATOR,
            "incident": "I-7",
            "revision": 1,
            "scope": {"facilities": [OFFICE["id"]]},
            "from": tomorrow.replace(hour=7).isoformat(),
            "until": tomorrow.replace(hour=21).isoformat(),
            "reason": "power",
            "substitute_facility": OTHER_OFFICE,
        }
        event = {
            "specversion": "1.0",
            "id": "inc-7-1",
            "source": f"/{OPERATOR}/network",
            "type": "pl.awizo.incident.facility_unavailable.v1",
            "time": self._ago(1),
            "data": data,
        }
        return Closure(
            told="the office is without power tomorrow (revision 1)",
            event=event,
            outcome={
                _shipment(1): {"sms": SMS_ARRIVED, "email": EMAIL_LEFT},
                _shipment(4): {"sms": "suppressed no_consent", "email": "suppressed no_contact_point"},
                _shipment(6): {"sms": "suppressed no_consent", "email": "suppressed no_consent"},
                _shipment(7): {"sms": "suppressed no_consent", "email": "suppressed unverified"},
            },
        )

    def later(self) -> list[Sample]:
        """What the rest of the day brings: two items are collected, one report comes too late, a parcel comes."""
        return [
            self._delivered("customer-4711 collects the letter", "customer-4711", 1, SMS_ARRIVED, EMAIL_LEFT),
            self._delivered(
                "customer-4714 collects before the quiet hours end",
                "customer-4714",
                5,
                "suppressed no_consent",
                "suppressed no_contact_point",
                overtakes="notice_left",
            ),
            self._event(
                "ready_for_pickup",
                "customer-4711",
                1,
                minutes_ago=15,
                told="a report that comes after the collection",
                outcome={"sms": "suppressed stale", "email": "suppressed stale"},
                facility=OFFICE,
                pickup=self._office_days(),
            ),
            self._parcel(8, "another parcel for customer-4712", {"sms": SMS_ARRIVED, "email": "suppressed opted_out"}),
        ]

    def _notice(
        self,
        told: str,
        person: str,
        number: int,
        outcome: Mapping[str, str],
        *,
        ordinal: int = 1,
        answer: str = "accepted",
        operator: str = OPERATOR,
    ) -> Sample:
        notice = {
            "ordinal": ordinal,
            "left_at": self._ago(NOTICE_LEFT_MINUTES_AGO),
            "place": "letterbox",
            "courier": "K-0421",
        }
        return self._event(
            "notice_left",
            person,
            number,
            minutes_ago=NOTICE_LEFT_MINUTES_AGO,
            told=told,
            answer=answer,
            outcome=outcome,
            operator=operator,
            service="registered_letter",
            legal_regime="kpa",
            notice=notice,
            facility=OFFICE,
            pickup=self._office_days(),
        )

    def _parcel(self, number: int, told: str, outcome: Mapping[str, str]) -> Sample:
        until = (self.now + timedelta(hours=48)).isoformat(timespec="seconds")
        pickup = {"from": self._ago(10), "until": until}
        return self._event(
            "ready_for_pickup",
            "customer-4712",
            number,
            minutes_ago=10,
            told=told,
            outcome=outcome,
            service="parcel",
            facility=LOCKER,
            pickup=pickup,
        )

    def _returned(self, number: int, told: str, outcome: Mapping[str, str]) -> Sample:
        return self._event(
            "returned",
            "customer-4713",
            number,
            told=told,
            outcome=outcome,
            service="registered_letter",
            reason="not_collected",
        )

    def _delivered(self, told: str, person: str, number: int, sms: str, email: str, *, overtakes: str = "") -> Sample:
        return self._event(
            "delivered",
            person,
            number,
            minutes_ago=1,
            told=told,
            outcome={"sms": sms, "email": email},
            overtakes=overtakes,
            service="registered_letter",
            mode="collected",
            delivered_at=self._ago(1),
            receiver_role="addressee",
        )

    def _event(
        self,
        kind: str,
        person: str,
        number: int,
        *,
        told: str,
        minutes_ago: int = 5,
        answer: str = "accepted",
        outcome: Mapping[str, str] | None = None,
        overtakes: str = "",
        operator: str = OPERATOR,
        **data: Any,
    ) -> Sample:
        """A structured CloudEvent about the shipment with that number."""
        shipment = _shipment(number)
        event = {
            "specversion": "1.0",
            "id": f"wer-1-{kind}-{number:06}",
            "source": f"/{operator}/wer-warszawa",
            "type": f"pl.awizo.delivery.{kind}.v1",
            "time": self._ago(minutes_ago),
            "subject": f"shipment/{shipment}",
            "datacontenttype": "application/json",
            "data": {"operator": operator, "shipment": shipment, "recipient": person, **data},
        }
        return Sample(told=told, event=event, answer=answer, outcome=outcome or {}, overtakes=overtakes)

    def _ago(self, minutes: int) -> str:
        return (self.now - timedelta(minutes=minutes)).isoformat(timespec="seconds")

    def _office_days(self) -> dict[str, str]:
        today = self.now.astimezone(zone(DEFAULT_TIME_ZONE)).date()
        return {
            "from": _open_day(today).isoformat(),
            "until": _open_day(today + timedelta(days=14)).isoformat(),
        }


def _shipment(number: int) -> str:
    return f"007590077341234567{number:02}"


def _open_day(day: date) -> date:
    """The first day from `day` on that is neither a Sunday nor a day off."""
    return _open_day(day + timedelta(days=1)) if is_day_off(day) else day

"""Who is told: languages, letters, quiet hours of every kind, and what they agreed to."""

from dataclasses import dataclass
from datetime import datetime, time
from random import Random

from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentAct, RecipientPatch, WantedContact
from app.domain.quiet_hours import NEVER_QUIET, QuietHours, QuietRule
from app.domain.recipient import Letters
from app.ports import Surroundings
from app.storage.database import Database
from app.usecases.put_recipient import put_recipient

DEFAULT_QUIET = "default"
_TOGETHER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`quiet` is `default`, None for none, or the person's own from–to; consents are (channel, purpose)."""

    name: str
    operator: str
    language: str
    native: bool
    quiet: str | tuple[time, time] | None
    phones: tuple[str, ...]
    email: str | None
    consents: frozenset[tuple[str, str]]
    phrase: str | None

    def agreed(self, channel: str, purpose: str) -> bool:
        """Whether messages of that purpose may go that way, and there is somewhere to go."""
        there = self.phones if channel == "sms" else self.email
        return bool(there) and (channel, purpose) in self.consents


def make_people(chance: Random, operator: str, *, count: int) -> list[Person]:
    """So many people who get things from that operator."""
    return [_person(chance, operator, number) for number in range(count)]


def _person(chance: Random, operator: str, number: int) -> Person:
    base = 500_000_000 + number * 10 + (5_000_000 if operator == "inpost" else 0)
    phones = (f"+48{base}", f"+48{base + 1}")[: chance.choice((0, 1, 1, 1, 1, 1, 1, 1, 1, 2))]
    every = [(channel, purpose) for channel in ("sms", "email") for purpose in ("delivery", "progress", "incident")]
    kind = chance.random()
    if kind < 0.75:
        consents = [each for each in every if each[1] == "delivery" or chance.random() < 0.5]
    elif kind < 0.93:
        consents = [each for each in every if chance.random() < 0.5]
    else:
        consents = []
    return Person(
        name=f"person-{number}",
        operator=operator,
        language=chance.choices(("pl", "en", "uk"), (70, 15, 15))[0],
        native=chance.random() < 0.3,
        quiet=chance.choices((DEFAULT_QUIET, None, _own_hours(chance)), (60, 15, 25))[0],
        phones=phones,
        email=f"{operator}.{number}@example.com" if chance.random() < 0.9 else None,
        consents=frozenset(consents),
        phrase="zielony jamnik" if chance.random() < 0.1 else None,
    )


def _own_hours(chance: Random) -> tuple[time, time]:
    return chance.choice(
        (
            (time(22), time(7)),
            (time(16, 30), time(9, 30)),
            (time(9), time(17)),
            (time(2, 15), time(11)),
            (time(13), time(14)),
        )
    )


async def register(database: Database, people: list[Person], *, surroundings: Surroundings, at: datetime) -> None:
    """Have their operators put them in, with everything verified and agreed to at that moment."""
    for first in range(0, len(people), _TOGETHER):
        async with database.write() as tx:
            for person in people[first : first + _TOGETHER]:
                await put_recipient(
                    tx,
                    person.operator,
                    person.name,
                    _patch(person, at),
                    operator_verified=True,
                    surroundings=surroundings,
                )


def _patch(person: Person, at: datetime) -> RecipientPatch:
    contacts = [(Channel.SMS, phone) for phone in person.phones]
    contacts += [(Channel.EMAIL, person.email)] if person.email else []
    return RecipientPatch(
        language=person.language,
        letters=Letters.NATIVE if person.native else Letters.PLAIN,
        quiet_hours=_quiet(person.quiet),
        safety_phrase=person.phrase,
        contact_points=tuple(
            WantedContact(channel=channel, value=value, verified=True, method="counter") for channel, value in contacts
        ),
        consents=tuple(
            ConsentAct(
                channel=Channel(channel),
                purpose=Purpose(purpose),
                granted=True,
                at=at,
                method="counter",
                text_version="1",
            )
            for channel, purpose in sorted(person.consents)
        ),
    )


def _quiet(said: str | tuple[time, time] | None) -> QuietHours | None:
    if said is None:
        return NEVER_QUIET
    if isinstance(said, str):
        return None
    return QuietHours(rule=QuietRule.OWN, starts=said[0], ends=said[1])

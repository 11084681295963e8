"""Where items wait: offices with weeks of every kind, lockers, and closures that are announced some day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROUND_THE_CLOCK = "00:00-24:00"

_OFFICE_WEEKS: Sequence[tuple[str | None, ...]] = (
    ("08:00-20:00",) * 5 + (None, None),
    ("08:00-19:00",) * 5 + ("08:00-13:00", None),
    ("08:00-12:00,13:00-18:00",) * 5 + (None, None),
    ("10:00-18:00", "08:00-16:00", "10:00-18:00", "08:00-16:00", None, "09:00-14:00", None),
    (None, "11:00-15:00", None, "11:00-15:00", "11:00-18:00", None, None),
    ("08:00-21:00",) * 6 + ("10:00-16:00",),
)
_LOCKER_WEEKS: Sequence[tuple[str | None, ...] | None] = (
    (ROUND_THE_CLOCK,) * 7,
    (ROUND_THE_CLOCK,) * 7,
    ("06:00-22:00",) * 6 + (None,),
    None,
)
_TOWNS = ("Warszawa", "Łódź", "Kraków", "Gdańsk", "Żory", "Zgierz", "Świdnica", "Nowy Sącz")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedSpan:
    """Days on which a place stays shut, both included; operators say so from `announced_on`."""

    first: date
    last: date
    announced_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An office or a locker. `week` has seven days' hours, Monday first; None where nobody says."""

    id: str
    name: str
    street: str
    city: str
    week: tuple[str | None, ...] | None
    closed: tuple[ClosedSpan, ...]
    is_locker: bool

    def described_on(self, day: date) -> dict[str, Any]:
        """The place as its operator describes it in an event of that day."""
        described: dict[str, Any] = {"id": self.id, "name": self.name, "street": self.street, "city": self.city}
        if self.week is not None:
            described["hours"] = dict(zip(DAYS, self.week, strict=True))
            described["closures"] = [
                {"from": span.first.isoformat(), "until": span.last.isoformat(), "reason": "inwentaryzacja"}
                for span in self.closed
                if span.announced_on <= day <= span.last
            ]
        return described


def make_places(chance: Random, first_day: date, days: int, *, count: int) -> list[Place]:
    """`count` offices and half as many lockers."""
    offices = [_office(chance, number, first_day, days) for number in range(count)]
    return [*offices, *(_locker(chance, number) for number in range(max(1, count // 2)))]


def _office(chance: Random, number: int, first_day: date, days: int) -> Place:
    spans = []
    for _ in range(chance.choice((0, 1, 1, 2 + days // 90))):
        first = first_day + timedelta(days=chance.randrange(days))
        last = first + timedelta(days=chance.choice((0, 0, 1, 2, 4)))
        spans.append(ClosedSpan(first=first, last=last, announced_on=first - timedelta(days=chance.randrange(1, 25))))
    town = chance.choice(_TOWNS)
    return Place(
        id=f"UP-{number:04}",
        name=f"UP {town} {number + 1}",
        street=f"{chance.choice(('Targowa', 'Polna', 'Długa', 'Źródlana'))} {chance.randrange(1, 99)}",
        city=town,
        week=chance.choice(_OFFICE_WEEKS),
        closed=tuple(spans),
        is_locker=False,
    )


def _locker(chance: Random, number: int) -> Place:
    town = chance.choice(_TOWNS)
    return Place(
        id=f"LOC{number:03}",
        name=f"Automat {number + 1}",
        street=f"Szkolna {number + 1}",
        city=town,
        week=chance.choice(_LOCKER_WEEKS),
        closed=(),
        is_locker=True,
    )

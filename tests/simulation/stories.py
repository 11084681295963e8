"""Everything that happens in a simulated time: who there is, and what is posted when. The same seed, the same story."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from tests.simulation.letters import letter
from tests.simulation.lockers import locker_parcel
from tests.simulation.outages import outages
from tests.simulation.parcels import Parcel, Post, in_order_of_arrival, wall
from tests.simulation.people import Person, make_people
from tests.simulation.places import Place, make_places

_REGIMES = ("kpa", "ppsa", "op", "kpc", "kpk", "dfp", "postal", "unknown", None, "courier")
_WEIGHTS = (22, 7, 8, 18, 4, 2, 12, 6, 2, 19)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`standing` are the stretches during which no worker runs; events are accepted all the same."""

    first_day: date
    days: int
    people: Sequence[Person]
    posts: Sequence[Post]
    standing: Sequence[tuple[datetime, datetime]]


def tell(*, shipments: int, seed: int, first_day: date, days: int) -> Story:
    """A story of that many shipments, whose first notices fall into those days."""
    chance = Random(seed)
    places = make_places(chance, first_day, days + 20, count=max(4, min(60, shipments // 25)))
    letters_people = make_people(chance, "poczta-polska", count=max(2, shipments // 4))
    parcels_people = make_people(chance, "inpost", count=max(2, shipments // 16))
    telling = _Telling(chance, places, letters_people, parcels_people)
    parcels: list[Parcel] = []
    while len(parcels) < shipments:
        day = _weekday(first_day + timedelta(days=chance.randrange(days)))
        parcels += telling.one_or_more(day, len(parcels), shipments - len(parcels))
    offices = [place for place in places if not place.is_locker]
    shut = outages(Random(f"{seed}/outages"), offices, first_day, days)
    return Story(
        first_day=first_day,
        days=days,
        people=[*letters_people, *parcels_people],
        posts=sorted([*in_order_of_arrival(parcels), *shut], key=lambda post: post.at),
        standing=_standing(chance, first_day, days),
    )


class _Telling:
    def __init__(
        self, chance: Random, places: Sequence[Place], letters_people: list[Person], parcels_people: list[Person]
    ) -> None:
        self._chance = chance
        self._offices = [place for place in places if not place.is_locker]
        self._lockers = [place for place in places if place.is_locker]
        self._letters_people = letters_people
        self._parcels_people = parcels_people

    def one_or_more(self, day: date, serial: int, at_most: int) -> list[Parcel]:
        """One shipment; sometimes several letters for one person at one office on one day."""
        chance = self._chance
        regime = chance.choices(_REGIMES, _WEIGHTS)[0]
        if regime == "courier":
            return [self._parcel(day, serial)]
        person, place = chance.choice(self._letters_people), chance.choice(self._offices)
        count = min(at_most, chance.choices((1, 2, 3, 5), (80, 13, 5, 2))[0])
        return [self._letter(day, serial + number, person, place, regime) for number in range(count)]

    def _letter(self, day: date, serial: int, person: Person, place: Place, regime: str | None) -> Parcel:
        parcel = Parcel(
            chance=self._chance,
            number=f"00759007{serial:012}",
            person=person,
            place=place,
            regime=regime,
            service="registered_letter",
            vocabulary="poczta-polska" if self._chance.random() < 0.25 else None,
        )
        letter(parcel, day, self._chance.choice(self._offices))
        return parcel

    def _parcel(self, day: date, serial: int) -> Parcel:
        chance = self._chance
        at_locker = chance.random() < 0.75
        parcel = Parcel(
            chance=chance,
            number=f"6{serial:023}",
            person=chance.choice(self._parcels_people),
            place=chance.choice(self._lockers if at_locker else self._offices),
            regime="courier",
            service="parcel",
            vocabulary="inpost" if chance.random() < 0.4 else None,
        )
        locker_parcel(parcel, day, chance.choice(self._lockers))
        return parcel


def _weekday(day: date) -> date:
    """Nobody delivers on a Sunday."""
    return day + timedelta(days=1) if day.isoweekday() == 7 else day


def _standing(chance: Random, first_day: date, days: int) -> list[tuple[datetime, datetime]]:
    """A night about each month, three days about each quarter; they do not overlap much, and it would not matter."""
    spans = []
    for _ in range(max(1, days // 30)):
        day = first_day + timedelta(days=chance.randrange(days))
        spans.append((wall(day, 16), wall(day + timedelta(days=1), 9)))
    for _ in range(max(1, days // 90)):
        day = first_day + timedelta(days=chance.randrange(days))
        spans.append((wall(day, 12), wall(day + timedelta(days=3), 12)))
    return sorted(spans)

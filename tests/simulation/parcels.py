"""One shipment as its operator reports it: CloudEvents with the hours at which they really arrive."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.people import Person
from tests.simulation.places import Place

WARSAW = ZoneInfo("Europe/Warsaw")
INCIDENTS = ("delayed", "damaged", "lost", "address_problem", "item_held")
DAY = timedelta(days=1)

# How late an operator's systems are: seldom hours or days.
_LAGS = ((timedelta(minutes=1), timedelta(minutes=20)), (timedelta(hours=1), timedelta(hours=8)))
_LONG_LAGS = ((timedelta(hours=8), timedelta(hours=30)), (timedelta(days=2), timedelta(days=4)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A CloudEvent and when it arrives."""

    at: datetime
    document: dict[str, Any]


def wall(day: date, hour: int, minute: int = 0) -> datetime:
    """That hour of a Polish day."""
    return datetime.combine(day, time(hour, minute), WARSAW)


@dataclass(slots=True, kw_only=True)
class Parcel:
    """Makes the events of one shipment. `vocabulary` is set where the operator's system knows its own codes only."""

    chance: Random
    number: str
    person: Person
    place: Place
    regime: str | None
    service: str
    vocabulary: str | None = None
    posts: list[Post] = field(default_factory=list)

    def say(self, kind: str, at: datetime, *, code: str | None = None, **data: Any) -> dict[str, Any]:
        """Post an event of that moment, once it arrives; with `code` in the operator's own words, if it has such."""
        document = self._document(kind, at, data, code if self.vocabulary else None)
        self.posts.append(Post(at=at + self._lag(), document=document))
        return document

    def say_late(self, kind: str, at: datetime, arrives: datetime, **data: Any) -> None:
        """The same for one whose arrival is known."""
        self.posts.append(Post(at=arrives, document=self._document(kind, at, data, None)))

    def repeat(self) -> None:
        """Send one of the events once more, as it was."""
        post = self.chance.choice(self.posts)
        self.posts.append(Post(at=post.at + timedelta(minutes=self.chance.randrange(1, 3000)), document=post.document))

    def echo(self) -> None:
        """Send the news of one of the events once more, under another id."""
        post = self.chance.choice(self.posts)
        document = post.document | {"id": f"{post.document['id']}-echo"}
        self.posts.append(Post(at=post.at + timedelta(minutes=self.chance.randrange(1, 600)), document=document))

    def take_back(self, document: dict[str, Any], at: datetime) -> None:
        """Cancel an event that was posted."""
        aim = {"source": document["source"], "id": document["id"]}
        self.say("corrected", at, corrects=aim, action="cancel")

    def arrived(self, document: dict[str, Any]) -> datetime:
        """When that event arrives."""
        return next(post.at for post in self.posts if post.document is document)

    def _lag(self) -> timedelta:
        shortest, longest = self.chance.choices((*_LAGS, *_LONG_LAGS), (80, 12, 6, 2))[0]
        return shortest + (longest - shortest) * self.chance.random()

    def _document(self, kind: str, at: datetime, data: dict[str, Any], code: str | None) -> dict[str, Any]:
        known = {"operator": self.person.operator, "shipment": self.number, "recipient": self.person.name}
        said: dict[str, Any] = known | {"service": self.service} | data
        topic = "incident" if kind in INCIDENTS else "delivery"
        name = f"pl.awizo.{topic}.{kind}.v1"
        if self.vocabulary is not None and code is not None:
            said["raw"] = {"vocabulary": self.vocabulary, "code": code, "time": f"{at:%Y-%m-%dT%H:%M:%S}"}
            name = "pl.awizo.tracking.v1"
        return {
            "specversion": "1.0",
            "id": f"{self.number}-{len(self.posts)}",
            "source": f"/{self.person.operator}/simulated",
            "type": name,
            "time": at.isoformat(),
            "subject": f"shipment/{self.number}",
            "datacontenttype": "application/json",
            "data": said,
        }


def in_order_of_arrival(parcels: Iterable[Parcel]) -> list[Post]:
    """All that is posted, the earliest arrival first."""
    return sorted((post for parcel in parcels for post in parcel.posts), key=lambda post: post.at)

"""Offices that shut of a sudden, or for a while that is announced as an incident: revisions, and ends that are told."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.simulation.parcels import DAY, Post, wall
from tests.simulation.places import Place

OPERATOR = "poczta-polska"
_EACH_DAYS = 4  # about so often, somewhere


def outages(chance: Random, offices: Sequence[Place], first_day: date, days: int) -> list[Post]:
    """All that is posted about them."""
    posts: list[Post] = []
    for number in range(max(1, days // _EACH_DAYS)):
        begins = first_day + timedelta(days=chance.randrange(5, days + 5))
        posts += _outage(chance, f"I-{number}", chance.choice(offices), begins)
    return posts


def _outage(chance: Random, name: str, office: Place, begins: date) -> Iterator[Post]:
    """Told on the day itself or some days ahead; perhaps it lasts longer or less long; perhaps it ends early."""
    ends = begins + timedelta(days=chance.choice((0, 1, 2, 4)))
    told_at = wall(begins - timedelta(days=chance.choice((0, 0, 1, 5))), chance.randrange(7, 12))
    yield shut_post("facility_unavailable", told_at, name, 1, office, first=begins, last=ends)
    revision = 1
    if chance.random() < 0.5:
        told_at += timedelta(hours=chance.randrange(27, 60))
        ends = max(begins, ends + timedelta(days=chance.choice((-1, 1, 2))))
        revision += 1
        yield shut_post("facility_unavailable", told_at, name, revision, office, first=begins, last=ends)
    if chance.random() < 0.3:
        late = shut_post("facility_unavailable", told_at + timedelta(hours=2), name, 1, office, first=begins, last=ends)
        yield Post(at=late.at, document=late.document | {"id": f"{name}-late"})
    if chance.random() < 0.5:
        told_at = max(told_at + timedelta(hours=27), wall(ends, 9) - DAY * chance.choice((0, 1)))
        yield shut_post("resolved", told_at, name, revision + 1, office)


def shut_post(
    kind: str,
    at: datetime,
    name: str,
    revision: int,
    office: Place,
    *,
    first: date | None = None,
    last: date | None = None,
) -> Post:
    data: dict[str, Any] = {
        "operator": OPERATOR, "incident": name, "revision": revision, "scope": {"facilities": [office.id]},
    }  # fmt: skip
    if first is not None and last is not None:
        data |= {"from": first.isoformat(), "until": last.isoformat(), "reason": "power"}
    document = {
        "specversion": "1.0",
        "id": f"{name}-{revision}",
        "source": f"/{OPERATOR}/simulated",
        "type": f"pl.awizo.incident.{kind}.v1",
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Post(at=at, document=document)

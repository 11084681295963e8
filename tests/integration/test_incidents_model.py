"""Random stories of incidents against a second model of who must know what, and deadlines against fresh ones."""

import random
from datetime import timedelta
from typing import Any

import pytest

from app.domain.calendar import local_day
from app.domain.channel import Channel
from app.storage import events as event_store
from app.storage import incidents as incident_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage import stays as stay_store
from app.usecases.read_outages import known_at, places_of, read_outages
from tests.builders import FACILITY, OPERATOR, area_event, event
from tests.conftest import TestClock
from tests.integration.incident_stories import BOTH, settle
from tests.integration.world import World
from tests.second_incidents import Item, Revision, Scope, SecondIncidents

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

PLACES = {
    name: FACILITY | {"id": name, "name": f"UP {name}", "post_code": code}
    for name, code in {"UP-A": "03-729", "UP-B": "03-736", "UP_C": "31-001"}.items()
}
HOMES = {"anna": ("03-729",), "basia": (), "celina": ("31-001", "03-7a9")}
AREAS = ("03-729", "03-7*", "0*", "31001", "3 1-0*", "03-7A*", "99-*")


class Story:
    """A world and the model of it, through which the same things happen."""

    def __init__(self, world: World, clock: TestClock, chance: random.Random) -> None:
        self.world, self.clock, self.chance = world, clock, chance
        self.model = SecondIncidents(homes=dict(HOMES))
        self.posted = 0
        self.people: dict[Any, str] = {}

    async def begin(self) -> None:
        for name, codes in HOMES.items():
            await self.world.register(
                name, purposes=BOTH, post_codes=codes, channels=(Channel.EMAIL,), consents=(Channel.EMAIL,)
            )
        async with self.world.database.read() as tx:
            for name in HOMES:
                record = await recipient_store.find(tx, OPERATOR, name)
                assert record is not None
                self.people[record.id] = name

    async def step(self) -> None:
        self.clock.now += timedelta(minutes=self.chance.choice([1, 20, 20, 20, 600]))
        draw = self.chance.random()
        if draw < 0.25:
            await self.arrive()
        elif draw < 0.35 and self.model.waiting:
            await self.collect()
        elif draw < 0.45 and self.model.waiting:
            await self.move()
        else:
            await self.incident()

    async def arrive(self) -> None:
        person, place = self.chance.choice(sorted(HOMES)), self.chance.choice(sorted(PLACES))
        shipment = f"item-{len(self.model.waiting)}-{self.posted}"
        await self.post("notice_left", shipment, person, facility=PLACES[place])
        self.model.waiting[shipment] = Item(person=person, facility=place, post_code=str(PLACES[place]["post_code"]))

    async def collect(self) -> None:
        shipment = self.chance.choice(sorted(self.model.waiting))
        await self.post("delivered", shipment, self.model.waiting.pop(shipment).person)

    async def move(self) -> None:
        shipment, place = self.chance.choice(sorted(self.model.waiting)), self.chance.choice(sorted(PLACES))
        item = self.model.waiting[shipment]
        await self.post("terms_changed", shipment, item.person, change="redirected", facility=PLACES[place])
        item.facility, item.post_code = place, str(PLACES[place]["post_code"])

    async def post(self, kind: str, shipment: str, person: str, **data: Any) -> None:
        self.posted += 1
        posted = event(
            kind, at=self.clock.now, id=f"e-{self.posted}", data={"shipment": shipment, "recipient": person} | data
        )
        await self.world.post(posted)
        await settle(self.world)

    async def incident(self) -> None:
        """A revision of one of two incidents; it tells those whom the model tells, and nobody else."""
        self.posted += 1
        name = self.chance.choice(["I-1", "I-2"])
        newest = self.model.newest[name].number if name in self.model.newest else 1
        number = max(1, newest + self.chance.choice([-1, 0, 1, 1, 1, 1, 3]))
        kind = self.chance.choice(["facility_unavailable"] * 3 + ["service_disruption", "resolved"])
        said, scope = self.scope()
        hours, reason = self.chance.choice([20, 40]), self.chance.choice(["power", "flood"])
        data: dict[str, Any] = {"incident": name, "scope": said}
        if kind != "resolved":
            data |= {"from": "2026-11-23T13:00:00+01:00", "reason": reason}
            data |= {"until": f"2026-12-0{hours // 20}T12:00:00+01:00"}
        await self.world.post(area_event(kind, revision=number, at=self.clock.now, id=f"i-{self.posted}", data=data))
        before = await self.sent()
        await settle(self.world)
        sent = sorted(item for id_, item in (await self.sent()).items() if id_ not in before)
        new = Revision(name=name, number=number, kind=kind, scope=scope, said=f"{hours} {reason}")
        on = local_day(self.clock.now)
        expected = sorted((name, *who) for who in self.model.hear(new, on=on))
        assert sent == expected, (new, self.model.told, self.model.waiting)

    def scope(self) -> tuple[dict[str, Any], Scope]:
        match self.chance.randrange(5):
            case 0:
                codes = self.chance.sample(AREAS, self.chance.randint(1, 2))
                return {"post_codes": codes}, Scope(post_codes=tuple(codes))
            case 1 if self.model.waiting:
                named = self.chance.sample(sorted(self.model.waiting), 1)
                return {"shipments": [*named, "unheard-of"]}, Scope(shipments=frozenset(named))
            case 2:
                return {"operator_wide": True}, Scope(everybody=True)
            case _:
                places = self.chance.sample(sorted(PLACES), self.chance.randint(1, 2))
                return {"facilities": places}, Scope(facilities=frozenset(places))

    async def sent(self) -> dict[Any, tuple[str, str, bool]]:
        """What was sent about incidents: the incident, the person, and whether it is that it is over."""
        async with self.world.database.read() as tx:
            revisions = await of_both(tx)
            found = await outbox.by_events(tx, revisions)
        return {
            n.id: (revisions[n.event], self.people[n.recipient], n.kind == "resolved")
            for many in found.values()
            for n in many
            if n.status == "sent" and n.event
        }

    async def check_deadlines(self) -> None:
        """What is kept of every item that waits is what its events come to now."""
        async with self.world.database.read() as tx:
            records = await recipient_store.by_ids(tx, list(self.people))
            keys = {record.id: record.key for record in records.values()}
            indexes = {event_store.shipment_index(tx, OPERATOR, name) for name in self.model.waiting}
            known = await event_store.milestones(tx, indexes, keys)
            outages = await read_outages(tx, places_of(known))
            stays = await stay_store.of_shipments(tx, indexes, keys)
        assert len(stays) == len(self.model.waiting)
        for (index, _), stay in stays.items():
            assert not known_at(known[index], outages, index, as_of=self.clock.now).differs(stay.known)


async def of_both(tx: Any) -> dict[Any, str]:
    return {
        event_id: name for name in ("I-1", "I-2") for event_id in await incident_store.revisions(tx, OPERATOR, name)
    }


@pytest.mark.parametrize("seed", range(3))
async def test_random_incidents_tell_those_who_must_know_and_nobody_else(
    world: World, clock: TestClock, seed: int
) -> None:
    story = Story(world, clock, random.Random(seed))
    await story.begin()
    for _ in range(25):
        await story.step()
        await story.check_deadlines()

"""Statements about one shipment of a test's world, each read by both verifiers."""

import json
from collections.abc import Collection
from typing import Any

from app.evidence.bundle import AssembledBundle
from app.evidence.verifier import Outcome, Report, Verdict, parse_vkey, verify_shipment
from app.storage import events as event_store
from app.storage import shipment_facts
from app.usecases.prove_notification import NothingPublished
from app.usecases.state_shipment import About, TooManyFacts, state_shipment
from tests.builders import OPERATOR, SHIPMENT
from tests.integration.world import KEYS, World
from tests.second_shipment import verify_statement

Stated = AssembledBundle | NothingPublished | TooManyFacts


async def stated(
    world: World, shipment: str = SHIPMENT, *, operator: str = OPERATOR, opened: Collection[str] | None = None
) -> Stated:
    """What `state_shipment` gives now, everybody's fields shown as far as `opened` asks."""
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, operator, shipment)
        people = await shipment_facts.people(tx, operator, index)
        about = About(operator=operator, shipment=shipment, opened=opened, people=people)
        return await state_shipment(tx, about, keys=KEYS, surroundings=world.surroundings)


async def statement(
    world: World, shipment: str = SHIPMENT, *, operator: str = OPERATOR, opened: Collection[str] | None = None
) -> dict[str, Any]:
    """The file as JSON, once both verifiers accept it."""
    file = await stated(world, shipment, operator=operator, opened=opened)
    assert isinstance(file, AssembledBundle)
    report = checked(file.data, world)
    assert report.verdict is Verdict.VERIFIED, report.with_outcome(Outcome.FAILS)
    verdict = verify_statement(file.data, world.vkeys, (operator, shipment))
    assert verdict.accepted, verdict.reason
    raw: dict[str, Any] = json.loads(file.data)
    return raw


def checked(data: bytes, world: World) -> Report:
    return verify_shipment(data, vkeys=[parse_vkey(vkey) for vkey in world.vkeys])


def counts(raw: dict[str, Any]) -> tuple[int, int, int, int, int]:
    """Events, notifications, pending facts, and what of the operator no name leads to."""
    unlinked = raw["unlinked"]
    return (
        len(raw["events"]),
        len(raw["notifications"]),
        raw["pending"],
        unlinked["events"],
        unlinked["notifications"],
    )

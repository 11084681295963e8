"""Statements about a shipment of a real log, to be mutated, and what a forger may have beside them."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from uuid_utils.compat import uuid7

from app.ports import Surroundings
from app.storage.database import Database
from app.storage.vault import Vault
from app.usecases.erase_recipient import erase_recipient
from tests.builders import NOON, OPERATOR, event
from tests.conftest import ROOT_SECRET, TestClock
from tests.integration.stating import statement
from tests.integration.world import World, open_world
from tests.property.mutation import Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A statement, an earlier one about the same shipment, one about another, and one about none."""

    vkeys: tuple[str, ...]
    file: Raw = field(repr=False)
    older: Raw = field(repr=False)
    other: Raw = field(repr=False)
    empty: Raw = field(repr=False)


async def stated_files(file: Path) -> Files:
    """All of them; `file` is an empty SQLite database with the schema, alone in its directory."""
    surroundings = Surroundings(clock=TestClock(NOON), new_id=uuid7, entropy=secrets.token_bytes, jitter=lambda: 0.5)
    database = Database(f"sqlite+aiosqlite:///{file}", Vault(ROOT_SECRET))
    try:
        async with open_world(database, surroundings, file.parent) as world:
            return await _stated(world)
    finally:
        await database.close()


async def _stated(world: World) -> Files:
    await world.register()
    await world.accepted(event("in_transit", id="1"))
    await world.accepted(event("in_transit", id="2", data={"shipment": "another-one", "recipient": "another"}))
    await world.seal()
    older = await statement(world)
    await world.accepted(event("notice_left", id="3"))
    await world.accepted(event("in_transit", id="4", data={"shipment": "a-third", "recipient": "somebody-erased"}))
    await world.dispatch()
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, "somebody-erased", actor="key", surroundings=world.surroundings)
    )
    await world.seal()
    await world.accepted(event("in_transit", id="5"))
    return Files(
        vkeys=tuple(world.vkeys),
        file=await statement(world),
        older=older,
        other=await statement(world, "another-one"),
        empty=await statement(world, "never-named"),
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in the file that is no object or list."""
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))
    else:
        yield path


def others(value: Any, chance: Random) -> Iterator[Any]:
    """Values of the same type that are another."""
    if isinstance(value, bool) or value is None:
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, max(value - 1, 0) if value else 2)
    else:
        at = chance.randrange(len(value)) if value else 0
        yield value[:at] + ("A" if value[at : at + 1] != "A" else "B") + value[at + 1 :]
        yield value + "A"
        yield value[:at] + value[at + 1 :] if value else " "


def at(raw: Raw, path: tuple[Any, ...]) -> Any:
    """The value at that path."""
    value: Any = raw
    for key in path:
        value = value[key]
    return value

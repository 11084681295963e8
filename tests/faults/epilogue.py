"""After the faults: what a deployment that came to rest still owes.

Invariants 9 (proofs are fetched), 14 (nothing grew without bound), 15 (a flipped bit is found), 16 (an old backup is
noticed) and 17 (an erasure leaves every other proof valid).
"""

import asyncio
import json
from dataclasses import replace

import aiohttp

from tests.builders import OPERATOR, cloud_event
from tests.faults.databases import Databases
from tests.faults.producer import PEOPLE, person
from tests.faults.reading import Broken
from tests.faults.service import Deployment
from tests.faults.stage import Stage
from tests.second_verifier import verify

BUNDLES = 25
_MEMORY_MAX = 400 << 20
_CONNECTIONS_PER_PROCESS_MAX = 10
_NOTICED_SECONDS = 30.0


async def fetch_bundles(own: Stage, *, count: int = BUNDLES) -> list[bytes]:
    """Proofs of notifications drawn by chance."""
    rows = await own.asking.rows("SELECT id FROM notifications")
    drawn = own.chance.sample([str(row["id"]) for row in rows], min(count, len(rows)))
    bundles = []
    async with aiohttp.ClientSession(headers=own.headers) as client:
        for notification in drawn:
            async with client.get(f"{own.deployment.url}/v1/notifications/{notification}/proof") as answer:
                assert answer.status == 200, await answer.text()
                bundles.append(await answer.read())
    return bundles


async def invariant_14_nothing_grew(own: Stage) -> list[Broken]:
    """Memory and connections, as they were and as they are."""
    broken = []
    if own.journals.memory_max > _MEMORY_MAX:
        broken.append(Broken(invariant="14", what=f"a process had {own.journals.memory_max >> 20} MiB"))
    if not own.deployment.is_sqlite:
        (row,) = await own.asking.rows(
            "SELECT COUNT(*) AS number FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name <> 'journal'"
        )
        if row["number"] > _CONNECTIONS_PER_PROCESS_MAX * len(own.parts):
            broken.append(Broken(invariant="14", what=f"{row['number']} connections at rest"))
    return broken


async def invariant_17_an_erasure_breaks_no_other_proof(own: Stage) -> list[Broken]:
    """One person is erased; proofs of others, fetched before and after, are as good as ever."""
    name = person(own.chance.randrange(PEOPLE))
    async with (
        aiohttp.ClientSession(headers=own.headers) as client,
        client.delete(f"{own.deployment.url}/v1/recipients/{OPERATOR}/{name}") as answer,
    ):
        assert answer.status == 204, await answer.text()
    vkeys = sorted(own.journals.vkeys)
    verdicts = [verify(bundle, vkeys) for bundle in await fetch_bundles(own)]
    return [
        Broken(invariant="17", what=f"a proof does not verify after an erasure: {verdict.reason}")
        for verdict in verdicts
        if not verdict.accepted
    ]


# What the log keeps of itself, each bit of which the audit answers for.
_KEPT = [("leaves", "commitment"), ("facts", "document"), ("facts", "salt"), ("checkpoints", "note")]


async def invariant_15_a_flipped_bit_is_found(own: Stage, databases: Databases) -> list[Broken]:
    """`awizo log check` finds nothing, and then one bit, in a copy of the deployment's database. Nothing is running."""
    copy = await asyncio.to_thread(databases.copy, own.deployment.database_url, "flipped")
    other = replace(own.deployment, database_url=copy)
    broken = []
    if code := await _audit(other):
        broken.append(Broken(invariant="15", what=f"the audit of an unchanged log ends with {code}"))
    table, column = own.chance.choice(_KEPT)
    row, bit = own.chance.randrange(5), own.chance.randrange(256)
    await asyncio.to_thread(databases.flip, copy, table, column, row=row, bit=bit)
    if await _audit(other) in {0, None}:
        broken.append(Broken(invariant="15", what=f"a flipped bit of {table}.{column} was not found"))
    return broken


async def _audit(deployment: Deployment) -> int:
    return await deployment.start("log", "check").exit_code()


async def invariant_16_an_old_backup_is_noticed(own: Stage, databases: Databases) -> list[Broken]:
    """A copy of the database is put back after the log went on: red, no event taken, nothing sent."""
    old = await asyncio.to_thread(databases.copy, own.deployment.database_url, "backup")
    for part in own.parts:
        own.start(part)
    await own.ready()
    async with aiohttp.ClientSession(headers=own.headers) as client:
        assert await _post(client, own, "after-the-backup") == 202
    await own.drained()
    await own.stop_all()
    sent = len(own.journals.copies)
    today, own.deployment.database_url = own.deployment.database_url, old
    broken = []
    try:
        for part in own.parts:
            own.start(part)
        async with aiohttp.ClientSession(headers=own.headers) as client:
            status = await _readiness(client, own)
            if status == 200:
                broken.append(Broken(invariant="16", what="an old backup is ready"))
            if await _post(client, own, "on-the-backup") != 503:
                broken.append(Broken(invariant="16", what="an old backup takes events"))
        if len(own.journals.copies) != sent:
            broken.append(Broken(invariant="16", what="an old backup sends"))
    finally:
        own.deployment.database_url = today
        await own.kill_all()
    return broken


async def _post(client: aiohttp.ClientSession, own: Stage, key: str) -> int:
    body = json.dumps(cloud_event(id=key, data={"recipient": person(0), "shipment": key}))
    headers = {"Content-Type": "application/cloudevents+json"}
    async with client.post(f"{own.deployment.url}/v1/events", data=body, headers=headers) as answer:
        return answer.status


async def _readiness(client: aiohttp.ClientSession, own: Stage) -> int:
    """What /readyz says once it says anything."""
    async with asyncio.timeout(_NOTICED_SECONDS):
        while True:
            try:
                async with client.get(f"{own.deployment.url}/readyz") as answer:
                    return answer.status
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)

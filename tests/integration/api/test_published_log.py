"""The log over HTTP as strangers see it: whole to an independent reader, cacheable, closed beyond what is published."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from adapters.mark_file import MarkFile
from app.api.exports import export_document
from app.api.intake import Intake
from app.api.key_limits import KeyLimits
from app.api.metrics import Metrics
from app.api.reception import Reception
from app.api.services import Services
from app.domain.access import Scope
from app.domain.key_rate import KeyRate
from app.domain.pumping import CodeLimits
from app.main import create_app
from app.merkle.checkpoint import Checkpoint
from app.merkle.note import parse_note, parse_vkey, sign_note
from app.ports import Surroundings
from app.storage import cosignatures
from app.storage.database import Database
from app.storage.tables import tree_heads
from app.usecases.check_copy import CopySummary, Voucher, check_copy
from app.usecases.check_credentials import Keyring
from app.usecases.create_key import create_key
from app.usecases.issue_statement import StatementIssuer
from app.usecases.watch_log import LogWatch
from app.wiring import report_parser, webhook_caller
from tests.builders import OPERATOR
from tests.conftest import TestClock
from tests.doubles.document_signer import NotingSigner
from tests.integration.api.scene import set_scene
from tests.integration.api.service import BASE_URL, Service, bearer
from tests.integration.ledger import Ledger
from tests.integration.published import LOG_KEY, SHARD, grow
from tests.integration.world import KEYS, ORIGIN_BASE, signer_for
from tests.second_tiles import read_log
from tests.vocabularies import BUILT_IN

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

IMMUTABLE, PARTIAL, AGAIN = "max-age=31536000, immutable", "max-age=3600, immutable", "no-cache"
OCTETS, TEXT = "application/octet-stream", "text/plain; charset=utf-8"
NEXT = "2027h1"


@pytest.fixture
def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> Ledger:
    return Ledger(database=database, surroundings=surroundings, mark=MarkFile(tmp_path / "mark"))


@asynccontextmanager
async def serving(ledger: Ledger, *, public: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """The application on the ledger's database, with nothing that would seal."""
    app, metrics = create_app(), Metrics()
    intake = Intake(
        ledger.database,
        surroundings=ledger.surroundings,
        vocabularies=BUILT_IN,
        metrics=metrics,
        on_accepted=lambda: None,
    )
    app.state.services = Services(
        database=ledger.database,
        surroundings=ledger.surroundings,
        intake=intake,
        reception=Reception(ledger.database, surroundings=ledger.surroundings, metrics=metrics, on_end=lambda *_: None),
        keyring=Keyring(ledger.database, ledger.surroundings),
        key_limits=KeyLimits(KeyRate()),
        log_watch=LogWatch(),
        keys=KEYS,
        receipts={},
        inbound={},
        mail_reports=report_parser(),
        webhooks=webhook_caller(),
        metrics=metrics,
        statements=StatementIssuer(NotingSigner()),
        operator_verified=True,
        log_public=public,
        witness_policy="",
        witness_quorum=1,
        public_url=BASE_URL,
        code_limits=CodeLimits(),
        export_document=export_document,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client
    await intake.close()


@pytest.fixture
async def stranger(ledger: Ledger) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who reads a log of 700 entries."""
    await ledger.seal()
    await grow(ledger, 700)
    async with serving(ledger) as client:
        yield client


async def statuses(client: httpx.AsyncClient, *paths: str, **headers: str) -> list[int]:
    return [(await client.get(path, headers=headers)).status_code for path in paths]


def reader(client: httpx.AsyncClient, prefix: str) -> Callable[[str], bytes | None]:
    """Reads files below `prefix` from another thread."""
    loop = asyncio.get_running_loop()

    def read(path: str) -> bytes | None:
        answer = asyncio.run_coroutine_threadsafe(client.get(f"{prefix}/{path}"), loop).result()
        return answer.content if answer.status_code == 200 else None

    return read


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 1300])
@pytest.mark.parametrize("prefix", ["/log", f"/log/{SHARD}"])
async def test_an_independent_reader_finds_every_entry(ledger: Ledger, size: int, prefix: str) -> None:
    await ledger.seal()
    await grow(ledger, size)
    async with serving(ledger) as client:
        entries, _ = await asyncio.to_thread(read_log, reader(client, prefix))
    assert len(entries) == size


async def test_a_log_at_work_can_be_checked_as_a_copy_can(ledger: Ledger, clock: TestClock) -> None:
    await ledger.seal(300)
    clock.forward(days=60)
    await ledger.seal(1, 30)
    key = parse_vkey(signer_for(f"{ORIGIN_BASE}/{NEXT}").vkey)
    async with serving(ledger) as client:
        found = await asyncio.to_thread(
            check_copy, reader(client, "/log"), paths=None, vkeys=[key], progress=lambda _count: None
        )
    assert [(each.shard, each.voucher) for each in found if isinstance(each, CopySummary)] == [
        (SHARD, Voucher.NEXT_SHARD),
        (NEXT, Voucher.KEY),
    ]


async def test_the_real_service_publishes_what_it_sealed(service: Service) -> None:
    await set_scene(service)
    entries, _ = await asyncio.to_thread(read_log, reader(service.client, "/log"))
    assert len(entries) > 6


async def test_old_shards_stay_served_beside_the_newest(ledger: Ledger, clock: TestClock) -> None:
    await ledger.seal(300)
    clock.forward(days=60)
    await ledger.seal(1, 30)
    async with serving(ledger) as client:
        for shard in (SHARD, NEXT):
            await asyncio.to_thread(read_log, reader(client, f"/log/{shard}"))
        for what in ("checkpoint", "vkey", "opening.json", "tile/0/000.p/20", "tile/entries/000.p/20"):
            newest, named = [await client.get(f"/log{part}/{what}") for part in ("", f"/{NEXT}")]
            assert newest.content == named.content
            assert newest.status_code == 200
        opening = (await client.get(f"/log/{NEXT}/opening.json")).json()
        last = await client.get(f"/log/{SHARD}/checkpoint")
    assert opening["document"]["data"]["previous_checkpoint"] == last.text


@pytest.mark.parametrize(
    ("path", "kind", "cached"),
    [
        (f"/log/{SHARD}/checkpoint", TEXT, AGAIN),
        (f"/log/{SHARD}/vkey", TEXT, AGAIN),
        (f"/log/{SHARD}/opening.json", "application/json", IMMUTABLE),
        (f"/log/{SHARD}/tile/0/000", OCTETS, IMMUTABLE),
        (f"/log/{SHARD}/tile/entries/001", OCTETS, IMMUTABLE),
        (f"/log/{SHARD}/tile/0/002.p/188", OCTETS, PARTIAL),
        (f"/log/{SHARD}/tile/entries/002.p/188", OCTETS, PARTIAL),
        (f"/log/{SHARD}/tile/1/000.p/2", OCTETS, PARTIAL),
        # Another shard answers here one day.
        ("/log/checkpoint", TEXT, AGAIN),
        ("/log/vkey", TEXT, AGAIN),
        ("/log/opening.json", "application/json", AGAIN),
        ("/log/tile/0/000", OCTETS, AGAIN),
        ("/log/tile/entries/002.p/188", OCTETS, AGAIN),
    ],
)
async def test_what_never_changes_may_be_kept_and_the_rest_is_asked_again(
    stranger: httpx.AsyncClient, path: str, kind: str, cached: str
) -> None:
    answer = await stranger.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == f"public, {cached}"
    assert answer.headers["access-control-allow-origin"] == "*"
    head = await stranger.head(path)
    assert (head.status_code, dict(head.headers)) == (200, dict(answer.headers))
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", "*", f'"other", {tag}'):
        again = await stranger.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "content-type" not in again.headers
    for unknown in ('"other"', "", tag[1:-1], tag + "x"):
        assert (await stranger.get(path, headers={"If-None-Match": unknown})).content == answer.content


async def test_a_new_checkpoint_has_another_tag(ledger: Ledger, stranger: httpx.AsyncClient) -> None:
    tag = (await stranger.get("/log/checkpoint")).headers["etag"]
    await grow(ledger, 701)
    answer = await stranger.get("/log/checkpoint", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.text.split("\n")[1] == "701"


async def test_cosignatures_stand_below_the_logs_own(ledger: Ledger, stranger: httpx.AsyncClient) -> None:
    before = await stranger.get("/log/checkpoint")
    line = "— witness.test AAAAAAAAAAAA\n".encode()
    async with ledger.database.write() as tx:
        await cosignatures.keep(
            tx, shard=SHARD, size=700, witness="witness.test", line=line, now=ledger.surroundings.clock()
        )
    after = await stranger.get(f"/log/{SHARD}/checkpoint", headers={"If-None-Match": before.headers["etag"]})
    assert after.content == before.content + line


async def test_a_partial_tile_is_served_in_every_width_until_it_is_full(stranger: httpx.AsyncClient) -> None:
    full = (await stranger.get(f"/log/{SHARD}/tile/0/002.p/188")).content
    for width in (1, 2, 100, 187, 188):
        assert (await stranger.get(f"/log/{SHARD}/tile/0/002.p/{width}")).content == full[: 32 * width]
        bundle = await stranger.get(f"/log/{SHARD}/tile/entries/002.p/{width}")
        assert len(bundle.content) == 48 * width
    assert await statuses(stranger, f"/log/{SHARD}/tile/0/002.p/189", f"/log/{SHARD}/tile/0/001.p/5") == [404, 404]


async def test_nothing_is_served_beyond_the_newest_published_checkpoint(
    ledger: Ledger, stranger: httpx.AsyncClient
) -> None:
    """What is sequenced and not yet signed is nobody's business."""
    await ledger.as_superuser("DELETE FROM checkpoints WHERE size = 700")
    assert (await stranger.get("/log/checkpoint")).text.split("\n")[1] == "1"
    paths = ["000", "001", "000.p/2", "002.p/1"]
    beyond = [f"/log/{SHARD}/tile/{kind}/{path}" for path in paths for kind in ("0", "entries")]
    assert set(await statuses(stranger, *beyond, f"/log/{SHARD}/tile/1/000.p/1")) == {404}
    assert await statuses(stranger, f"/log/{SHARD}/tile/0/000.p/1") == [200]


HOSTILE = [
    "0/003", "0/002", "0/002.p/0", "0/002.p/256", "0/002.p/-1", "0/002.p/188.p/1", "0/0", "0/00", "0/0000", "00/000",
    "0/x000/000", "0/000/000", "0/x000", "1/000", "1/000.p/3", "2/000.p/1", "2/000", "7/000", "63/000", "64/000",
    "-1/000", "0/x999/x999/x999/x999/x999/x999/999", "0/x009/x223/x372/x036/x854/x775/807", "entries/003",
    "entries/0/000", "Entries/000", "data/000", "", "0", "0/", "/", "0/000/", "0//000", "0/000%00", "%00",
    "0/000.p/%31%30%30", "0/%D9%A0%D9%A0%D9%A0", "..%2f..%2fcheckpoint", "0/..%2f0/000", "0/000;p=1",
    "%ff%fe", "a" * 5000, "0/" + "x000/" * 500 + "000",
]  # fmt: skip
AS_GOOD = {"0/000?x", "0/000%0A"}  # a query changes nothing, and the router drops a line end at the end


@pytest.mark.parametrize("prefix", ["/log/tile", f"/log/{SHARD}/tile"])
async def test_whatever_names_no_published_tile_is_not_there(stranger: httpx.AsyncClient, prefix: str) -> None:
    for path in HOSTILE:
        answer = await stranger.get(f"{prefix}/{path}")
        assert (path, answer.status_code) == (path, 404)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["access-control-allow-origin"] == "*"
    assert await statuses(stranger, *(f"{prefix}/{path}" for path in AS_GOOD)) == [200] * len(AS_GOOD)


async def test_an_unknown_shard_is_not_there(stranger: httpx.AsyncClient) -> None:
    names = [
        "2026h1",
        "2026h2a",
        "2026h2b",
        "2026h3",
        "2026H2",
        "2026h2 ",
        "2026h2%00",
        "%00",
        "tile",
        "x",
        "٢٠٢٦h2",
        "a" * 900,
    ]
    for name in names:
        what = ("checkpoint", "vkey", "opening.json", "tile/0/000", "")
        assert await statuses(stranger, *(f"/log/{name}/{each}" for each in what)) == [404] * 5


async def test_only_reading_is_offered(stranger: httpx.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        for path in ("checkpoint", f"{SHARD}/tile/0/000"):
            assert (await stranger.request(method, f"/log/{path}")).status_code == 405


async def test_before_anything_is_published_the_log_says_when_to_come_back(ledger: Ledger) -> None:
    async with serving(ledger) as client:
        for what in ("checkpoint", "vkey", "opening.json", "tile/0/000"):
            answer = await client.get(f"/log/{what}")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert (await client.get(f"/log/{SHARD}/{what}")).status_code == 404


async def test_the_opening_is_canonical_and_is_entry_0(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/log/opening.json")
    value = answer.json()
    assert answer.content == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert value.keys() == {"document", "salt"}
    assert (value["document"]["type"], value["document"]["data"]["vkey"]) == ("log.opened", str(LOG_KEY))


async def test_a_shard_that_a_recovery_cut_short_shows_the_last_checkpoint_that_was_signed(
    ledger: Ledger, stranger: httpx.AsyncClient
) -> None:
    final = Checkpoint(origin=LOG_KEY.name, size=900, root=bytes(32))
    note = sign_note(final.text(), vkey=LOG_KEY, sign=signer_for(LOG_KEY.name).sign)
    async with ledger.database.write() as tx:
        await tx.execute(update(tree_heads).values(final_note=note))
    assert (await stranger.get(f"/log/{SHARD}/checkpoint")).content == note
    assert await statuses(
        stranger, *(f"/log/{SHARD}/tile/0/{tile}" for tile in ("001", "002.p/188", "002.p/189", "002", "003.p/132"))
    ) == [200, 200, 404, 404, 404]


async def test_a_final_checkpoint_that_the_entries_reach_keeps_its_cosignatures(
    ledger: Ledger, stranger: httpx.AsyncClient
) -> None:
    note = (await stranger.get("/log/checkpoint")).content
    line = "— witness.test AAAAAAAAAAAA\n".encode()
    async with ledger.database.write() as tx:
        await tx.execute(update(tree_heads).values(final_note=note))
        now = ledger.surroundings.clock()
        await cosignatures.keep(tx, shard=SHARD, size=700, witness="witness.test", line=line, now=now)
    assert parse_note((await stranger.get("/log/checkpoint")).content).signatures[-1].name == "witness.test"


async def test_a_log_that_is_not_public_is_for_auditors(ledger: Ledger) -> None:
    await ledger.seal()
    await grow(ledger, 300)
    keys = {}
    for scope in Scope:
        token = await ledger.database.transact(
            lambda tx, scope=scope: create_key(
                tx, name="x", operators=(OPERATOR,), scopes=[scope], expires_at=None, surroundings=ledger.surroundings
            )
        )
        keys[scope] = bearer(token)
    async with serving(ledger, public=False) as client:
        for prefix in ("/log", f"/log/{SHARD}"):
            for what in ("checkpoint", "opening.json", "tile/0/000", "tile/entries/001.p/44", "tile/9/000"):
                path, there = f"{prefix}/{what}", 404 if what == "tile/9/000" else 200
                assert await statuses(client, path) == [401]
                assert await statuses(client, path, authorization="Bearer nonsense") == [401]
                opened = {scope: (await client.get(path, headers=key)).status_code for scope, key in keys.items()}
                assert opened == {scope: there if scope in {Scope.PROOFS_READ, Scope.ADMIN} else 403 for scope in Scope}
                answer = await client.get(path, headers=keys[Scope.PROOFS_READ])
                assert "access-control-allow-origin" not in answer.headers
                assert answer.headers.get("cache-control", "private").startswith("private")
            assert await statuses(client, f"{prefix}/vkey") == [200]

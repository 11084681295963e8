"""A process that is told of a time stamping authority asks it, and one that cannot does not start."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from app.api.metrics import refresh_gauges
from app.process import running
from app.settings import Settings, SettingsError
from app.storage import timestamps
from app.storage.database import Database
from app.storage.log import newest_checkpoint
from app.storage.timestamps import Stamp
from app.wiring import timestamper
from tests.doubles.tls import loopback_tls
from tests.doubles.tsa import TsaServer, new_authority

AUTHORITY = new_authority()


async def test_a_process_has_its_first_checkpoint_stamped(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.root_pem)
    async with TsaServer(AUTHORITY) as server:
        settings = Settings(
            database_url=database_url, data_dir=tmp_path, tsa_url=server.url, tsa_ca_file=tmp_path / "ca.pem"
        )
        async with running(settings) as process, asyncio.timeout(60):
            database = process.services.database
            while (stamp := await _stamp(database)) is None:  # noqa: ASYNC110 – the worker tells nobody
                await asyncio.sleep(0.01)
            async with database.read() as tx:
                await refresh_gauges(process.services.metrics, tx, now=process.services.surroundings.clock())
    assert stamp.size == 1
    assert b"awizo_log_stamped_entries 1.0" in generate_latest(process.services.metrics.registry)


async def _stamp(database: Database) -> Stamp | None:
    """That of the newest checkpoint."""
    async with database.read() as tx:
        newest = await newest_checkpoint(tx)
        assert newest is not None
        return await timestamps.of_checkpoint(tx, newest.shard, newest.size)


def test_without_an_address_there_is_no_authority(tmp_path: Path) -> None:
    assert timestamper(Settings(data_dir=tmp_path)) is None


def test_a_file_that_cannot_be_used_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    loopback_tls(tmp_path)
    pair, words, missing = tmp_path / "loopback.pem", tmp_path / "words.pem", tmp_path / "missing.pem"
    words.write_text("no certificate\n")
    for files, said in (
        ({"tsa_ca_file": words}, "AWIZO_TSA_CA_FILE holds no certificate in PEM."),
        ({"tsa_ca_file": missing}, "AWIZO_TSA_CA_FILE cannot be read: No such file or directory."),
        ({"tsa_client_cert": words, "tsa_client_key": pair}, "are no usable pair in PEM."),
        ({"tsa_client_cert": pair, "tsa_client_key": missing}, "are no usable pair in PEM."),
    ):
        with pytest.raises(SettingsError, match=r"\.$") as raised:
            timestamper(Settings(data_dir=tmp_path, tsa_url="https://tsa.example", **files))
        assert said in str(raised.value)
        assert str(tmp_path) not in str(raised.value)


async def test_a_client_certificate_and_its_key_are_taken(tmp_path: Path) -> None:
    loopback_tls(tmp_path)
    pair = tmp_path / "loopback.pem"
    built = timestamper(
        Settings(data_dir=tmp_path, tsa_url="https://tsa.example", tsa_client_cert=pair, tsa_client_key=pair)
    )
    assert built is not None
    await built.close()

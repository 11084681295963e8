"""What is asked of a time stamping authority, and which of its answers count as a stamp."""

import ssl
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import tsp

from adapters.rfc3161_timestamp import ANSWER_BYTES_MAX, Rfc3161Timestamper
from app.ports import NotStamped, Stamped
from tests.doubles.connections import unused_port
from tests.doubles.tls import LoopbackTls, loopback_tls
from tests.doubles.tsa import NOON, Answer, Authority, Behaviour, Grant, Hang, Refuse, TsaServer, new_authority

TEXT = b"awizo.test/log/2026h2\n7\nroot\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return new_authority()


@pytest.fixture
async def server(authority: Authority) -> AsyncIterator[TsaServer]:
    async with TsaServer(authority) as server:
        yield server


@pytest.fixture
async def timestamper(server: TsaServer) -> AsyncIterator[Rfc3161Timestamper]:
    timestamper = Rfc3161Timestamper(server.url, ca_certificates=server.authority.root_pem, timeout_seconds=5.0)
    yield timestamper
    await timestamper.close()


async def refusal(server: TsaServer, timestamper: Rfc3161Timestamper, behaviour: Behaviour) -> str:
    """The reason for which `behaviour` gives no stamp."""
    server.next(behaviour)
    answer = await timestamper.stamp(TEXT)
    assert isinstance(answer, NotStamped)
    assert "127.0.0.1" not in answer.reason
    return answer.reason


async def test_a_stamp_is_the_whole_response_over_the_digest(
    server: TsaServer, timestamper: Rfc3161Timestamper
) -> None:
    answer = await timestamper.stamp(TEXT)
    assert isinstance(answer, Stamped)
    response = tsp.TimeStampResp.load(answer.response, strict=True)
    assert response["status"]["status"].native == "granted"
    info = response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    assert info["message_imprint"]["hashed_message"].native == sha256(TEXT).digest()
    assert info["gen_time"].native == NOON


async def test_the_query_has_the_digest_a_nonce_and_asks_for_the_certificate(
    server: TsaServer, timestamper: Rfc3161Timestamper
) -> None:
    await timestamper.stamp(TEXT)
    await timestamper.stamp(TEXT)
    first, second = (tsp.TimeStampReq.load(request, strict=True) for request in server.requests)
    assert first["message_imprint"].native == {
        "hash_algorithm": {"algorithm": "sha256", "parameters": None},
        "hashed_message": sha256(TEXT).digest(),
    }
    assert first["cert_req"].native is True
    assert first["nonce"].native != second["nonce"].native
    assert TEXT not in b"".join(server.requests)
    assert server.heads[0].startswith("POST /tsr HTTP/1.1\r\n")
    assert "content-type: application/timestamp-query\r\n" in server.heads[0].lower()


@pytest.mark.parametrize("leaf_first", [True, False])
async def test_certificates_may_come_in_any_order(
    server: TsaServer, timestamper: Rfc3161Timestamper, leaf_first: bool
) -> None:
    pair = (server.authority.leaf, server.authority.root)
    server.next(Grant(certificates=pair if leaf_first else pair[::-1]))
    assert isinstance(await timestamper.stamp(TEXT), Stamped)


@pytest.mark.parametrize("status", ["rejection", "waiting", "revocation_warning"])
async def test_a_refusal_is_no_stamp(server: TsaServer, timestamper: Rfc3161Timestamper, status: str) -> None:
    assert "refused with status" in await refusal(server, timestamper, Refuse(status=status))


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (Grant(imprint=bytes(32)), "something else"),
        (Grant(algorithm="sha3_256"), "something else"),
        (Grant(nonce=1), "another request"),
        (Grant(with_nonce=False), "another request"),
        (Grant(status="granted_with_mods"), "status 1"),
        (Grant(damage=True), "do not vouch"),
        (Grant(certificates=()), "do not vouch"),
    ],
    ids=repr,
)
async def test_a_stamp_that_was_not_asked_for_is_none(
    server: TsaServer, timestamper: Rfc3161Timestamper, behaviour: Grant, why: str
) -> None:
    assert why in await refusal(server, timestamper, behaviour)


async def test_a_stamp_without_its_certificate_is_of_no_use_even_to_those_who_trust_everybody(
    server: TsaServer,
) -> None:
    timestamper = Rfc3161Timestamper(server.url)
    assert isinstance(await timestamper.stamp(TEXT), Stamped)
    assert "certificate of its signer" in await refusal(server, timestamper, Grant(certificates=()))
    await timestamper.close()


@pytest.mark.parametrize(
    "body",
    [b"", b"0", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"<html><body>Sign in</body></html>", bytes(1000)],
    ids=repr,
)
async def test_garbage_is_no_stamp(server: TsaServer, timestamper: Rfc3161Timestamper, body: bytes) -> None:
    assert "no time stamp response" in await refusal(server, timestamper, Answer(body=body))


@pytest.mark.parametrize("status", [201, 204, 302, 307, 400, 401, 500, 503])
async def test_any_other_http_status_is_no_stamp(
    server: TsaServer, timestamper: Rfc3161Timestamper, status: int
) -> None:
    behaviour = Answer(status=status, headers={"Location": f"{server.url}/elsewhere"})
    assert f"HTTP status {status}" in await refusal(server, timestamper, behaviour)
    assert len(server.requests) == 1


async def test_an_answer_beyond_the_bound_is_no_stamp(server: TsaServer, timestamper: Rfc3161Timestamper) -> None:
    body = bytes(ANSWER_BYTES_MAX + 1)
    assert "too long" in await refusal(server, timestamper, Answer(body=body))
    assert isinstance(await timestamper.stamp(TEXT), Stamped)


@pytest.mark.parametrize("dripping", [False, True])
async def test_an_authority_that_hangs_is_given_up(server: TsaServer, dripping: bool) -> None:
    timestamper = Rfc3161Timestamper(server.url, timeout_seconds=0.2)
    assert "in time" in await refusal(server, timestamper, Hang(dripping=dripping))
    await timestamper.close()


async def test_an_authority_that_is_away_is_no_stamp() -> None:
    timestamper = Rfc3161Timestamper(f"http://127.0.0.1:{unused_port()}")
    answer = await timestamper.stamp(TEXT)
    assert answer == NotStamped(reason="the authority cannot be reached (ConnectError)")
    await timestamper.close()


async def test_an_address_that_is_none_is_no_stamp() -> None:
    timestamper = Rfc3161Timestamper("http://[::1")
    assert isinstance(await timestamper.stamp(TEXT), NotStamped)
    await timestamper.close()


async def test_a_stamp_under_a_foreign_root_is_none(server: TsaServer) -> None:
    timestamper = Rfc3161Timestamper(server.url, ca_certificates=new_authority().root_pem)
    assert "do not vouch" in await refusal(server, timestamper, Grant())
    await timestamper.close()


async def test_a_stamp_by_a_certificate_that_had_expired_is_none() -> None:
    expired = new_authority(days=30)
    async with TsaServer(expired) as server:
        timestamper = Rfc3161Timestamper(server.url, ca_certificates=expired.root_pem)
        assert "do not vouch" in await refusal(server, timestamper, Grant())
        await timestamper.close()


async def test_certificates_that_are_none_stop_the_start() -> None:
    with pytest.raises(ValueError, match="PEM"):
        Rfc3161Timestamper("http://127.0.0.1", ca_certificates=b"")


@pytest.fixture
def client_file(tmp_path: Path) -> Path:
    """Certificate and key of a client, in one file."""
    loopback_tls(tmp_path)
    return tmp_path / "loopback.pem"


@pytest.fixture
def strict_tls(tmp_path_factory: pytest.TempPathFactory, client_file: Path) -> LoopbackTls:
    """A server that knows this one client."""
    tls = loopback_tls(tmp_path_factory.mktemp("server"))
    tls.server.verify_mode = ssl.CERT_REQUIRED
    tls.server.load_verify_locations(client_file)
    return tls


async def test_a_client_certificate_opens_the_door(
    authority: Authority, strict_tls: LoopbackTls, client_file: Path
) -> None:
    async with TsaServer(authority, tls=strict_tls.server) as server:
        timestamper = Rfc3161Timestamper(
            server.url, client_certificate=client_file, client_key=client_file, tls_context=strict_tls.client
        )
        assert isinstance(await timestamper.stamp(TEXT), Stamped)
        await timestamper.close()


async def test_without_the_client_certificate_the_door_stays_shut(
    authority: Authority, strict_tls: LoopbackTls
) -> None:
    async with TsaServer(authority, tls=strict_tls.server) as server:
        timestamper = Rfc3161Timestamper(server.url, tls_context=strict_tls.client)
        answer = await timestamper.stamp(TEXT)
        assert isinstance(answer, NotStamped)
        assert "cannot be reached" in answer.reason
        assert server.requests == []
        await timestamper.close()


async def test_a_server_that_nobody_vouches_for_is_told_nothing(authority: Authority, tls: LoopbackTls) -> None:
    async with TsaServer(authority, tls=tls.server) as server:
        timestamper = Rfc3161Timestamper(server.url)
        assert isinstance(await timestamper.stamp(TEXT), NotStamped)
        assert server.requests == []
        await timestamper.close()


def test_a_client_certificate_that_is_none_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_text("nothing")
    with pytest.raises(ssl.SSLError):
        Rfc3161Timestamper("https://127.0.0.1", client_certificate=file)

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
import rfc8785

from app.domain.channel import Channel
from app.domain.fact import Anchor, ChainLink, Fact
from app.evidence.fact import EncodedFact, commitment_of, encode_fact, entry_bytes, field_commitment
from tests.unit.evidence.builder import salts_from

FACT_ID = UUID("0198c0de-0000-7000-8000-000000000001")
NOTIFICATION = UUID("0198c0de-0000-7000-8000-00000000a11c")
AT = datetime(2026, 11, 23, 10, 42, 3, 120_999, tzinfo=UTC)
LINK = ChainLink(notification=NOTIFICATION, n=1, prev=bytes(32))
FIRST = ChainLink(notification=NOTIFICATION, n=0, prev=None)
ANCHOR = Anchor(origin="awizo.example/log/2026h2", size=1234, root=bytes(32))
HASH = "ab" * 32


def encode(
    kind: str,
    data: Mapping[str, object] | None = None,
    sealed: Mapping[str, Any] | None = None,
    *,
    link: ChainLink | None = None,
    anchor: Anchor | None = ANCHOR,
    at: datetime = AT,
) -> EncodedFact:
    fact = Fact(type=kind, id=FACT_ID, at=at, data=data or {}, sealed=sealed or {})
    return encode_fact(fact, link=link, anchor=anchor, salt=salts_from(0))


def document(fact: EncodedFact) -> dict[str, Any]:
    return dict(json.loads(fact.document))


def test_a_document_has_every_member_and_is_canonical() -> None:
    encoded = encode("attempt.started", {"attempt": 1, "provider": "twilio"}, {"contact": b"+48600100200"}, link=LINK)
    raw = document(encoded)
    assert rfc8785.dumps(raw) == encoded.document
    commitment = raw["sealed"].pop("contact")
    assert len(commitment) == 44
    assert raw == {
        "v": 1,
        "id": str(FACT_ID),
        "type": "attempt.started",
        "at": "2026-11-23T10:42:03.120Z",
        "notification": str(NOTIFICATION),
        "n": 1,
        "prev": "00" * 32,
        "anchor": {
            "origin": "awizo.example/log/2026h2",
            "size": 1234,
            "root": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        },
        "data": {
            "attempt": 1,
            "provider": "twilio",
            "consent_version": None,
            "template": None,
            "template_version": None,
            "encoding": None,
            "parts": None,
            "substitutes_paper": False,
        },
        "sealed": {},
    }


def test_a_fact_outside_any_chain_has_three_nulls() -> None:
    raw = document(encode("shipment.anomaly", {"code": "second_notice_missing"}, anchor=None))
    assert (raw["notification"], raw["n"], raw["prev"], raw["anchor"]) == (None, None, None, None)


def test_the_etsi_event_stands_only_where_there_is_an_analogy() -> None:
    accepted = document(encode("attempt.accepted", link=LINK))
    assert accepted["etsi"] == "http://uri.etsi.org/19522/Event/RelayToNonERDS"
    assert "etsi" not in document(encode("attempt.started", link=LINK))


def test_events_that_nobody_named_are_an_empty_list() -> None:
    assert document(encode("notification.planned", link=FIRST))["data"]["event_facts"] == []


def test_times_and_identifiers_become_their_text() -> None:
    received_at = datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    data = document(encode("event.accepted", {"received_at": received_at, "event": FACT_ID}))["data"]
    assert data["received_at"] == "2026-11-23T10:00:00.999Z"
    assert data["event"] == str(FACT_ID)


def test_a_word_of_an_enumeration_is_its_text() -> None:
    assert document(encode("contact.added", {"channel": Channel.SMS}))["data"]["channel"] == "sms"


def test_the_leaf_follows_from_document_and_salt() -> None:
    encoded = encode("log.opened", {"origin": "awizo.example/log/2026h2"})
    preimage = b"awizo/record/v1\x00" + encoded.salt + encoded.document
    assert encoded.commitment == sha256(preimage).digest()
    assert encoded.leaf == sha256(b"\x00awizo-leaf/v1\n" + encoded.commitment).digest()
    assert entry_bytes(encoded.commitment) == b"awizo-leaf/v1\n" + encoded.commitment


def test_a_sealed_value_is_opened_by_its_own_salt() -> None:
    encoded = encode("attempt.started", {}, {"contact": b"+48", "content": None}, link=LINK)
    opening = encoded.openings["contact"]
    assert list(encoded.openings) == ["contact"]
    assert opening.salt != encoded.salt
    commitment = sha256(b"awizo/field/v1\x00\x07contact" + opening.salt + b"+48").digest()
    assert document(encoded)["sealed"] == {"contact": b64encode(commitment).decode()}


def test_nothing_sealed_shows_in_a_repr() -> None:
    encoded = encode("attempt.started", {}, {"contact": b"+48600100200"}, link=LINK)
    assert "48600100200" not in repr(encoded) + repr(encoded.openings)


def test_randomness_is_drawn_once() -> None:
    draws: list[int] = []

    def draw(size: int) -> bytes:
        draws.append(size)
        return bytes(size)

    fact = Fact(type="attempt.started", id=FACT_ID, at=AT, data={}, sealed={"contact": b"a", "content": b"b"})
    encode_fact(fact, link=LINK, anchor=None, salt=draw)
    assert draws == [96]


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_salt_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commitment_of(b"{}", bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        field_commitment("contact", bytes(size), b"")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("attempt.started", {"attempt": 0}),
        ("attempt.started", {"attempt": True}),
        ("attempt.started", {"attempt": "1"}),
        ("attempt.started", {"attempt": 1.0}),
        ("attempt.started", {"parts": -1}),
        ("attempt.started", {"parts": 2**53}),
        ("attempt.started", {"encoding": "utf8"}),
        ("attempt.started", {"encoding": ["gsm7"]}),
        ("attempt.started", {"provider": 5}),
        ("attempt.started", {"provider": b"twilio"}),
        ("attempt.started", {"unknown": None}),
        ("attempt.started", {"substitutes_paper": False}),
        ("attempt.accepted", {"peer": "AB" * 32}),
        ("attempt.accepted", {"peer": "ab" * 31}),
        ("receipt.delivered", {"via": "pigeon"}),
        ("notification.planned", {"event_facts": "ab" * 32}),
        ("notification.planned", {"event_facts": ["short"]}),
        ("notification.planned", {"not_before": "2026-11-23T10:42:03Z"}),
        ("notification.planned", {"not_before": "2026-13-23T10:42:03.000Z"}),
    ],
)
def test_a_value_of_another_kind_is_an_error_of_the_program(kind: str, data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be|has no key"):
        encode(kind, data, link=LINK if kind != "notification.planned" else FIRST)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("event.accepted", {"event": "not-a-uuid"}),
        ("contact.added", {"version": 1}),
        ("consent.granted", {"version": 0}),
        ("consent.granted", {"by": "somebody"}),
        ("log.opened", {"previous_checkpoint": "no note"}),
        ("support.acted", {"facts": [HASH, 5]}),
    ],
)
def test_a_value_of_another_kind_outside_a_chain_is_an_error_too(kind: str, data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        encode(kind, data)


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        encode("log.opened", at=AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("kind", "sealed"),
    [
        ("attempt.started", {"shipment": b"x"}),
        ("attempt.started", {"contact": "text"}),
        ("log.opened", {"reason": b"x"}),
    ],
)
def test_a_sealed_name_or_value_that_does_not_belong_is_refused(kind: str, sealed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"seals no|is bytes"):
        encode(kind, {}, sealed, link=LINK if kind.startswith("attempt") else None)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="no type of fact"):
        encode("attempt.invented")


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        ("attempt.started", None),
        ("attempt.started", FIRST),
        ("notification.planned", LINK),
        ("notification.held", LINK),
        ("notification.planned", ChainLink(notification=NOTIFICATION, n=0, prev=bytes(32))),
        ("notification.closed", ChainLink(notification=NOTIFICATION, n=1, prev=None)),
        ("notification.closed", ChainLink(notification=NOTIFICATION, n=1, prev=bytes(31))),
        ("notification.closed", ChainLink(notification=NOTIFICATION, n=-1, prev=bytes(32))),
        ("consent.granted", LINK),
        ("log.opened", FIRST),
    ],
)
def test_a_wrong_place_in_a_chain_is_refused(kind: str, link: ChainLink | None) -> None:
    with pytest.raises(ValueError, match="chain"):
        encode(kind, link=link)


@pytest.mark.parametrize("link", [FIRST, LINK])
def test_a_suppression_may_open_a_chain_and_may_end_one(link: ChainLink) -> None:
    assert document(encode("notification.suppressed", link=link))["n"] == link.n


@pytest.mark.parametrize("link", [None, LINK])
def test_a_receipt_may_match_no_attempt(link: ChainLink | None) -> None:
    data = {"via": "callback", "signature": "none"}
    assert document(encode("receipt.late", data, link=link))["n"] == (link and link.n)


@pytest.mark.parametrize(
    "anchor", [Anchor(origin="o", size=0, root=bytes(32)), Anchor(origin="o", size=1, root=bytes(31))]
)
def test_an_anchor_that_no_log_published_is_refused(anchor: Anchor) -> None:
    with pytest.raises(ValueError, match="published checkpoint"):
        encode("log.opened", anchor=anchor)

"""Bundles of messages that ended in different ways, and what a statement says of them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from app.rendering.statement_pdf.account import Account, account_of
from tests.unit.evidence.builder import START, Log, edited

SHIPMENT = b"00759007734123456789"
PHONE = b"+48600100200"

Attempt = tuple[str, Mapping[str, object], Mapping[str, bytes | None]]

_STARTED = {"provider": "twilio", "template": "notice_left", "template_version": 3, "encoding": "gsm7", "parts": 1}


def story(
    *facts: Attempt,
    opening: str = "notification.planned",
    channel: str = "sms",
    kind: str = "notice_left",
    reason: str | None = None,
    shipment: bytes = SHIPMENT,
    recipient: bytes = b"customer-4711",
    contact: bytes | None = PHONE,
) -> Log:
    """An event, a consent of twenty days before, a decision, and what then became of it."""
    log = Log()
    event = log.write(
        "event.accepted",
        {
            "operator": "poczta-polska",
            "event": UUID(int=7),
            "event_type": "pl.awizo.delivery.notice_left.v1",
            "event_time": START - timedelta(minutes=17),
            "received_at": START,
        },
        {"event": b"{}", "shipment": shipment, "recipient": recipient},
    )
    consent = log.write(
        "consent.granted",
        {"channel": channel, "purpose": "delivery", "version": 3, "by": "person", "method": "page", "language": "pl"}
        | {"claimed_at": START - timedelta(days=20), "text_version": "awizo-2026-11"},
        {"contact": contact, "statement": b"agreed"},
    )
    log.publish()
    log.write(
        opening,
        {"operator": "poczta-polska", "kind": kind, "channel": channel, "purpose": "delivery", "reason": reason}
        | {"event_facts": [event.hex()], "consent_fact": consent.hex(), "consent_version": 3, "policy": "2026-11"}
        | {"legal_regime": "kpa"},
        {"contact": contact, "recipient": recipient, "shipment": shipment},
        chained=True,
    )
    for name, data, sealed in facts:
        log.write(name, data, sealed, chained=True)
    log.publish()
    return log


def started(number: int = 1, *, content: bytes = b"AWIZO: list czeka.", encoding: str = "gsm7") -> Attempt:
    data = _STARTED | {"attempt": number, "encoding": encoding}
    return ("attempt.started", data, {"contact": PHONE, "content": content})


def ended(how: str, number: int = 1, **data: object) -> Attempt:
    return (f"attempt.{how}", {"attempt": number, "provider": "twilio"} | data, {})


def accepted(number: int = 1) -> Attempt:
    sealed = {"provider_id": b"SM1", "provider_reply": b'{"sid": "SM1"}'}
    return ("attempt.accepted", {"attempt": number, "provider": "twilio", "code": "201"}, sealed)


def reported(how: str, number: int = 1, *, via: str = "callback", signature: str = "shared_key") -> Attempt:
    data = {"attempt": number, "provider": "twilio", "code": how, "claimed_at": START + timedelta(seconds=11)}
    return (
        f"receipt.{how}",
        data | {"via": via, "signature": signature},
        {"receipt": b"MessageStatus=" + how.encode()},
    )


def concluded(how: str, *, reason: str | None = None, failure: str | None = None, status: str | None = None) -> Attempt:
    return (f"notification.{how}", {"status": status or how, "reason": reason, "failure": failure}, {})


def suppressed(reason: str) -> Log:
    return story(opening="notification.suppressed", reason=reason)


def delivered() -> Log:
    return story(started(), accepted(), reported("delivered"), concluded("closed", status="delivered"))


def account(log: Log, *, closed: Iterable[str] = (), pending: int = 0) -> Account:
    """What a statement knows of it; the fields in `closed` are not opened."""
    return account_of(closing(log.bundle(pending=pending), closed))


def closing(bundle: bytes, names: Iterable[str]) -> bytes:
    """The bundle with those fields closed."""

    def close(raw: dict) -> None:  # type: ignore[type-arg]
        for fact in (*raw["facts"], *raw["context"]):
            fact["openings"] = {name: value for name, value in fact["openings"].items() if name not in set(names)}
        raw["originals"] = [each for each in raw["originals"] if each["field"] not in set(names)]

    return edited(bundle, close) if names else bundle

"""Signatures of calls, held against a second reading of Standard Webhooks 1.0."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook
from uuid_utils.compat import uuid7

from app.ports import Surroundings
from app.usecases.sign_webhook import new_secret, signed_headers

SURROUNDINGS = Surroundings(
    clock=lambda: datetime.now(UTC), new_id=uuid7, entropy=secrets.token_bytes, jitter=lambda: 0.5
)


def second_signature(secret: str, message_id: str, at: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256)).decode()


def test_a_secret_has_256_bits_in_the_form_of_the_specification() -> None:
    secret, other = new_secret(SURROUNDINGS), new_secret(SURROUNDINGS)
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert secret != other


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(hours=1)])
def test_the_signature_covers_id_time_and_the_very_bytes_of_the_body(offset: timedelta) -> None:
    secret, body = new_secret(SURROUNDINGS), '{"type":"x","data":"zażółć"}'.encode()
    now = datetime(2026, 11, 23, 11, 0, 0, 999_999, tzinfo=UTC) + offset
    headers = signed_headers("evt_1", body, secrets=[secret], now=now)
    at = int((now - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    assert headers["webhook-timestamp"] == str(at)
    assert headers["webhook-signature"] == second_signature(secret, "evt_1", at, body)


def test_while_a_secret_is_exchanged_receivers_with_either_accept() -> None:
    new, old, other = (new_secret(SURROUNDINGS) for _ in range(3))
    headers = signed_headers("evt_1", b"{}", secrets=[new, old], now=datetime.now(UTC))
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (new, old):
        assert Webhook(secret).verify(b"{}", headers) == {}
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(other).verify(b"{}", headers)

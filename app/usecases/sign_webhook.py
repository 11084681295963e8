"""Secrets of endpoints, and the headers by which a receiver knows that a call is ours (Standard Webhooks 1.0)."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signature

from app.ports import Surroundings

_SECRET_BYTES = 32
_PREFIX = "whsec_"


def new_secret(surroundings: Surroundings) -> str:
    """A fresh secret of 256 bits, as it is shown once."""
    return _PREFIX + base64.b64encode(surroundings.entropy(_SECRET_BYTES)).decode()


def signed_headers(message_id: str, body: bytes, *, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` and one signature for each secret; the signature covers all three."""
    at, text = now.astimezone(UTC).replace(microsecond=0), body.decode()
    signatures = [Signature(secret).sign(message_id, at, text) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }

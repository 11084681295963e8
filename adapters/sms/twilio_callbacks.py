"""What Twilio calls: status callbacks, and what people send to our number.

Sources: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status,
https://www.twilio.com/docs/messaging/guides/webhook-request (incoming messages) and
https://www.twilio.com/docs/usage/security (`X-Twilio-Signature`).
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from twilio.request_validator import RequestValidator

from adapters.sms.codes import kept_code
from adapters.sms.twilio_errors import HARD_FAILURES
from app.domain.receipt import InboundSms, Receipt, ReceiptStatus

_STATUSES: Mapping[str, ReceiptStatus] = {
    "accepted": ReceiptStatus.PROGRESS,
    "scheduled": ReceiptStatus.PROGRESS,
    "queued": ReceiptStatus.PROGRESS,
    "sending": ReceiptStatus.PROGRESS,
    "sent": ReceiptStatus.PROGRESS,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.DELIVERED,
    "undelivered": ReceiptStatus.FAILED,
    "failed": ReceiptStatus.FAILED,
    "canceled": ReceiptStatus.FAILED,
}


class TwilioCallbacks:
    """`app.ports.ReceiptParser` and `app.ports.InboundParser` for Twilio.

    Twilio signs the URL it was given, which begins with `public_url`; behind a proxy the request's own URL differs, so
    only path and query of the request are taken. A form name has one value; the caller refuses repeated names.
    """

    def __init__(self, *, auth_token: str, public_url: str, provider: str = "twilio") -> None:
        self._validator = RequestValidator(auth_token)
        self._public_url = public_url.rstrip("/")
        self._provider = provider

    def __repr__(self) -> str:
        return f"TwilioCallbacks(provider={self._provider!r}, public_url={self._public_url!r})"

    def parse(
        self, *, url: str, form: Mapping[str, str], signature: str, raw: bytes, attempt: UUID
    ) -> tuple[Receipt, ...]:
        """See `app.ports.ReceiptParser`; a status that Twilio may add one day counts as progress."""
        if not self._is_genuine(url, form, signature):
            return ()
        said = form.get("MessageStatus") or form.get("SmsStatus") or "missing"
        status = _STATUSES.get(said, ReceiptStatus.PROGRESS)
        error = form.get("ErrorCode") if status is ReceiptStatus.FAILED else None
        receipt = Receipt(
            attempt=attempt,
            provider=self._provider,
            status=status,
            code=kept_code(error or said),
            via="callback",
            signature="shared_key",
            provider_id=form.get("MessageSid") or form.get("SmsSid"),
            raw=raw,
            hard=error in HARD_FAILURES,
        )
        return (receipt,)

    def read_inbound(self, *, url: str, form: Mapping[str, str], signature: str) -> InboundSms | None:
        """See `app.ports.InboundParser`; `raw` is the form encoded again, in the order in which it came.

        Twilio names every message. What is signed and has no name is none, and could not be told from a replay.
        """
        name = form.get("MessageSid")
        if not name or not self._is_genuine(url, form, signature):
            return None
        return InboundSms(
            provider=self._provider,
            provider_id=name,
            sender=form.get("From", ""),
            text=form.get("Body", ""),
            raw=urlencode(form).encode("ascii"),
        )

    def _is_genuine(self, url: str, form: Mapping[str, str], signature: str) -> bool:
        try:
            return bool(self._validator.validate(self._public(url), dict(form), signature))
        except ValueError:  # a lone surrogate in the form, or a URL that is none: Twilio signed neither
            return False

    def _public(self, url: str) -> str:
        parts = urlsplit(url)
        path = parts.path.removeprefix(urlsplit(self._public_url).path)
        return f"{self._public_url}{path}" + (f"?{parts.query}" if parts.query else "")

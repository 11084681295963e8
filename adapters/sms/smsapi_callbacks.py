"""SMSAPI's reports on messages (https://www.smsapi.pl/docs, section 9; statuses: section 18)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from adapters.sms.codes import kept_code
from app.domain.receipt import Receipt, ReceiptStatus

# A status that says nothing final: 401 and 408 mean that SMSAPI itself knows nothing of the message's end.
_STATUSES: Mapping[str, tuple[str, ReceiptStatus]] = {
    "401": ("NOT_FOUND", ReceiptStatus.PROGRESS),
    "402": ("EXPIRED", ReceiptStatus.FAILED),
    "403": ("SENT", ReceiptStatus.PROGRESS),
    "404": ("DELIVERED", ReceiptStatus.DELIVERED),
    "405": ("UNDELIVERED", ReceiptStatus.FAILED),
    "406": ("FAILED", ReceiptStatus.FAILED),
    "407": ("REJECTED", ReceiptStatus.FAILED),
    "408": ("UNKNOWN", ReceiptStatus.PROGRESS),
    "409": ("QUEUE", ReceiptStatus.PROGRESS),
    "410": ("ACCEPTED", ReceiptStatus.PROGRESS),
    "411": ("RENEWAL", ReceiptStatus.PROGRESS),
    "412": ("STOP", ReceiptStatus.FAILED),
}
# All reports of one call concern one message, which has no more ends than these.
_REPORTS_MAX = 20


class SmsApiCallbacks:
    """`app.ports.ReceiptParser` for SMSAPI, which signs nothing: only our MAC in the URL shows that it was told it.

    One call may report several times, with commas between the values of each parameter; all concern the one message
    whose URL was called. Of no failure is it known that it lies in the number.
    """

    def __init__(self, *, provider: str = "smsapi") -> None:
        self._provider = provider

    def parse(
        self,
        *,
        url: str,  # noqa: ARG002 – the port's signature
        form: Mapping[str, str],
        signature: str,  # noqa: ARG002 – the port's signature
        raw: bytes,
        attempt: UUID,
    ) -> tuple[Receipt, ...]:
        """See `app.ports.ReceiptParser`; none without a status, with too many, or when `idx` names no one message."""
        if "status" not in form:
            return ()
        try:
            named = {UUID(idx) for idx in form.get("idx", "").split(",") if idx}
        except ValueError:
            return ()
        if len(named) > 1:
            return ()
        statuses = form.get("status", "").split(",")
        if len(statuses) > _REPORTS_MAX:
            return ()
        ids, names, done = (_aligned(form, name, len(statuses)) for name in ("MsgId", "status_name", "donedate"))
        return tuple(
            Receipt(
                attempt=attempt,
                notification=next(iter(named), None),
                provider=self._provider,
                status=_STATUSES.get(status, ("", ReceiptStatus.PROGRESS))[1],
                code=_code(status, name),
                via="callback",
                signature="none",
                provider_id=message_id or None,
                claimed_at=_moment(at),
                raw=raw,
            )
            for status, name, message_id, at in zip(statuses, names, ids, done, strict=True)
        )


def _aligned(form: Mapping[str, str], name: str, count: int) -> list[str]:
    """The values of a parameter, one for each status; one value stands for all, and any other number for none."""
    values = form.get(name, "").split(",")
    if len(values) == 1:
        return values * count
    return values if len(values) == count else [""] * count


def _code(status: str, name: str) -> str:
    known = _STATUSES.get(status)
    return known[0] if known else kept_code(name or status or "missing")


def _moment(text: str) -> datetime | None:
    """A time in seconds since 1970."""
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        return None
    return datetime.fromtimestamp(int(text), UTC)

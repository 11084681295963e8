"""Reports of the gateway that a file describes (docs/sms-gateway.md)."""

from collections.abc import Mapping
from uuid import UUID

from adapters.sms.codes import kept_code
from adapters.sms.gateway_file import Callback
from app.domain.receipt import Receipt, ReceiptStatus


class GatewayCallbacks:
    """`app.ports.ReceiptParser` for it. Nothing is signed: only our MAC in the URL shows that it was told it."""

    def __init__(self, callback: Callback, *, provider: str = "gateway") -> None:
        self._callback = callback
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
        """See `app.ports.ReceiptParser`; none without a status, and when the key names no notification."""
        if self._callback.status not in form:
            return ()
        key = form.get(self._callback.key, "") if self._callback.key else ""
        try:
            notification = UUID(key) if key else None
        except ValueError:
            return ()
        said = form.get(self._callback.status, "")
        status = self._callback.statuses.get(said, ReceiptStatus.PROGRESS)
        receipt = Receipt(
            attempt=attempt,
            notification=notification,
            provider=self._provider,
            status=status,
            code=kept_code(said or "missing"),
            via="callback",
            signature="none",
            provider_id=(form.get(self._callback.id) or None) if self._callback.id else None,
            raw=raw,
            hard=status is ReceiptStatus.FAILED and said in self._callback.hard,
        )
        return (receipt,)

"""A receipt: a provider's later report about a message it took."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ReceiptStatus(StrEnum):
    """What the provider reports, in our words; `PROGRESS` is any report that is not final."""

    PROGRESS = "progress"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One report. `code` is the provider's own status or error; `raw` the body as it came."""

    attempt: UUID
    provider: str
    status: ReceiptStatus
    code: str
    via: str
    signature: str
    provider_id: str | None = field(default=None, repr=False)
    claimed_at: datetime | None = None
    raw: bytes = field(default=b"", repr=False)

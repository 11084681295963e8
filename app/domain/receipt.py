"""What comes back after a message was handed over: receipts, reports of mail servers, and people's answers."""

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
    """One report. `code` is the provider's own status or error; `raw` the body as it came.

    `notification` is whose message it names by itself, where it names one: it has to be the attempt's.
    `hard`: the failure lies in the contact point, and no later message will fare better; `bounced`: one such failure
    is enough to stop using it.
    """

    attempt: UUID
    provider: str
    status: ReceiptStatus
    code: str
    via: str
    signature: str
    provider_id: str | None = field(default=None, repr=False)
    notification: UUID | None = None
    claimed_at: datetime | None = None
    raw: bytes = field(default=b"", repr=False)
    hard: bool = False
    bounced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReport:
    """What a mail server's message says of one that we sent.

    `names` are the texts that may hold our name of the attempt with its MAC, as they came: the envelope id (RFC 3461
    §4.4, decoded) and the local parts of the addresses that it came to. `hard` and `bounced` as in `Receipt`: the
    mailbox does not exist, or never will take mail (RFC 3463: 5.1.x and the like).
    """

    names: tuple[str, ...] = field(repr=False)
    status: ReceiptStatus
    code: str
    hard: bool = False
    bounced: bool = False
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSms:
    """An SMS that somebody sent to our number. `sender` is E.164, `raw` the provider's report as it came.

    `provider_id` is the provider's name of it: the same name is the same message, come again.
    """

    provider: str
    provider_id: str = field(repr=False)
    sender: str = field(repr=False)
    text: str = field(repr=False)
    raw: bytes = field(default=b"", repr=False)

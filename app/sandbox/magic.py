"""Numbers and mailboxes that misbehave on purpose, so that every outcome can be seen without a real provider."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MagicNumber:
    """What happens to an SMS to a number with this ending.

    `http_status` other than 201 refuses it, Twilio with `code` and SMSAPI with `smsapi_code`; else `final` is what the
    last status callback says, None that none ever comes. `kept`: the message is taken, whatever the answer was.
    `report_delay` is how many times longer than usual that callback takes.
    """

    ending: str
    says: str
    http_status: int = 201
    code: int | None = None
    smsapi_code: int = 0
    final: str | None = "delivered"
    retry_after_seconds: int | None = None
    kept: bool = False
    report_delay: int = 1


MAGIC_NUMBERS = (
    MagicNumber(
        ending="5550001",
        says="refused: not a valid number (21211, SMSAPI 13)",
        http_status=400,
        code=21211,
        smsapi_code=13,
    ),
    MagicNumber(
        ending="5550003",
        says="refused: has replied STOP (21610, SMSAPI 59)",
        http_status=400,
        code=21610,
        smsapi_code=59,
    ),
    MagicNumber(ending="5550008", says="taken, then failed: unknown phone (30005)", code=30005, final="failed"),
    MagicNumber(
        ending="5550009", says="taken, then undelivered: phone is off (30003)", code=30003, final="undelivered"
    ),
    MagicNumber(
        ending="5550029",
        says="too many requests (429), again after 2 seconds",
        http_status=429,
        code=20429,
        smsapi_code=203,
        retry_after_seconds=2,
    ),
    MagicNumber(ending="5550030", says="taken, delivered five times later than usual", report_delay=5),
    MagicNumber(ending="5550031", says="taken, and no report ever comes", final=None),
    MagicNumber(ending="5550050", says="server error (500), not taken", http_status=500, code=20500, smsapi_code=999),
    MagicNumber(
        ending="5550051",
        says="server error (500), but taken, and reported as delivered",
        http_status=500,
        code=20500,
        smsapi_code=999,
        kept=True,
    ),
)

# Local parts of e-mail addresses, and how RCPT is answered.
MAGIC_MAILBOXES: Mapping[str, str] = {
    "nobody": "550 5.1.1 no such mailbox",
    "full": "452 4.2.2 mailbox full",
}
# Others that RCPT lets through, and how the whole message is answered; the connection closes without an answer to "".
MAGIC_ENDINGS: Mapping[str, str] = {
    "spam": "554 5.7.1 refused for its content",
    "busy": "451 4.3.0 try again later",
    "lost": "",
}


def magic_number(to: str) -> MagicNumber | None:
    """How a number misbehaves, or None for all ordinary ones."""
    return next((magic for magic in MAGIC_NUMBERS if to.endswith(magic.ending)), None)

"""Find the attempt that a mail server's report speaks of."""

from uuid import UUID

from app.domain.access import Caller
from app.domain.notification import Attempt
from app.domain.receipt import MailReport, Receipt
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.storage.stray_receipts import StrayReport
from app.usecases.name_attempts import attempt_named

VIA = "dsn"
UNSIGNED = "none"
# Who reports, when nobody knows through which relay the message had left.
SOME_MAIL_SERVER = "email"
# What is kept of a message that reports nothing: nobody but a person can tell whether it is a bounce.
UNREADABLE = "unreadable"


async def match_report(tx: Tx, message: bytes, report: MailReport | None, *, caller: Caller) -> Receipt | StrayReport:
    """The receipt of `message` (RFC 5322), in which `report` was read; a stray where it counts for no attempt.

    It counts when one of its names bears our MAC, the attempt exists, and the caller acts for its operator.
    """
    if report is None:
        return StrayReport(
            provider=SOME_MAIL_SERVER, status=None, code=UNREADABLE, via=VIA, signature=UNSIGNED, raw=message
        )
    attempt = await _attempt(tx, report, caller)
    if attempt is None:
        return StrayReport(
            provider=SOME_MAIL_SERVER,
            status=report.status,
            code=report.code,
            via=VIA,
            signature=UNSIGNED,
            claimed_at=report.claimed_at,
            raw=message,
        )
    return Receipt(
        attempt=attempt.id,
        provider=attempt.provider,
        status=report.status,
        code=report.code,
        via=VIA,
        signature=UNSIGNED,
        claimed_at=report.claimed_at,
        raw=message,
        hard=report.hard,
        bounced=report.bounced,
    )


async def _attempt(tx: Tx, report: MailReport, caller: Caller) -> Attempt | None:
    named: set[UUID] = {found for name in report.names if (found := attempt_named(tx.vault, name))}
    if len(named) != 1:  # names of two of our messages in one report: nobody knows which it means
        return None
    attempt = (await outbox.attempts_by_id(tx, named)).get(named.pop())
    notification = await outbox.by_id(tx, attempt.notification) if attempt else None
    return attempt if notification and caller.may_act_for(notification.operator) else None

"""After an old backup came back: what may have been sent meanwhile is unknown, and is never sent by itself."""

from dataclasses import replace

from app.domain.notification import Attempt, AttemptStatus, Notification, Status
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage import recovery
from app.storage.database import Tx
from app.usecases.record_facts import FactSheet, new_fact_sheet

RESTORED = "restored"
_BATCH_MAX = 500


async def forget_progress(tx: Tx, *, surroundings: Surroundings) -> int:
    """Make every notification that has not left, or was leaving, `unknown` with the reason `restored`; the number.

    What was unknown before is not sent once more either: it may have been, after the backup was made.
    """
    await recovery.forbid_resends(tx)
    done = 0
    while ids := await recovery.unsettled(tx, limit=_BATCH_MAX):
        found = await outbox.lock(tx, ids)
        attempts = await outbox.attempts_of(tx, [n.id for n in found.values() if n.status is Status.SENDING])
        sheet = await new_fact_sheet(tx, surroundings)
        changed = [_unknown(sheet, n, attempts.get(n.id, []), surroundings) for n in found.values()]
        await outbox.save_all(tx, changed)
        await outbox.save_attempts(tx, [_ended(tried[-1], surroundings) for tried in attempts.values()])
        await sheet.write(tx)
        done += len(changed)
    return done


def _unknown(
    sheet: FactSheet, notification: Notification, attempts: list[Attempt], surroundings: Surroundings
) -> Notification:
    """The attempt that was under way, or one that may have been made and that nobody remembers."""
    under_way = attempts[-1] if attempts else None
    number = under_way.number if under_way else notification.attempts + 1
    recorded = sheet.record_in_chain(
        notification,
        "attempt.unknown",
        at=surroundings.clock(),
        data={"attempt": number, "provider": under_way.provider if under_way else None, "code": RESTORED},
    )
    return replace(
        recorded, status=Status.UNKNOWN, reason=RESTORED, due_at=None, not_before=None, lease=None, attempts=number
    )


def _ended(under_way: Attempt, surroundings: Surroundings) -> Attempt:
    return replace(under_way, status=AttemptStatus.UNKNOWN, code=RESTORED, ended_at=surroundings.clock())

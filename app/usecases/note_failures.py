"""Note which contact points a message could not be delivered to, so that what follows for them can be weighed."""

from collections.abc import Sequence

from app.domain.notification import Attempt, Notification
from app.domain.outcome import Outcome, Permanence, Refused
from app.domain.receipt import Receipt, ReceiptStatus
from app.ports import Surroundings
from app.storage import contact_failures
from app.storage.contact_failures import FailedContact
from app.storage.database import Tx


def failure_of(notification: Notification, attempt: Attempt, said: Outcome | Receipt) -> FailedContact | None:
    """The failure of a contact point that an outcome or a report of `attempt` tells of, if it tells of one.

    A report counts however late it is: it speaks of the contact point, not of where the notification stands. Of a
    person who was erased there is no contact point left.
    """
    match said:
        case Refused(permanence=Permanence.PERMANENT, hard=hard, bounced=bounced):
            counts = hard or bounced
        case Receipt(status=ReceiptStatus.FAILED, hard=hard, bounced=bounced):
            counts = hard or bounced
        case _:
            return None
    if not counts or notification.contact is None:
        return None
    return FailedContact(
        recipient=notification.recipient,
        contact=notification.contact,
        attempt=attempt.id,
        bounced=bounced,
        code=said.code or "",
    )


async def note_failures(tx: Tx, failed: Sequence[FailedContact], *, surroundings: Surroundings) -> None:
    """Keep these failures in the transaction that tells of them, one for each attempt, to be weighed soon after."""
    if failed:
        await contact_failures.insert_new(
            tx, [(surroundings.new_id(), failure) for failure in failed], failed_at=surroundings.clock()
        )

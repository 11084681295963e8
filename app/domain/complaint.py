"""Complaints about shipments, and the day by which the operator must have answered. Pure.

Rozporządzenie w sprawie reklamacji usługi pocztowej (of 2013-11-26, Dz.U. 2019 poz. 474) § 9: the answer is given
within 30 days of the day on which the complaint was received, and in time when it was *sent* by then; § 14: a complaint
that is not answered in time counts as accepted. The day of receipt does not count (KC art. 111 § 2). Whether an end
that falls on a Saturday, a Sunday or a day off moves on (KC art. 115) is left to lawyers: both days are kept, and the
clock shows the earlier, by which an answer is in time either way.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.calendar import rolled

ANSWER_DAYS = 30
OVERDUE = "complaint_unanswered"


class ComplaintState(StrEnum):
    """`open`; `due`: unanswered, and the last day is today or has passed; `answered`."""

    OPEN = "open"
    DUE = "due"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint under the operator's own `reference`. Days are local dates in Poland.

    `recipient` is the person whose key keeps it, `whose` the operator's name for them (None: nobody registered them),
    `answered_on` the day on which the answer was sent.
    """

    id: UUID
    operator: str
    recipient: UUID
    shipment: str = field(repr=False)
    reference: str = field(repr=False)
    whose: str | None = field(default=None, repr=False)
    received_on: date
    answer_due_on: date
    answered_on: date | None = None
    attached_at: datetime

    @property
    def answer_due_on_rolled(self) -> date:
        """The last day, moved past Saturdays, Sundays and statutory days off."""
        return rolled(self.answer_due_on)

    def state(self, today: date) -> ComplaintState:
        """Where it stands on that day."""
        if self.answered_on is not None:
            return ComplaintState.ANSWERED
        return ComplaintState.DUE if today >= self.answer_due_on else ComplaintState.OPEN

    def days_left(self, today: date) -> int | None:
        """How many days are left for an answer; 0 on the last one, negative after it, None once answered."""
        return None if self.answered_on is not None else (self.answer_due_on - today).days

    def is_overdue(self, today: date) -> bool:
        """Whether nobody answered it, and the last day has passed."""
        return self.answered_on is None and today > self.answer_due_on


def answer_due_on(received_on: date) -> date:
    """The last day on which an answer is in time whatever a court holds of days off."""
    return received_on + timedelta(days=ANSWER_DAYS)

"""How long what is kept: months on the calendar, and the ids of a moment. Pure."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

# How long the keyed hash of a withdrawn contact stays.
MARK_MONTHS = 13

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP_SHIFT = 80  # the 48 bits of the timestamp come first (RFC 9562 §5.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """`months` after posting personal values go, `skeleton_years` after that the documents of the proofs."""

    months: int
    skeleton_years: int

    def values_before(self, now: datetime) -> UUID:
        """The id below which personal values are too old."""
        return first_id_at(months_later(now, -self.months))

    def skeletons_before(self, now: datetime, *, years_more: int = 0) -> UUID:
        """The id below which everything that the log can do without is too old, or so many years older than that."""
        return first_id_at(months_later(now, -12 * (self.skeleton_years + years_more)))


def months_later(moment: datetime, months: int) -> datetime:
    """The same day and time of day so many calendar months later, in UTC; a day that month lacks is its last."""
    there = moment.astimezone(UTC)
    year, month = divmod(there.year * 12 + there.month - 1 + months, 12)
    day = min(there.day, monthrange(year, month + 1)[1])
    return there.replace(year=year, month=month + 1, day=day)


def first_id_at(moment: datetime) -> UUID:
    """The smallest UUIDv7 of that millisecond (RFC 9562 §5.7): ids below it are older, ids from it on are not.

    Before 1970 there are no such ids: nothing is older than that.
    """
    since = max(moment, _EPOCH) - _EPOCH
    milliseconds = since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000
    return UUID(int=milliseconds << _TIMESTAMP_SHIFT)


def moment_of(id_: UUID) -> datetime:
    """The millisecond of a UUIDv7."""
    return _EPOCH + timedelta(milliseconds=id_.int >> _TIMESTAMP_SHIFT)

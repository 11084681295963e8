"""Send the reminders of one person that are due: one message for several items that wait at one place."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from app.domain.channel import Channel
from app.domain.decision import Planned, Suppress
from app.domain.notification import Notification, Status
from app.storage.facts import StoredFact
from app.storage.recipients import RecipientRecord
from app.usecases.end_chain import end_chain, opening_data
from app.usecases.open_notification import Standing, Subject, open_notification, standing_of
from app.usecases.record_facts import FactSheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheld:
    """A reminder for a contact point that could not be planned before its day, and what is decided about it now."""

    id: UUID
    planned: Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One reminder for one contact point that is due: held since it was planned, or decided only now.

    `place` is where the item waits, None where nobody said.
    """

    subject: Subject
    place: str | None
    reminder: Notification | Unheld

    @property
    def id(self) -> UUID:
        """The notification's id."""
        return self.reminder.id


@dataclass(slots=True, kw_only=True)
class Releasing:
    """Releases what is due for one person. `openings` holds the first facts of those that were held."""

    sheet: FactSheet
    record: RecipientRecord
    openings: Mapping[UUID, StoredFact]
    now: datetime

    def release(self, releases: Sequence[Release]) -> tuple[list[Notification], list[Notification]]:
        """The new notifications and the changed ones."""
        groups: dict[object, list[Release]] = defaultdict(list)
        for each in releases:
            groups[_message(each)].append(each)
        new, changed = [], []
        for together in groups.values():
            speaker, *others = sorted(together, key=_precedence)
            done = [(speaker, self._speak(speaker)), *((each, self._merge(each, speaker.id)) for each in others)]
            new += [notification for each, notification in done if isinstance(each.reminder, Unheld)]
            changed += [notification for each, notification in done if isinstance(each.reminder, Notification)]
        return new, changed

    def _speak(self, speaker: Release) -> Notification:
        match speaker.reminder:
            case Notification() as held:
                return replace(held, status=Status.QUEUED, due_at=self.now)
            case Unheld(planned=planned) as unheld:
                return self._open(speaker.subject, unheld, standing_of(planned, now=self.now))
            case _:
                assert_never(speaker.reminder)

    def _merge(self, other: Release, speaker: UUID) -> Notification:
        match other.reminder:
            case Notification() as held:
                ended = replace(held, status=Status.SUPPRESSED, reason="merged", due_at=None, merged_into=speaker)
                opening = opening_data(self.openings[ended.id])
                suppressed = "notification.suppressed"
                return end_chain(self.sheet, ended, suppressed, at=self.now, record=self.record, opening=opening)
            case Unheld() as unheld:
                standing = Standing(status=Status.SUPPRESSED, reason="merged", merged_into=speaker)
                return self._open(other.subject, unheld, standing)
            case _:
                assert_never(other.reminder)

    def _open(self, subject: Subject, unheld: Unheld, standing: Standing) -> Notification:
        return open_notification(
            self.sheet, subject, self.record, unheld.planned, standing, new_id=unheld.id, now=self.now
        )


def _message(release: Release) -> object:
    """What makes reminders one message: the same words, on the same way, about the same place."""
    channel, contact = _way(release.reminder)
    alone = release.place is None or contact is None or _is_suppressed(release.reminder)
    return release.id if alone else (channel, contact, release.subject.kind, release.place)


def _way(reminder: Notification | Unheld) -> tuple[Channel, UUID | None]:
    match reminder:
        case Notification(channel=channel, contact=contact):
            return channel, contact
        case Unheld(planned=planned):
            return planned.channel, planned.contact.id if planned.contact else None
        case _:
            assert_never(reminder)


def _is_suppressed(reminder: Notification | Unheld) -> bool:
    return isinstance(reminder, Unheld) and isinstance(reminder.planned.decision, Suppress)


def _precedence(release: Release) -> tuple[object, ...]:
    """Whose safe day comes first speaks for the others."""
    return release.subject.collect_by, release.id

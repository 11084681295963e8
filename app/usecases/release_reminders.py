"""Send the reminders of one person that are due: one message for several items that wait at one place."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.domain.decision import Planned, Suppress
from app.domain.notification import Notification, Status
from app.storage.facts import StoredFact
from app.storage.recipients import RecipientRecord
from app.usecases.end_chain import end_chain, opening_data
from app.usecases.open_notification import Standing, Subject, open_notification, standing_of
from app.usecases.record_facts import FactSheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One reminder for one contact point that is due.

    `held` was planned before; None: it is decided only now, as `planned` says, and gets `new_id`. `place` is where the
    item waits, None where nobody said.
    """

    subject: Subject
    place: str | None
    held: Notification | None
    planned: Planned | None
    new_id: UUID

    @property
    def id(self) -> UUID:
        """The notification's id."""
        return self.held.id if self.held else self.new_id


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
            new += [notification for each, notification in done if each.held is None]
            changed += [notification for each, notification in done if each.held is not None]
        return new, changed

    def _speak(self, speaker: Release) -> Notification:
        if speaker.held is not None:
            return replace(speaker.held, status=Status.QUEUED, due_at=self.now)
        if speaker.planned is None:
            raise ValueError("a reminder was either held or is planned now")
        return self._open(speaker, standing_of(speaker.planned, now=self.now))

    def _merge(self, other: Release, speaker: UUID) -> Notification:
        merged = Standing(status=Status.SUPPRESSED, reason="merged", merged_into=speaker)
        if other.held is None:
            return self._open(other, merged)
        ended = replace(other.held, status=Status.SUPPRESSED, reason="merged", due_at=None, merged_into=speaker)
        opening = opening_data(self.openings[ended.id])
        return end_chain(self.sheet, ended, "notification.suppressed", at=self.now, record=self.record, opening=opening)

    def _open(self, release: Release, standing: Standing) -> Notification:
        if release.planned is None:
            raise ValueError("a reminder was either held or is planned now")
        return open_notification(
            self.sheet, release.subject, self.record, release.planned, standing, new_id=release.new_id, now=self.now
        )


def _message(release: Release) -> object:
    """What makes reminders one message: the same words, on the same way, about the same place."""
    contact, channel = _contact(release)
    alone = release.place is None or contact is None or _is_suppressed(release)
    return release.id if alone else (channel, contact, release.subject.kind, release.place)


def _contact(release: Release) -> tuple[UUID | None, str]:
    if release.held is not None:
        return release.held.contact, release.held.channel
    if release.planned is None:
        raise ValueError("a reminder was either held or is planned now")
    return release.planned.contact.id if release.planned.contact else None, release.planned.channel


def _is_suppressed(release: Release) -> bool:
    return release.planned is not None and isinstance(release.planned.decision, Suppress)


def _precedence(release: Release) -> tuple[object, ...]:
    """Whose safe day comes first speaks for the others."""
    return release.subject.collect_by, release.id

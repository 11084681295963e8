"""Invariants 1, 2, 12 and 13: no event and no notification is lost, doubled, or there for no reason."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from tests.faults.journals import Posted
from tests.faults.reading import Broken, Reading
from tests.faults.story import story_of

_CHANNELS = 2  # everybody has a contact point on each


def invariant_1_every_answered_event_is_there_once(reading: Reading) -> Iterator[Broken]:
    """Every 2xx event exists, with one notification per (recipient, contact point, kind, cause), or a suppression."""
    kept = {row["id"] for row in reading.events}
    told: dict[UUID, set[UUID]] = defaultdict(set)
    for notification in reading.notifications.values():
        if notification["step"] is None:  # reminders come later, and are no part of the answer
            told[notification["event_id"]].add(notification["id"])
    owners: dict[UUID, str] = {}
    for posted in reading.journals.events.values():
        for event in {UUID(answer["event"]) for answer in posted.answers}:
            if owners.setdefault(event, posted.key) != posted.key:
                yield Broken(invariant="1", what=f"{posted.key} and {owners[event]} were answered with one id")
            if event not in kept:
                yield Broken(invariant="1", what=f"{posted.key} was answered and is not there")
            yield from _told_as_answered(posted, told[event])
    yield from _doubled(reading)
    for number, what in reading.journals.surprises:
        yield Broken(invariant=number, what=what)


def _told_as_answered(posted: Posted, told: set[UUID]) -> Iterator[Broken]:
    answered = {
        (answer["event"], frozenset(UUID(each["id"]) for each in answer["notifications"])) for answer in posted.answers
    }
    told = set() if posted.is_told_later else told
    if len(answered) > 1:
        yield Broken(invariant="1", what=f"{posted.key} was answered otherwise each time")
    for _, named in answered:
        if named != told:
            yield Broken(invariant="1", what=f"{posted.key}: {len(named)} were named, {len(told)} are there")
    if posted.told and len(told) != _CHANNELS:
        yield Broken(invariant="1", what=f"{posted.key} is to be told twice, and has {len(told)} notifications")


def _doubled(reading: Reading) -> Iterator[Broken]:
    keys = Counter(
        (n["event_id"], n["recipient_id"], n["contact_id"], n["kind"], n["channel"], n["step"], n["collect_by"])
        for n in reading.notifications.values()
        # A plan that changes ends a reminder and holds another; of incidents, for what another message was to speak
        # that was not sent another one is made.
        if (n["step"] is None and n["merged_into"] is None) or (n["step"] and n["status"] != "cancelled")
    )
    for (event, *_), count in keys.items():
        if count > 1:
            yield Broken(invariant="1", what=f"event {event} has {count} notifications to one contact point")
    posts = Counter(row["dedupe_key"] for row in reading.events)
    if posts and max(posts.values()) > 1:
        yield Broken(invariant="1", what="two events have one key")


def invariant_2_nothing_is_told_without_a_cause(reading: Reading) -> Iterator[Broken]:
    """No notification without an event or a person's request; a producer here makes no such request."""
    events = {row["id"] for row in reading.events}
    for notification in reading.notifications.values():
        if notification["event_id"] not in events:
            yield Broken(invariant="2", what=f"notification {notification['id']} has no event")


def invariant_12_the_sums_are_right(reading: Reading) -> Iterator[Broken]:
    """Events = planned + told nobody + quarantined; notifications = the sum over all statuses; by replay as well."""
    causes = {n["event_id"] for n in reading.notifications.values()}
    sums = Counter(
        "quarantined" if row["status"] == "quarantined" else "planned" if row["id"] in causes else "told nobody"
        for row in reading.events
    )
    if sums.total() != len(reading.events) or any(
        row["status"] == "quarantined" and row["id"] in causes for row in reading.events
    ):
        yield Broken(invariant="12", what=f"{len(reading.events)} events are {dict(sums)}")
    said = Counter(f.data["event"] for f in reading.facts.values() if f.type in {"event.accepted", "event.quarantined"})
    if said != Counter(str(row["id"]) for row in reading.events):
        yield Broken(invariant="12", what=f"{len(reading.events)} events, and facts of {said.total()}")
    if reading.chains.keys() != reading.notifications.keys():
        differing = reading.chains.keys() ^ reading.notifications.keys()
        yield Broken(invariant="12", what=f"{len(differing)} notifications have no chain, or chains no notification")
    for notification, chain in reading.chains.items():
        stands = reading.notifications.get(notification)
        told = story_of(chain)
        if stands is not None and told != stands["status"]:
            yield Broken(invariant="12", what=f"{notification} is {stands['status']}, and its facts say {told}")


def invariant_13_poison_hurts_no_other(reading: Reading) -> Iterator[Broken]:
    """Every event that a producer insisted on was answered although poison came with it."""
    for posted in reading.journals.events.values():
        if not posted.answers and not posted.given_up:
            yield Broken(invariant="13", what=f"{posted.key} was never answered")

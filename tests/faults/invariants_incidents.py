"""Invariant 1 of incidents of areas: the right revision counts, and it reached everybody whose item waits there."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from tests.builders import FACILITY
from tests.faults.asking import Row
from tests.faults.reading import Broken, Reading


def invariant_1_every_incident_reaches_those_whom_it_concerns(reading: Reading) -> Iterator[Broken]:
    """One revision of each counts, the highest; of a closure, nobody was left out whose item waited there before."""
    incidents: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in reading.incidents:
        incidents[row["operator"], row["name"]].append(row)
    for (_, name), revisions in incidents.items():
        newest = [row for row in revisions if row["newest"]]
        highest = max((row["revision"], row["kind"] == "resolved") for row in revisions)
        if [(row["revision"], row["kind"] == "resolved") for row in newest] != [highest]:
            yield Broken(invariant="1", what=f"of {name}, {len(newest)} revisions count, and the highest is {highest}")
            continue
        told = {n["recipient_id"] for n in _about(reading, {row["event_id"] for row in revisions})}
        if newest[0]["kind"] == "facility_unavailable" and (left := _concerned(reading, newest[0]) - told):
            yield Broken(invariant="1", what=f"{len(left)} people were never told of {name}")


def invariant_1_an_item_makes_no_second_message(reading: Reading) -> Iterator[Broken]:
    """Nobody is sent one revision twice, also where a message speaks for others."""
    for revision in reading.incidents:
        told: dict[tuple[UUID, UUID], int] = defaultdict(int)
        for n in _about(reading, {revision["event_id"]}):
            if n["status"] in {"sending", "sent", "delivered", "unknown"}:
                told[n["recipient_id"], n["contact_id"]] += 1
        if twice := [count for count in told.values() if count > 1]:
            what = (
                f"{len(twice)} contact points were told twice of revision {revision['revision']} of {revision['name']}"
            )
            yield Broken(invariant="1", what=what)


def _about(reading: Reading, events: set[UUID]) -> list[Row]:
    return [n for n in reading.notifications.values() if n["event_id"] in events]


def _concerned(reading: Reading, closure: Row) -> set[UUID]:
    """Whose item was known to wait at the facility before the closure was, and waits there still.

    By the order of ids, which no process's wrong clock moves.
    """
    return {
        stay["recipient_id"]
        for stay in reading.stays
        if stay["waits"] and stay["facility"] == FACILITY["id"] and stay["event_id"] < closure["event_id"]
    }

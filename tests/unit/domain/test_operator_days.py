"""Days of real-looking shipments in their operators' own codes, against what a postal clerk expects of each record.

The files are in tests/vectors/operator_days. `tells`: the channels on which a person with every consent is told;
`untold_because`: why what would be told otherwise is not.
"""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.correction import aimed_at
from app.domain.decision import TELLS, tells
from app.domain.event import Event, Pickup
from app.domain.record_time import local_record_time
from app.domain.shipment import Milestone, milestone_of, picture_of, reason_not_to_tell
from tests.unit.domain.coded import VOCABULARIES, coded

DAYS = sorted((Path(__file__).parents[2] / "vectors" / "operator_days").glob("*.json"))


def event_of(record: dict[str, Any], vocabulary: str) -> Event:
    at = local_record_time(record["time"])
    assert at is not None
    pickup = record.get("pickup")
    return coded(
        record["code"],
        vocabulary,
        at=at,
        notice_said=record.get("notice_left", False),
        pickup=Pickup(until=datetime.fromisoformat(pickup["until"])) if pickup else None,
    )


def timeline(vocabulary: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each record comes to, as they arrive in order."""
    known: list[Milestone] = []
    came: list[dict[str, Any]] = []
    for number, record in enumerate(records):
        event = event_of(record, vocabulary)
        returned = VOCABULARIES.returned_before(event, known)
        event = VOCABULARIES.interpret(event, returned_before=returned)
        assert event.quarantine is None
        news = replace(milestone_of(event), key=str(number).encode())
        if event.correction and (target := aimed_at(event.correction, known)):
            news = replace(news, corrects=target.key)
        against = reason_not_to_tell(news, known) if tells(event) else None
        known.append(news)
        picture = picture_of(known)
        told = TELLS[event.kind].channels if tells(event) and against is None else ()
        came.append(
            {
                "kind": event.kind,
                "state": picture.state,
                "waits": picture.waits,
                "tells": [channel.value for channel in told],
                "untold_because": against,
            }
        )
    return came


@pytest.mark.parametrize("path", DAYS, ids=lambda path: path.stem)
def test_a_shipments_days_are_read_as_a_clerk_would_read_them(path: Path) -> None:
    day = json.loads(path.read_text(encoding="utf-8"))
    assert timeline(day["vocabulary"], day["records"]) == [record["expected"] for record in day["records"]]


def test_there_are_days_in_every_vocabulary() -> None:
    told = {json.loads(path.read_text(encoding="utf-8"))["vocabulary"] for path in DAYS}
    assert told == set(VOCABULARIES.tables)

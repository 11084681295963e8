"""What is searched for in the row of queries: each thing by itself, frequent and rare, and what is asked together."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench.query_history import (
    FREQUENT_COURIER,
    FREQUENT_FACILITY,
    RARE_COURIER,
    RARE_FACILITY,
    courier_of,
    facility_of,
    shipment,
)
from tests.bench.traffic import email, person, phone
from tests.builders import OPERATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A filter. `deep`: its page in the middle of the history is measured as well. `finds`: whether
    there is any, None where that depends on how large the database is."""

    name: str
    wanted: dict[str, Any] = field(default_factory=dict)
    deep: bool = False
    finds: bool | None = True


def kinds(*, people: int, copies: int) -> list[Kind]:
    """For a database of `people` that was copied so often."""
    somebody, place, whose = people // 2, facility_of(copies // 2, 1), courier_of(copies // 2, 1)
    day = datetime.now(UTC) - timedelta(days=180)
    period = {"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat()}
    month = {"from": day.isoformat(), "to": (day + timedelta(days=30)).isoformat()}
    rare_place, frequent_place = {"facility": RARE_FACILITY}, {"facility": FREQUENT_FACILITY}
    return [
        Kind(name="everything of the operator", deep=True),
        Kind(name="shipment", wanted={"shipment": shipment(copies // 2, 3)}),
        Kind(name="recipient (sealed)", wanted={"recipient": person(somebody)}),
        Kind(name="phone number (sealed)", wanted={"contact": {"channel": "sms", "value": phone(somebody)}}),
        Kind(name="e-mail address (sealed)", wanted={"contact": {"channel": "email", "value": email(somebody)}}),
        Kind(name="facility with a quarter of all", wanted=frequent_place, deep=True),
        Kind(name="facility, one of 400", wanted={"facility": place}, deep=True),
        Kind(name="facility, rare", wanted=rare_place),
        Kind(name="facility that has none", wanted={"facility": "UP-NONE"}, finds=False),
        Kind(name="courier with a tenth of all (sealed)", wanted={"courier": FREQUENT_COURIER}),
        Kind(name="courier, one of 1,000 (sealed)", wanted={"courier": whose}),
        Kind(name="courier, rare (sealed)", wanted={"courier": RARE_COURIER}),
        Kind(name="a day", wanted=period),
        Kind(name="status, frequent: delivered", wanted={"status": "delivered"}, deep=True),
        Kind(name="status, rare: failed", wanted={"status": "failed"}),
        Kind(name="status that none has: unknown", wanted={"status": "unknown"}, finds=False),
        Kind(name="reason, frequent: no_consent", wanted={"status_reason": "no_consent"}, deep=True),
        Kind(name="reason, rare: duplicate_content", wanted={"status_reason": "duplicate_content"}),
        Kind(name="grade 2, frequent", wanted={"grade": 2}, deep=True),
        Kind(name="grade 5, rare", wanted={"grade": 5}),
        Kind(name="channel and kind", wanted={"channel": "sms", "kind": "notice_left"}, deep=True),
        Kind(name="a kind that none has", wanted={"kind": "lost"}, finds=False),
        Kind(name="facility and status", wanted={"facility": place, "status": "delivered"}, deep=True),
        Kind(name="facility and rare status", wanted=frequent_place | {"status": "failed"}, finds=False),
        Kind(name="rare facility and rare grade", wanted=rare_place | {"grade": 5}),
        Kind(name="facility in a month", wanted={"facility": place} | month, finds=None),
        Kind(name="rare status in a month", wanted={"status": "failed"} | month, finds=None),
        Kind(
            name="facility, courier, a month (sealed)",
            wanted={"facility": place, "courier": whose} | month,
            finds=False,
        ),
        Kind(name="status, reason, grade, channel", wanted=SUPPRESSED, deep=True),
        Kind(name="recipient and status (sealed)", wanted={"recipient": person(somebody), "status": "delivered"}),
    ]


SUPPRESSED = {"status": "suppressed", "status_reason": "no_consent", "grade": 0, "channel": "sms"}
REASON = "a measured search"


def body_of(kind: Kind, *, limit: int) -> dict[str, Any]:
    """What is posted for the first page."""
    return {"operator": OPERATOR, "limit": limit, "reason": REASON} | kind.wanted

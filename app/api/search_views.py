"""Notifications as a search shows them: what their facts show at best, and where their proof is."""

from typing import Any

from app.api.answer_schemas import reference
from app.api.notifications import notification_views
from app.evidence.catalogue import GRADE_WORDS
from app.storage import grades
from app.storage.database import Tx
from app.storage.search import Found

_EXAMPLE = {
    "items": [
        {
            "id": "019aa5a0-0000-7000-8000-000000000001",
            "operator": "poczta-polska",
            "kind": "notice_left",
            "events": ["019aa5a0-0000-7000-8000-000000000000"],
            "shipments": ["00759007734123456789"],
            "recipient": "customer-4711",
            "channel": "sms",
            "status": "delivered",
            "reason": None,
            "failure": None,
            "unresolved": False,
            "created_at": "2026-11-23T10:41:02.337Z",
            "not_before": None,
            "expires_at": "2026-12-07T23:00:00.000Z",
            "attempts": [
                {
                    "attempt": 1,
                    "provider": "twilio",
                    "status": "accepted",
                    "started_at": "2026-11-23T10:41:02.911Z",
                    "ended_at": "2026-11-23T10:41:03.204Z",
                    "code": "201",
                }
            ],
            "receipts": [
                {
                    "status": "delivered",
                    "via": "callback",
                    "claimed_at": None,
                    "received_at": "2026-11-23T10:41:06.018Z",
                    "late": False,
                }
            ],
            "facts": {
                "total": 5,
                "published": 5,
                "grade": 2,
                "grade_words": GRADE_WORDS[2],
                "proof": "/v1/notifications/019aa5a0-0000-7000-8000-000000000001/proof",
            },
            "merged_into": None,
        }
    ],
    "next": "AZqloAAAcACAAAAAAAAAAQ",
}
_FACTS = {
    "type": "object",
    "required": ["total", "published", "grade", "grade_words", "proof"],
    "properties": {
        "total": {"type": "integer", "minimum": 0},
        "published": {"type": "integer", "minimum": 0},
        "grade": {
            "type": "integer",
            "minimum": 0,
            "maximum": len(GRADE_WORDS) - 1,
            "description": "What they show at best",
        },
        "grade_words": {"type": "string", "enum": list(GRADE_WORDS)},
        "proof": {"type": ["string", "null"], "description": "Its path; null until one of the facts is published"},
    },
}
_FOUND = {"allOf": [reference("Notification"), {"type": "object", "properties": {"facts": _FACTS}}]}
FOUND_PAGE: dict[str, Any] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {
        "items": {"type": "array", "items": _FOUND},
        "next": {"type": ["string", "null"], "description": "The `cursor` of the next page; null at the end"},
    },
    "examples": [_EXAMPLE],
}


async def found_views(tx: Tx, found: Found) -> list[dict[str, Any]]:
    """The contract's view of each, its `facts` with grade and proof."""
    views = await notification_views(tx, found.notifications)
    shown = found.grades or await grades.of_notifications(tx, [n.id for n in found.notifications])
    for n, view in zip(found.notifications, views, strict=True):
        grade = shown[n.id]
        proof = f"/v1/notifications/{n.id}/proof" if view["facts"]["published"] else None
        view["facts"] |= {"grade": grade, "grade_words": GRADE_WORDS[grade], "proof": proof}
    return views

"""What an auditor's export was asked for with, as it is kept and as the manifest repeats it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.channel import Channel
from app.domain.notification import Status
from app.evidence.canonical import canonical_json, format_time
from app.storage.search import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuestion:
    """Which notifications of one operator, which fields of them to open (None: all), and why."""

    search: Search
    opened: frozenset[str] | None
    reason: str = field(repr=False)

    def members(self) -> dict[str, Any]:
        """As JSON has it."""
        search = self.search
        contact = {"channel": search.contact[0], "value": search.contact[1]} if search.contact else None
        return {
            "filter": {
                "operator": search.operator,
                "shipment": search.shipment,
                "recipient": search.recipient,
                "contact": contact,
                "facility": search.facility,
                "courier": search.courier,
                "kind": search.kind,
                "channel": search.channel,
                "status": search.status,
                "status_reason": search.status_reason,
                "grade": search.grade,
                "from": format_time(search.created_from) if search.created_from else None,
                "to": format_time(search.created_to) if search.created_to else None,
            },
            "open": None if self.opened is None else sorted(self.opened),
            "reason": self.reason,
        }

    def to_bytes(self) -> bytes:
        """As it is kept."""
        return canonical_json(self.members())


def read_question(kept: bytes) -> ExportQuestion:
    """What `to_bytes` kept, also of a version in which less could be asked for."""
    members = json.loads(kept)
    opened = members["open"]
    return ExportQuestion(
        search=_search(members["filter"]),
        opened=None if opened is None else frozenset(opened),
        reason=members["reason"],
    )


def _search(given: Mapping[str, Any]) -> Search:
    contact = given["contact"]
    return Search(
        operators=(given["operator"],),
        shipment=given["shipment"],
        recipient=given["recipient"],
        contact=(Channel(contact["channel"]), contact["value"]) if contact else None,
        facility=given.get("facility"),
        courier=given.get("courier"),
        kind=given["kind"],
        channel=Channel(given["channel"]) if given["channel"] else None,
        status=Status(given["status"]) if given["status"] else None,
        status_reason=given["status_reason"],
        grade=given.get("grade"),
        created_from=_moment(given["from"]),
        created_to=_moment(given["to"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

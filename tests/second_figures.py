"""A second count of the figures, naive on purpose: it reads every fact of the log for each that it counts.

It shares no code with the application, and knows Warsaw only.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

WARSAW = ZoneInfo("Europe/Warsaw")
MINUTE, HOUR, DAY = 60, 3600, 86400
BOUNDS = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY]

# Operator, day, measure, facility, courier, channel and bucket.
Key = tuple[str, str, str, str, str, str, str]


@dataclass(kw_only=True)
class Entry:
    """One entry of the log in the order of the log: its fact's document, what opens of it, and the person's operator.

    `document` is None where the fact is lost.
    """

    document: dict[str, Any] | None
    openings: Mapping[str, bytes]
    operator: str | None


def count(entries: Sequence[Entry], *, start: int, end: int, codes: Mapping[str, str]) -> Counter[Key]:
    """The figures of entries [start, end). `codes`: which kind of event each of the operators' own codes stands for."""
    figures: Counter[Key] = Counter()
    for entry in entries[start:end]:
        if entry.document is not None:
            _count_one(figures, entry, entry.document, entries, codes)
    return figures


def _count_one(
    figures: Counter[Key], entry: Entry, document: dict[str, Any], entries: Sequence[Entry], codes: Mapping[str, str]
) -> None:
    kind, data = document["type"], document["data"]
    day = _time(document["at"]).astimezone(WARSAW).date().isoformat()
    if kind.startswith("event."):
        name = "quarantined" if kind == "event.quarantined" else _event_kind(entry, codes)
        figures[data["operator"], day, "events", "", "", "", name] += 1
        if name == "notice_left" and "event" in entry.openings:
            _count_lag(figures, data, day, json.loads(entry.openings["event"]))
    elif kind == "shipment.anomaly":
        facility, courier = _last_notice(entry, document, entries, codes)
        assert entry.operator is not None
        figures[entry.operator, day, "anomaly", facility, courier, "", data["code"]] += 1
    elif (measured := _outcome(kind, data)) is not None:
        operator, channel = _opening(entries, document["notification"])
        figures[operator, day, measured[0], "", "", channel, measured[1]] += 1


def _count_lag(figures: Counter[Key], data: Mapping[str, Any], day: str, event: dict[str, Any]) -> None:
    left = _left_at(event)
    seconds = (_time(data["received_at"]) - left).total_seconds()
    bound = "more"
    for each in reversed(BOUNDS):
        if seconds <= each:
            bound = str(each)
    facility, courier = _place(event)
    figures[data["operator"], day, "notice_lag", facility, courier, "", bound] += 1
    hour = f"{left.astimezone(WARSAW):%H}"
    figures[data["operator"], day, "notice_lag_hour", "", "", "", f"{hour}/{bound}"] += 1


def _event_kind(entry: Entry, codes: Mapping[str, str]) -> str:
    """By its type; of a tracking event by what its code stands for (erased ones of those are in no story)."""
    assert entry.document is not None
    name = str(entry.document["data"]["event_type"]).split(".")[-2]
    if name != "tracking":
        return name
    raw = json.loads(entry.openings["event"])["data"]["raw"]
    return codes.get(f"{raw['vocabulary']}:{raw['code']}", name)


def _left_at(event: dict[str, Any]) -> datetime:
    data = event["data"]
    return _time(data["notice"]["left_at"] if "notice" in data else event["time"])


def _place(event: dict[str, Any]) -> tuple[str, str]:
    data = event["data"]
    return data.get("facility", {}).get("id", ""), data.get("notice", {}).get("courier", "")


def _last_notice(
    anomaly: Entry, document: dict[str, Any], entries: Sequence[Entry], codes: Mapping[str, str]
) -> tuple[str, str]:
    """Facility and courier of the shipment's notice that was received last by then."""
    found: list[tuple[datetime, str, dict[str, Any]]] = []
    shipment = anomaly.openings.get("shipment")
    for entry in entries:
        said = entry.document
        if said is None or said["type"] not in {"event.accepted", "event.replayed"} or "event" not in entry.openings:
            continue
        same = entry.openings.get("shipment") == shipment and said["data"]["operator"] == anomaly.operator
        received = _time(said["data"]["received_at"])
        if same and _event_kind(entry, codes) == "notice_left" and received <= _time(document["data"]["detected_at"]):
            found.append((received, said["data"]["event"], json.loads(entry.openings["event"])))
    if shipment is None or not found:
        return "", ""
    return _place(max(found, key=lambda each: each[:2])[2])


NAMED_ALONE = {
    "notification.planned", "notification.held", "notification.expired", "attempt.unknown", "attempt.unresolved",
    "receipt.delivered",
}  # fmt: skip
WITH_A_REASON = {
    "notification.suppressed": "reason",
    "notification.cancelled": "reason",
    "notification.failed": "failure",
}
STATED = {"recipient.acknowledged", "recipient.disputed", "recipient.misdirected"}
SENT = {"attempt.accepted": "", "attempt.reconciled": "reconciled"}


def _outcome(kind: str, data: Mapping[str, Any]) -> tuple[str, str] | None:
    name = kind.rpartition(".")[2]
    if kind in NAMED_ALONE:
        return name, ""
    if kind in WITH_A_REASON:
        return name, data[WITH_A_REASON[kind]] or ""
    if kind in SENT:
        return "sent", SENT[kind]
    return ("statements", name) if kind in STATED else None


def _opening(entries: Sequence[Entry], notification: str) -> tuple[str, str]:
    for entry in entries:
        if entry.document and entry.document["notification"] == notification and entry.document["n"] == 0:
            data = entry.document["data"]
            return data["operator"], data["channel"]
    raise LookupError("a chain without its first fact")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)

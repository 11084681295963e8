"""The rules of a fact's document as the second verifier reads them: the table, value types, grades.

One row of the table: types | keys of `data` beside `substitutes_paper` | names that may be sealed.
"""

import re
from collections.abc import Callable

from tests.second_formats import Json, base64, hold, is_count, is_match, is_time, read_checkpoint_text, record

_TABLE = """
event.accepted event.quarantined event.replayed
  | operator event event_type event_time received_at | event shipment recipient;
notification.planned notification.held notification.suppressed
  | operator kind channel purpose reason not_before event_facts consent_fact consent_version policy legal_regime
  | contact recipient shipment;
notification.cancelled notification.expired notification.failed notification.closed
  | status reason failure | ;
attempt.started
  | attempt provider consent_version template template_version encoding parts | contact content;
attempt.accepted
  | attempt provider code peer | provider_id provider_reply;
attempt.refused attempt.not_sent attempt.unknown attempt.reconciled attempt.unresolved
  | attempt provider stage code method | provider_id provider_reply;
receipt.delivered receipt.failed receipt.late
  | attempt provider code claimed_at via signature | receipt;
recipient.acknowledged recipient.disputed recipient.misdirected
  | method reference | statement;
consent.granted consent.withdrawn preference.changed
contact.added contact.verified contact.disabled contact.removed
  | channel purpose version text_version text_digest language method claimed_at by
  | contact recipient statement;
shipment.anomaly
  | code detected_at | shipment;
support.acted access.read hold.placed hold.lifted recipient.erased
  | actor act legal_basis facts | reason;
log.opened log.key_rotated log.incident log.recovered log.sealed
  | origin vkey previous_checkpoint detail |
"""
ROWS = {
    kind: (frozenset(keys.split()) | {"substitutes_paper"}, frozenset(sealed.split()))
    for kinds, keys, sealed in (row.split("|") for row in _TABLE.split(";"))
    for kind in kinds.split()
}
STARTS = frozenset({"notification.planned", "notification.held", "notification.suppressed"})
# A suppression starts a chain, or ends one when the last check before sending says no.
ONLY_STARTS = STARTS - {"notification.suppressed"}
STATEMENTS = frozenset({"recipient.acknowledged", "recipient.disputed", "recipient.misdirected"})
ENDS = frozenset(f"notification.{end}" for end in ("suppressed", "cancelled", "expired", "failed", "closed"))
AFTER_END = STATEMENTS | {"receipt.late"}
CONSENTS = ("consent.", "preference.", "contact.")
_ETSI = {
    "event.accepted": "SubmissionAcceptance",
    "event.quarantined": "SubmissionRejection",
    "attempt.accepted": "RelayToNonERDS",
    "attempt.refused": "RelayToNonERDSFailure",
    "receipt.delivered": "NotificationDelivered",
    "receipt.failed": "ConsignmentNotificationFailure",
    "recipient.acknowledged": "NotificationAccessTracking",
}
GRADES = (
    "our own record",
    "a provider or mail server took it over",
    "a provider's report",
    "a handset's report",
    "a mail server's signed report",
    "an act of the person",
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-f]{64}")


def is_uuid(value: Json) -> bool:
    return is_match(_UUID, value)


def is_hex(value: Json) -> bool:
    return is_match(_HEX, value)


def is_text(value: Json) -> bool:
    return isinstance(value, str)


def are_hex(value: Json) -> bool:
    return isinstance(value, list) and all(is_hex(item) for item in value)


def one_of(*words: str) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, str) and value in words


_VALUES: dict[str, Callable[[Json], bool]] = {
    **dict.fromkeys(("attempt", "version", "consent_version"), lambda value: is_count(value, 1)),
    **dict.fromkeys(("parts", "template_version"), lambda value: is_count(value, None)),
    **dict.fromkeys(("event_time", "received_at", "not_before", "claimed_at", "detected_at"), is_time),
    **dict.fromkeys(("peer", "text_digest", "consent_fact"), is_hex),
    **dict.fromkeys(("event_facts", "facts"), are_hex),
    "event": is_uuid,
    "encoding": one_of("gsm7", "ucs2", "mime"),
    "via": one_of("callback", "handset", "dsn"),
    "signature": one_of("none", "shared_key", "public_key", "dkim"),
    "by": one_of("person", "operator"),
}


def check_document(document: Json, where: str) -> None:
    """Refuse a document whose members, types, `data`, sealed names or `etsi` are not those of its row."""
    kind: Json = document.get("type") if isinstance(document, dict) else None
    hold(isinstance(kind, str) and kind in ROWS, "type", f"{where} is of no known type")
    body = dict(document)
    etsi = _ETSI.get(kind)
    hold(
        body.pop("etsi", None) == (etsi and f"http://uri.etsi.org/19522/Event/{etsi}")
        and ("etsi" in document) == (etsi is not None),
        "etsi",
        f"{where} does not carry its type's analogy",
    )
    record(body, "v id type at notification n prev anchor data sealed", where)
    hold(type(body["v"]) is int and body["v"] == 1, "document", f"{where} is not of version 1")
    hold(is_match(_UUID7, body["id"]), "document", f"{where} has a bad id")
    hold(is_time(body["at"]), "document", f"{where} has a bad time")
    _check_link(body, where)
    _check_anchor(body["anchor"], where)
    _check_data(kind, body["data"], where)
    _check_sealed(kind, body["sealed"], where)


def _check_link(body: Json, where: str) -> None:
    family, _, _ = body["type"].partition(".")
    notification, n, prev = body["notification"], body["n"], body["prev"]
    if (notification, n, prev) == (None, None, None):
        stays_out = family not in {"notification", "attempt"} and body["type"] not in STATEMENTS
        hold(stays_out, "link", f"{where} stands in no chain and must")
        return
    in_chain = family in {"notification", "attempt", "receipt"} or body["type"] in STATEMENTS
    hold(in_chain, "link", f"{where} stands in a chain and must not")
    hold(is_uuid(notification) and is_count(n), "link", f"{where} has a bad notification or number")
    hold(prev is None if n == 0 else is_hex(prev), "link", f"{where} has a bad prev")
    fits = body["type"] in STARTS if n == 0 else body["type"] not in ONLY_STARTS
    hold(fits, "link", f"{where} has a type that its number forbids")


def _check_anchor(anchor: Json, where: str) -> None:
    if anchor is not None:
        record(anchor, "origin size root", f"the anchor of {where}")
        good = isinstance(anchor["origin"], str) and anchor["origin"] and is_count(anchor["size"])
        hold(good, "document", f"{where} has a bad anchor")
        base64(anchor["root"], "document", f"the anchor's root of {where}", 32)


def _check_data(kind: str, data: Json, where: str) -> None:
    exact = isinstance(data, dict) and set(data) == ROWS[kind][0]
    hold(exact, "data", f"{where} has not exactly the keys of its row")
    hold(data["substitutes_paper"] is False, "data", f"{where} must not substitute paper")
    for key in sorted(set(data) - {"substitutes_paper"}):
        hold(_is_valid(key, data[key]), "data", f"{where} has a bad {key}")
    if "previous_checkpoint" in data and data["previous_checkpoint"] is not None:
        read_checkpoint_text(data["previous_checkpoint"], f"the previous checkpoint of {where}")
    if kind.startswith(("contact.", "preference.")):
        hold(data["version"] is None, "data", f"{where} has a version and must not")


def _is_valid(key: str, value: Json) -> bool:
    if value is None:
        return key not in {"event_facts", "via"}
    return _VALUES.get(key, is_text)(value)


def _check_sealed(kind: str, sealed: Json, where: str) -> None:
    known = isinstance(sealed, dict) and set(sealed) <= ROWS[kind][1]
    hold(known, "sealed", f"{where} seals a name that its row does not have")
    for name in sorted(sealed):
        base64(sealed[name], "sealed", f"the sealed {name} of {where}", 32)


def grade(document: Json) -> int:
    """What a checked document shows, from 0 (our own record) to 5 (an act of the person)."""
    kind, data, sealed = document["type"], document["data"], document["sealed"]
    family = kind.partition(".")[0]
    if kind == "attempt.accepted":
        return 1
    if family == "attempt" and kind != "attempt.started":
        return int("provider_reply" in sealed)
    if family == "receipt":
        signed_mail = (data["via"], data["signature"]) == ("dsn", "dkim")
        return 4 if signed_mail else 3 if data["via"] == "handset" else 2
    if family in {"consent", "preference", "contact"}:
        return 5 if data["by"] == "person" and "statement" in sealed else 0
    return 5 if kind in STATEMENTS else 0

"""An answer about a shipment, as openapi.yaml shows it."""

from typing import Any

_NOTICE, _SMS = "01936c1e-6d40-7a6b-8c11-0f2d3a4b5c6d", "01936c1e-6d7a-7f02-9d3e-5a6b7c8d9e0f"
_EMAIL = "01936c1e-6d7b-7c40-8a1e-2b3c4d5e6f70"

SHIPMENT_EXAMPLE: dict[str, Any] = {
    "operator": "poczta-polska",
    "shipment": "00759007734123456789",
    "state": "notice_left",
    "deadlines": {
        "regime": "kpa",
        "ruleset": "2026-11",
        "first_window_end": "2026-11-30",
        "second_notice_expected_on": "2026-12-01",
        "second_notice_on": None,
        "end_strict": "2026-12-07",
        "end_rolled": "2026-12-07",
        "safe_collect_by": "2026-12-07",
        "projected": False,
        "candidates": [],
    },
    "anomalies": [],
    "complaints": [
        {
            "operator": "poczta-polska",
            "shipment": "00759007734123456789",
            "reference": "RK-2026-00417",
            "state": "open",
            "received_on": "2026-11-24",
            "answer_due_on": "2026-12-24",
            "answer_due_on_rolled": "2026-12-28",
            "days_left": 30,
            "answered_on": None,
            "attached_at": "2026-11-24T09:14:02.113000Z",
        }
    ],
    "recipients": [
        {
            "operator": "poczta-polska",
            "recipient": "customer-4711",
            "language": "pl",
            "time_zone": "Europe/Warsaw",
            "post_codes": ["03-729"],
            "contact_points": [
                {"channel": "sms", "value": "+48*****200", "verified": True, "method": "counter", "state": "active"}
            ],
            "consents": [
                {
                    "channel": "sms",
                    "purpose": "delivery",
                    "granted": True,
                    "at": "2026-11-01T09:00:00Z",
                    "method": "counter",
                    "text_version": "2026-11",
                    "version": 1,
                }
            ],
            "ignored": [],
        }
    ],
    "plan": [
        {"on": "2026-11-26", "kind": "reminder", "channel": "email"},
        {"on": "2026-12-03", "kind": "reminder", "channel": "email"},
        {"on": "2026-12-03", "kind": "reminder", "channel": "sms"},
        {"on": "2026-12-04", "kind": "last_day", "channel": "email"},
        {"on": "2026-12-04", "kind": "last_day", "channel": "sms"},
    ],
    "timeline": [
        {
            "at": "2026-11-23T10:40:00.000Z",
            "kind": "event",
            "event": _NOTICE,
            "type": "pl.awizo.delivery.notice_left.v1",
            "mapped_type": None,
            "status": "accepted",
            "quarantine": None,
            "received_at": "2026-11-23T10:42:03.520Z",
            "lag_seconds": 123,
            "recorded_at": "2026-11-23T10:42:00.000Z",
            "ordinal": 1,
            "reason": None,
            "stage": None,
            "facility": "UP-00-032",
            "code": "poczta-polska:P_A",
            "recipient": "customer-4711",
            "corrects": None,
            "corrected_by": None,
        },
        {
            "at": "2026-11-23T10:42:03.520Z",
            "kind": "notification",
            "notification": _SMS,
            "notification_kind": "notice_left",
            "channel": "sms",
            "status": "delivered",
            "reason": None,
            "failure": None,
            "unresolved": False,
            "step": None,
            "not_before": None,
            "expires_at": "2026-12-07T23:00:00.000Z",
            "event": _NOTICE,
            "merged_into": None,
            "recipient": "customer-4711",
            "contact": "+48*****200",
        },
        {
            "at": "2026-11-23T10:42:03.601Z",
            "kind": "attempt",
            "notification": _SMS,
            "channel": "sms",
            "attempt": 1,
            "provider": "twilio",
            "status": "accepted",
            "started_at": "2026-11-23T10:42:03.601Z",
            "ended_at": "2026-11-23T10:42:03.847Z",
            "code": "queued",
        },
        {
            "at": "2026-11-23T10:42:09.118Z",
            "kind": "receipt",
            "notification": _SMS,
            "attempt": 1,
            "status": "delivered",
            "via": "callback",
            "claimed_at": None,
            "received_at": "2026-11-23T10:42:09.118Z",
            "late": False,
        },
        {
            "at": "2026-11-23T16:05:41.300Z",
            "kind": "statement",
            "notification": _EMAIL,
            "statement": "disputed",
            "reference": "AW-7K2M-Q9XD",
        },
        {
            "at": "2026-11-24T09:14:02.113Z",
            "kind": "support",
            "act": "complaint_attached",
            "actor": "5f1d0c2b7a9e4863",
            "notification": None,
            "resent_as": None,
            "reference": "RK-2026-00417",
        },
    ],
}

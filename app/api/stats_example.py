"""An answer with figures, as openapi.yaml shows it."""

from typing import Any

STATS_EXAMPLE: dict[str, Any] = {
    "operator": "poczta-polska",
    "from": "2026-11-23",
    "to": "2026-11-23",
    "checkpoint": {
        "origin": "awizo.example/log/2026h2",
        "size": 73894,
        "counted_at": "2026-11-24T07:00:02.120Z",
    },
    "figures": [
        {
            "day": "2026-11-23",
            "notices": {
                "count": 412,
                "median_lag_seconds": 205,
                "lag": [
                    {"up_to_seconds": 60, "count": 31},
                    {"up_to_seconds": 300, "count": 290},
                    {"up_to_seconds": 900, "count": 66},
                    {"up_to_seconds": 3600, "count": 19},
                    {"up_to_seconds": 86400, "count": 5},
                    {"up_to_seconds": None, "count": 1},
                ],
            },
            "anomalies": {"second_notice_early": 2, "second_notice_missing": 3},
            "events": {"delivered": 380, "notice_left": 413, "quarantined": 1},
            "outcomes": {
                "sms": {
                    "planned": 350,
                    "held": 300,
                    "expired": 0,
                    "delivered": 341,
                    "unknown": 2,
                    "unresolved": 1,
                    "sent": 349,
                    "reconciled": 1,
                    "suppressed": {"no_consent": 40, "opted_out": 3},
                    "cancelled": {"collected": 17},
                    "failed": {"permanent": 1},
                    "statements": {},
                },
            },
        },
    ],
    "next": None,
}

"""What openapi.yaml says of parameters that mean the same wherever they stand, and their examples."""

from collections.abc import Mapping
from typing import Any

_SAID: Mapping[tuple[str, str], tuple[str, Any]] = {
    ("path", "operator"): ("The postal or courier company", "poczta-polska"),
    ("path", "recipient"): ("The operator's name for a person", "customer-4711"),
    ("path", "shipment"): ("The operator's number of an item", "00759007734123456789"),
    ("path", "event"): ("The id that the answer to the post gave", "019ac2f6-4c00-7e10-9a44-0b7c1f2d3e40"),
    ("path", "id"): (
        "The id of the notification or the endpoint, as it was given out",
        "019ac2f6-4d00-7b1a-8e2c-5a9d3c1b7f20",
    ),
    ("path", "export"): ("The id of the export", "019ac2f6-6100-7f02-8c15-2d4e6f8a0b1c"),
    ("path", "reference"): ("The operator's own reference of a complaint", "R-2026-118"),
    ("query", "operator"): ("Only of this operator", "poczta-polska"),
    ("query", "shipment"): ("Only about this item; needs `operator`", "00759007734123456789"),
    ("query", "recipient"): ("Only to this person; needs `operator`", "customer-4711"),
    ("query", "status"): ("Only what stands so now", "delivered"),
    ("query", "channel"): ("Only what goes by this channel", "sms"),
    ("query", "kind"): ("Only messages of this kind", "notice_left"),
    ("query", "from"): ("Only what was made at this time or later", "2026-11-23T00:00:00+01:00"),
    ("query", "to"): ("Only what was made before this time", "2026-11-24T00:00:00+01:00"),
    ("query", "limit"): ("How many at most", 50),
    ("query", "cursor"): ("`next` of the page before; without it the first page", None),
    ("query", "state"): ("Only complaints that stand so", "due"),
    ("query", "by"): ("For each of what the figures are", "day"),
    ("query", "open"): (
        "Which sealed fields to open, by name with commas between them; without it all, `none` for none",
        "contact,content",
    ),
    ("header", "Awizo-Reason"): ("Why the fields are read; percent-encoded UTF-8", "complaint%20R-2026-118"),
}


def describe_parameters(operation: Mapping[str, Any]) -> None:
    """Say of each parameter of an operation what it means, where its route does not."""
    for parameter in operation.get("parameters", ()):
        said = _SAID.get((parameter["in"], parameter["name"]))
        if said is not None and "description" not in parameter:
            parameter["description"], example = said
            if example is not None:
                parameter["example"] = example

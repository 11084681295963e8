"""Messages about the service itself to render: codes, and a change of contact data."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.rendering.notice import Notice
from tests.unit.rendering.samples import REFERENCE, WARSAW

ASKED_AT = datetime(2026, 11, 23, 11, 40, tzinfo=WARSAW)
PAGE = "https://example.org/preferences"
CODE = "482913"


def service_notice(kind: str, operator: str = "Poczta Polska") -> Notice:
    """A message of that kind, in Polish; an unbound person has no operator."""
    has_code = kind != "contact_changed"
    return Notice(
        kind=kind,
        happened_at=ASKED_AT,
        operator=operator,
        language="pl",
        zone=WARSAW,
        reference=REFERENCE,
        code=CODE if has_code else None,
        valid_until=ASKED_AT + timedelta(minutes=10) if has_code else None,
        page=f"{PAGE}/confirm/{REFERENCE}" if has_code else PAGE,
    )


SERVICE_SAMPLES: Mapping[str, Notice] = {
    "confirmation": service_notice("confirmation"),
    "confirmation_without_operator": service_notice("confirmation", ""),
    "sign_in": service_notice("sign_in"),
    "contact_changed": service_notice("contact_changed"),
    "contact_changed_without_operator": service_notice("contact_changed", ""),
}

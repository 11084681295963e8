"""Messages about the service itself: they need no consent, speak of no shipment, and go where they must. Pure."""

from datetime import datetime

from app.domain.recipient import ContactState

CONFIRMATION = "confirmation"
SIGN_IN = "sign_in"
CONTACT_CHANGED = "contact_changed"
SERVICE_KINDS = frozenset({CONFIRMATION, SIGN_IN, CONTACT_CHANGED})

_MAY_GET = {
    CONFIRMATION: frozenset({ContactState.UNCONFIRMED, ContactState.ACTIVE}),
    SIGN_IN: frozenset({ContactState.ACTIVE}),
    # Who lost a contact point to somebody else is to hear of it there.
    CONTACT_CHANGED: frozenset({ContactState.ACTIVE, ContactState.REMOVED}),
}
_REASON = {
    ContactState.UNCONFIRMED: "unverified",
    ContactState.DISABLED: "contact_disabled",
    ContactState.REMOVED: "no_contact_point",
    ContactState.ACTIVE: "superseded",
}


_WITH_CODES = frozenset({CONFIRMATION, SIGN_IN})
# Some providers repeat in their answer what they were given.
_SHOWING_THE_TEXT = frozenset({"content", "provider_reply"})


def closed_fields(kind: str, *, expires_at: datetime, now: datetime) -> frozenset[str]:
    """Sealed fields of such a message that nobody may open now: a code that still holds is its addressee's alone."""
    return _SHOWING_THE_TEXT if kind in _WITH_CODES and now < expires_at else frozenset()


def reason_against_service(kind: str, state: ContactState | None) -> str | None:
    """Why a contact point in that state is not sent such a message, or None when it is."""
    if state is None:
        return "no_contact_point"
    return None if state in _MAY_GET[kind] else _REASON[state]

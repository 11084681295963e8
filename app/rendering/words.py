"""The operators' codes in plain words. What a table does not know is left unsaid, or said neutrally."""

from app.rendering.catalog import Say, marked

# Neutral on purpose: others see the lock screen. What kind of case a letter belongs to is never said.
SERVICES = {
    "registered_letter": marked("registered letter"),
    "registered": marked("registered letter"),
    "letter": marked("letter"),
    "parcel": marked("parcel"),
    "locker_parcel": marked("parcel"),
    "small_packet": marked("parcel"),
    "courier": marked("courier item"),
    "courier_parcel": marked("courier item"),
}
UNKNOWN_SERVICE = marked("postal item")

MODES = {
    "handed_over": marked("handed over in person"),
    "collected": marked("collected at the place of pick-up"),
    "collected_by_authorised": marked("collected by an authorised person"),
    "locker": marked("taken out of a parcel locker"),
    "letterbox": marked("put into the letterbox"),
}
COLLECTED = frozenset({"collected", "collected_by_authorised", "locker"})

RECEIVER_ROLES = {
    "addressee": marked("the addressee"),
    "authorised": marked("an authorised person"),
    "household_member": marked("an adult member of the household"),
    "neighbour": marked("a neighbour"),
    "caretaker": marked("the caretaker of the house"),
    "employee": marked("an employee at the address"),
}

RETURN_REASONS = {
    "not_collected": marked("not collected in time"),
    "absent": marked("nobody was met at the address"),
    "absent_twice": marked("nobody was met at the address twice"),
    "refused": marked("not accepted"),
    "moved": marked("the addressee has moved"),
    "unknown_addressee": marked("the addressee is not known at the address"),
    "no_access": marked("no access to the address"),
    "no_mailbox": marked("no letterbox at the address"),
}

OPERATORS = {
    "poczta-polska": "Poczta Polska",
    "inpost": "InPost",
    "dhl": "DHL",
    "dhl24-pl": "DHL",
    "dpd": "DPD",
    "gls": "GLS",
    "fedex": "FedEx",
    "ups": "UPS",
    "orlen-paczka": "Orlen Paczka",
}


def counted_items(count: int, say: Say) -> str:
    """`2 items`, in the form that the number asks for."""
    return say.plural("%(count)s item", "%(count)s items", count)

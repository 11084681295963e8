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

_NOBODY_MET = marked("nobody was met at the address")
_NO_ACCESS = marked("no access to the address")
_NO_LETTERBOX = marked("no letterbox at the address")
_MOVED = marked("the addressee has moved")
_UNKNOWN_ADDRESSEE = marked("the addressee is not known at the address")
_UNPAID = marked("the cash on delivery was not paid")

ATTEMPT_REASONS = {
    "absent": _NOBODY_MET,
    "closed": marked("the place was closed"),
    "cod_unpaid": _UNPAID,
    "no_access": _NO_ACCESS,
    "no_mailbox": _NO_LETTERBOX,
}

REFUSAL_REASONS = {
    "cod_unpaid": _UNPAID,
    "damaged": marked("the item was damaged"),
    "not_expected": marked("the item was not expected"),
}

RETURN_REASONS = {
    "not_collected": marked("not collected in time"),
    "absent": _NOBODY_MET,
    "absent_twice": marked("nobody was met at the address twice"),
    "refused": marked("not accepted"),
    "moved": _MOVED,
    "unknown_addressee": _UNKNOWN_ADDRESSEE,
    "no_access": _NO_ACCESS,
    "no_mailbox": _NO_LETTERBOX,
    "export_cancelled": marked("the export was cancelled"),
    "import_terminated": marked("the import was not completed"),
}

RETURN_STAGES = {
    "decided": marked("the return has been decided"),
    "started": marked("the item is on its way back to the sender"),
    "completed": marked("the item was handed back to the sender"),
    "undeliverable_office": marked("the item went to the office for undeliverable items"),
}

DELAY_REASONS = {
    "customs_hold": marked("customs clearance"),
    "facility_hold": marked("a stop at one of the operator's facilities"),
    "oversized": marked("the item does not fit into the locker"),
}

DAMAGES = {"incomplete": marked("the item is incomplete")}

SEVERITIES = {"minor": marked("slight"), "serious": marked("serious"), "total": marked("total")}

ADDRESS_PROBLEMS = {
    "wrong": marked("the address is wrong"),
    "incomplete": marked("the address is incomplete"),
    "unknown_addressee": _UNKNOWN_ADDRESSEE,
    "moved": _MOVED,
    "no_mailbox": _NO_LETTERBOX,
}

# Neutral on purpose: who has an item looked at, and why, is nobody's business but the operator's.
HOLD_REASONS = {
    "inspection": marked("a check of the item"),
    "sender_decision": marked("the operator is waiting for the sender's answer"),
}

# Why a place is shut, or a service disturbed. Neutral on purpose, too.
AREA_REASONS = {
    "power": marked("power failure"),
    "technical": marked("technical failure"),
    "it": marked("computer system failure"),
    "water": marked("water supply failure"),
    "stocktaking": marked("stocktaking"),
    "maintenance": marked("maintenance work"),
    "renovation": marked("renovation"),
    "relocation": marked("relocation"),
    "strike": marked("strike"),
    "staff": marked("staff absence"),
    "weather": marked("weather conditions"),
    "flood": marked("flooding"),
    "fire": marked("fire"),
    "traffic": marked("traffic disruption"),
    "security": marked("safety reasons"),
    "epidemic": marked("sanitary reasons"),
    "holiday": marked("day off"),
}

CHANGES = {
    "hold_requested": marked("storage at the operator's on request"),
    "extended": marked("a longer time for collecting"),
    "date": marked("delivery on another day"),
    "redirect_address": marked("delivery to another address"),
    "redirect_point": marked("collection at a pick-up point"),
    "redirect_locker": marked("collection from a parcel locker"),
    "redirect_cancelled": marked("no redirection, delivery to the address"),
    "place_changed": marked("another place of pick-up"),
}
# After these an item is not where it was, nor, of those in the second set, is it anywhere to be collected.
MOVING_CHANGES = frozenset(
    {"redirect_address", "redirect_point", "redirect_locker", "redirect_cancelled", "place_changed"}
)
DELIVERING_CHANGES = frozenset({"date", "redirect_address", "redirect_cancelled"})

PLACES = {
    "locker": marked("parcel locker"),
    "point": marked("pick-up point"),
    "branch": marked("the operator's branch"),
    "po_box": marked("PO box"),
}

# Kinds of news as what they told, for those who learn that it was not so.
NEWS = {
    "out_for_delivery": marked("the item is with the courier"),
    "attempt_failed": marked("an attempt to deliver it failed"),
    "notice_left": marked("a paper notice was left"),
    "ready_for_pickup": marked("the item can be collected"),
    "terms_changed": marked("the place or time changed"),
    "delivered": marked("the item was delivered or collected"),
    "refused": marked("the item was not accepted"),
    "pickup_expired": marked("the time for collecting has ended"),
    "returned": marked("the item goes back to the sender"),
    "delayed": marked("the item is delayed"),
    "damaged": marked("the item is damaged"),
    "lost": marked("the item cannot be found"),
    "address_problem": marked("there is a problem with the address"),
    "item_held": marked("the item is held at the operator's"),
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

"""What an e-mail says, as plain strings in their order. Both its text and its HTML are set from this one value."""

from collections.abc import Callable, Mapping
from datetime import date

from app.domain.event import AREA_INCIDENT_KINDS
from app.rendering.catalog import letter_speaker
from app.rendering.letter import areas, changes, incidents, reminders, reports, service, waiting
from app.rendering.letter.parts import Draft, Letter, Section
from app.rendering.notice import Notice, template_of

__all__ = ["Letter", "Section", "letter_of"]

_WRITTEN: Mapping[str, Callable[[Draft], Letter]] = {
    "out_for_delivery": reports.out_for_delivery,
    "attempt_failed": reports.attempt_failed,
    "notice_left": waiting.notice_left,
    "ready_for_pickup": waiting.ready_for_pickup,
    "terms_changed": changes.terms_changed,
    "delivered": reports.delivered,
    "refused": reports.refused,
    "pickup_expired": reports.pickup_expired,
    "returned": reports.returned,
    "corrected": changes.corrected,
    "delayed": incidents.delayed,
    "damaged": incidents.damaged,
    "lost": incidents.lost,
    "address_problem": incidents.address_problem,
    "item_held": incidents.item_held,
    **dict.fromkeys(AREA_INCIDENT_KINDS, areas.incidents),
    "reminder": reminders.reminder,
    "last_day": reminders.last_day,
    "confirmation": service.confirmation,
    "sign_in": service.sign_in,
    "contact_changed": service.contact_changed,
    "general": reports.general,
}


def letter_of(notice: Notice, *, sent_on: date) -> Letter:
    """What the e-mail of `notice` says; days before it is told (`sent_on`, where it does not say) are not listed."""
    draft = Draft(notice=notice, today=notice.told_on or sent_on, say=letter_speaker(notice.language))
    return _WRITTEN[template_of(notice)](draft)

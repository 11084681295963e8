"""Which SMS tells a notice, and how it becomes a text of known encoding and length."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from app.domain.message import SmsText
from app.domain.recipient import Letters
from app.domain.shipment import WAITING_KINDS
from app.rendering.notice import TEMPLATE_VERSIONS, Notice, template_of
from app.rendering.sms import areas, changes, incidents, reports, service, waiting
from app.rendering.sms.fitting import PARTS_MAX, SEPTETS_MAX, Draft, Limit, fitted
from app.rendering.sms.voice import Voice, voice
from app.rendering.sms_segments import GSM7, count_parts, encoding_of

_DRAFTS: Mapping[str, Callable[[Notice, Voice], Draft]] = {
    "out_for_delivery": reports.out_for_delivery,
    "attempt_failed": reports.attempt_failed,
    "notice_left": waiting.notice_left,
    "ready_for_pickup": waiting.ready_for_pickup,
    "terms_changed": changes.terms_changed,
    "delivered": reports.delivered,
    "refused": reports.refused,
    "pickup_expired": changes.pickup_expired,
    "returned": reports.returned,
    "corrected": changes.corrected,
    "delayed": incidents.delayed,
    "damaged": incidents.damaged,
    "lost": incidents.lost,
    "address_problem": incidents.address_problem,
    "item_held": incidents.item_held,
    "reminder": waiting.reminder,
    "last_day": waiting.last_day,
    "confirmation": service.confirmation,
    "sign_in": service.sign_in,
    "contact_changed": service.contact_changed,
}
_INCIDENTS = frozenset({"delayed", "damaged", "lost", "address_problem", "item_held"})


def render_sms(notice: Notice) -> SmsText:
    """The notice as one SMS, whatever its kind: GSM-7, one part.

    An incident may take two parts, and so may a message in the letters of the person's language (UCS-2).
    """
    speaking = voice(notice.language, notice.letters)
    phrase = speaking.phrase(notice.safety_phrase)
    if areas.is_of_areas(notice):
        return _sms(areas.text_of(notice, speaking, phrase), template_of(notice), notice)
    draft = _DRAFTS.get(notice.kind, reports.news)(notice, speaking)
    limit = Limit(letters=notice.letters, gsm7_parts=PARTS_MAX if notice.kind in _INCIDENTS else 1)
    text = fitted(replace(draft, phrase=phrase) if phrase else draft, limit)
    return _sms(text, _template(notice, draft), notice)


def _sms(text: str, name: str, notice: Notice) -> SmsText:
    version = TEMPLATE_VERSIONS[name]
    if notice.letters is Letters.PLAIN:  # a septet a character
        parts = 1 if len(text) <= SEPTETS_MAX else PARTS_MAX
        return SmsText(text=text, encoding=GSM7, parts=parts, template=name, template_version=version)
    return SmsText(
        text=text, encoding=encoding_of(text), parts=count_parts(text), template=name, template_version=version
    )


def _template(notice: Notice, draft: Draft) -> str:
    """The fitting template; `general` also where these letters can write nothing of the place's name."""
    return "general" if notice.kind in WAITING_KINDS and draft.place is None else template_of(notice)

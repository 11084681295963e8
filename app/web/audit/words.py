"""What auditors' pages call things: facts, fields, grades, and what became of a message. To be said in any language."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.notification import Notification, Status
from app.domain.support import Act
from app.rendering.catalog import Say, marked
from app.web.preferences.sent import KINDS, NOT_SENT, OTHER_KIND, STATUSES
from app.web.preferences.words import CHANNELS
from app.web.status_view import OTHER_REASON, REASONS

# The grades 0 to 5, in the words of the evidence catalogue.
GRADES = (
    marked("our own record"),
    marked("a provider or mail server took it over"),
    marked("a provider's report"),
    marked("a handset's report"),
    marked("a mail server's signed report"),
    marked("an act of the person"),
)
FACTS = {
    "event.accepted": marked("The operator reported what happened to the item"),
    "event.quarantined": marked("A report by the operator was put aside as unusable"),
    "event.replayed": marked("A report that had been put aside was taken up again"),
    "consent.granted": marked("The person agreed to messages"),
    "consent.withdrawn": marked("The person no longer wanted messages"),
    "notification.planned": marked("It was decided to send the message"),
    "notification.held": marked("It was decided to send the message later"),
    "notification.suppressed": marked("It was decided not to send the message"),
    "notification.cancelled": marked("The message was called off"),
    "notification.expired": marked("The message had become too old to send"),
    "notification.failed": marked("The message could not be sent"),
    "notification.closed": marked("The sending of the message was concluded"),
    "attempt.started": marked("An attempt to send the message began"),
    "attempt.accepted": marked("The provider took the message over"),
    "attempt.refused": marked("The provider refused the message"),
    "attempt.not_sent": marked("The message did not leave"),
    "attempt.unknown": marked("It is not known whether the message left"),
    "attempt.reconciled": marked("It was found out later what became of the message"),
    "attempt.unresolved": marked("It could not be found out what became of the message"),
    "receipt.delivered": marked("The message was reported as delivered"),
    "receipt.failed": marked("The message was reported as not delivered"),
    "receipt.late": marked("A further report came in afterwards"),
    "recipient.acknowledged": marked("The person confirmed the message"),
    "recipient.disputed": marked("The person objected"),
    "recipient.misdirected": marked("Somebody said that the message was not for them"),
    "support.acted": marked("Support did something about it"),
}
ACTS = {
    Act.RESENT: marked("Support had the message sent again"),
    Act.CONTACT_CORRECTED: marked("Support corrected a contact"),
    Act.COMPLAINT_ATTACHED: marked("Support noted a complaint"),
    Act.COMPLAINT_ANSWERED: marked("Support noted that the complaint was answered"),
    Act.RELEASED: marked("Support released the message after the log was recovered"),
}
FIELDS = {
    "contact": marked("Phone number or e-mail address"),
    "content": marked("The message, word for word"),
    "event": marked("The operator's report"),
    "provider_id": marked("The provider's number for the message"),
    "provider_reply": marked("The provider's answer"),
    "reason": marked("Reason"),
    "receipt": marked("The report on delivery"),
    "recipient": marked("Recipient, as the operator calls them"),
    "shipment": marked("Item"),
    "statement": marked("What the person said"),
}
WORTH = {
    "none": marked("The report carries no signature."),
    "shared_key": marked(
        "The report is signed with a key that the provider shares with the service: to others that proves nothing."
    ),
    "public_key": marked("The report is signed with the provider's own key."),
    "dkim": marked("The report is signed by the mail server (%(name)s)."),
}
DATA = {
    "event_type": marked("Type of the report"),
    "provider": marked("Provider"),
    "code": marked("The provider's code"),
    "stage": marked("How far it came"),
    "method": marked("How"),
    "status": marked("How it ended"),
    "legal_regime": marked("Legal regime"),
    "policy": marked("Version of our rules"),
    "consent_version": marked("Version of the consent"),
    "template": marked("Text that was used"),
    "text_version": marked("Wording of the consent"),
    "reference": marked("Reference"),
}

# Why a message was not sent, or not yet.
WHY = {
    **REASONS,
    "collected": marked("the item had been collected"),
    "terms_changed": marked("the place or the time for collecting had changed"),
    "erased": marked("the person's data was erased"),
    "restored": marked("the database was restored, and nobody can tell what had been sent before"),
    "quiet_hours": marked("at that hour the person wants no messages"),
    "reminder": marked("it is a reminder, and its day had not come"),
    "digest": marked("it goes out together with others"),
    "told": marked("the same had reached the person in another way"),
    "permanent": marked("it was refused for good"),
    "temporary": marked("it was tried again without success until the time for it ran out"),
    "technical": marked("it could not be written or carried"),
}

LANES = (marked("Operator"), "awizo", marked("Provider"), marked("Recipient"))
OPERATOR, AWIZO, PROVIDER, RECIPIENT = range(4)

# What went wrong or was not done, what nobody knows, and what came out well; all else is plain.
BAD, UNKNOWN, GOOD, PLAIN = "problem", "soon", "verified", ""
_BAD = {
    *("notification.suppressed", "notification.cancelled", "notification.expired", "notification.failed"),
    *("attempt.refused", "attempt.not_sent", "receipt.failed", "recipient.disputed", "recipient.misdirected"),
    *("consent.withdrawn", "event.quarantined"),
}
_UNKNOWN = {"attempt.unknown", "attempt.unresolved"}
_GOOD = {"receipt.delivered", "recipient.acknowledged"}
_PROVIDERS = {"attempt.accepted", "attempt.refused", "attempt.reconciled"}

_ENDS_BADLY = {Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SUPPRESSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message in a line: what it told, by which channel, when it was decided, what became of it."""

    id: UUID
    kind: str
    channel: str
    at: datetime
    status: str
    tone: str


def told_in_words(notification: Notification, say: Say) -> Told:
    """The line of one message."""
    said = say(
        STATUSES.get(notification.status, NOT_SENT), reason=say(WHY.get(notification.reason or "", OTHER_REASON))
    )
    why = WHY.get(notification.failure or notification.reason or "")
    return Told(
        id=notification.id,
        kind=say(KINDS.get(notification.kind, OTHER_KIND)),
        channel=say(CHANNELS[notification.channel]),
        at=notification.created_at,
        status=f"{said} ({say(why)})" if why and notification.status is not Status.SUPPRESSED else said,
        tone=_tone_of(notification.status),
    )


def _tone_of(status: Status) -> str:
    if status in _ENDS_BADLY:
        return BAD
    return {Status.UNKNOWN: UNKNOWN, Status.DELIVERED: GOOD}.get(status, PLAIN)


def reason_in_words(reason: str, say: Say) -> str:
    """Why a message was not sent, or sent later; a reason that has no words of its own as its code."""
    return say(WHY[reason]) if reason in WHY else reason


def lane_of(fact_type: str, *, by: str | None) -> int:
    """In which lane of the picture a fact stands: who did it, or whose claim it is. `by` is the fact's own word."""
    subject = fact_type.partition(".")[0]
    if subject == "event":
        return OPERATOR
    if subject in {"consent", "preference", "contact"}:
        return RECIPIENT if by == "person" else OPERATOR
    if subject == "receipt" or fact_type in _PROVIDERS:
        return PROVIDER
    return RECIPIENT if subject == "recipient" else AWIZO


def tone_of(fact_type: str) -> str:
    """How a fact is marked in the picture."""
    if fact_type in _BAD:
        return BAD
    if fact_type in _UNKNOWN:
        return UNKNOWN
    return GOOD if fact_type in _GOOD else PLAIN

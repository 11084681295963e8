"""When somebody is asked to confirm a phone number once more: numbers are given to other people. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.merge import ContactDisabled, Merged
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient
from app.domain.retention import months_later

CONFIRMED_FOR_MONTHS = 12
ANSWER_WITHIN = timedelta(days=30)

NOT_CONFIRMED_AGAIN = "not_confirmed_again"


def is_old(contact: ContactPoint, *, now: datetime) -> bool:
    """Whether the person is to confirm it again."""
    return contact.state is ContactState.ACTIVE and contact.changed_at <= months_later(now, -CONFIRMED_FOR_MONTHS)


def lapse(current: Recipient, contact: ContactPoint, *, now: datetime) -> Merged:
    """The person with that contact point unconfirmed: they were asked, and did not answer in time.

    From now on it is in the person's hands: an operator's claim does not confirm it.
    """
    lapsed = replace(contact, state=ContactState.UNCONFIRMED, changed_at=now, changed_by=Actor.PERSON)
    contacts = tuple(lapsed if each.id == contact.id else each for each in current.contact_points)
    return Merged(
        recipient=replace(current, contact_points=contacts),
        acts=(ContactDisabled(contact=lapsed, method=NOT_CONFIRMED_AGAIN),),
    )

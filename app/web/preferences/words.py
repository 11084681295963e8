"""Settings in words, in one language: what stands in a list, and what is said of a change."""

from collections.abc import Collection
from datetime import datetime

from app.domain.calendar import zone
from app.domain.channel import Channel, Purpose
from app.domain.merge import CONSENT_PURPOSES
from app.domain.quiet_hours import QuietHours, QuietRule
from app.domain.recipient import ContactState, Letters
from app.rendering.catalog import Say, marked
from app.rendering.dates import clock, full_date, local

PURPOSES = {
    Purpose.DELIVERY: marked("Items that wait for you"),
    Purpose.PROGRESS: marked("Items on their way"),
    Purpose.INCIDENT: marked("Disruptions"),
}
SENTENCES = {
    Purpose.DELIVERY: marked(
        "That a paper notice was left, where the item waits and until when, with reminders before that day."
    ),
    Purpose.PROGRESS: marked("That the courier has an item today, and that it was handed over."),
    Purpose.INCIDENT: marked("That an office is closed, an item is late or damaged, and when it is over."),
}
CHANNELS = {Channel.SMS: marked("SMS"), Channel.EMAIL: marked("E-mail")}
LETTERS = {
    Letters.PLAIN: marked("Without Polish or Ukrainian letters"),
    Letters.NATIVE: marked("With all letters of the language"),
}
STATES = {
    ContactState.ACTIVE: marked("In use"),
    ContactState.UNCONFIRMED: marked("Waits for your confirmation"),
    ContactState.DISABLED: marked("Out of use: messages to it came back"),
    ContactState.REMOVED: marked("Removed"),
}

WRITE_CONTACT = marked("Write a mobile number, such as 600 100 200, or an e-mail address, such as %(address)s.")
EXAMPLE = "anna@example.com"

Box = tuple[Channel, Purpose]
BOXES: tuple[Box, ...] = tuple((channel, purpose) for purpose in CONSENT_PURPOSES for channel in Channel)


def box_name(box: Box) -> str:
    """`sms.delivery`: how a form names a purpose on a channel."""
    return f"{box[0]}.{box[1]}"


def boxes_named(names: Collection[str]) -> tuple[Box, ...]:
    """The boxes of these names, in the order of the table; what names none is left out."""
    return tuple(box for box in BOXES if box_name(box) in names)


def boxes_in_words(boxes: Collection[Box], say: Say) -> str:
    """`Items that wait for you (SMS), Disruptions (SMS)`."""
    return ", ".join(f"{say(PURPOSES[box[1]])} ({say(CHANNELS[box[0]])})" for box in BOXES if box in boxes)


def quiet_in_words(hours: QuietHours, say: Say) -> str:
    """When no SMS are sent."""
    match hours.rule:
        case QuietRule.NONE:
            return say("None: SMS come at any hour")
        case QuietRule.OWN:
            return say("From %(start)s to %(end)s", start=clock(hours.starts), end=clock(hours.ends))
        case QuietRule.DEFAULT:
            return say("From 20:00 to 8:00; on Sundays and holidays until 10:00 and from 18:00")


def pause_in_words(until: datetime | None, time_zone: str, language: str, say: Say, *, now: datetime) -> str:
    """Whether messages are paused, and until which day."""
    if until is None or until <= now:
        return say("No pause")
    return say("No messages before %(day)s", day=full_date(local(until, zone(time_zone)).date(), language))

"""What is done about an attempt whose outcome nobody knows: ask its provider, perhaps send once more, or leave it open.

Nothing here decides that a message was or was not taken: only evidence does. What these rules decide is when to look,
and when there is nothing left to look at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.channel import Channel

# An SMS is given up by its provider after 900 s; ten minutes later nothing new can appear in its list.
SMS_VALIDITY = timedelta(seconds=900)
SMS_SETTLED = SMS_VALIDITY + timedelta(minutes=10)
LOOKS: Sequence[timedelta] = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), SMS_SETTLED)
EMPTY_LOOKS_MIN = 2  # before an SMS may be sent again
LOOK_AGAIN = timedelta(minutes=1)
# The last moment: 30 minutes for an SMS and 24 hours for an e-mail, less the lease that may have come before.
GIVEN_UP: Mapping[Channel, timedelta] = {Channel.SMS: timedelta(minutes=27), Channel.EMAIL: timedelta(hours=23)}
EMAIL_RESENT = timedelta(minutes=15)
KEYED_RESENT = timedelta(seconds=30)
ONE_TIME = frozenset({"sign_in", "confirmation"})  # a code that came twice would confuse; it is asked for again


class Step(StrEnum):
    """What comes next for an unknown attempt."""

    LOOK = "look"
    RESEND = "resend"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What can and may be done: the provider can be asked, it knows our keys, we may send once more."""

    looks_up: bool = False
    has_keys: bool = False
    may_resend: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The next step and when it is due."""

    step: Step
    at: datetime


def next_step(*, channel: Channel, means: Means, unknown_at: datetime, looks: int, resent: bool, now: datetime) -> Next:
    """What follows for an attempt that became unknown at `unknown_at`, after `looks` look-ups that found nothing.

    A message goes out again at most once, with the same bytes: under its key soon; without one as an SMS only once the
    first can no longer arrive and two look-ups found nothing; as an e-mail after 15 minutes, because mail servers and
    readers know a Message-ID again. After the last moment nothing is sent again, also where nobody came to it before.
    """
    resends = means.may_resend and not resent and now < unknown_at + GIVEN_UP[channel]
    if resends and means.has_keys:
        return Next(step=Step.RESEND, at=unknown_at + KEYED_RESENT)
    if resends and channel is Channel.EMAIL:
        return Next(step=Step.RESEND, at=unknown_at + EMAIL_RESENT)
    if channel is Channel.SMS and means.looks_up and looks < len(LOOKS):
        return Next(step=Step.LOOK, at=unknown_at + LOOKS[looks])
    if resends and looks >= EMPTY_LOOKS_MIN:
        return Next(step=Step.RESEND, at=unknown_at + SMS_SETTLED)
    # A provider that was asked to the end has nothing more to say; the others may still report by themselves.
    waits = timedelta() if looks >= len(LOOKS) else GIVEN_UP[channel]
    return Next(step=Step.GIVE_UP, at=unknown_at + waits)


def after_unclear_look(upcoming: Next, *, channel: Channel, unknown_at: datetime, now: datetime) -> Next:
    """What follows when a look-up showed nothing: the same again, until there is no time left for it."""
    end = unknown_at + GIVEN_UP[channel]
    again = max(upcoming.at, now + LOOK_AGAIN)
    return Next(step=Step.GIVE_UP, at=max(end, now)) if again >= end else Next(step=upcoming.step, at=again)

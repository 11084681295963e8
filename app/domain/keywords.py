"""What people may write back to end or resume SMS: one word, however it is written. Pure."""

import unicodedata
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from app.domain.channel import Channel
from app.domain.merge import ConsentChanged, Merged
from app.domain.recipient import Actor, Consent, Recipient

SMS_STOP = "sms_stop"
SMS_START = "sms_start"

# What Twilio, too, obeys by default, blocking or unblocking the number on its side, and the same in Polish and
# Ukrainian (https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).
_STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke", "rezygnuje", "стоп"})
_START = frozenset({"start", "yes", "unstop", "старт"})


class Asked(StrEnum):
    """What an answer asks for."""

    STOP = "stop"
    START = "start"
    OTHER = "other"


def asked_by_sms(text: str) -> Asked:
    """What a whole SMS asks for; case, spaces, punctuation and diacritics do not matter, any further word does."""
    word = "".join(letter for letter in unicodedata.normalize("NFKD", text).casefold() if letter.isalnum())
    if word in _STOP:
        return Asked.STOP
    return Asked.START if word in _START else Asked.OTHER


def resume(current: Recipient, *, now: datetime) -> Merged:
    """The person's consents to SMS that their own STOP has ended, given again; other ends and refusals stay."""
    resumed = [
        replace(
            consent,
            granted=True,
            version=consent.version + 1,
            at=max(now, consent.decided_at),
            method=SMS_START,
            text_version=None,
            fact_leaf=b"",
            refused_at=None,
        )
        for consent in current.consents
        if _was_stopped(consent)
    ]
    known = {(each.channel, each.purpose): each for each in (*current.consents, *resumed)}
    return Merged(
        recipient=replace(current, consents=tuple(sorted(known.values(), key=lambda c: (c.channel, c.purpose)))),
        acts=tuple(ConsentChanged(consent=consent) for consent in resumed),
    )


def _was_stopped(consent: Consent) -> bool:
    """An operator may call a withdrawal what it likes: only the person's own is a STOP.

    Of what was never granted (version 0) a STOP has ended nothing.
    """
    own = consent.by is Actor.PERSON and consent.method == SMS_STOP
    return consent.channel is Channel.SMS and not consent.granted and consent.version > 0 and own

"""One-time codes: how they look, how long they hold, and how often they may be guessed at. Pure."""

from datetime import timedelta
from enum import StrEnum

from app.domain.channel import Channel

DIGITS = 6
# Wrong ones too: then the code is worthless.
TRIES_MAX = 5


class Use(StrEnum):
    """What a code, or the link in its place, is good for."""

    CONFIRM = "confirm"  # that a contact point is theirs
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"  # once more, before contact points change
    LINK = "link"  # an operator's link to one person's settings
    BIND = "bind"  # shown to an operator, who then knows whose contacts these are


_LIFETIME = {
    Use.SIGN_IN: timedelta(minutes=10),
    Use.STEP_UP: timedelta(minutes=10),
    Use.LINK: timedelta(minutes=5),
    Use.BIND: timedelta(days=7),
}
_CONFIRMING = {Channel.SMS: timedelta(minutes=10), Channel.EMAIL: timedelta(hours=24)}


def lifetime(use: Use, channel: Channel | None) -> timedelta:
    """How long a code holds that is sent on that channel, or on none."""
    if use is Use.CONFIRM and channel is not None:
        return _CONFIRMING[channel]
    return _LIFETIME[use]


def digits_of(mac: bytes) -> str:
    """Six decimal digits that nobody can foretell who does not know the key of `mac` (at least 8 bytes)."""
    return f"{int.from_bytes(mac[:8]) % 10**DIGITS:0{DIGITS}}"


def as_typed(text: str) -> str:
    """A code as somebody typed it, without the blanks and hyphens that people put between digits."""
    return "".join(each for each in text if not each.isspace() and each not in "-–")

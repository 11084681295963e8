"""What the service owes at every moment, and the stretches during which nobody did it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.provider import ProviderState

# A duty that was done well is reported anew after so long: by so much a downtime may seem to begin too early.
REPORT_AFTER = timedelta(seconds=10)
# Nothing shorter than this is a downtime: a restart or a failover is not.
DOWNTIME_OVER = timedelta(seconds=60)
# Longer than an SMS takes to fail at a provider that does not answer, or an e-mail at a relay that is not there.
TRIAL_TIME = timedelta(seconds=40)


class Duty(StrEnum):
    """`SMS` and `EMAIL` are to dispatch what is due on that channel; a deployment without providers has neither."""

    ACCEPT = "accept"
    SMS = "sms"
    EMAIL = "email"
    SEAL = "seal"

    @property
    def failing(self) -> str:
        """What is said of a time in which it was not done, as it stands in facts: never to be changed."""
        return _FAILING[self]


_FAILING = {
    Duty.ACCEPT: "events could not be accepted",
    Duty.SMS: "sms could not be dispatched",
    Duty.EMAIL: "email could not be dispatched",
    Duty.SEAL: "facts could not be sealed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The time in which nobody did a duty: from when it was last known to be done until it was done again."""

    duty: Duty
    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """What is known of such a stretch; `ended_at` is None while it lasts.

    `shard` and `index` say where the fact that it is so stands under a published checkpoint; None until it does.
    """

    duty: Duty
    began_at: datetime
    ended_at: datetime | None
    shard: str | None = None
    index: int | None = None


def is_downtime(fine_at: datetime | None, later: datetime) -> bool:
    """Whether a duty that was last known to be done at `fine_at`, None for never, was down until `later`."""
    return fine_at is not None and later - fine_at > DOWNTIME_OVER


def downtimes_until(before: Mapping[Duty, datetime], until: Mapping[Duty, datetime]) -> list[Stretch]:
    """The downtimes of duties that were known to be done at the one moment, and then not before the other."""
    return [
        Stretch(duty=duty, began_at=before[duty], ended_at=moment)
        for duty, moment in sorted(until.items())
        if is_downtime(before.get(duty), moment)
    ]


def is_usable(state: ProviderState, now: datetime) -> bool:
    """Whether messages can be given to a provider, as far as anybody knows.

    One whose circuit was open is tried with a single message after each rest. Until that one's end can be known,
    nothing says that the provider works again: else a long outage would look like many short ones.
    """
    if state.rests(now):
        return False
    if not state.is_on_trial or state.rests_until is None:
        return True
    return abs(now - state.rests_until) >= TRIAL_TIME

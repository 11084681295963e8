"""What a proof bundle shows and what it does not, in the words that travel with it."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.duty import Downtime, Stretch
from app.evidence.canonical import format_time

LIMITS = (
    "This is a statement of notification. It shows that the listed facts were written down as they stand here, in "
    "this order, and that nothing in them was changed since the signed checkpoint. It is no proof of delivery of the "
    "letter: the notices it speaks of inform only, and the paper notice stays the one that counts.\n"
    "What a fact shows depends on its grade: 0, our own record; 1, a provider or mail server took the message over; "
    "2, a provider's report; 3, a handset's report; 4, a mail server's signed report; 5, an act of the person. A "
    "report signed with a key that we share with the provider proves nothing to others.\n"
    "That no further fact exists follows only from the statement of completeness, and only for those who bring the "
    "key that signed it. Facts counted as pending are not part of the proof.\n"
    "Times in facts are those of our clock. A checkpoint without a cosignature or a time stamp shows order, not time."
)


def downtime_in_words(downtime: Stretch) -> str:
    """What a downtime's fact says of it, in one fixed form: `<duty> could not be <done> from <time> to <time>`."""
    return f"{downtime.duty.failing} from {format_time(downtime.began_at)} to {format_time(downtime.ended_at)}"


SHIPMENT_LIMITS = (
    "This is a statement about one shipment. It shows that the listed event facts were written down as they stand "
    "here, and that nothing in them was changed since the signed checkpoint. That they are all, or that there is none, "
    "is the word of the log, signed under its key for statements: it rests on that checkpoint, and a fact about this "
    "shipment at a place in the log below its size that is not listed here would show it to be untrue.\n"
    "It speaks of events that were accepted from its beginning until its end, by our clock: an event about this "
    "shipment alone with a time of acceptance in between is listed, and an incident that names several shipments is "
    "where it had been answered by the end. Facts counted as pending are younger. Events and notifications from "
    "before the beginning are listed only where they can still be found.\n"
    "It cannot know which shipment the unlinked events and notifications of the operator were about: people among "
    "them were erased, which destroys every way from a shipment's name to their facts, or nobody could read what an "
    "event is about. Where their number is not 0, that nothing is listed does not mean that there was nothing. "
    "Incidents that touch a place, and name no shipment, are not listed.\n"
    "The listed notifications have proofs of their own. What is closed is here by its commitment only. A checkpoint "
    "without a cosignature shows order, not time. Nothing here is a proof of delivery of the letter."
)


def shipment_limits_with(downtimes: Sequence[Downtime], *, more: int = 0) -> str:
    """`SHIPMENT_LIMITS`, and by name the ended downtimes between its beginning and its end; `more` are not named."""
    if not downtimes:
        return SHIPMENT_LIMITS
    return (
        f"{SHIPMENT_LIMITS}\nBetween its beginning and its end the service was not always able to do its work, as it "
        f"wrote down itself: {_listed(downtimes, more)}."
    )


def limits_with(downtimes: Sequence[Downtime], *, more: int = 0) -> str:
    """`LIMITS`, and by name the ended downtimes of the time in which the facts came about; `more` are not named."""
    if not downtimes:
        return LIMITS
    return (
        f"{LIMITS}\nDuring the time that these facts speak of, the service was not always able to do its work, as it "
        f"wrote down itself: {_listed(downtimes, more)}."
    )


def _listed(downtimes: Sequence[Downtime], more: int) -> str:
    named = [_named(each, each.ended_at) for each in downtimes if each.ended_at is not None]
    unnamed = [f"{more} more, which the log holds as well"] if more else []
    return "; ".join([*named, *unnamed])


def _named(downtime: Downtime, ended_at: datetime) -> str:
    words = downtime_in_words(Stretch(duty=downtime.duty, began_at=downtime.began_at, ended_at=ended_at))
    if downtime.index is None:
        return f"{words} (not sealed yet)"
    return f"{words} (sealed in shard {downtime.shard} at index {downtime.index})"

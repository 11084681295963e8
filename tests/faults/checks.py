"""Every invariant, asked of one deployment that has come to rest."""

from collections.abc import Callable, Iterator

from tests.faults.invariants_events import (
    invariant_1_every_answered_event_is_there_once,
    invariant_2_nothing_is_told_without_a_cause,
    invariant_12_the_sums_are_right,
    invariant_13_poison_hurts_no_other,
)
from tests.faults.invariants_messages import (
    invariant_3_nobody_gets_a_message_twice,
    invariant_4_what_left_was_written_down_first,
    invariant_5_every_attempt_ends_once,
)
from tests.faults.reading import Broken, Reading

INVARIANTS: list[Callable[[Reading], Iterator[Broken]]] = [
    invariant_1_every_answered_event_is_there_once,
    invariant_2_nothing_is_told_without_a_cause,
    invariant_3_nobody_gets_a_message_twice,
    invariant_4_what_left_was_written_down_first,
    invariant_5_every_attempt_ends_once,
    invariant_12_the_sums_are_right,
    invariant_13_poison_hurts_no_other,
]


def check(reading: Reading) -> list[Broken]:
    """What does not hold."""
    return [broken for invariant in INVARIANTS for broken in invariant(reading)]

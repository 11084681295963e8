"""Every invariant that one deployment's journals and database can show, asked once it has come to rest."""

from collections.abc import Callable, Iterator

from tests.faults.invariants_events import (
    invariant_1_every_answered_event_is_there_once,
    invariant_2_nothing_is_told_without_a_cause,
    invariant_12_the_sums_are_right,
    invariant_13_poison_hurts_no_other,
)
from tests.faults.invariants_incidents import (
    invariant_1_an_item_makes_no_second_message,
    invariant_1_every_incident_reaches_those_whom_it_concerns,
)
from tests.faults.invariants_log import (
    invariant_7_all_checkpoints_are_of_one_tree,
    invariant_8_every_fact_is_published,
    invariant_9_proofs_stand_alone,
)
from tests.faults.invariants_messages import (
    invariant_3_nobody_gets_a_message_twice,
    invariant_4_what_left_was_written_down_first,
    invariant_5_every_attempt_ends_once,
    invariant_10_no_status_moves_backwards,
    reports_are_kept_and_have_their_effect,
)
from tests.faults.invariants_people import (
    invariant_6_nothing_starts_after_a_withdrawal,
    invariant_11_stale_news_is_not_sent,
)
from tests.faults.reading import Broken, Reading

INVARIANTS: list[Callable[[Reading], Iterator[Broken]]] = [
    invariant_1_every_answered_event_is_there_once,
    invariant_1_every_incident_reaches_those_whom_it_concerns,
    invariant_1_an_item_makes_no_second_message,
    invariant_2_nothing_is_told_without_a_cause,
    invariant_3_nobody_gets_a_message_twice,
    invariant_4_what_left_was_written_down_first,
    invariant_5_every_attempt_ends_once,
    invariant_6_nothing_starts_after_a_withdrawal,
    invariant_7_all_checkpoints_are_of_one_tree,
    invariant_8_every_fact_is_published,
    invariant_9_proofs_stand_alone,
    invariant_10_no_status_moves_backwards,
    invariant_11_stale_news_is_not_sent,
    invariant_12_the_sums_are_right,
    invariant_13_poison_hurts_no_other,
    reports_are_kept_and_have_their_effect,
]


def check(reading: Reading) -> list[Broken]:
    """What does not hold."""
    return [broken for invariant in INVARIANTS for broken in invariant(reading)]

"""What the events of one shipment say together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.shipment import RANK, Milestone, makes_untrue, picture_of, reason_not_to_tell

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


def milestone(kind: str, *, ordinal: int | None = None, hours: float = 0) -> Milestone:
    return Milestone(kind=kind, ordinal=ordinal, effective_at=NOON + timedelta(hours=hours))


FIRST = milestone("notice_left", ordinal=1)
REPEAT = milestone("notice_left", ordinal=2, hours=24 * 9)


def test_the_first_that_is_heard_of_a_shipment_is_news() -> None:
    assert reason_not_to_tell(FIRST, []) is None


@pytest.mark.parametrize("kind", ["ready_for_pickup", "pickup_expired", "refused", "returned", "delivered"])
def test_a_paper_notice_is_stale_once_a_later_stage_is_known(kind: str) -> None:
    assert reason_not_to_tell(FIRST, [milestone(kind, hours=1)]) == "stale"


def test_of_two_events_of_one_moment_the_later_stage_comes_later() -> None:
    assert reason_not_to_tell(FIRST, [milestone("delivered")]) == "stale"


def test_an_earlier_event_of_a_later_stage_does_not_make_news_stale() -> None:
    assert reason_not_to_tell(FIRST, [milestone("delivered", hours=-1)]) is None


@pytest.mark.parametrize("kind", ["registered", "in_transit", "out_for_delivery", "attempt_failed"])
def test_what_comes_before_a_paper_notice_does_not_make_it_stale(kind: str) -> None:
    assert reason_not_to_tell(FIRST, [milestone(kind, hours=1)]) is None


def test_a_first_notice_is_superseded_once_the_repeat_is_known() -> None:
    assert reason_not_to_tell(FIRST, [REPEAT]) == "superseded"


def test_a_repeat_is_news_though_the_first_notice_is_known() -> None:
    assert reason_not_to_tell(REPEAT, [FIRST]) is None


def test_the_same_notice_of_the_same_day_is_a_duplicate() -> None:
    assert reason_not_to_tell(milestone("notice_left", ordinal=1, hours=3), [FIRST]) == "duplicate_content"


def test_the_same_notice_of_the_next_local_day_is_news() -> None:
    assert reason_not_to_tell(milestone("notice_left", ordinal=1, hours=12), [FIRST]) is None


def test_stale_goes_before_duplicate() -> None:
    known = [FIRST, milestone("delivered", hours=2)]
    assert reason_not_to_tell(milestone("notice_left", ordinal=1, hours=1), known) == "stale"


def test_a_kind_that_does_not_move_the_shipment_is_always_news() -> None:
    assert reason_not_to_tell(milestone("terms_changed"), [milestone("delivered", hours=1)]) is None


def test_a_collected_shipment_makes_its_notice_untrue() -> None:
    assert makes_untrue(milestone("delivered", hours=1), FIRST) == "collected"


@pytest.mark.parametrize("news", [REPEAT, milestone("returned", hours=1), milestone("ready_for_pickup", hours=1)])
def test_any_other_later_stage_supersedes_a_notice(news: Milestone) -> None:
    assert makes_untrue(news, FIRST) == "superseded"


@pytest.mark.parametrize(
    "news",
    [
        milestone("delivered", hours=-1),
        milestone("attempt_failed", hours=1),
        milestone("terms_changed", hours=-1),
        milestone("notice_left", ordinal=1, hours=1),
    ],
)
def test_neither_older_nor_lesser_news_ends_a_notice(news: Milestone) -> None:
    assert makes_untrue(news, FIRST) is None


def test_other_terms_end_a_notice_that_tells_of_the_old_ones() -> None:
    assert makes_untrue(milestone("terms_changed", hours=1), FIRST) == "terms_changed"


def test_every_later_stage_has_a_higher_rank() -> None:
    assert sorted(RANK, key=RANK.__getitem__) == list(RANK)


def test_what_travels_back_stays_returned_whatever_is_scanned_on_its_way() -> None:
    known = [milestone("returned"), milestone("in_transit", hours=5), milestone("out_for_delivery", hours=20)]
    assert picture_of(known).state == "returned"
    assert picture_of([*known, milestone("notice_left", ordinal=1, hours=50)]).state == "notice_left"


def test_that_an_item_goes_back_is_told_once_at_whatever_stage() -> None:
    assert reason_not_to_tell(milestone("returned", hours=72), [milestone("returned")]) == "duplicate_content"
    untold = replace(milestone("returned"), told=False)
    assert reason_not_to_tell(milestone("returned", hours=72), [untold]) is None

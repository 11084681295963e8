"""What events of one shipment come to that come late, twice, corrected, replaced, or that contradict each other."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from app.domain.event import LegalRegime
from app.domain.shipment import (
    Milestone,
    Picture,
    Stay,
    corrections,
    makes_untrue,
    milestone_of,
    picture_of,
    reason_not_to_tell,
    standing,
)
from tests.builders import FACILITY, NOON, event

SOURCE = "/poczta-polska/wer-warszawa"


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def said(kind: str, *, hours: float = 0, name: str | None = None, **data: Any) -> Milestone:
    """An event as it is kept; `name` is its id, and its key."""
    name = name or f"{kind}-{hours}"
    if kind == "terms_changed":
        data = {"change": "redirect_point", **data}
    return replace(milestone_of(event(kind, at=at(hours), id=name, data=data)), key=name.encode())


def notice(ordinal: int = 1, *, hours: float = 0, name: str | None = None, **data: Any) -> Milestone:
    name = name or f"notice-{ordinal}-{hours}"
    left_at = at(hours).isoformat()
    return said("notice_left", hours=hours, name=name, notice={"ordinal": ordinal, "left_at": left_at}, **data)


def correction(of: Milestone | str, *, hours: float = 1, name: str = "correction", **data: Any) -> Milestone:
    aim = of if isinstance(of, str) else of.key.decode()
    told = {"corrects": {"source": SOURCE, "id": aim}, "action": "cancel", "service": None} | data
    bare = event("corrected", at=at(hours), id=name, data=told)
    return replace(milestone_of(bare), key=name.encode(), corrects=aim.encode())


def bare(milestone: Milestone) -> Milestone:
    """As it is read where what it says was not kept, or was erased."""
    return replace(milestone, event=None)


def stay_of(*milestones: Milestone) -> Stay:
    stay = picture_of(milestones).stay
    assert stay is not None
    return stay


def names(milestones: list[Milestone]) -> list[str]:
    return [one.key.decode() for one in milestones]


FIRST, REPEAT = notice(), notice(2, hours=24 * 8)
COLLECTED = said("delivered", hours=24 * 9)


def test_of_nothing_nothing_is_known() -> None:
    assert picture_of([]) == Picture(state=None, since=None, stay=None, waits=False)


def test_an_item_waits_from_its_notice_until_it_is_collected() -> None:
    waiting, collected = picture_of([FIRST, REPEAT]), picture_of([FIRST, REPEAT, COLLECTED])
    assert (waiting.state, waiting.since, waiting.waits, waiting.ended_at) == ("notice_left", at(192), True, None)
    assert (collected.state, collected.waits, collected.ended_at) == ("delivered", False, at(216))
    assert collected.stay == waiting.stay


@pytest.mark.parametrize("kind", ["delivered", "refused", "returned", "pickup_expired"])
def test_every_end_ends_the_waiting(kind: str) -> None:
    assert not picture_of([FIRST, said(kind, hours=1)]).waits


def test_what_is_lost_waits_no_more() -> None:
    lost = replace(said("registered", hours=1), kind="lost")
    assert (picture_of([FIRST, lost]).state, picture_of([FIRST, lost]).waits) == ("lost", False)


@pytest.mark.parametrize("kind", ["registered", "in_transit", "attempt_failed"])
def test_scans_on_the_way_to_the_office_end_no_waiting(kind: str) -> None:
    assert picture_of([FIRST, said(kind, hours=3)]).waits


def test_what_a_courier_takes_out_again_waits_once_it_could_not_be_delivered() -> None:
    out, failed = said("out_for_delivery", hours=20), said("attempt_failed", hours=24)
    assert (picture_of([FIRST, out]).waits, picture_of([FIRST, out]).ended_at) == (False, at(20))
    assert picture_of([FIRST, out, failed]).waits
    assert not picture_of([FIRST, out, failed, said("out_for_delivery", hours=44)]).waits


def test_a_failed_attempt_reopens_nothing_that_has_ended() -> None:
    picture = picture_of([FIRST, said("returned", hours=20), said("attempt_failed", hours=24)])
    assert (picture.waits, picture.ended_at) == (False, at(20))


def test_an_end_that_happened_before_the_notice_ends_nothing() -> None:
    assert picture_of([said("returned", hours=-1), FIRST]).waits


def test_every_order_of_arrival_comes_to_the_same() -> None:
    events = [FIRST, REPEAT, said("ready_for_pickup", hours=20), correction(REPEAT, hours=200), said("in_transit")]
    pictures = [picture_of(order) for order in permutations(events)]
    assert all(picture == pictures[0] for picture in pictures)


def test_events_of_one_moment_and_stage_are_told_apart_by_the_producers_names() -> None:
    here, there = (notice(name=name, facility={**FACILITY, "id": name}) for name in ("a-first-name", "b-second-name"))
    assert picture_of([here, there]) == picture_of([there, here])
    assert stay_of(there, here).facility == (there.event and there.event.facility)


def test_a_stay_has_the_days_of_both_notices() -> None:
    stay = stay_of(REPEAT, FIRST)
    assert (stay.since, stay.first_notice_at, stay.second_notice_at) == (at(0), at(0), at(192))


def test_of_contradictory_notices_the_earliest_of_each_counts() -> None:
    stay = stay_of(notice(hours=24), FIRST, notice(2, hours=200), notice(2, hours=194))
    assert (stay.first_notice_at, stay.second_notice_at) == (at(0), at(194))


def test_the_newest_place_and_time_count() -> None:
    moved = said("terms_changed", hours=2, facility={**FACILITY, "id": "UP-00-004"}, pickup={"until": "2026-12-01"})
    stay = stay_of(moved, FIRST)
    assert moved.event is not None
    assert (stay.facility, stay.pickup) == (moved.event.facility, moved.event.pickup)


def test_what_the_newest_does_not_say_stays_as_it_was() -> None:
    stay = stay_of(FIRST, said("terms_changed", hours=2, legal_regime="kpc"))
    assert FIRST.event is not None
    assert (stay.facility, stay.pickup, stay.regime) == (FIRST.event.facility, FIRST.event.pickup, LegalRegime.KPC)


def test_a_facility_named_without_hours_keeps_the_hours_and_closures_it_is_known_by() -> None:
    closures = [{"from": "2026-12-01", "until": "2026-12-02"}]
    first = notice(facility={**FACILITY, "closures": closures})
    named = {"id": FACILITY["id"], "name": "UP Warszawa 32 (Targowa)"}
    stay = stay_of(first, notice(2, hours=192, facility=named))
    assert first.event is not None
    assert first.event.facility is not None
    assert stay.facility == replace(first.event.facility, name=named["name"], street=None, post_code=None, city=None)


def test_another_facility_without_hours_has_none() -> None:
    stay = stay_of(FIRST, said("terms_changed", hours=2, facility={"id": "UP-00-004", "name": "UP Warszawa 4"}))
    assert stay.facility is not None
    assert (stay.facility.hours, stay.facility.closures) == (None, ())


@pytest.mark.parametrize(
    ("waiting", "regime"),
    [
        (FIRST, LegalRegime.KPA),
        (notice(legal_regime=None), LegalRegime.UNKNOWN),
        (said("ready_for_pickup"), LegalRegime.POSTAL),
    ],
)
def test_a_law_that_nobody_named_may_be_any_where_paper_was_left(waiting: Milestone, regime: LegalRegime) -> None:
    assert stay_of(waiting).regime is regime


def test_what_a_correction_cancels_did_not_happen() -> None:
    picture = picture_of([FIRST, COLLECTED, correction(COLLECTED, hours=220)])
    assert (picture.state, picture.waits) == ("notice_left", True)
    assert picture_of([FIRST, correction(FIRST)]).stay is None


def test_a_correction_may_come_before_what_it_corrects() -> None:
    assert names(standing([correction("notice-1-0"), FIRST])) == []


def test_a_correction_of_something_unknown_corrects_nothing() -> None:
    assert names(standing([FIRST, correction("never-heard-of")])) == ["notice-1-0"]


@pytest.mark.parametrize("hours", [2, 1, 0.5])
def test_a_correction_that_is_taken_back_corrects_nothing_whenever_that_was_said(hours: float) -> None:
    for name in ("a-later-one", "z-later-one"):
        wrong, right = correction(FIRST, hours=1), correction("correction", hours=hours, name=name)
        assert names(standing([FIRST, wrong, right])) == ["notice-1-0"]


def test_a_correction_of_a_correction_of_a_correction_corrects() -> None:
    chain = [
        correction(FIRST, hours=3, name="one"),
        correction("one", hours=2, name="two"),
        correction("two", hours=1, name="three"),
    ]
    for order in permutations([FIRST, *chain]):
        assert names(standing(order)) == []


def test_a_thousand_corrections_in_a_row_come_to_what_the_last_says() -> None:
    chain = [correction(FIRST, name="0")]
    chain += [correction(str(number), name=str(number + 1)) for number in range(2000)]
    assert names(standing([FIRST, *chain[:-1]])) == ["notice-1-0"]
    assert names(standing([FIRST, *chain])) == []


def test_of_corrections_that_take_each_other_back_the_newest_counts() -> None:
    old, new = correction("new", hours=1, name="old"), correction("old", hours=2, name="new")
    assert {key: one.key for key, one in corrections([old, new]).items()} == {b"old": b"new"}
    assert corrections([new, old]) == corrections([old, new])


def test_a_circle_of_three_is_cut_at_the_newest() -> None:
    circle = [
        correction("b", hours=3, name="a"),
        correction("c", hours=2, name="b"),
        correction("a", hours=1, name="c"),
    ]
    for order in permutations(circle):
        assert {key: one.key for key, one in corrections(order).items()} == {b"b": b"a"}


def test_a_correction_of_itself_stands() -> None:
    assert corrections([correction("itself", name="itself")]) == {}


@pytest.mark.parametrize("newest", ["cancel", "replace"])
def test_of_two_corrections_of_one_event_the_newest_counts(newest: str) -> None:
    cancels = correction(FIRST, hours=2 if newest == "cancel" else 1, name="cancels")
    replaces = correction(
        FIRST, hours=2 if newest == "replace" else 1, name="replaces", action="replace", legal_regime="op"
    )
    assert (picture_of([FIRST, cancels, replaces]).stay is None) is (newest == "cancel")


def test_the_newest_counts_also_when_an_older_one_was_disputed_in_vain() -> None:
    cancels = correction(FIRST, hours=2, name="cancels")
    disputed = correction(FIRST, hours=1, name="disputed", action="replace", legal_regime="op")
    dispute = correction("disputed", hours=3, name="dispute")
    in_vain = correction("dispute", hours=4, name="in vain")
    for order in permutations([FIRST, cancels, disputed, dispute, in_vain]):
        assert names(standing(order)) == []


def test_what_is_there_without_paper_keeps_its_time_when_a_correction_speaks_of_paper() -> None:
    ready = said("ready_for_pickup", hours=4)
    replaces = correction(ready, hours=30, action="replace", notice={"ordinal": 2, "left_at": at(2).isoformat()})
    stay = stay_of(FIRST, ready, replaces)
    assert (stay.first_notice_at, stay.second_notice_at, stay.newest_at) == (at(0), None, at(4))


def test_a_replaced_notice_says_what_replaces_it() -> None:
    new = {"ordinal": 2, "left_at": at(5).isoformat()}
    replaces = correction(FIRST, hours=30, action="replace", notice=new, pickup={"until": "2026-12-02"})
    stay = stay_of(FIRST, replaces)
    assert FIRST.event is not None
    assert (stay.first_notice_at, stay.second_notice_at, stay.since) == (None, at(5), at(5))
    assert (stay.facility, stay.regime) == (FIRST.event.facility, LegalRegime.KPA)
    assert stay.pickup is not None
    assert str(stay.pickup.until) == "2026-12-02"


def test_what_is_replaced_by_nothing_said_here_does_not_stand() -> None:
    assert names(standing([FIRST, correction(FIRST, action="replace")])) == []


@pytest.mark.parametrize("kept", [COLLECTED, bare(COLLECTED)])
def test_a_handover_that_is_put_right_still_ended_the_waiting_and_when_it_says(kept: Milestone) -> None:
    replaces = correction(COLLECTED, hours=240, action="replace", delivered_at=at(100).isoformat(), mode="counter")
    picture = picture_of([FIRST, kept, replaces])
    assert (picture.state, picture.since, picture.waits) == ("delivered", at(100), False)


def test_a_handover_that_is_put_right_without_a_time_keeps_its_own() -> None:
    replaces = correction(COLLECTED, hours=240, action="replace", mode="counter")
    assert picture_of([FIRST, COLLECTED, replaces]).ended_at == at(216)


def test_a_notice_that_cannot_be_read_still_waits() -> None:
    picture = picture_of([bare(FIRST), correction(FIRST, action="replace", legal_regime="op")])
    assert picture.waits
    assert picture.stay is not None
    assert picture.stay.first_notice_at == at(0)


def test_news_that_was_taken_back_before_it_came_is_superseded() -> None:
    assert reason_not_to_tell(FIRST, [correction(FIRST)]) == "superseded"


def test_news_whose_correction_was_taken_back_is_news() -> None:
    assert reason_not_to_tell(FIRST, [correction(FIRST), correction("correction", hours=2, name="mistake")]) is None


def test_what_was_taken_back_makes_no_news_stale_or_double() -> None:
    assert reason_not_to_tell(FIRST, [COLLECTED, correction(COLLECTED)]) is None
    same = notice(hours=1)
    assert reason_not_to_tell(same, [FIRST]) == "duplicate_content"
    assert reason_not_to_tell(same, [FIRST, correction(FIRST, hours=0.5)]) is None


def test_an_untold_repetition_is_news_to_whoever_hears_of_it_first() -> None:
    assert reason_not_to_tell(notice(hours=1), [replace(FIRST, told=False)]) is None


def test_a_correction_ends_the_message_about_what_it_takes_back_and_no_other() -> None:
    assert makes_untrue(correction(FIRST), FIRST) == "superseded"
    assert makes_untrue(correction(FIRST), REPEAT) is None
    assert makes_untrue(correction(FIRST, hours=-5), FIRST) == "superseded"


@pytest.mark.parametrize("kind", ["notice_left", "ready_for_pickup"])
def test_no_message_says_that_something_lost_waits(kind: str) -> None:
    lost = replace(said("registered", hours=1), kind="lost")
    assert makes_untrue(lost, said(kind)) == "superseded"
    assert makes_untrue(lost, said(kind, hours=2)) is None

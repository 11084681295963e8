from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

import pytest

from app.domain.decision import TELLS
from app.domain.event import AREA_INCIDENT_KINDS, Correction, Handover, PaperNotice, Pickup
from app.rendering.notice import IncidentNews, Telling, first_day, notice_of_event, template_of
from tests.unit.rendering.samples import NUMBER, OFFICE, REFERENCE, STAY, WARSAW, event, notice_left, notice_of, told


def test_a_notice_happened_when_the_paper_notice_was_left() -> None:
    assert notice_of(notice_left()).happened_at == datetime(2026, 11, 23, 11, 40, tzinfo=WARSAW)


def test_a_delivery_happened_when_the_item_was_handed_over() -> None:
    at = datetime(2026, 11, 24, 9, 5, tzinfo=WARSAW)
    assert notice_of(event("delivered", handover=Handover(delivered_at=at))).happened_at == at


def test_what_has_no_time_of_its_own_happened_at_the_effective_time() -> None:
    reported = event("delivered", handover=Handover(mode="collected"))
    assert notice_of(reported).happened_at == reported.effective_at


def test_a_correction_happened_when_it_was_made_and_keeps_the_time_of_the_notice_it_speaks_of() -> None:
    left_at = datetime(2026, 11, 20, 9, 0, tzinfo=WARSAW)
    correction = event(
        "corrected", correction=Correction(action="replace"), notice=PaperNotice(ordinal=2, left_at=left_at)
    )
    notice = notice_of(correction)
    assert (notice.happened_at, notice.second_notice_at) == (correction.effective_at, left_at)
    assert (notice.first_notice_at, notice.replaced) == (None, True)


def test_an_item_waits_where_its_other_events_say_unless_it_is_moved() -> None:
    waiting = notice_of(told(event("terms_changed", change="extended"), stay=STAY))
    assert (waiting.facility, waiting.pickup) == (STAY.facility, STAY.pickup)
    moved = notice_of(told(event("terms_changed", change="place_changed"), stay=STAY))
    assert (moved.facility, moved.pickup, moved.since) == (None, None, STAY.since)


@pytest.mark.parametrize(("kind", "said"), [("ready_for_pickup", {}), ("terms_changed", {"change": "extended"})])
def test_late_news_of_an_item_that_waits_says_what_was_heard_of_later_days(kind: str, said: dict[str, str]) -> None:
    extended = replace(STAY, newest_at=STAY.since + timedelta(days=2), pickup=Pickup(until=date(2026, 12, 20)))
    late = event(kind, pickup=Pickup(until=date(2026, 12, 1)), effective_at=STAY.since, **said)
    assert notice_of(told(late, stay=extended)).pickup == extended.pickup
    put_right = replace(late, effective_at=extended.newest_at)
    assert notice_of(told(put_right, stay=extended)).pickup == extended.pickup
    newer = replace(late, effective_at=extended.newest_at + timedelta(minutes=1))
    assert notice_of(told(newer, stay=extended)).pickup == late.pickup


def test_a_day_is_the_local_day_of_the_notice() -> None:
    late = event("returned", effective_at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    assert notice_of(late).happened_on == date(2026, 11, 24)


def test_known_operators_have_their_own_names_and_others_their_identifier() -> None:
    assert notice_of(event("returned")).operator == "Poczta Polska"
    assert notice_of(event("returned", operator="acme-post")).operator == "acme-post"


def test_a_language_without_texts_becomes_polish() -> None:
    assert notice_of(event("returned"), "lt").language == "pl"


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        notice_of_event(event("returned"), Telling(language="pl", reference=REFERENCE), time_zone="Europe/Nowhere")


@pytest.mark.parametrize("kind", ["notice_left", "ready_for_pickup"])
@pytest.mark.parametrize("facility", [None, replace(OFFICE, name="https://evil.example"), replace(OFFICE, name=" ")])
def test_a_waiting_item_without_a_place_gets_the_general_text(kind: str, facility: object) -> None:
    assert template_of(notice_of(event(kind, facility=facility))) == "general"


@pytest.mark.parametrize("kind", [kind for kind in TELLS if kind not in AREA_INCIDENT_KINDS])
def test_a_kind_with_all_it_needs_gets_its_own_text(kind: str) -> None:
    assert template_of(notice_of(event(kind, facility=OFFICE))) == kind


@pytest.mark.parametrize("kind", AREA_INCIDENT_KINDS)
def test_an_incident_of_an_area_gets_its_own_text_where_there_is_something_to_tell_of_it(kind: str) -> None:
    news = IncidentNews(kind=kind, operator="inpost")
    assert template_of(notice_of(told(event(kind), incidents=(news,)))) == kind
    assert template_of(notice_of(event(kind, facility=OFFICE))) == "general"


@pytest.mark.parametrize("kind", ["registered", "in_transit", "general", "unheard_of"])
def test_any_other_kind_gets_the_general_text(kind: str) -> None:
    assert template_of(notice_of(event(kind, facility=OFFICE))) == "general"


@pytest.mark.parametrize(
    ("pickup", "day"),
    [
        (None, date(2026, 11, 23)),
        (Pickup(until=date(2026, 12, 7)), date(2026, 11, 23)),
        (Pickup(starts=date(2026, 11, 24)), date(2026, 11, 24)),
        (Pickup(starts=datetime(2026, 11, 24, 23, 30, tzinfo=UTC)), date(2026, 11, 25)),
    ],
)
def test_collecting_starts_when_the_operator_says_or_when_it_happened(pickup: Pickup | None, day: date) -> None:
    assert first_day(notice_of(notice_left(pickup=pickup))) == day


def test_a_notice_shows_no_number_in_its_repr() -> None:
    assert NUMBER not in repr(notice_of(notice_left()))

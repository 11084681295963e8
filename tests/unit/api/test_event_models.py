"""What each event type's data must be, and what the domain gets of it."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from pydantic_core import PydanticCustomError

from app.api.event_fields import parse_date, parse_hours, parse_instant, parse_moment
from app.api.event_models import MODELS, TRACKING_TYPE
from app.api.problems import FAULTS_MAX, Fault
from app.domain.event import (
    KNOWN_TYPES,
    Closure,
    Event,
    Facility,
    Handover,
    LegalRegime,
    OpeningInterval,
    OperatorRecord,
    PaperNotice,
    Pickup,
)
from tests.unit.api.events import SENT, faults, pointers, said, typed
from tests.wire import ABSENT, NOTICE_LEFT, Json, with_value

_DAY = OpeningInterval(opens=time(8), closes=time(20))


def test_a_notice_is_read_whole() -> None:
    assert said(NOTICE_LEFT) == Event(
        id=SENT.id,
        source=SENT.source,
        type="pl.awizo.delivery.notice_left.v1",
        time=SENT.time,
        effective_at=datetime(2026, 11, 23, 10, 40, tzinfo=UTC),
        canonical=SENT.canonical,
        operator="poczta-polska",
        shipments=("00759007734123456789",),
        recipient="customer-4711",
        service="registered_letter",
        legal_regime=LegalRegime.KPA,
        notice=PaperNotice(
            ordinal=1,
            left_at=datetime(2026, 11, 23, 10, 40, tzinfo=UTC),
            place="letterbox",
            courier="K-0421",
        ),
        facility=Facility(
            id="UP-00-032",
            name="UP Warszawa 32",
            street="Targowa 73",
            post_code="03-729",
            city="Warszawa",
            hours=(
                (_DAY,),
                (_DAY,),
                (
                    OpeningInterval(opens=time(8), closes=time(12)),
                    OpeningInterval(opens=time(13), closes=time(18)),
                ),
                (_DAY,),
                (_DAY,),
                (),
                (),
            ),
            closures=(Closure(first_on=date(2026, 12, 1), last_on=date(2026, 12, 2), reason="stocktaking"),),
        ),
        pickup=Pickup(starts=date(2026, 11, 24), until=date(2026, 12, 7)),
        record=OperatorRecord(vocabulary="poczta-polska", code="P_A", time="2026-11-23T11:42:00"),
    )


def test_a_delivery_happened_when_it_was_delivered() -> None:
    delivered = said(
        typed(
            "delivery.delivered",
            mode="counter",
            delivered_at="2026-11-25T09:00:00+01:00",
            receiver_role="addressee",
        )
    )
    moment = datetime(2026, 11, 25, 8, tzinfo=UTC)
    assert delivered.effective_at == moment
    assert delivered.handover == Handover(mode="counter", delivered_at=moment, receiver_role="addressee")


def test_a_delivery_without_its_time_happened_when_the_envelope_says() -> None:
    delivered = said(typed("delivery.delivered"))
    assert (delivered.effective_at, delivered.handover) == (SENT.time, Handover())


def test_a_locker_keeps_its_hours_as_instants() -> None:
    pickup = {"from": "2026-03-28T10:00:00+01:00", "until": "2026-03-30T11:00:00+02:00"}
    ready = said(typed("delivery.ready_for_pickup", facility={"id": "WAW01", "name": "Locker 1"}, pickup=pickup))
    assert ready.pickup == Pickup(
        starts=datetime(2026, 3, 28, 9, tzinfo=UTC), until=datetime(2026, 3, 30, 9, tzinfo=UTC)
    )
    assert ready.facility == Facility(id="WAW01", name="Locker 1")


def test_every_known_type_has_a_model_of_its_own() -> None:
    assert set(MODELS) == KNOWN_TYPES | {TRACKING_TYPE}
    assert len(set(MODELS.values())) == len(MODELS)


@pytest.mark.parametrize("kind", ["delivery.notice_left", "delivery.ready_for_pickup"])
def test_a_system_that_does_not_know_where_the_item_waits_may_say_so(kind: str) -> None:
    notice = {"notice": {"ordinal": 1, "left_at": "2026-11-23T11:40:00+01:00"}} if "notice" in kind else {}
    assert said(typed(kind, **notice)).facility is None


def test_pick_up_ends_no_earlier_than_it_begins() -> None:
    one_day = {"from": "2026-12-07", "until": "2026-12-07"}
    assert said(with_value(NOTICE_LEFT, "data.pickup", one_day)).pickup is not None
    assert pointers(with_value(NOTICE_LEFT, "data.pickup.until", "2026-11-23")) == ["/data/pickup"]


@pytest.mark.parametrize("pickup", [{"from": "2026-12-07"}, {"from": None, "until": "2026-12-07"}, {}])
def test_either_end_of_pick_up_may_be_unknown(pickup: Json) -> None:
    assert said(with_value(NOTICE_LEFT, "data.pickup", pickup)).pickup == Pickup(
        starts=date(2026, 12, 7) if pickup.get("from") else None,
        until=date(2026, 12, 7) if pickup.get("until") else None,
    )


def test_a_date_and_a_moment_are_compared_by_the_day_as_written() -> None:
    mixed = {"from": "2026-12-07", "until": "2026-12-07T00:10:00+01:00"}
    assert said(with_value(NOTICE_LEFT, "data.pickup", mixed)).pickup == Pickup(
        starts=date(2026, 12, 7), until=datetime(2026, 12, 6, 23, 10, tzinfo=UTC)
    )


def test_a_day_without_hours_must_be_said() -> None:
    assert pointers(with_value(NOTICE_LEFT, "data.facility.hours.sun", ABSENT)) == ["/data/facility/hours/sun"]


def test_unknown_members_are_told_of_the_object_that_has_them() -> None:
    event = with_value(with_value(NOTICE_LEFT, "data.jan@example", 1), "data.facility.x", 1)
    assert faults(event) == (
        Fault(pointer="/data/facility", detail="Has a member that is not known here"),
        Fault(pointer="/data", detail="Has a member that is not known here"),
    )


def test_a_flood_of_faults_is_cut() -> None:
    closures = [{"from": "", "until": ""}] * FAULTS_MAX
    assert len(faults(with_value(NOTICE_LEFT, "data.facility.closures", closures))) == FAULTS_MAX + 1


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T11:40:00+01:00", datetime(2026, 11, 23, 10, 40, tzinfo=UTC)),
        ("2026-11-23t11:40:00z", datetime(2026, 11, 23, 11, 40, tzinfo=UTC)),
        ("2026-11-23T11:40:00-00:00", datetime(2026, 11, 23, 11, 40, tzinfo=UTC)),
        ("2026-11-23T11:40:00.123456789Z", datetime(2026, 11, 23, 11, 40, 0, 123456, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9998-12-31T23:59:59Z", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_is_an_rfc_3339_date_time(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


def test_an_instant_keeps_its_offset() -> None:
    assert parse_instant("2026-11-23T11:40:00+05:30").tzinfo == timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("2026-11-23T11:40:00", "Must be an RFC 3339 date-time with offset, as 2026-11-23T11:40:00+01:00"),
        ("2026-12-31T23:59:60Z", "Is no moment of the calendar"),
        ("9999-12-31T23:59:59-01:00", "Is no moment of the calendar"),
        ("1970-01-01T00:00:00+01:00", "Must lie in the years 1970 to 9998"),
    ],
)
def test_what_is_no_instant_is_told_why(text: str, detail: str) -> None:
    with pytest.raises(PydanticCustomError) as raised:
        parse_instant(text)
    assert raised.value.message() == detail


def test_a_leap_day_exists_in_leap_years_only() -> None:
    assert parse_date("2028-02-29") == date(2028, 2, 29)
    with pytest.raises(PydanticCustomError):
        parse_date("2027-02-29")


@pytest.mark.parametrize("value", [None, 5, "", "2026", "2026-11-23T11:40:00"])
def test_a_moment_is_a_date_or_an_instant(value: object) -> None:
    assert parse_moment("2026-11-23") == date(2026, 11, 23)
    with pytest.raises(PydanticCustomError):
        parse_moment(value)


@pytest.mark.parametrize(
    ("text", "intervals"),
    [
        ("08:00-20:00", [(time(8), time(20))]),
        ("08:00-12:00,12:00-18:30", [(time(8), time(12)), (time(12), time(18, 30))]),
        ("00:00-24:00", [(time(0), time(0))]),
        ("00:00-00:00", [(time(0), time(0))]),
        ("08:00-12:00,20:00-00:00", [(time(8), time(12)), (time(20), time(0))]),
    ],
)
def test_opening_hours_may_end_at_midnight(text: str, intervals: list[tuple[time, time]]) -> None:
    assert parse_hours(text) == tuple(OpeningInterval(opens=opens, closes=closes) for opens, closes in intervals)


@pytest.mark.parametrize("text", ["08:00-08:00", "09:00-08:00", "08:00-12:00,11:59-13:00", "20:00-00:00,00:00-01:00"])
def test_opening_hours_ascend(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        parse_hours(text)

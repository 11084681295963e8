"""What each type of event about one shipment may say of its own, and what the domain gets of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.api.event_models import MODELS, TRACKING_TYPE
from app.api.event_models.members import ShipmentMembers
from app.api.problems import Fault
from app.domain.event import Correction, Handover, OperatorRecord, PaperNotice, Pickup, Window
from tests.unit.api.events import SENT, faults, pointers, said, typed
from tests.wire import NOTICE_LEFT, TRACKING, Json, with_value

WHOLE = sorted(
    event_type.removeprefix("pl.awizo.").removesuffix(".v1")
    for event_type, model in MODELS.items()
    if issubclass(model, ShipmentMembers)
)
NEEDED: dict[str, Json] = {
    "delivery.notice_left": {"notice": {"ordinal": 1, "left_at": "2026-11-23T11:40:00+01:00"}},
    "delivery.terms_changed": {"change": "extended"},
    "delivery.corrected": {"corrects": {"code": "P_A"}, "action": "cancel"},
    "tracking": {"raw": {"vocabulary": "poczta-polska", "code": "P_A"}},
}
INCIDENTS = [kind for kind in WHOLE if kind.startswith("incident.")]
NINE = datetime(2026, 3, 28, 9, tzinfo=UTC)


def least(kind: str, **members: object) -> Json:
    """The least that such an event must say, and these members."""
    return typed(kind, **NEEDED.get(kind, {}), **members)


@pytest.mark.parametrize("kind", WHOLE)
def test_the_least_that_a_type_needs_is_understood(kind: str) -> None:
    event = said(least(kind))
    assert (event.shipments, event.operator) == (("S-1",), "poczta-polska")
    assert (event.quarantine is None) == (event.type != TRACKING_TYPE)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_member_that_a_type_does_not_know_is_refused(kind: str) -> None:
    detail = "Has a member that is not known here"
    assert faults(least(kind, unheard_of=1)) == (Fault(pointer="/data", detail=detail),)


@pytest.mark.parametrize("kind", sorted(NEEDED))
def test_what_a_type_needs_is_asked_for(kind: str) -> None:
    assert pointers(typed(kind)) == [f"/data/{member}" for member in NEEDED[kind]]


def test_every_fault_is_listed_with_its_place() -> None:
    event = typed(
        "delivery.returned", stage="Started!", last_chance="soon", pickup={"until": 5}, reason="", shipment="?"
    )
    assert set(pointers(event)) == {
        "/data/shipment",
        "/data/pickup/until",
        "/data/reason",
        "/data/stage",
        "/data/last_chance",
    }


@pytest.mark.parametrize("kind", ["delivery.registered", "delivery.in_transit", "delivery.returned"])
def test_a_stage_is_a_code(kind: str) -> None:
    assert said(typed(kind, stage="pre_advice")).stage == "pre_advice"
    assert pointers(typed(kind, stage="Pre-advice")) == ["/data/stage"]


@pytest.mark.parametrize("kind", ["delivery.registered", "delivery.in_transit"])
def test_the_day_of_posting_is_checked(kind: str) -> None:
    said(typed(kind, posted_on="2026-11-20"))
    assert pointers(typed(kind, posted_on="2026-11-31")) == ["/data/posted_on"]


def test_a_window_is_two_instants() -> None:
    window = {"from": "2026-11-23T10:00:00+01:00", "until": "2026-11-23T12:00:00+01:00"}
    assert said(typed("delivery.out_for_delivery", window=window)).window == Window(
        starts=datetime(2026, 11, 23, 9, tzinfo=UTC), until=datetime(2026, 11, 23, 11, tzinfo=UTC)
    )
    for wrong in ({"from": window["until"], "until": window["from"]}, "10-12"):
        assert pointers(typed("delivery.out_for_delivery", window=wrong)) == ["/data/window"]
    assert pointers(typed("delivery.out_for_delivery", window={"from": "10:00", "until": "2026-11-23"})) == [
        "/data/window/from",
        "/data/window/until",
    ]


@pytest.mark.parametrize(
    ("next_attempt", "understood"),
    [
        ("same_day", date(2026, 11, 20)),
        ("next_day", date(2026, 11, 21)),
        ("next_working_day", date(2026, 11, 23)),
        ("2026-11-25", date(2026, 11, 25)),
        ("2026-11-25T10:00:00+01:00", datetime(2026, 11, 25, 9, tzinfo=UTC)),
        (None, None),
    ],
)
def test_the_next_attempt_is_a_day_counted_from_this_one_a_date_or_a_moment(
    next_attempt: object, understood: object
) -> None:
    friday = replace(SENT, time=datetime(2026, 11, 20, 15, tzinfo=UTC))
    assert said(typed("delivery.attempt_failed", next_attempt=next_attempt), friday).next_attempt == understood


def test_the_next_attempt_is_counted_from_the_local_day() -> None:
    after_midnight_in_warsaw = replace(SENT, time=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    event = said(typed("delivery.attempt_failed", next_attempt="same_day"), after_midnight_in_warsaw)
    assert event.next_attempt == date(2026, 11, 23)


def test_the_working_day_after_christmas_eve_is_no_holiday() -> None:
    eve = replace(SENT, time=datetime(2026, 12, 23, 11, tzinfo=UTC))
    assert said(typed("delivery.attempt_failed", next_attempt="next_working_day"), eve).next_attempt == date(
        2026, 12, 28
    )


def test_the_last_day_of_the_calendar_has_a_working_day_after_it() -> None:
    end = replace(SENT, time=datetime(9998, 12, 31, 11, tzinfo=UTC))
    event = said(typed("delivery.attempt_failed", next_attempt="next_working_day"), end)
    assert isinstance(event.next_attempt, date)


@pytest.mark.parametrize("next_attempt", ["", "tomorrow", "NEXT_DAY", "2026-11-31", 1, True, [], {}])
def test_a_bad_next_attempt_is_pointed_at(next_attempt: object) -> None:
    assert pointers(typed("delivery.attempt_failed", next_attempt=next_attempt)) == ["/data/next_attempt"]


def test_hours_for_collecting_pass_by_the_clock_also_when_it_is_changed() -> None:
    spring = {"from": "2026-03-28T10:00:00+01:00", "hours": 48}
    assert said(typed("delivery.ready_for_pickup", pickup=spring)).pickup == Pickup(
        starts=NINE, until=datetime.fromisoformat("2026-03-30T11:00:00+02:00")
    )
    autumn = {"from": "2026-10-24T10:00:00+02:00", "hours": 48}
    counted = said(typed("delivery.ready_for_pickup", pickup=autumn)).pickup
    assert counted is not None
    assert counted.until == datetime.fromisoformat("2026-10-26T09:00:00+01:00")


def test_hours_without_a_beginning_pass_from_when_it_happened() -> None:
    assert said(typed("delivery.ready_for_pickup", pickup={"hours": 72})).pickup == Pickup(
        until=SENT.time + timedelta(hours=72)
    )
    notice = with_value(NOTICE_LEFT, "data.pickup", {"hours": 1})
    assert said(notice).pickup == Pickup(until=datetime(2026, 11, 23, 11, 40, tzinfo=UTC))


@pytest.mark.parametrize(
    "pickup",
    [
        {"hours": 48, "until": "2026-11-25"},
        {"hours": 48, "until": "2026-11-25T12:00:00+01:00", "from": "2026-11-23T12:00:00+01:00"},
        {"hours": 48, "from": "2026-11-23"},
    ],
)
def test_hours_that_contradict_the_rest_are_refused(pickup: Json) -> None:
    assert pointers(typed("delivery.ready_for_pickup", pickup=pickup)) == ["/data/pickup"]


@pytest.mark.parametrize("hours", [0, -1, 2161, 1.0, "48", True])
def test_hours_are_a_whole_number_up_to_ninety_days(hours: object) -> None:
    assert pointers(typed("delivery.ready_for_pickup", pickup={"hours": hours})) == ["/data/pickup/hours"]
    said(typed("delivery.ready_for_pickup", pickup={"hours": 2160}))


@pytest.mark.parametrize("place", ["locker", "point", "po_box", "branch"])
def test_what_kind_of_place_it_waits_in_is_one_of_four(place: str) -> None:
    assert said(typed("delivery.ready_for_pickup", place=place)).place == place
    assert pointers(typed("delivery.ready_for_pickup", place=place.upper())) == ["/data/place"]


def test_changed_terms_say_what_changed() -> None:
    assert said(typed("delivery.terms_changed", change="redirect_point")).change == "redirect_point"
    assert pointers(typed("delivery.terms_changed", change="elsewhere, perhaps")) == ["/data/change"]


@pytest.mark.parametrize("kind", ["delivery.refused", "delivery.pickup_expired", "delivery.returned"])
@pytest.mark.parametrize(
    ("last_chance", "understood"),
    [
        (True, True),
        (False, False),
        ("2026-12-09", date(2026, 12, 9)),
        ("2026-12-09T12:00:00+01:00", datetime(2026, 12, 9, 11, tzinfo=UTC)),
        (None, None),
    ],
)
def test_an_item_that_goes_back_says_whether_it_can_still_be_had(
    kind: str, last_chance: object, understood: object
) -> None:
    event = said(typed(kind, reason="unclaimed", last_chance=last_chance))
    assert (event.reason, event.last_chance) == ("unclaimed", understood)


@pytest.mark.parametrize("last_chance", ["soon", 1, []])
def test_a_bad_last_chance_is_pointed_at(last_chance: object) -> None:
    assert pointers(typed("delivery.returned", last_chance=last_chance)) == ["/data/last_chance"]


def test_what_the_operator_told_by_itself_is_codes() -> None:
    said(typed("delivery.operator_notified", channel="sms", about="waiting"))
    assert pointers(typed("delivery.operator_notified", channel="SMS", about="it waits")) == [
        "/data/channel",
        "/data/about",
    ]


@pytest.mark.parametrize("kind", INCIDENTS)
def test_an_incident_says_how_bad_it_is_and_what_comes_next(kind: str) -> None:
    event = said(
        typed(kind, reason="weather", severity="high", new_eta="2026-11-25", action_until="2026-11-26T12:00:00Z")
    )
    assert (event.reason, event.severity, event.new_eta) == ("weather", "high", date(2026, 11, 25))
    assert event.action_until == datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert pointers(typed(kind, severity="very high", new_eta="later", action_until=1)) == [
        "/data/severity",
        "/data/new_eta",
        "/data/action_until",
    ]


@pytest.mark.parametrize(
    ("corrects", "correction"),
    [
        ({"source": "/a", "id": "7"}, Correction(action="cancel", source="/a", id="7")),
        ({"code": "P_OWU"}, Correction(action="cancel", code="poczta-polska:P_OWU")),
        ({"source": None, "id": None, "code": "P_OWU"}, Correction(action="cancel", code="poczta-polska:P_OWU")),
    ],
)
def test_a_correction_names_its_event_in_one_of_two_ways(corrects: Json, correction: Correction) -> None:
    assert said(typed("delivery.corrected", corrects=corrects, action="cancel")).correction == correction


def test_a_correction_by_code_means_the_vocabulary_of_its_own_record() -> None:
    raw = {"vocabulary": "upu", "code": "EMZ"}
    event = said(typed("delivery.corrected", corrects={"code": "EMI"}, action="cancel", raw=raw))
    assert event.correction == Correction(action="cancel", code="upu:EMI")


def test_a_correction_by_code_is_read_as_the_codes_of_events_are() -> None:
    raw = {"vocabulary": " Upu ", "code": "EMZ"}
    event = said(typed("delivery.corrected", corrects={"code": "EMI "}, action="cancel", raw=raw))
    assert event.correction == Correction(action="cancel", code="upu:EMI")


@pytest.mark.parametrize(
    "corrects",
    [
        {},
        {"source": "/a"},
        {"id": "7"},
        {"code": None},
        {"source": "/a", "id": "7", "code": "P_A"},
        {"source": "/a", "code": "P_A"},
        {"id": "7", "code": "P_A"},
    ],
)
def test_a_correction_that_names_no_event_or_names_it_twice_is_refused(corrects: Json) -> None:
    assert pointers(typed("delivery.corrected", corrects=corrects, action="cancel")) == ["/data/corrects"]


def test_a_replacement_brings_what_stands_in_place() -> None:
    event = said(
        typed(
            "delivery.corrected",
            corrects={"code": "P_A"},
            action="replace",
            legal_regime="kpc",
            notice={"ordinal": 2, "left_at": "2026-11-20T11:40:00+01:00"},
            delivered_at="2026-11-21T10:00:00Z",
            pickup={"until": "2026-12-07"},
        )
    )
    delivered_at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert event.notice == PaperNotice(ordinal=2, left_at=datetime(2026, 11, 20, 10, 40, tzinfo=UTC))
    assert event.handover == Handover(delivered_at=delivered_at)
    assert (event.pickup, event.legal_regime) == (Pickup(until=date(2026, 12, 7)), "kpc")
    assert event.effective_at == SENT.time


def test_a_replacement_that_says_nothing_of_the_handing_over_leaves_it_as_it_is() -> None:
    assert said(typed("delivery.corrected", corrects={"code": "P_A"}, action="replace")).handover is None


@pytest.mark.parametrize(
    "member",
    [
        {"notice": {"ordinal": 1, "left_at": "2026-11-20T11:40:00+01:00"}},
        {"facility": {"id": "UP-1", "name": "UP 1"}},
        {"pickup": {"until": "2026-12-07"}},
        {"legal_regime": "kpa"},
        {"mode": "counter"},
        {"delivered_at": "2026-11-21T10:00:00Z"},
        {"receiver_role": "addressee"},
    ],
)
def test_what_cancels_replaces_nothing(member: Json) -> None:
    assert pointers(least("delivery.corrected", **member)) == ["/data"]


def test_hours_are_not_counted_from_a_correction() -> None:
    correction = {"corrects": {"code": "P_A"}, "action": "replace"}
    assert pointers(typed("delivery.corrected", **correction, pickup={"hours": 48})) == ["/data"]
    pickup = {"from": "2026-03-28T10:00:00+01:00", "hours": 1}
    assert said(typed("delivery.corrected", **correction, pickup=pickup)).pickup == Pickup(
        starts=NINE, until=NINE + timedelta(hours=1)
    )


@pytest.mark.parametrize("action", ["undo", None, True])
def test_a_correction_cancels_or_replaces(action: object) -> None:
    assert pointers(typed("delivery.corrected", corrects={"code": "P_A"}, action=action)) == ["/data/action"]


@pytest.mark.parametrize(
    ("more", "notice_said", "cancelled"),
    [
        ({}, False, False),
        ({"notice_left": True}, True, False),
        ({"notice": True}, True, False),
        ({"canceled": True}, False, True),
        ({"cancelled": True}, False, True),
        ({"notice_left": "true", "notice": {"left": True}, "canceled": 1, "cancelled": False}, False, False),
    ],
)
def test_what_the_operators_record_says_of_itself_is_taken(more: Json, notice_said: bool, cancelled: bool) -> None:
    raw = {"vocabulary": "poczta-polska", "code": "P_NDZ", "time": "2026-11-23T11:42:00", **more, "else": [1, {}]}
    assert said(typed("tracking", raw=raw)).record == OperatorRecord(
        vocabulary="poczta-polska",
        code="P_NDZ",
        time="2026-11-23T11:42:00",
        notice_said=notice_said,
        cancelled=cancelled,
    )


@pytest.mark.parametrize("kind", [kind for kind in WHOLE if kind != "tracking"])
def test_a_typed_event_is_what_its_type_says_whatever_its_record_says(kind: str) -> None:
    raw = {"vocabulary": "poczta-polska", "code": "P_A", "notice_left": True, "canceled": True}
    with_record, without = said(least(kind, raw=raw)), said(least(kind))
    assert with_record.record is not None
    assert replace(with_record, record=None) == without


def test_a_system_that_knows_only_its_codes_may_say_all_else_that_it_knows() -> None:
    event = said(
        typed(
            "tracking",
            raw={"vocabulary": "poczta-polska", "code": "P_A"},
            stage="accepted",
            posted_on="2026-11-20",
            window={"from": "2026-11-23T10:00:00Z", "until": "2026-11-23T12:00:00Z"},
            next_attempt="next_day",
            notice={"ordinal": 1, "left_at": "2026-11-22T10:00:00Z"},
            place="point",
            change="date",
            mode="counter",
            receiver_role="addressee",
            last_chance=True,
            channel="sms",
            about="waiting",
            severity="low",
            new_eta="2026-11-25",
            action_until="2026-11-26",
            corrects={"code": "P_OWU"},
            action="replace",
        )
    )
    left_at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert event.quarantine == "unmapped_code"
    assert (event.effective_at, event.notice) == (left_at, PaperNotice(ordinal=1, left_at=left_at))
    assert (event.stage, event.place, event.change, event.severity) == ("accepted", "point", "date", "low")
    assert (event.next_attempt, event.last_chance) == (date(2026, 11, 23), True)
    assert (event.new_eta, event.action_until) == (date(2026, 11, 25), date(2026, 11, 26))
    assert event.handover == Handover(mode="counter", receiver_role="addressee")
    assert event.correction == Correction(action="replace", code="poczta-polska:P_OWU")
    assert event.window is not None


def test_a_code_alone_says_nothing_of_a_handing_over() -> None:
    assert said(TRACKING).handover is None


def test_a_notice_of_a_code_has_its_number() -> None:
    assert pointers(with_value(TRACKING, "data.notice", {"left_at": "2026-11-22T10:00:00Z"})) == [
        "/data/notice/ordinal"
    ]


@pytest.mark.parametrize("half", [{"corrects": {"code": "P_A"}}, {"action": "cancel"}])
def test_half_a_correction_of_a_code_is_refused(half: Json) -> None:
    assert pointers(least("tracking", **half)) == ["/data"]

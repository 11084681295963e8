"""What the edge understands of an event is what is read back of it once it was kept."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.api.cloudevents import Single, decode_request
from app.api.event_examples import EXAMPLES
from app.api.event_models import MODELS
from app.domain.event import Event, LegalRegime
from tests.wire import Json, with_value

EVENT = TypeAdapter(Event)
MIDNIGHT_WINTER, MIDNIGHT_SUMMER = "2026-11-23T00:00:00Z", "2026-07-01T02:00:00+02:00"

texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
codes = st.from_regex(r"[a-z0-9_]{1,12}", fullmatch=True)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,12}", fullmatch=True)
# Texts that could pass for something else, where a text is meant.
look_alikes = st.sampled_from(["2026-11-23", MIDNIGHT_WINTER, "true", "null", "1"])
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.one_of(
    st.sampled_from([MIDNIGHT_WINTER, MIDNIGHT_SUMMER, "1970-01-01T00:00:00Z", "9998-12-31T23:59:59.999999Z"]),
    st.datetimes(datetime(1970, 1, 3), datetime(9998, 12, 29), timezones=offsets).map(datetime.isoformat),  # noqa: DTZ001 - naive bounds
)
dates = st.dates(date(1970, 1, 1), date(9998, 12, 31)).map(date.isoformat)
moments = dates | instants
raws = st.fixed_dictionaries(
    {"vocabulary": names, "code": texts | look_alikes},
    optional={"time": texts | look_alikes, "notice_left": st.booleans(), "canceled": st.booleans()},
)
notices = st.fixed_dictionaries(
    {"ordinal": st.sampled_from([1, 2]), "left_at": instants}, optional={"place": texts | look_alikes, "courier": texts}
)
closures = dates.map(lambda day: {"from": day, "until": day})
days = st.sampled_from([None, "00:00-24:00", "08:00-12:00,13:00-18:00", "20:00-00:00"])
facilities = st.fixed_dictionaries(
    {"id": names, "name": texts | look_alikes},
    optional={
        "city": texts,
        "hours": st.fixed_dictionaries(dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), days)),
        "closures": st.lists(closures, max_size=2),
    },
)
pickups = st.one_of(
    moments.map(lambda moment: {"from": moment, "until": moment}),
    moments.map(lambda moment: {"until": moment}),
    st.integers(1, 2160).map(lambda hours: {"hours": hours}),
)
OWN: dict[str, st.SearchStrategy[Any]] = {
    "recipient": names,
    "service": codes,
    "legal_regime": st.sampled_from(LegalRegime).map(str),
    "facility": facilities,
    "pickup": pickups,
    "reason": texts | look_alikes,
    "raw": raws,
    "stage": codes,
    "posted_on": dates,
    "window": instants.map(lambda moment: {"from": moment, "until": moment}),
    "next_attempt": moments | st.sampled_from(["same_day", "next_day", "next_working_day"]),
    "notice": notices,
    "place": st.sampled_from(["locker", "point", "po_box", "branch"]),
    "change": codes,
    "mode": codes,
    "delivered_at": instants,
    "receiver_role": codes,
    "last_chance": st.booleans() | moments,
    "channel": codes,
    "about": codes,
    "severity": codes,
    "new_eta": moments,
    "action_until": moments,
    "corrects": texts.map(lambda code: {"code": code}) | st.just({"source": "/a", "id": MIDNIGHT_WINTER}),
    "action": st.just("replace"),
}
HALVES = {"corrects", "action"}


def _data_of(event_type: str) -> st.SearchStrategy[Json]:
    """Data of a type about one shipment, with any of the members that it knows."""
    members = MODELS[event_type].model_fields
    own = {name: OWN[name] for name in members if name in OWN}
    needed = {name: strategy for name, strategy in own.items() if members[name].is_required() or name in HALVES}
    some = {name: strategy for name, strategy in own.items() if name not in needed}
    return st.fixed_dictionaries({"operator": names, "shipment": names, **needed}, optional=some)


def _event_of(event_type: str) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda data, time: {**EXAMPLES[event_type], "time": time, "data": data}, _data_of(event_type), instants
    )


EVENTS = st.sampled_from(sorted(each for each in MODELS if "shipment" in MODELS[each].model_fields)).flatmap(_event_of)


def _decoded(event: Json) -> Event:
    decoded = decode_request(
        content_type="application/cloudevents+json", headers=[], body=json.dumps(event, ensure_ascii=False).encode()
    )
    assert isinstance(decoded, Single)
    return decoded.event


def _read_back(event: Event) -> Event:
    kept = EVENT.dump_json(event, exclude={"canonical"})
    return EVENT.validate_json(b'{"canonical":"",' + kept[1:])


def _moments(value: object) -> list[object]:
    """Every date, moment and truth value in it, in order."""
    if isinstance(value, tuple):
        return [found for each in value for found in _moments(each)]
    if is_dataclass(value):
        return [found for field in fields(value) for found in _moments(getattr(value, field.name))]
    return [value] if isinstance(value, date | bool) else []


@given(EVENTS)
@example(with_value(EXAMPLES["pl.awizo.delivery.returned.v1"], "data.last_chance", MIDNIGHT_WINTER))
@example(with_value(EXAMPLES["pl.awizo.delivery.returned.v1"], "data.last_chance", True))
@example(with_value(EXAMPLES["pl.awizo.delivery.attempt_failed.v1"], "data.next_attempt", MIDNIGHT_SUMMER))
def test_an_event_that_was_kept_is_read_back_as_it_was_understood(sent: Json) -> None:
    event = _decoded(sent)
    back = _read_back(event)
    assert back == replace(event, canonical=b"")
    moments_back = _moments(back)
    assert [type(moment) for moment in moments_back] == [type(moment) for moment in _moments(event)]
    assert {moment.utcoffset() for moment in moments_back if isinstance(moment, datetime)} == {timedelta()}


@pytest.mark.parametrize("event_type", sorted(EXAMPLES))
def test_each_example_is_read_back_as_it_was_understood(event_type: str) -> None:
    event = _decoded(EXAMPLES[event_type])
    assert _read_back(event) == replace(event, canonical=b"")


def test_every_member_of_every_type_is_tried() -> None:
    known = {name for model in MODELS.values() for name in model.model_fields if "shipment" in model.model_fields}
    assert known == OWN.keys() | {"operator", "shipment"}

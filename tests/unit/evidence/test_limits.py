"""The words about our own downtimes, in facts and in proofs."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.duty import Downtime, Duty, Stretch
from app.evidence.limits import LIMITS, downtime_in_words, limits_with

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
SENTENCE = re.compile(rf"(events|sms|email|facts) could not be (accepted|dispatched|sealed) from ({TIME}) to ({TIME})")
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 – `timezones` adds it


@given(duty=st.sampled_from(Duty), began_at=MOMENTS, ended_at=MOMENTS)
def test_the_sentence_of_a_fact_says_the_duty_and_both_times_to_the_millisecond(
    duty: Duty, began_at: datetime, ended_at: datetime
) -> None:
    found = SENTENCE.fullmatch(downtime_in_words(Stretch(duty=duty, began_at=began_at, ended_at=ended_at)))
    assert found is not None
    said = {
        Duty.ACCEPT: ("events", "accepted"),
        Duty.SMS: ("sms", "dispatched"),
        Duty.EMAIL: ("email", "dispatched"),
        Duty.SEAL: ("facts", "sealed"),
    }
    assert found.groups()[:2] == said[duty]
    for text, moment in zip(found.groups()[2:], (began_at, ended_at), strict=True):
        assert datetime.fromisoformat(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_without_a_downtime_the_limits_are_the_same_as_ever() -> None:
    assert limits_with([]) == LIMITS


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"shard": "2026h2", "index": 41}, "(sealed in shard 2026h2 at index 41)"),
        ({}, "(not sealed yet)"),
    ],
)
def test_a_downtime_is_named_with_its_duty_its_times_and_where_it_is_sealed(
    place: dict[str, object], said: str
) -> None:
    down = Downtime(duty=Duty.SMS, began_at=NOON, ended_at=NOON + timedelta(minutes=5), **place)  # type: ignore[arg-type]
    text = limits_with([down])
    assert text.startswith(LIMITS + "\n")
    sentence = f"sms could not be dispatched from 2026-11-23T11:00:00.000Z to 2026-11-23T11:05:00.000Z {said}."
    assert text.endswith(sentence)


def test_what_is_not_named_is_counted() -> None:
    down = Downtime(duty=Duty.SEAL, began_at=NOON, ended_at=NOON + timedelta(minutes=5))
    assert "; 17 more, which the log holds as well." in limits_with([down], more=17)

"""What a person will still be sent about an item by itself."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from app.domain.channel import Channel
from app.domain.coming import Coming, coming
from app.domain.notification import Notification, Status
from app.domain.quiet_hours import QuietHours, QuietRule
from app.domain.reminder import Step
from app.domain.stay import as_it_stands
from tests.builders import NOON
from tests.unit.domain.people import consent, contact, person
from tests.unit.domain.reported import FIRST, at, happened, notification

BOTH = person(
    (contact(Channel.SMS), contact(Channel.EMAIL)),
    (consent(Channel.SMS), consent(Channel.EMAIL)),
)
WAITING = as_it_stands([FIRST], now=NOON)
DAYS = [  # of the letter of Monday 23 November, to be collected by Monday 7 December
    Coming(on=date(2026, 11, 26), kind="reminder", channel=Channel.EMAIL),
    Coming(on=date(2026, 12, 3), kind="reminder", channel=Channel.EMAIL),
    Coming(on=date(2026, 12, 3), kind="reminder", channel=Channel.SMS),
    Coming(on=date(2026, 12, 4), kind="last_day", channel=Channel.EMAIL),
    Coming(on=date(2026, 12, 4), kind="last_day", channel=Channel.SMS),
]


def test_every_reminder_is_to_come_on_each_of_its_channels() -> None:
    assert sorted(coming(WAITING, BOTH, [], sms_told=1, now=NOON)) == DAYS


def test_only_what_the_person_could_get_now_is_to_come() -> None:
    mail_only = person(BOTH.contact_points, (consent(Channel.EMAIL),))
    assert sorted(coming(WAITING, mail_only, [], sms_told=0, now=NOON)) == [
        each for each in DAYS if each.channel is Channel.EMAIL
    ]


def test_a_person_who_agreed_to_nothing_has_nothing_to_come() -> None:
    assert coming(WAITING, person(BOTH.contact_points, ()), [], sms_told=0, now=NOON) == set()


def reminder(status: Status, **changes: Any) -> Notification:
    values: dict[str, Any] = {
        "kind": "reminder",
        "step": Step.FIRST_WINDOW,
        "collect_by": date(2026, 12, 7),
        "not_before": datetime(2026, 11, 26, 9, tzinfo=UTC),
    }
    return notification(status=status, **(values | changes))


def test_a_reminder_that_waits_for_its_day_is_to_come_once() -> None:
    assert sorted(coming(WAITING, BOTH, [reminder(Status.HELD)], sms_told=1, now=NOON)) == DAYS


def test_a_reminder_that_was_sent_is_not_to_come_again() -> None:
    after = at(4)
    assert sorted(coming(WAITING, BOTH, [reminder(Status.SENT)], sms_told=1, now=after)) == DAYS[1:]


def test_a_reminder_that_was_released_and_has_not_left_is_still_to_come() -> None:
    until = datetime(2026, 11, 27, 7, tzinfo=UTC)
    held = reminder(Status.HELD, not_before=until, due_at=until)
    found = sorted(coming(WAITING, BOTH, [held], sms_told=1, now=at(3)))
    assert found == [replace(DAYS[0], on=date(2026, 11, 27)), *DAYS[1:]]


def test_a_reminder_that_waits_for_its_day_is_not_to_come_where_the_person_left_the_channel() -> None:
    left = person(BOTH.contact_points, (consent(Channel.SMS),))
    found = coming(WAITING, left, [reminder(Status.HELD)], sms_told=1, now=NOON)
    assert {each.channel for each in found} == {Channel.SMS}


def test_a_reminder_that_is_overdue_is_to_come_today() -> None:
    assert min(coming(WAITING, BOTH, [], sms_told=1, now=at(4))) == replace(DAYS[0], on=date(2026, 11, 27))


def test_an_sms_that_quiet_hours_hold_back_is_to_come_when_they_end() -> None:
    evenings = QuietHours(rule=QuietRule.OWN, starts=time(16), ends=time(8))
    quiet = replace(BOTH, quiet_hours=evenings)
    assert sorted(coming(WAITING, quiet, [], sms_told=1, now=NOON)) == [
        *DAYS[:-1],
        replace(DAYS[-1], on=date(2026, 12, 5)),
    ]


@pytest.mark.parametrize("kind", ["delivered", "refused", "returned", "pickup_expired"])
def test_nothing_is_to_come_once_an_item_does_not_wait_any_more(kind: str) -> None:
    ended = as_it_stands([FIRST, happened(kind, days=1)], now=at(1))
    assert coming(ended, BOTH, [], sms_told=0, now=at(1)) == set()


def test_nothing_is_to_come_of_what_never_waited() -> None:
    assert coming(as_it_stands([], now=NOON), BOTH, [], sms_told=0, now=NOON) == set()

"""What became of a message, as far as its records tell."""

import pytest

from app.rendering.statement_pdf.fate import Ending
from tests.unit.rendering.statement.stories import (
    Attempt,
    accepted,
    account,
    concluded,
    ended,
    reported,
    started,
    story,
    suppressed,
)

_LATE = (
    "receipt.late",
    {"attempt": 1, "provider": "twilio", "code": "failed", "via": "callback", "signature": "none"},
    {},
)


@pytest.mark.parametrize(
    ("facts", "ending", "by"),
    [
        ((), Ending.WAITING, "notification.planned"),
        ((started(),), Ending.UNDER_WAY, "attempt.started"),
        ((started(), accepted()), Ending.TAKEN_OVER, "attempt.accepted"),
        ((started(), accepted(), concluded("closed", status="sent")), Ending.TAKEN_OVER, "attempt.accepted"),
        ((started(), accepted(), reported("delivered")), Ending.DELIVERED, "receipt.delivered"),
        (
            (started(), accepted(), reported("delivered"), concluded("closed"), _LATE),
            Ending.DELIVERED,
            "receipt.delivered",
        ),
        ((started(), accepted(), reported("failed"), concluded("failed")), Ending.FAILED, "receipt.failed"),
        ((started(), ended("refused"), concluded("failed", failure="permanent")), Ending.FAILED, "notification.failed"),
        ((started(), ended("not_sent")), Ending.NOT_YET, "attempt.not_sent"),
        ((started(), ended("not_sent"), concluded("expired")), Ending.EXPIRED, "notification.expired"),
        ((concluded("cancelled", reason="collected"),), Ending.CALLED_OFF, "notification.cancelled"),
        ((started(), ended("unknown"), ended("unresolved")), Ending.UNKNOWN, "attempt.unresolved"),
        ((started(), ended("unknown"), ended("reconciled", method="list")), Ending.TAKEN_OVER, "attempt.reconciled"),
        ((ended("unknown", code="restored"),), Ending.UNKNOWN, "attempt.unknown"),
    ],
)
def test_the_ending_is_what_the_last_record_that_counts_says(
    facts: tuple[Attempt, ...], ending: Ending, by: str
) -> None:
    fate = account(story(*facts)).fate
    assert (fate.ending, fate.by.type) == (ending, by)


def test_what_was_not_sent_ends_with_the_decision() -> None:
    assert account(suppressed("opted_out")).fate.ending is Ending.NOT_SENT


def test_a_second_try_that_did_not_leave_does_not_settle_what_became_of_the_first() -> None:
    facts = (started(1), ended("unknown"), started(2), ended("not_sent", 2))
    assert account(story(*facts)).fate.ending is Ending.UNKNOWN


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_a_message_that_may_have_left_cannot_be_called_back(how: str) -> None:
    for facts in ((started(),), (started(), ended("unknown"))):
        assert account(story(*facts, concluded(how, reason="erased"))).fate.ending is Ending.UNKNOWN
    assert account(story(started(), accepted(), concluded(how))).fate.ending is Ending.TAKEN_OVER


def test_a_report_on_an_older_attempt_says_nothing_of_the_newer_one() -> None:
    facts = (started(1), ended("unknown"), started(2), accepted(2), reported("failed", 1))
    assert account(story(*facts)).fate.ending is Ending.TAKEN_OVER


def test_attempts_are_counted() -> None:
    fate = account(story(started(1), ended("not_sent"), started(2), accepted(2))).fate
    assert (fate.attempts, fate.sent and fate.sent.data["attempt"]) == (2, 2)

"""The frame on the first page: in the language of the statement, with the service's own downtimes by name."""

from datetime import timedelta

import pytest

from app.domain.duty import Downtime, Duty
from app.evidence.limits import LIMITS, limits_with
from app.rendering.catalog import speaker_of
from app.rendering.statement_pdf.frame import limits_in_words
from tests.unit.evidence.builder import START


def words(downtimes: str, language: str = "pl") -> list[str]:
    return limits_in_words(downtimes, speaker_of("app.rendering.statement_pdf", "statement", language))


def said(*duties: Duty, more: int = 0, index: int | None = 7) -> str:
    """What a bundle's limits say beyond the text that all have."""
    lost = [
        Downtime(duty=duty, began_at=START, ended_at=START + timedelta(minutes=9), shard="2026h2", index=index)
        for duty in duties
    ]
    return limits_with(lost, more=more).removeprefix(LIMITS).strip()


def test_without_a_downtime_there_are_five_limits() -> None:
    assert len(words("")) == 5
    assert "liczy się awizo papierowe" in words("")[1]


@pytest.mark.parametrize(
    ("duty", "polish"),
    [
        (Duty.ACCEPT, "nie dało się przyjmować zgłoszeń"),
        (Duty.SMS, "nie dało się wysyłać SMS-ów"),
        (Duty.EMAIL, "nie dało się wysyłać e-maili"),
        (Duty.SEAL, "nie dało się pieczętować zapisów"),
    ],
)
@pytest.mark.parametrize("index", [None, 7])
def test_a_downtime_is_told_in_polish_with_its_times(duty: Duty, polish: str, index: int | None) -> None:
    last = words(said(duty, index=index))[-1]
    assert f"{polish} od 23.11.2026 11:42:03.120 UTC+1 do 23.11.2026 11:51:03.120 UTC+1." in last


def test_many_downtimes_are_cut_and_those_unnamed_are_counted() -> None:
    assert words(said(*[Duty.SMS] * 9))[-1].endswith("; ….")
    assert "inne, które są w dzienniku: 3" in words(said(Duty.SMS, more=3))[-1]


def test_limits_of_another_form_are_given_word_for_word() -> None:
    assert words("Something else: \u202ehappened.")[-1] == "Something else: ‹U+202E›happened."
    assert words("x" * 5000)[-1] == "x" * 600 + " …"

"""What tables of codes may say, people can be told in words."""

from collections.abc import Mapping

import pytest

from app.domain.vocabulary_row import Row, row_faults
from app.rendering.words import CHANGES, MODES, PLACES, RETURN_STAGES


def allowed(kind: str, field: str, value: str) -> bool:
    """Whether a row of that kind may give a field that value."""
    row = Row(code="X", type=f"pl.awizo.delivery.{kind}.v1", fields={field: value})
    return list(row_faults(row)) == []


@pytest.mark.parametrize(
    ("kind", "field", "words"),
    [
        ("delivered", "mode", MODES),
        ("terms_changed", "change", CHANGES),
        ("ready_for_pickup", "place", PLACES),
        ("returned", "stage", RETURN_STAGES),
    ],
)
def test_a_table_may_say_whatever_there_are_words_for(kind: str, field: str, words: Mapping[str, object]) -> None:
    assert [value for value in words if not allowed(kind, field, value)] == []
    assert not allowed(kind, field, "no such word")


@pytest.mark.parametrize(
    ("kind", "field", "words"),
    [("delivered", "mode", MODES), ("terms_changed", "change", CHANGES), ("ready_for_pickup", "place", PLACES)],
)
def test_a_table_may_say_nothing_that_there_are_no_words_for(
    kind: str, field: str, words: Mapping[str, object]
) -> None:
    row = Row(code="X", type=f"pl.awizo.delivery.{kind}.v1", fields={field: "no such word"})
    (told,) = row_faults(row)
    assert set(told.removeprefix(f"{field} must be one of ").split(", ")) == set(words)

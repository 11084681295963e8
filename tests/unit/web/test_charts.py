"""Bars stand where they belong: inside the picture, in proportion, and visible when they are not nothing."""

from hypothesis import given
from hypothesis import strategies as st

from app.web.charts import BASE_EM, TOP_EM, Bar, columns, rows

COUNTS = st.lists(st.none() | st.integers(0, 10**9), max_size=40)


def em(text: str) -> float:
    assert text.endswith("em")
    return float(text.removesuffix("em"))


def percent(text: str) -> float:
    assert text.endswith("%")
    return float(text.removesuffix("%"))


@given(COUNTS)
def test_a_column_stands_in_its_own_place_between_base_and_top(values: list[int | None]) -> None:
    places = [index for index, value in enumerate(values) if value]
    drawn = columns(values)
    assert len(drawn) == len(places)
    for place, bar in zip(places, drawn, strict=True):
        left, width = percent(bar.x), percent(bar.width)
        assert place * 100 / len(values) - 0.01 <= left
        assert left + width <= (place + 1) * 100 / len(values) + 0.02
        assert em(bar.y) >= TOP_EM - 0.01
        assert abs(em(bar.y) + em(bar.height) - BASE_EM) <= 0.011
        assert em(bar.height) >= 0.2


@given(COUNTS)
def test_a_larger_value_has_no_lower_column(values: list[int | None]) -> None:
    counts = [value for value in values if value]
    heights = [em(bar.height) for bar in columns(values)]
    ordered = [height for _, height in sorted(zip(counts, heights, strict=True))]
    assert ordered == sorted(ordered)
    assert not heights or max(heights) == BASE_EM - TOP_EM


def test_half_as_many_stand_half_as_high() -> None:
    whole, half = columns([10, 5])
    assert (whole.height, half.height) == ("6.00em", "3.00em")


def test_nothing_has_no_column() -> None:
    assert columns([0, None, 0]) == columns([]) == ()


@given(st.lists(st.integers(0, 10**9), max_size=20))
def test_a_row_is_as_long_as_its_share_of_the_longest(counts: list[int]) -> None:
    drawn = rows([(str(count), f"{count}", count) for count in counts])
    for count, row in zip(counts, drawn, strict=True):
        width = percent(row.bar.width)
        assert (width == 0) is (count == 0)
        assert abs(width - count / max(1, *counts) * 100) <= 0.5
        assert em(row.text_y) < em(row.bar.y)


def test_a_row_says_its_label_and_value_above_its_bar() -> None:
    (row,) = rows([("merged", "1 200", 1200)])
    assert (row.label, row.value, row.text_y) == ("merged", "1 200", "1.00em")
    assert row.bar == Bar(x="0", y="1.40em", width="100.00%", height="0.6em")

"""Where the bars of a chart stand. Widths are in percent of the picture and heights in letters (em).

So a chart is as wide as the page and its words are as large as the page's, on a telephone as on paper. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# Above the columns stand the largest value and a line, below them the ends of the axis.
TOP_EM, BASE_EM = 1.75, 7.75
COLUMNS_EM, ROW_EM = 9.25, 2.75
_SHARE = 0.72  # of its place that a column fills
_LEAST_EM, _LEAST_PERCENT = 0.2, 0.5  # so that what is not nothing is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle, as SVG's attributes have it: `x` and `width` in %, `y` and `height` in em."""

    x: str
    y: str
    width: str
    height: str


def columns(values: Sequence[int | None]) -> tuple[Bar, ...]:
    """An upright bar for each value above nothing, the highest as high as the chart; each value has its place."""
    most = max((value for value in values if value is not None), default=0)
    place = 100 / max(len(values), 1)
    return tuple(
        _column(at=(index + (1 - _SHARE) / 2) * place, width=place * _SHARE, share=value / most)
        for index, value in enumerate(values)
        if value is not None and value > 0
    )


def _column(*, at: float, width: float, share: float) -> Bar:
    height = max(share * (BASE_EM - TOP_EM), _LEAST_EM)
    return Bar(x=f"{at:.2f}%", y=f"{BASE_EM - height:.2f}em", width=f"{width:.2f}%", height=f"{height:.2f}em")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A lying bar under its words: `label` at its left end, `value` at its right, both on the line `text_y`."""

    label: str
    value: str
    text_y: str
    bar: Bar


def rows(values: Sequence[tuple[str, str, int]]) -> tuple[Row, ...]:
    """A lying bar for each label, its value in words, and its value; the longest as long as the chart is wide."""
    most = max((count for _, _, count in values), default=0)
    return tuple(
        Row(
            label=label,
            value=value,
            text_y=f"{index * ROW_EM + 1:.2f}em",
            bar=Bar(
                x="0",
                y=f"{index * ROW_EM + 1.4:.2f}em",
                width=f"{max(count / most * 100, _LEAST_PERCENT) if count else 0:.2f}%",
                height="0.6em",
            ),
        )
        for index, (label, value, count) in enumerate(values)
    )

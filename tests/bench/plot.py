"""The result as a picture: a bar for each database, as long as the part of its aim that it reaches. No library.

It is read in light and in dark, and without colour: every bar has its figure in words beside it, and one that misses
its aim is hatched. What is weighed and not timed stands in the table only.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

_WIDTH, _LABEL, _BAR, _TOP, _BELOW = 940, 420, 230, 58, 34
_STEP, _THICK, _BETWEEN, _GROUP_MIN = 18, 13, 10, 30
_SHOWN_MAX = 2.0  # times the aim; a longer bar would only make the others short
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.head { font-size: 15px; font-weight: 600 }
.met { fill: #1a7f5a } .missed { fill: url(#hatched) } .stripe { stroke: #b35900 } .ground { fill: #ffffff }
.missed, .met { stroke: #1f2328; stroke-width: 0.6 } .aim { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 } .met { fill: #3fb98a } .stripe { stroke: #f0a04b }
  .ground { fill: #0d1117 } .missed, .met { stroke: #f0f6fc } .aim { stroke: #f0f6fc }
}
"""
_OPENING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
    'role="img" aria-labelledby="title desc">'
)
_HATCHED = (
    '<defs><pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="ground" width="6" height="6"/><path class="stripe" stroke-width="5" d="M0 0V6"/></pattern></defs>'
)

Entry = Mapping[str, Any]


def plot(entries: Sequence[Entry]) -> str:
    """The picture of these rows of the result, in their order; the databases of a row stand together."""
    shown = [each for each in entries if each["unit"] != "B"]
    groups: dict[tuple[str, str], list[Entry]] = {}
    for each in shown:
        groups.setdefault((each["what"], each["cells"][5]), []).append(each)
    rows, bottom = [], _TOP
    for group in groups.values():
        rows.append(_group(group, bottom))
        bottom += max(_GROUP_MIN, _STEP * len(group)) + _BETWEEN
    met = sum(_is_met(each) for each in shown)
    aim = _LABEL + _BAR / _SHOWN_MAX
    return "\n".join(
        [
            _OPENING.format(width=_WIDTH, height=bottom + _BELOW),
            f'<title id="title">What awizo reaches of its aims: {met} of {len(shown)} measurements reach them</title>',
            f'<desc id="desc">{escape(" ".join(_spoken(each) for each in shown))}</desc>',
            f"<style>{_STYLE}</style>",
            _HATCHED,
            f'<rect class="ground" width="{_WIDTH}" height="{bottom + _BELOW}"/>',
            _text(16, 26, "Measured, as a part of what is aimed at", "head"),
            _text(16, 44, "Filled bars reach their aim, hatched ones do not.", "small"),
            *rows,
            f'<path class="aim" d="M{aim:.0f} {_TOP - 6}V{bottom}"/>',
            _text(aim, bottom + 16, "the aim", "small", anchor="middle"),
            "</svg>",
            "",
        ]
    )


def _group(group: Sequence[Entry], top: float) -> str:
    label = [_text(16, top + 11, group[0]["what"]), _text(16, top + 26, f"aim {group[0]['cells'][5]}", "small")]
    return "\n".join([*label, *(_bar(each, top + _STEP * number) for number, each in enumerate(group))])


def _bar(each: Entry, top: float) -> str:
    length = max(min(each["reached"], _SHOWN_MAX) / _SHOWN_MAX * _BAR, 1)
    kind = "met" if _is_met(each) else "missed"
    beyond = " →" if each["reached"] > _SHOWN_MAX else ""
    database = str(each["database"]).partition(",")[0]
    return "\n".join(
        [
            f'<rect class="{kind}" x="{_LABEL}" y="{top}" width="{length:.1f}" height="{_THICK}"/>',
            _text(_LABEL + _BAR + 12, top + 11, f"{database}: {each['said']}{beyond}"),
        ]
    )


def _is_met(each: Entry) -> bool:
    return bool(each["reached"] >= 1)


def _spoken(each: Entry) -> str:
    return f"{each['what']}, {each['database']}: {each['said']}, aim {each['cells'][5]}."


def _text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    placed = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:g}" y="{y:g}"{named}{placed}>{escape(words)}</text>'

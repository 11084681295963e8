"""The result as a picture: one bar a row, as long as the part of its aim that it reaches. Plain SVG, no library.

It is read in light and in dark, and without colour: every bar has its figure and its aim in words beside it, and one
that misses its aim is hatched.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

_WIDTH, _LABEL, _BAR, _STEP, _TOP, _BELOW = 900, 400, 250, 34, 56, 34
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


def plot(entries: Sequence[Mapping[str, Any]]) -> str:
    """The picture of these rows of the result, in their order."""
    height = _TOP + _STEP * len(entries) + _BELOW
    met = sum(each["reached"] >= 1 for each in entries)
    spoken = " ".join(f"{_name(each)}: {each['said']}, aim {each['cells'][5]}." for each in entries)
    parts = [
        _OPENING.format(width=_WIDTH, height=height),
        f'<title id="title">What awizo reaches of its aims: {met} of {len(entries)} rows reach them</title>',
        f'<desc id="desc">{escape(spoken)}</desc>',
        f"<style>{_STYLE}</style>",
        _HATCHED,
        f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
        _text(16, 26, "Measured, as a part of what is aimed at", "head"),
        _text(16, 44, "Filled bars reach their aim, hatched ones do not.", "small"),
    ]
    parts += [_row(each, _TOP + _STEP * number) for number, each in enumerate(entries)]
    at = _LABEL + _BAR / _SHOWN_MAX
    bottom = height - _BELOW + 4
    parts.append(f'<path class="aim" d="M{at:.0f} {_TOP - 4}V{bottom}"/>')
    parts.append(_text(at, bottom + 16, "the aim", "small", anchor="middle"))
    return "\n".join([*parts, "</svg>", ""])


def _row(each: Mapping[str, Any], top: float) -> str:
    length = min(each["reached"], _SHOWN_MAX) / _SHOWN_MAX * _BAR
    kind = "met" if each["reached"] >= 1 else "missed"
    beyond = " →" if each["reached"] > _SHOWN_MAX else ""
    return "\n".join(
        [
            _text(16, top + 13, str(each["what"])),
            _text(16, top + 27, str(each["database"]), "small"),
            f'<rect class="{kind}" x="{_LABEL}" y="{top + 5}" width="{max(length, 1):.1f}" height="18"/>',
            _text(_LABEL + _BAR + 12, top + 13, f"{each['said']}{beyond}"),
            _text(_LABEL + _BAR + 12, top + 27, f"aim {each['cells'][5]}", "small"),
        ]
    )


def _name(each: Mapping[str, Any]) -> str:
    return f"{each['what']}, {each['database']}"


def _text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    placed = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:g}" y="{y:g}"{named}{placed}>{escape(words)}</text>'

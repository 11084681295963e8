"""Which representation a request prefers: the Accept and Accept-Language fields of RFC 9110 §12.5."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_LANGUAGES_READ = 20
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """A media range in lower case, its parameters left out, and its weight from 0 (not acceptable) to 1."""

    media_range: str
    weight: float

    def precision(self, media_type: str) -> int:
        """How closely the range names a type: 3 exactly, 2 its kind, 1 any type, 0 not at all."""
        kind = media_type.partition("/")[0]
        return {media_type: 3, f"{kind}/*": 2, "*/*": 1}.get(self.media_range, 0)


def preferred(accept: Iterable[str], offered: Sequence[str]) -> str | None:
    """The one of the offered media types that a request prefers; None when it accepts none of them.

    `accept` are the Accept field lines, none or empty ones meaning anything. The most precise range that matches a
    type gives its weight; of equal weights a type named more precisely comes first, then the one offered first.
    """
    lines = ",".join(accept)
    if not lines.strip(" \t,"):
        return offered[0]
    ranges = [_range(item) for item in lines.split(",")]
    best, best_rank = None, (0.0, 0)
    for media_type in offered:
        rank = _rank(media_type, ranges)
        if rank > best_rank and rank[0] > 0:
            best, best_rank = media_type, rank
    return best


def _rank(media_type: str, ranges: Iterable[_Range]) -> tuple[float, int]:
    precision, weight = max(((each.precision(media_type), each.weight) for each in ranges), default=(0, 0.0))
    return (weight, precision) if precision else (0.0, 0)


def _range(item: str) -> _Range:
    media_range, *parameters = (part.strip().lower() for part in item.split(";"))
    weights = [value.strip() for name, _, value in (each.partition("=") for each in parameters) if name.strip() == "q"]
    return _Range(media_range=media_range, weight=_weight(weights[0]) if weights else 1.0)


def _weight(text: str) -> float:
    return float(text) if _WEIGHT.fullmatch(text) else 0.0  # what is no weight accepts nothing


def preferred_language(accept_language: Iterable[str], offered: Sequence[str]) -> str:
    """The one of the offered languages (as `pl`) that a request prefers (RFC 9110 §12.5.4); else the one offered first.

    A range is matched by its first subtag, so that `en-GB` asks for `en`; `*` is any language that is not named.
    """
    lines = ",".join(accept_language)
    wanted: dict[str, float] = {}
    for item in filter(None, (part.strip(" \t") for part in lines.split(",")[:_LANGUAGES_READ])):
        each = _range(item)
        wanted.setdefault(each.media_range.partition("-")[0], each.weight)
    weights = {language: wanted.get(language, wanted.get("*", 0.0)) for language in offered}
    best = max(offered, key=lambda language: weights[language])  # the first of equals
    return best if weights[best] > 0 else offered[0]

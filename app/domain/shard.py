"""Names of the evidence log's shards: one for each half-year, and more where one had to be closed before its time."""

import re
from datetime import datetime

_HALF_YEAR = len("2026h2")
_LETTERS = "bcdefghijklmnopqrstuvwxyz"
_NAME = re.compile(r"[0-9]{4}h[12][b-z]?")


def half_year(moment: datetime) -> str:
    """The half-year (UTC) that `moment` falls in: `2026h2`."""
    return f"{moment.year}h{1 if moment.month <= 6 else 2}"


def is_over(shard: str, moment: datetime) -> bool:
    """Whether the half-year of `shard` has ended by `moment`. A clock that goes back ends nothing."""
    return half_year(moment) > shard[:_HALF_YEAR]


def shard_after(shard: str, moment: datetime) -> str:
    """The shard that follows `shard` when it is opened at `moment`.

    A second one in the same half-year has a letter: `2026h2b` follows `2026h2`. ValueError after z.
    """
    if is_over(shard, moment):
        return half_year(moment)
    letter = shard[_HALF_YEAR:]
    place = _LETTERS.index(letter) + 1 if letter else 0
    if place == len(_LETTERS):
        raise ValueError("the log was closed and opened again too often in one half-year")
    return shard[:_HALF_YEAR] + _LETTERS[place]


def is_shard_name(name: str) -> bool:
    """Whether `name` has the form of a shard's name."""
    return _NAME.fullmatch(name) is not None


def shard_of(origin: str) -> str:
    """The shard that an origin such as `awizo.example/log/2026h2` names."""
    return origin.rpartition("/")[2]

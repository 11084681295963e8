"""Bugs planted on purpose, each to be found by the invariant that it breaks. They live in the launched process only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """`breaks` is the number of the invariant that must notice it."""

    breaks: str
    plant: Callable[[], None]


BUGS: Mapping[str, Bug] = {}

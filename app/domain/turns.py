"""How those who wait share places when these are few: each operator alike, and each source of one alike. Pure."""

from collections.abc import Sequence
from typing import TypeVar

Each = TypeVar("Each")


def shares(lanes: Sequence[Sequence[int]], *, places: int, chance: float) -> dict[int, int]:
    """How many places each lane gets, in the order of their turns; `lanes` are those of each operator.

    Where a place is left over, or there are fewer than those who wait, `chance` in [0, 1) says who comes first. The
    sum is `places` exactly, unless nobody waits.
    """
    found: dict[int, int] = {}
    if not lanes:
        return found
    each, over = divmod(places, len(lanes))
    for position, own in enumerate(_beginning_at(lanes, chance)):
        least, more = divmod(each + (position < over), len(own))
        found |= {lane: least + (turn < more) for turn, lane in enumerate(_beginning_at(own, chance))}
    return {lane: share for lane, share in found.items() if share}


def _beginning_at(many: Sequence[Each], chance: float) -> Sequence[Each]:
    first = int(chance * len(many))
    return [*many[first:], *many[:first]]

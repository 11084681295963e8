"""Which event a correction takes back. Pure."""

from collections.abc import Iterable

from app.domain.event import Correction
from app.domain.shipment import Milestone, standing


def aimed_at(correction: Correction, known: Iterable[Milestone]) -> Milestone | None:
    """The newest event of the code or kind that the correction names that nothing has taken back yet; None: no such."""
    return next((one for one in reversed(standing(known)) if _is_meant(one, correction)), None)


def _is_meant(one: Milestone, correction: Correction) -> bool:
    if correction.kind:
        return one.kind == correction.kind
    return correction.code is not None and one.code == correction.code

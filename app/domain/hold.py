"""A legal hold: what is known of a person must be kept for a while, whatever else would have it erased."""

from dataclasses import dataclass, field
from datetime import datetime

HOLD_YEARS_MAX = 10

# GDPR art. 17 (3) (e): the establishment, exercise or defence of legal claims.
LEGAL_BASIS = "gdpr_17_3_e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold, which ends at `until` by itself. `placed_by` is the id of the API key that placed it."""

    reason: str = field(repr=False)
    until: datetime
    placed_at: datetime
    placed_by: str

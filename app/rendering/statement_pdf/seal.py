"""What a statement says of its own signature, which is made after it is drawn."""

from dataclasses import dataclass
from enum import Enum, auto


class Stamp(Enum):
    """Whether the signature carries a time stamp (PAdES B-T) or not (B-B)."""

    NONE_ASKED = auto()
    CARRIED = auto()
    NOT_TO_BE_HAD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Whose certificate signs: its holder and the hex SHA-256 of its DER form.

    `is_self_signed`: nobody but its holder vouches for it.
    """

    holder: str
    fingerprint: str
    is_self_signed: bool
    stamp: Stamp

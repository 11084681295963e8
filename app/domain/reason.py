"""What somebody may write as their reason for what they do. Pure."""

import unicodedata

REASON_MAX = 1000

# Characters that turn the direction of what follows: a reason is read in manifests and on paper beside other words.
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROL = frozenset({"Cc", "Zl", "Zp"})


def is_reason(text: str) -> bool:
    """Whether it is at most REASON_MAX characters with something visible in it, and none that steer what shows them."""
    if not text.strip() or len(text) > REASON_MAX:
        return False
    return not any(character in _TURNING or unicodedata.category(character) in _CONTROL for character in text)

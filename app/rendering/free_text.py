"""Words that others wrote, made harmless: one line, nothing invisible, and nothing a phone would make tappable."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

LENGTH_MAX = 120
_READ_MAX = 600

_TOP_LEVEL = re.compile(
    "com|net|org|info|biz|eu|pl|ua|de|uk|io|me|co|app|dev|link|click|shop|store|site|online|top|xyz|ru|cn|ly|gl"
)
_ABBREVIATION = re.compile(
    "ul|al|pl|os|im|św|sw|gen|płk|ks|bp|dr|prof|mjr|kpt|nr|lok|dz|skr|pow|woj|gm|sp|st", re.IGNORECASE
)
# Seven digits in a row, any international number, or Polish groups (600 100 200, 22 100 20 30) – but no post code.
_PHONE = re.compile(r"\+\d(?:[ ().-]*\d){6,}|\d{7,}|\(?(?<!\d)\d{2,3}\)?[ .-]\d{3}[ .-]\d{2}[ .-]?\d{1,2}(?!\d)")
_DOT_BEFORE_WORD = re.compile(r"[.。](?=\d|\w[^\s.])")
_SCHEME_COLON = re.compile(r"(?<=[^\W\d_]):(?=\S)")
_SLASHES = re.compile(r"/{2,}")


@lru_cache(maxsize=2048)
def plain(text: str) -> str:
    """`text` as at most 120 visible characters on one line, without URLs, domains, e-mail or phone numbers.

    What looks like a link is taken out; what merely could be read as one (a dot or colon before a letter) gets a
    blank. The result may be empty.
    """
    words = [word for word in _visible(text[:_READ_MAX]).split() if not _is_link(word)]
    without_phones = _PHONE.sub(" ", " ".join(words))
    line = " ".join(_broken_up(without_phones).split())
    return line if len(line) <= LENGTH_MAX else line[: LENGTH_MAX - 1].rstrip() + "…"


def plain_number(text: str) -> str:
    """A shipment's number on one line; dots, colons and slashes inside it become blanks, so that it is no link."""
    return " ".join(re.sub(r"[.:/@\\]", " ", _visible(text[:_READ_MAX])).split())


def _visible(text: str) -> str:
    """Compatibility forms made plain (NFKC), white space as blanks, controls, bidi marks and surrogates gone."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFKC", text)
    return "".join(_shown(char) for char in composed)


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    if char.isspace() or category == "Cc":
        return " "
    return "" if category.startswith("C") else char


def _is_link(word: str) -> bool:
    lowered = word.lower()
    if "://" in lowered or "www." in lowered or "@" in lowered:
        return True
    labels = re.split(r"[.。]", word)
    return any(_reads_as_domain(left, right) for left, right in pairwise(labels))


def _reads_as_domain(left: str, right: str) -> bool:
    """Whether `left.right` looks like the end of a domain rather than an abbreviation run into the next word."""
    ending = re.match(r"[^\W\d_]*", right)
    top_level = ending.group() if ending else ""
    if not left or len(top_level) < 2:
        return False
    if _ABBREVIATION.fullmatch(left.strip("(\"'")):
        return False
    return _TOP_LEVEL.fullmatch(top_level.lower()) is not None or (top_level.islower() and len(left) > 1)


def _broken_up(text: str) -> str:
    return _SLASHES.sub("/", _SCHEME_COLON.sub(": ", _DOT_BEFORE_WORD.sub(". ", text)))

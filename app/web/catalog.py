"""The pages' texts in each language, and which language a reader gets."""

import re

from app.domain.recipient import DEFAULT_LANGUAGE, LANGUAGES
from app.rendering.catalog import Say, speaker_of

# One member of Accept-Language (RFC 9110 §12.5.4); its weight has at most three decimals (§12.4.2).
_RANGE = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")
_RANGES_MAX = 20


def speaker(language: str) -> Say:
    """The function that says messages, given by their English text, in `language`, one of LANGUAGES."""
    return speaker_of("app.web", "pages", language)


def language_for(accept_language: str, *, preferred: str | None = None) -> str:
    """The language of a page: the person's own, else the browser's first that we have, else Polish.

    `accept_language` is the header's value as it came; what cannot be read in it is passed over.
    """
    if preferred in LANGUAGES:
        return preferred
    wanted: dict[str, float] = {}
    for member in accept_language.split(",", _RANGES_MAX)[:_RANGES_MAX]:
        matched = _RANGE.fullmatch(member.strip(" \t"))
        if matched is not None:
            wanted.setdefault(matched[1].lower(), float(matched[2] or 1))
    ours = [language for language in wanted if language in LANGUAGES and wanted[language] > 0]
    return max(ours, key=lambda language: wanted[language], default=DEFAULT_LANGUAGE)

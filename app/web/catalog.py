"""The pages' texts in each language, and which language a reader gets."""

import gettext
import re
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.domain.recipient import DEFAULT_LANGUAGE, LANGUAGES
from app.rendering.catalog import Say

# One member of Accept-Language (RFC 9110 §12.5.4); its weight has at most three decimals (§12.4.2).
_RANGE = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")
_RANGES_MAX = 20


@lru_cache(maxsize=len(LANGUAGES))
def speaker(language: str) -> Say:
    """The function that says messages, given by their English text, in `language`, one of LANGUAGES."""
    translated = _translations(language).gettext

    def say(message: str, /, **values: str) -> str:
        return translated(message) % values

    return say


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


def _translations(language: str) -> gettext.GNUTranslations:
    source = files("app.web") / "catalogs" / language / "LC_MESSAGES" / "pages.po"
    compiled = BytesIO()
    with source.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)

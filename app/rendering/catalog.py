"""The texts in each language: gettext catalogs, read from their .po files so that no compiled copy can drift."""

import gettext
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.domain.recipient import DEFAULT_LANGUAGE, LANGUAGES


class Say:
    """Says messages, given by their English texts, in one language."""

    __slots__ = ("_gettext", "_ngettext")

    def __init__(self, texts: gettext.NullTranslations) -> None:
        # Only texts that stand in the code are ever looked up, so there are no more than the catalogs hold.
        self._gettext, self._ngettext = cache(texts.gettext), texts.ngettext

    def __call__(self, message: str, /, **values: str) -> str:
        """`message` in the language, with its %(name)s values filled in."""
        return self._gettext(message) % values

    def plural(self, one: str, many: str, count: int, /, **values: str) -> str:
        """The form that `count` asks for: `%(count)s item` or `%(count)s items`, with `count` among the values."""
        return self._ngettext(one, many, count) % {"count": str(count), **values}


def language_or_default(language: str) -> str:
    """`language` if there is a catalog for it, else Polish."""
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


def marked(message: str) -> str:
    """`message` unchanged: marks a text in a table for the catalogs, to be said later."""
    return message


@cache
def speaker_of(package: str, domain: str, language: str) -> Say:
    """The messages in `language` from the catalog `domain` that comes with `package`.

    Raises OSError when there is no such catalog.
    """
    return Say(_translations(package, domain, language))


@cache
def sms_speaker(language: str) -> Say:
    """The messages of SMS, and the words they share with letters, in `language`."""
    return Say(sms_texts(language))


@cache
def sms_texts(language: str) -> gettext.NullTranslations:
    """The same texts as the catalogs have them, their values not filled in."""
    return _both("sms", language)


@cache
def letter_speaker(language: str) -> Say:
    """The messages of e-mails, and the words they share with SMS, in `language`."""
    return Say(_both("letter", language))


def _both(domain: str, language: str) -> gettext.NullTranslations:
    catalog = _translations("app.rendering", domain, language)
    catalog.add_fallback(_translations("app.rendering", "words", language))
    return catalog


def _translations(package: str, domain: str, language: str) -> gettext.GNUTranslations:
    source = files(package) / "catalogs" / language / "LC_MESSAGES" / f"{domain}.po"
    compiled = BytesIO()
    with source.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)

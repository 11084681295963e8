"""One language in one spelling: what SMS are said with. In plain letters, all that comes out is GSM-7."""

import gettext
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from app.domain.recipient import Letters
from app.rendering.catalog import Say, sms_texts
from app.rendering.dates import clock, local, sms_date, sms_day
from app.rendering.free_text import plain
from app.rendering.sms_segments import transliterate


@dataclass(frozen=True, slots=True)
class Voice:
    """Says messages, and spells what is put into them: one line each, no white space at the ends."""

    language: str
    letters: Letters
    say: Say

    def spelled(self, text: str) -> str:
        """`text` in the letters that the person wants."""
        return _spelled(text, self.language, self.letters)

    def words(self, text: str | None) -> str:
        """What somebody else wrote, harmless in these letters; empty where nothing readable is left."""
        return _words(text, self.language, self.letters) if text else ""

    def phrase(self, phrase: str | None) -> str:
        """The sentence with the person's own words; empty where they have none."""
        words = self.words(phrase)
        return self.say("Your phrase: %(phrase)s.", phrase=words.rstrip(" .")) if words else ""

    def short_date(self, day: date) -> str:
        """`07.12`."""
        return _spelled_day(day, self.language, self.letters)

    def weekday_date(self, day: date) -> str:
        """`07.12 (pon)`."""
        return _spelled_date(day, self.language, self.letters)

    def when(self, moment: date | datetime, zone: ZoneInfo) -> str:
        """A day as `07.12 (pon)`, a moment as `07.12 (pon) 14:30` by the local clock."""
        if not isinstance(moment, datetime):
            return self.weekday_date(moment)
        there = local(moment, zone)
        return f"{self.weekday_date(there.date())} {clock(there.time())}"


@cache
def voice(language: str, letters: Letters) -> Voice:
    """The voice that the person wants to be told in."""
    texts = sms_texts(language)
    spelled = _SpelledTexts(texts, language) if letters is Letters.PLAIN else texts
    return Voice(language=language, letters=letters, say=Say(spelled))


class _SpelledTexts(gettext.NullTranslations):
    """A catalog's texts in GSM-7, each spelled once. The names of values are ASCII and stay."""

    def __init__(self, texts: gettext.NullTranslations, language: str) -> None:
        super().__init__()
        self._texts, self._language = texts, language
        self._known: dict[str, str] = {}

    def gettext(self, message: str) -> str:
        known = self._known.get(message)
        if known is None:
            known = self._known[message] = transliterate(self._texts.gettext(message), self._language)
        return known

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return transliterate(self._texts.ngettext(msgid1, msgid2, n), self._language)


def _spelled(text: str, language: str, letters: Letters) -> str:
    if letters is Letters.PLAIN:
        return transliterate(text, language)
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(maxsize=4096)
def _words(text: str, language: str, letters: Letters) -> str:
    tamed = plain(text)
    if not tamed:
        return ""
    # Harmless once more after spelling: losing its marks must not turn a word into a domain.
    spelled = plain(_spelled(tamed, language, letters))
    return _spelled(spelled, language, letters) if any(char.isalnum() for char in spelled) else ""


@lru_cache(maxsize=4096)
def _spelled_day(day: date, language: str, letters: Letters) -> str:
    return _spelled(sms_day(day, language), language, letters)


@lru_cache(maxsize=4096)
def _spelled_date(day: date, language: str, letters: Letters) -> str:
    return _spelled(sms_date(day, language), language, letters)

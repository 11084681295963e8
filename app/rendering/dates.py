"""Dates and times as people read them. Babel knows the names; each distinct date is formatted once."""

from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date

# British English: the day stands before the month, as in the rest of Europe.
_LOCALES = {"pl": Locale("pl"), "en": Locale("en", "GB"), "uk": Locale("uk")}
_FULL = {"pl": "EEEE, d MMMM y", "en": "EEEE, d MMMM y", "uk": "EEEE, d MMMM y 'року'"}
_IN_SENTENCE = {"pl": "d MMMM y (EEEE)", "en": "d MMMM y (EEEE)", "uk": "d MMMM y 'року' (EEEE)"}
_SHORT = {"pl": "dd.MM", "en": "d MMM", "uk": "dd.MM"}


@lru_cache(maxsize=4096)
def full_date(day: date, language: str) -> str:
    """`poniedziałek, 7 grudnia 2026`; `Monday, 7 December 2026`; `понеділок, 7 грудня 2026 року`."""
    return format_date(day, _FULL[language], locale=_LOCALES[language])


@lru_cache(maxsize=4096)
def date_in_sentence(day: date, language: str) -> str:
    """`7 grudnia 2026 (poniedziałek)`: a form that every preposition allows, in Polish and Ukrainian, too."""
    return format_date(day, _IN_SENTENCE[language], locale=_LOCALES[language])


@lru_cache(maxsize=4096)
def day_of_list(day: date, language: str) -> str:
    """`poniedziałek, 7 grudnia`; `Monday, 7 December`; `понеділок, 7 грудня`."""
    return format_date(day, "EEEE, d MMMM", locale=_LOCALES[language])


@lru_cache(maxsize=4096)
def sms_date(day: date, language: str) -> str:
    """`07.12 (pon)`; `7 Dec (Mon)`; `07.12 (пн)`."""
    weekday = format_date(day, "EEE", locale=_LOCALES[language]).rstrip(".")
    return f"{sms_day(day, language)} ({weekday})"


@lru_cache(maxsize=4096)
def sms_day(day: date, language: str) -> str:
    """`07.12`; `7 Dec`; `07.12`."""
    return format_date(day, _SHORT[language], locale=_LOCALES[language])


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """`moment` by the clock of `zone`; as it stands where that would leave the calendar (years 1 to 9999)."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def is_at_an_end(day: date) -> bool:
    """Whether `day` is so near to an end of the calendar (years 1 to 9999) that its moments cannot be compared."""
    return day.year in (date.min.year, date.max.year)


def clock(moment: time) -> str:
    """`8:05`, on the 24-hour clock."""
    return f"{moment.hour}:{moment.minute:02}"

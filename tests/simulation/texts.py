"""The judge's own reading of texts: language, kind, numbers, dates, and how many parts an SMS takes."""

import re
from datetime import date, timedelta

GSM7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE = set("^{}\\[~]|€\f")
LINK = re.compile(r"https?:|www\.|://|\b[a-z0-9-]+\.(?:pl|com|eu|net|org|info|ly|me|io|app)\b", re.IGNORECASE)

_CLOSINGS = {
    "pl": re.compile(r"link[oó]w"),
    "en": re.compile(r"\blinks\b"),
    "uk": re.compile(r"posylan|посилань"),
}
_REMINDS = re.compile(
    r"przypomina|AWIZO reminder|nahaduie|нагадує|ostatni dzie[nń] odbioru|last day to collect"
    r"|ostannii den otrymannia|останній день отримання"
)
_COUNT = re.compile(r"\b([2-9]|\d\d) (?:przesył|przesyl|items\b|vidpravl|відправл)")
_CLOSED = re.compile(r"\((?:zamkn|closed|zachyn|zachin|зачин)[^)]*\)")
_DAY = re.compile(r"\b(\d\d)\.(\d\d)\b")
_ENGLISH_DAY = re.compile(r"\b(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)\b")
_ENGLISH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTHS = {
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "en": "January February March April May June July August September October November December",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
}


def language_of(sms: str) -> str | None:
    """The language of the sentence that every SMS ends with, or nearly."""
    return next((language for language, closing in _CLOSINGS.items() if closing.search(sms)), None)


def reminds(sms: str) -> bool:
    """Whether the words are those of a reminder."""
    return bool(_REMINDS.search(sms))


def parts(sms: str) -> tuple[str, int]:
    """Encoding and parts, by 3GPP TS 23.038 and 23.040."""
    if all(char in GSM7 or char in TWICE for char in sms):
        length, one, more, name = sum(2 if char in TWICE else 1 for char in sms), 160, 153, "gsm7"
    else:
        length, one, more, name = len(sms.encode("utf-16-be")) // 2, 70, 67, "ucs2"
    return name, 1 if length <= one else -(-length // more)


def numbers(sms: str) -> set[str]:
    """The last six digits of each number that is named."""
    return set(re.findall(r"\.\.(\d{6})", sms)) | {found[-6:] for found in re.findall(r"\d{18,}", sms)}


def dates(sms: str, near: date) -> list[date]:
    """The days that are named, but for those on which a place is closed; the year is the one nearest to `near`."""
    text = _CLOSED.sub("", sms)
    found = [(int(month), int(day)) for day, month in _DAY.findall(text)]
    found += [(_ENGLISH.index(month[:3]) + 1, int(day)) for day, month in _ENGLISH_DAY.findall(text)]
    return [_nearest(month, day, near) for month, day in found]


def names_in_full(letter: str, day: date, language: str) -> bool:
    """Whether a letter writes that day out, in that language."""
    return f"{day.day} {_MONTHS[language].split()[day.month - 1]} {day.year}" in re.sub(r"\s+", " ", letter)


def count(text: str) -> int | None:
    """How many items a reminder says that there are, where it says so."""
    found = _COUNT.search(text)
    return int(found.group(1)) if found else None


def squeezed(letter: str) -> str:
    """A letter without the blanks inside of numbers."""
    return re.sub(r"(?<=\d)[\s\u00a0\u202f]+(?=\d)", "", letter)


def _nearest(month: int, day: int, near: date) -> date:
    candidates = [date(near.year + ahead, month, day) for ahead in (-1, 0, 1) if (month, day) != (2, 29)]
    candidates = candidates or [near + timedelta(days=n) for n in range(-200, 200)]
    return min(candidates, key=lambda each: abs((each - near).days))

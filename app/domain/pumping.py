"""Limits against those who have codes sent for money, or to annoy: by country, number, prefix and day. Pure."""

from dataclasses import dataclass
from datetime import timedelta

import phonenumbers

from app.domain.channel import Channel

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Numbers are given out, and rented, in blocks of ten thousand.
_BLOCK_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLimits:
    """To which countries (ISO 3166-1, two letters) codes go by SMS, and how many at most.

    `per_contact` an hour to one contact point, `per_prefix` an hour to numbers that differ in their last four digits
    only, `per_day` by SMS altogether.
    """

    countries: frozenset[str] = frozenset({"PL", "UA", "DE", "CZ", "SK", "LT"})
    per_contact: int = 5
    per_prefix: int = 30
    per_day: int = 5_000


def parse_code_limits(countries: str, rates: str) -> CodeLimits:
    """Read `PL,UA` and `contact=5,prefix=30,day=5000`; a rate left out is the usual one. ValueError with one clause."""
    codes = frozenset(each.strip().upper() for each in countries.split(",") if each.strip())
    if not codes or not codes <= phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be two-letter codes of countries, such as PL,UA")
    found: dict[str, int] = {}
    for part in filter(None, (each.strip() for each in rates.split(","))):
        name, _, number = part.partition("=")
        if name not in {"contact", "prefix", "day"} or not (number.isascii() and number.isdigit() and len(number) < 10):
            raise ValueError("must be whole numbers, such as contact=5,prefix=30,day=5000")
        found[f"per_{name}"] = int(number)
    return CodeLimits(countries=codes, **found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` in each stretch of `per`, of what `about` names."""

    about: tuple[str, ...]
    most: int
    per: timedelta


def limits_for(channel: Channel, value: str, limits: CodeLimits) -> tuple[Limit, ...]:
    """What a code to that contact point counts against."""
    own = Limit(about=("contact", channel.value, value), most=limits.per_contact, per=_HOUR)
    if channel is not Channel.SMS:
        return (own,)
    return (
        own,
        Limit(about=("prefix", value[:-_BLOCK_DIGITS]), most=limits.per_prefix, per=_HOUR),
        Limit(about=("sms",), most=limits.per_day, per=_DAY),
    )


def is_allowed_destination(channel: Channel, value: str, limits: CodeLimits) -> bool:
    """Whether codes may go to that number's country at all; e-mail goes everywhere. `value` is E.164."""
    if channel is not Channel.SMS:
        return True
    return phonenumbers.region_code_for_number(phonenumbers.parse(value, None)) in limits.countries

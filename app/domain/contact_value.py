"""Phone numbers that can receive an SMS, and how contact values look to those who may not see them."""

import re
from enum import Enum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from app.domain.channel import Channel

# ITU-T E.164 §6.1: a plus, a country code that does not begin with 0, at most 15 digits. ASCII digits only: the
# library would also read other scripts' digits, and one number would then have two forms.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Plans that do not tell the two apart (North America's) must not shut their mobiles out.
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class NumberFault(Enum):
    """Why a text is no number for SMS; the value completes the sentence that begins with the field's name."""

    NOT_E164 = "Must be an E.164 number, as +48600100200"
    NOT_IN_USE = "Is no number that its country's plan gives out"
    NOT_MOBILE = "Must be a mobile number"


def mobile_number(text: str) -> str | NumberFault:
    """`text` itself when it is an E.164 number that can be a mobile, else what is wrong with it."""
    if _E164.fullmatch(text) is None:
        return NumberFault.NOT_E164
    number = _parse(text)
    # A number with a trunk zero after the country code is read as the one without: that would be a second form.
    if number is None or phonenumbers.format_number(number, PhoneNumberFormat.E164) != text:
        return NumberFault.NOT_IN_USE
    if not phonenumbers.is_valid_number(number):
        return NumberFault.NOT_IN_USE
    return text if phonenumbers.number_type(number) in _MOBILE else NumberFault.NOT_MOBILE


def masked(channel: Channel, value: str) -> str:
    """The value as support sees it: `+48*****200`, `j***@example.com`; the stars do not count what they hide."""
    match channel:
        case Channel.SMS:
            number = _parse(value)
            country = f"+{number.country_code}" if number else ""
            return f"{country}*****{value[-3:]}"
        case Channel.EMAIL:
            local, _, domain = value.rpartition("@")
            shown = local[:1] if len(local) > 1 else ""
            return f"{shown}***@{domain}"


def _parse(text: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, None)
    except NumberParseException:
        return None

"""What people type and tick, read at the edge: small forms, and contact points as they are written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.domain.channel import Channel
from app.domain.contact_value import mobile_number
from app.domain.email_address import email_address

BODY_BYTES_MAX = 16 * 1024
FIELDS_MAX = 60
VALUE_MAX = 320

_MEDIA_TYPE = "application/x-www-form-urlencoded"
# What people put between the digits of a number, and the two ways to begin an international one.
_BETWEEN = re.compile(r"[\s().\u2010-\u2015-]+")
_NATIONAL = re.compile(r"[0-9]{9}")
_HOME = "+48"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields of a form. Nothing of it shows in a repr."""

    fields: Mapping[str, Sequence[str]] = field(repr=False)

    def one(self, name: str) -> str:
        """What the field holds, without blanks around it; empty when there is none."""
        return self.fields.get(name, ("",))[0].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Everything that is said under that name."""
        return tuple(self.fields.get(name, ()))


async def read_form(request: Request) -> Form | None:
    """The form that was posted, without fields where there is no body; None when it is none, or longer than any."""
    media_type = request.headers.get("content-type", _MEDIA_TYPE).partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        return None
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return None
        said = body.decode()
        return Form(fields=parse_qs(said, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"))
    except (ClientDisconnect, ValueError):  # not UTF-8, or too many fields
        return None


def contact_typed(text: str) -> tuple[Channel, str] | None:
    """The contact point that somebody typed, in the form in which it is kept; None when it is neither.

    A mobile number of nine digits is a Polish one; `00` and `+` both begin an international one.
    """
    if len(text) > VALUE_MAX:
        return None
    if "@" in text:
        address = email_address(text.strip())
        return (Channel.EMAIL, address) if address else None
    number = _BETWEEN.sub("", text)
    if _NATIONAL.fullmatch(number):
        number = _HOME + number
    elif number.startswith("00"):
        number = f"+{number[2:]}"
    found = mobile_number(number)
    return (Channel.SMS, found) if isinstance(found, str) else None

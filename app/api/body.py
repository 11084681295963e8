"""The body of a request: counted while it arrives, decoded strictly."""

import asyncio
import re
from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import ClientDisconnect, Request

from app.api import strict_json
from app.api.problems import Fault, Problem

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a token of RFC 9110 §5.6.2
_MEDIA_TYPE = re.compile(rf"({_TOKEN}/{_TOKEN})[ \t]*(;.*)?", re.DOTALL)
_PARAMETER = re.compile(rf"[ \t]*(?:({_TOKEN})=({_TOKEN}|\"[^\"\\]*\"))?[ \t]*")
_LENGTH_DIGITS_MAX = 15
BODY_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """A Content-Type value (RFC 9110 §8.3.1): `essence` is `type/subtype` in lower case; so is `charset`."""

    essence: str
    charset: str | None = None

    @property
    def is_json(self) -> bool:
        """Whether it is `application/json` or a `+json` type (RFC 6839 §3.1), in UTF-8."""
        json_type = self.essence == "application/json" or self.essence.endswith("+json")
        return json_type and self.charset in (None, "utf-8")


@lru_cache(maxsize=64)
def parse_media_type(value: str) -> MediaType | None:
    """Read a Content-Type value; None when it is not one, or names a charset twice."""
    matched = _MEDIA_TYPE.fullmatch(value.strip(" \t"))
    if matched is None:
        return None
    parameters = [_PARAMETER.fullmatch(each) for each in (matched[2] or "").split(";")[1:]]
    charsets = [each[2].strip('"').lower() for each in parameters if each and (each[1] or "").lower() == "charset"]
    if None in parameters or len(charsets) > 1:
        return None
    return MediaType(essence=matched[1].lower(), charset=charsets[0] if charsets else None)


async def read_body(request: Request, *, maximum: int) -> bytes:
    """Give the whole body, of at most `maximum` bytes, never holding more than that and one chunk.

    Raises Problem: 413 as soon as it is known to be larger, by Content-Length or by count; 415 for any
    Content-Encoding but identity; 400 when it ends early or has another length than announced.
    """
    _refuse_encoding(request)
    announced = _announced_length(request)
    if announced is not None and announced > maximum:
        raise _too_large(maximum)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                if len(body) + len(chunk) > maximum:
                    raise _too_large(maximum)
                body += chunk
    except ClientDisconnect:
        raise Problem(400, "The body ended early") from None
    except TimeoutError:
        raise Problem(408, "The body did not arrive in time") from None
    if announced is not None and len(body) != announced:
        raise Problem(400, "The body is not as long as Content-Length says")
    return bytes(body)


async def read_json(request: Request, *, maximum: int) -> object:
    """Give the value of a strict JSON body sent as `application/json` or a `+json` type.

    Raises Problem 415 for another Content-Type, else what `read_body` and `decode_json` raise.
    """
    values = request.headers.getlist("content-type")
    media_type = parse_media_type(values[0]) if len(values) == 1 else None
    if media_type is None or not media_type.is_json:
        raise Problem(415, "Send application/json", headers={"Accept": "application/json"})
    return decode_json(await read_body(request, maximum=maximum))


def decode_json(body: bytes) -> object:
    """Give the value of a strict JSON text (`strict_json.parse`), or raise Problem 400 that says why not."""
    try:
        return strict_json.parse(body)
    except strict_json.NotStrictJson as error:
        detail = f"The body {error.detail}"
        raise Problem(400, detail, errors=(Fault(pointer=error.pointer, detail=detail),)) from None


def _refuse_encoding(request: Request) -> None:
    codings = ",".join(request.headers.getlist("content-encoding")).split(",")
    if any(coding.strip().lower() not in ("", "identity") for coding in codings):
        raise Problem(415, "Send the body without Content-Encoding", headers={"Accept-Encoding": "identity"})


def _announced_length(request: Request) -> int | None:
    values = request.headers.getlist("content-length")
    if not values:
        return None
    value = values[0]
    if len(set(values)) > 1 or not (value.isascii() and value.isdigit()):
        raise Problem(400, "Content-Length is not one number")
    return int(value[:_LENGTH_DIGITS_MAX]) if len(value) <= _LENGTH_DIGITS_MAX else 10**_LENGTH_DIGITS_MAX


def _too_large(maximum: int) -> Problem:
    return Problem(413, f"The body is larger than {maximum} bytes")

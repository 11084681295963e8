"""CloudEvents 1.0 over HTTP: structured, batched and binary requests become the domain's events.

**The canonical form** is the same for one event in whichever mode it came. It is the JCS (RFC 8785) of the structured
form, normalised where the modes cannot agree by themselves:

- an attribute that is null is left out (JSON format §2.2: null is unset);
- `datacontenttype` is always there: the media type in lower case without parameters, `application/json` when the
  event does not say (binary mode has no way to leave it out);
- an extension attribute is a string: a Boolean `true` or `false`, an Integer its decimal digits (the canonical
  string encoding of the CloudEvents type system, and all that a header can carry).

Times and texts stay as they were written. The canonical form of a binary event whose data has 20 levels has 21:
read it back with `json.loads`.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import Enum, auto
from typing import assert_never
from urllib.parse import unquote_to_bytes

from pydantic_core import PydanticCustomError

from app.api import strict_json
from app.api.body import MediaType, decode_json, parse_media_type
from app.api.event_fields import parse_instant
from app.api.event_models import Envelope, event_of, read_data
from app.api.problems import Fault, Problem
from app.domain.event import Event

EVENT_BYTES_MAX = 256 * 1024
BATCH_BYTES_MAX = 2 * 1024 * 1024
BATCH_EVENTS_MAX = 500

STRUCTURED_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"

_REQUIRED = ("specversion", "id", "source", "type", "time")
_CORE = frozenset((*_REQUIRED, "subject", "datacontenttype", "dataschema"))
# Together they fit, with the operator, into one row of a PostgreSQL index (2,704 bytes) at four bytes a character.
_LENGTHS_MAX = {"id": 256, "type": 256, "source": 1024}

_ATTRIBUTE_NAME = re.compile("[a-z0-9]{1,20}")
# CloudEvents 1.0 §2.1: control characters and noncharacters are no part of a String.
_NO_TEXT = re.compile(
    "[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_URI_CHARACTERS = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}"
_URI_REFERENCE = re.compile(  # RFC 3986 §4.1; a relative reference has no colon in its first segment
    rf"(?:[A-Za-z][A-Za-z0-9+.-]*:|(?![^/?#]*:))(?://(?:[\[\]:@A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{{2}})*+(?=[/?#]|\Z))?"
    rf"(?:{_URI_CHARACTERS})*+(?:\?(?:{_URI_CHARACTERS}|\?)*+)?(?:\#(?:{_URI_CHARACTERS}|\?)*+)?"
)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """A request with one event."""

    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An event of a batch that cannot be accepted, and why."""

    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A request with 1 to 500 events: what became of each, in the order sent."""

    results: tuple[Event | Rejected, ...]


class _Mode(Enum):
    STRUCTURED = auto()
    BATCH = auto()
    BINARY = auto()


def body_bytes_max(content_type: str | None) -> int:
    """Give the number of bytes to read at most of a body with this Content-Type."""
    media_type = parse_media_type(content_type or "")
    return BATCH_BYTES_MAX if media_type and media_type.essence == BATCH_TYPE else EVENT_BYTES_MAX


def decode_request(*, content_type: str | None, headers: Headers, body: bytes) -> Single | Batch:
    """Give the event or events of a request to `POST /v1/events`; `headers` as ASGI has them.

    Raises Problem for the whole request: 415 for another media type, charset or no `ce-` header with plain JSON;
    400 when the body is not strict JSON or a batch is no array; 413 when it is too large; 422 for a batch that is
    empty or has more than 500 events, and for a single event that breaks CloudEvents or the data model, with all
    errors. In a batch an event is rejected by itself, with 422, or 413 when its canonical form is over 256 KiB.
    """
    fields = [(name.lower(), value) for name, value in headers]
    match _mode(content_type, fields):
        case _Mode.STRUCTURED:
            _check_size(len(body), EVENT_BYTES_MAX)
            return Single(event=_structured(decode_json(body)))
        case _Mode.BATCH:
            _check_size(len(body), BATCH_BYTES_MAX)
            return Batch(results=_batch(decode_json(body)))
        case _Mode.BINARY:
            _check_size(len(body), EVENT_BYTES_MAX)
            members, faults = _header_members(fields)
            return Single(event=_event({**members, "datacontenttype": content_type}, decode_json(body), faults))
        case unreachable:
            assert_never(unreachable)


def decode_kept(canonical: bytes) -> Event | None:
    """The event in a canonical form that was accepted once; None when the models of today would refuse it."""
    try:
        return _structured(json.loads(canonical))
    except Problem:
        return None


def _mode(content_type: str | None, fields: Sequence[tuple[bytes, bytes]]) -> _Mode:
    has_attributes = any(name.startswith(b"ce-") for name, _ in fields)
    if content_type is None and has_attributes:
        return _Mode.BINARY  # datacontenttype is optional, and without it data is JSON (HTTP binding §3.1.1)
    media_type = parse_media_type(content_type or "")
    if media_type and media_type.is_json and sum(name == b"content-type" for name, _ in fields) <= 1:
        if media_type.essence == STRUCTURED_TYPE:
            return _Mode.STRUCTURED
        if media_type.essence == BATCH_TYPE:
            return _Mode.BATCH
        if has_attributes and _is_data_type(media_type):
            return _Mode.BINARY
    raise Problem(
        415,
        f"Send {STRUCTURED_TYPE}, {BATCH_TYPE}, or application/json with ce- headers; in UTF-8",
        headers={"Accept": f"{STRUCTURED_TYPE}, {BATCH_TYPE}, application/json"},
    )


def _is_data_type(media_type: MediaType) -> bool:
    """Whether event data can have the type: JSON, and not itself a CloudEvents envelope."""
    return media_type.is_json and not media_type.essence.startswith("application/cloudevents")


def _check_size(size: int, maximum: int) -> None:
    if size > maximum:
        raise Problem(413, f"The body is larger than {maximum} bytes")


def _batch(value: object) -> tuple[Event | Rejected, ...]:
    if not isinstance(value, list):
        raise Problem(400, "The body of a batch is not an array")
    if not 1 <= len(value) <= BATCH_EVENTS_MAX:
        raise Problem(422, f"A batch has 1 to {BATCH_EVENTS_MAX} events")
    return tuple(_batched(each) for each in value)


def _batched(value: object) -> Event | Rejected:
    try:
        event = _structured(value)
    except Problem as problem:
        return Rejected(problem=problem)
    if len(event.canonical) > EVENT_BYTES_MAX:
        return Rejected(problem=Problem(413, f"The event is larger than {EVENT_BYTES_MAX} bytes"))
    return event


def _structured(value: object) -> Event:
    if not isinstance(value, dict):
        raise Problem(422, errors=(Fault(pointer="", detail="Must be an object"),))
    faults = []
    if "data_base64" in value:
        faults.append(Fault(pointer="/data_base64", detail="Send the data as JSON in `data`"))
    members = {name: each for name, each in value.items() if name not in ("data", "data_base64")}
    return _event(members, value.get("data"), faults)


def _header_members(fields: Sequence[tuple[bytes, bytes]]) -> tuple[dict[str, object], list[Fault]]:
    """Read the `ce-` headers (HTTP binding §3.1.3) as members of the structured form."""
    members: dict[str, object] = {}
    faults = []
    for field, value in fields:
        if not field.startswith(b"ce-"):
            continue
        name = field[3:].decode("latin-1")
        if name in members:
            faults.append(Fault(pointer=_pointer(name), detail="The header is given more than once"))
        elif name in ("datacontenttype", "data"):
            faults.append(Fault(pointer=_pointer(name), detail="No header of its own in binary mode"))
        else:
            members[name] = text = _header_text(value)
            if text is None:
                faults.append(Fault(pointer=_pointer(name), detail="The header is not percent-encoded UTF-8"))
    return members, faults


def _header_text(value: bytes) -> str | None:
    """Decode a header's value: out of its quotes, one round of percent-decoding, UTF-8 (HTTP binding §3.1.3.2)."""
    quoted = _QUOTED.fullmatch(value)
    if quoted:
        value = re.sub(rb"\\(.)", rb"\1", quoted[1], flags=re.DOTALL)
    if _BROKEN_PERCENT.search(value):
        return None
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        return None


def _event(members: Mapping[str, object], data: object, faults: list[Fault]) -> Event:
    """Check attributes and data together, so that all errors are told at once; Problem 422 if there are any."""
    attributes, more = _attributes(members)
    told = {fault.pointer for fault in faults if fault.pointer}
    faults = faults + [fault for fault in more if fault.pointer not in told]
    if isinstance(data, dict):
        content = read_data(attributes.get("type", ""), data)
    else:
        content = (Fault(pointer="/data", detail="Must be an object"),)
    if isinstance(content, tuple):
        raise Problem(422, errors=tuple(dict.fromkeys((*faults, *content))))
    if faults:
        raise Problem(422, errors=tuple(dict.fromkeys(faults)))
    envelope = Envelope(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        time=parse_instant(attributes["time"]).astimezone(UTC),
        canonical=strict_json.canonical({**attributes, "data": data}),
    )
    return event_of(content, envelope)


def _attributes(members: Mapping[str, object]) -> tuple[dict[str, str], list[Fault]]:
    """Give the context attributes that are sound, normalised, and the faults of the others."""
    attributes = {"datacontenttype": "application/json"}
    faults = [Fault(pointer=f"/{name}", detail="Is required") for name in _REQUIRED if members.get(name) is None]
    for name, value in members.items():
        if value is None:
            continue
        checked = _attribute(name, value)
        if isinstance(checked, Fault):
            faults.append(checked)
        else:
            attributes[name] = checked
    return attributes, faults


def _attribute(name: str, value: object) -> str | Fault:
    """Give the attribute's text in its canonical form, or what is wrong with it."""
    is_core = name in _CORE
    if not is_core and _ATTRIBUTE_NAME.fullmatch(name) is None:
        return Fault(pointer="", detail="An attribute's name is not 1 to 20 lower-case letters and digits")
    text = value if isinstance(value, str) else _extension_text(name, value)
    if text is None:
        detail = "Must be a string" if is_core else "An extension is neither a string, a Boolean nor a 32-bit Integer"
        return Fault(pointer=_pointer(name), detail=detail)
    fault = _core_fault(name, text) if is_core else _control_fault(text)
    if fault is not None:
        return Fault(pointer=_pointer(name), detail=fault)
    return text.partition(";")[0].strip(" \t").lower() if name == "datacontenttype" else text


def _extension_text(name: str, value: object) -> str | None:
    """Give the canonical string of an extension's Boolean or Integer (32 bits); None for whatever else is no text."""
    if name in _CORE:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) and -(2**31) <= value < 2**31 else None


def _control_fault(text: str) -> str | None:
    return "Has control characters" if _NO_TEXT.search(text) else None


def _core_fault(name: str, text: str) -> str | None:
    """Say what is wrong with the text of an attribute that CloudEvents defines; None when nothing is."""
    length_max = _LENGTHS_MAX.get(name, EVENT_BYTES_MAX)
    if not 1 <= len(text) <= length_max:
        return f"Must have 1 to {length_max} characters"
    match name:
        case "specversion":
            return None if text == "1.0" else 'Must be "1.0"'
        case "source" | "dataschema":
            return None if _URI_REFERENCE.fullmatch(text) else "Must be a URI-reference (RFC 3986)"
        case "datacontenttype":
            media_type = parse_media_type(text)
            return None if media_type and _is_data_type(media_type) else "Must be a JSON media type"
        case "time":
            return _time_fault(text)
        case _:
            return _control_fault(text)


def _time_fault(text: str) -> str | None:
    try:
        parse_instant(text)
    except PydanticCustomError as error:
        return error.message()
    return None


def _pointer(name: str) -> str:
    """Point to an attribute; the name of an extension is input, so its faults are told of the whole event."""
    return f"/{name}" if name in _CORE else ""

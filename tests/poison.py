"""Hostile and broken requests to `POST /v1/events`, each with the status it must get.

They are generated, so that the list says what is wrong rather than drowning it in bytes. 202 stands for `quarantined`.
A canary stands in many values: no answer may repeat it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.api.event_examples import EXAMPLES
from tests.poison_values import (
    BAD_ATTRIBUTES,
    BAD_DATA,
    BAD_HEADERS,
    BAD_INCIDENT,
    BAD_MEDIA_TYPES,
    BAD_OWN,
    BROKEN,
    CANARY,
    FORBIDDEN_VALUES,
)
from tests.wire import (
    ABSENT,
    BATCH,
    INCIDENT,
    JSON,
    NOTICE_LEFT,
    OUT_FOR_DELIVERY,
    STRUCTURED,
    TRACKING,
    Headers,
    Json,
    batch,
    binary,
    structured,
    with_value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonCase:
    """One request and the status of its answer."""

    name: str
    headers: Headers
    body: bytes
    status: int


def _case(name: str, request: tuple[Headers, bytes], status: int) -> PoisonCase:
    return PoisonCase(name=name, headers=request[0], body=request[1], status=status)


def _not_json() -> Iterator[PoisonCase]:
    ce_headers = binary(NOTICE_LEFT)[0]
    for name, body in BROKEN.items():
        yield _case(f"structured: {name}", (((b"content-type", STRUCTURED),), body), 400)
        yield _case(f"batch: {name}", (((b"content-type", BATCH),), body), 400)
        yield _case(f"binary: {name}", (ce_headers, body), 400)
    for name, value in FORBIDDEN_VALUES.items():
        headers, body = structured(with_value(OUT_FOR_DELIVERY, "data.raw.more", "PLACE"))
        inside = body.replace(b'"PLACE"', value)
        yield _case(f"structured, in data: {name}", (headers, inside), 400)
        extension = json.dumps(NOTICE_LEFT).encode().replace(b'"shipment/00759007734123456789"', value)
        yield _case(f"structured, in an attribute: {name}", (headers, extension), 400)
        good = json.dumps(NOTICE_LEFT).encode()
        in_batch = b"[" + good + b"," + inside + b"]"
        yield _case(f"batch, in the second event: {name}", (((b"content-type", BATCH),), in_batch), 400)
    for value in (b"{}", b"null", b'"x"', b"5", b"true", json.dumps(NOTICE_LEFT).encode()):
        yield _case(f"batch: not an array: {value[:8]!r}", (((b"content-type", BATCH),), value), 400)


def _too_large() -> Iterator[PoisonCase]:
    padding = b" " * (256 * 1024)
    for name, (headers, body) in {"structured": structured(NOTICE_LEFT), "binary": binary(NOTICE_LEFT)}.items():
        yield _case(f"{name}: over 256 KiB of spaces", (headers, body + padding), 413)
        yield _case(f"{name}: over 256 KiB and no JSON", (headers, b"[" * (256 * 1024 + 1)), 413)
    headers, body = batch([NOTICE_LEFT])
    yield _case("batch: over 2 MiB", (headers, body + b" " * (2 * 1024 * 1024)), 413)
    huge = with_value(OUT_FOR_DELIVERY, "data.raw.more", "x" * (256 * 1024))
    yield _case("structured: over 256 KiB of text", structured(huge), 413)


def _wrong_media_type() -> Iterator[PoisonCase]:
    ce_headers, data = binary(NOTICE_LEFT)
    event = json.dumps(NOTICE_LEFT).encode()
    for media_type in BAD_MEDIA_TYPES:
        field = (b"content-type", media_type)
        yield _case(f"media type {media_type!r}", ((field,), event), 415)
        yield _case(f"media type {media_type!r} with ce- headers", ((field, *ce_headers[1:]), data), 415)
    yield _case("no media type", ((), event), 415)
    yield _case("plain JSON without ce- headers", (((b"content-type", JSON),), event), 415)
    yield _case("two media types", (((b"content-type", STRUCTURED), (b"content-type", JSON)), event), 415)
    for coding in (b"gzip", b"br", b"deflate", b"identity, gzip", b"x"):
        encoded = (((b"content-type", STRUCTURED), (b"content-encoding", coding)), event)
        yield _case(f"content-encoding {coding!r}", encoded, 415)


def _invalid() -> Iterator[PoisonCase]:
    for value in (None, 5, "x", True, [], [NOTICE_LEFT], {}):
        yield _case(f"structured: not an event: {str(value)[:12]}", structured(value), 422)
    for values, base, prefix in (
        (BAD_ATTRIBUTES, NOTICE_LEFT, ""),
        (BAD_DATA, NOTICE_LEFT, "data."),
        (BAD_INCIDENT, INCIDENT, "data."),
    ):
        yield from _broken_at(base, prefix, values)
    for name, values in BAD_OWN.items():
        yield from _broken_at(EXAMPLES[f"pl.awizo.{name}.v1"], "data.", values)
    for name, more in BAD_HEADERS.items():
        headers, body = binary({name: value for name, value in NOTICE_LEFT.items() if name != "subject"})
        yield _case(f"binary, header: {name}", ((*headers, *more), body), 422)
    for missing in ("specversion", "id", "source", "type", "time"):
        headers, body = binary(with_value(NOTICE_LEFT, missing, ABSENT))
        yield _case(f"binary: no {missing}", (headers, body), 422)
    for data in (None, 5, [], "x"):
        yield _case(f"binary: data {data!r}", binary({**NOTICE_LEFT, "data": data}), 422)
    yield _case("batch: no events", batch([]), 422)
    yield _case("batch: 501 events", batch([OUT_FOR_DELIVERY] * 501), 422)
    yield _case("tracking without raw", structured(with_value(TRACKING, "data.raw", ABSENT)), 422)
    yield _case("tracking without shipment", structured(with_value(TRACKING, "data.shipment", ABSENT)), 422)
    yield _case("other type without shipment", structured(with_value(OUT_FOR_DELIVERY, "data.shipment", ABSENT)), 422)


def _broken_at(base: Json, prefix: str, values: Mapping[str, tuple[object, ...]]) -> Iterator[PoisonCase]:
    """The event with each value at its path in turn."""
    for path, bad in values.items():
        for value in bad:
            shown = "absent" if value is ABSENT else ascii(value)[:60]
            yield _case(
                f"{base['id']} {prefix}{path[:30]}: {shown}", structured(with_value(base, prefix + path, value)), 422
            )


def _quarantined() -> Iterator[PoisonCase]:
    unknown = with_value(OUT_FOR_DELIVERY, "data.raw.more", {CANARY: [1.5, None, "\u202e\U0001f600"]})
    for number, event_type in enumerate((
        "x", "com.example.parcel", "pl.awizo.delivery.notice_left.v2", "pl.awizo.delivery.notice_left",
        "PL.AWIZO.DELIVERY.NOTICE_LEFT.V1", "pl.awizo.delivery.notice_left.v1 ", "pl.awizo.tracking.v2",
        "pl.awizo..v1", "{{7*7}}", "' OR 1=1 --", "żółw", "\u202e",
    )):  # fmt: skip
        event = {**unknown, "type": event_type, "id": f"unknown-{number}"}
        yield _case(f"unknown type {event_type!a}", structured(event), 202)
        yield _case(f"binary: unknown type {event_type!a}", binary({**event, "id": f"binary-{number}"}), 202)
    odd: tuple[object, ...] = ("a b", 5, None, [], {"a": 1}, "x" * 129)
    for number, value in enumerate(odd):
        event = with_value({**unknown, "type": "com.example.odd", "id": f"odd-{number}"}, "data.shipment", value)
        yield _case(f"unknown type, shipment {ascii(value)[:20]}", structured(event), 202)
    unmapped = {**TRACKING, "id": "unmapped"}
    yield _case("tracking with an unknown code", structured(with_value(unmapped, "data.raw.code", "NO-SUCH-CODE")), 202)


POISON: list[PoisonCase] = [
    *_not_json(),
    *_too_large(),
    *_wrong_media_type(),
    *_invalid(),
    *_quarantined(),
]


# Bodies that no route takes for what it asks for, whatever that is.
_ANYWHERE = (
    "empty", "byte order mark", "UTF-16", "latin-1", "cut UTF-8", "lone word", "Python dict", "trailing comma in array",
    "missing brace", "two values", "raw NUL in string", "unterminated string", "bad escape", "21 levels",
)  # fmt: skip
_FORBIDDEN_ANYWHERE = (
    "NaN", "float overflow", "2**53", "4,000 digits", "escaped NUL", "high surrogate", "duplicate key",
)  # fmt: skip


def poison_of_any_route(media_type: str) -> Iterator[PoisonCase]:
    """Requests to a route that takes a body of that type.

    What JSON routes say of them is told; 0 where they look at something else first, or take anything.
    """
    field = (b"content-type", media_type.encode())
    for name, body, status, *more in _anywhere():
        headers = tuple(more) if status == 415 and more[0][0] == b"content-type" else (field, *more)
        yield _case(name, (headers, body), status if media_type == "application/json" else 0)


def _anywhere() -> Iterator[tuple[Any, ...]]:
    """Name, body, status, and header fields."""
    for name in _ANYWHERE:
        yield name, BROKEN[name], 400
    for name in _FORBIDDEN_ANYWHERE:
        yield name, b'{"%s": %s}' % (CANARY.encode(), FORBIDDEN_VALUES[name]), 400
    for value in (None, 5, CANARY, [], [{}], {CANARY: CANARY}):
        yield f"not the object: {ascii(value)[:9]}", json.dumps(value).encode(), 422
    yield "4 MiB", b'"' + b"x" * (4 << 20) + b'"', 413
    yield "gzip", b"{}", 415, (b"content-encoding", b"gzip")
    for other in (b"text/html", b"application/json; charset=utf-16", b"*/*", b"application/x-ndjson"):
        yield f"media type {other!r}", b"{}", 415, (b"content-type", other)

"""Hostile and broken requests to `POST /v1/events`, each with the status it must get.

They are generated, so that the list says what is wrong rather than drowning it in bytes. 202 stands for `quarantined`.
A canary stands in many values: no answer may repeat it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
    batch,
    binary,
    structured,
    with_value,
)

CANARY = "CANARY-4811-jan-kowalski"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonCase:
    """One request and the status of its answer."""

    name: str
    headers: Headers
    body: bytes
    status: int


# Bodies that are no strict JSON, wherever they stand.
_BROKEN: Mapping[str, bytes] = {
    "empty": b"",
    "white space": b" \t\r\n",
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-32": '{"a":1}'.encode("utf-32-le"),
    "latin-1": '{"a":"ó"}'.encode("latin-1"),
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "beyond Unicode": b'{"a":"\xf4\x90\x80\x80"}',
    "cut UTF-8": b'{"a":"\xc4',
    "lone word": b"nonsense",
    "Python dict": b"{'a': 1}",
    "unquoted key": b"{a: 1}",
    "comment": b'{"a": 1} // x',
    "block comment": b'{/* x */"a": 1}',
    "trailing comma in object": b'{"a": 1,}',
    "trailing comma in array": b"[1,]",
    "leading comma": b"[,1]",
    "missing colon": b'{"a" 1}',
    "missing brace": b'{"a": 1',
    "extra brace": b'{"a": 1}}',
    "two values": b"{} {}",
    "newline-delimited": b'{"a":1}\n{"a":2}',
    "mismatched brackets": b'{"a": [1}]',
    "raw newline in string": b'{"a": "x\ny"}',
    "raw tab in string": b'{"a": "x\ty"}',
    "raw NUL in string": b'{"a": "x\x00y"}',
    "raw NUL after value": b"{}\x00",
    "bad escape": b'{"a": "\\x41"}',
    "short escape": b'{"a": "\\u12"}',
    "unterminated string": b'{"a": "x',
    "half an escape": b'{"a": "\\',
    "form feed as space": b'{"a":\x0c1}',
    "no-break space": b'{"a":\xc2\xa01}',
    "leading zero": b"[01]",
    "leading plus": b"[+1]",
    "bare point": b"[.5]",
    "trailing point": b"[1.]",
    "hexadecimal": b"[0x1F]",
    "Arabic digits": '["a",٣]'.encode(),
    "empty exponent": b"[1e]",
    "capital true": b"[True]",
    "undefined": b"[undefined]",
    "21 levels": b"[" * 21 + b"]" * 21,
    "21 levels of objects": b'{"a":' * 21 + b"1" + b"}" * 21,
    "100,000 open brackets": b"[" * 100_000,
    "100,000 levels": b"[" * 100_000 + b"]" * 100_000,
    "40,000 open objects": b'{"a":' * 40_000,
    "brackets hidden by escapes": b'["\\"",' + b"[" * 40 + b"]" * 40 + b"]",
    "quotes only": b'"' * 20_001,
}
# Values that strict JSON does not allow, to stand inside an event.
_FORBIDDEN_VALUES: Mapping[str, bytes] = {
    "NaN": b"NaN",
    "minus NaN": b"-NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "float overflow": b"1e400",
    "minus float overflow": b"-1e400",
    "exponent overflow": b"1e99999999999",
    "2**53": b"9007199254740992",
    "minus 2**53": b"-9007199254740992",
    "2**53 as float": b"9007199254740992.0",
    "1e20": b"1e20",
    "4,000 digits": b"1" * 4_000,
    "200,000 digits": b"7" * 200_000,
    "minus 200,000 digits": b"-" + b"7" * 200_000,
    "escaped NUL": b'"a\\u0000b"',
    "NUL in key": b'{"a\\u0000b": 1}',
    "high surrogate": b'"\\ud800"',
    "low surrogate": b'"\\udfff"',
    "surrogates swapped": b'"\\ude00\\ud83d"',
    "surrogate in key": b'{"\\uDBFF": 1}',
    "surrogate after escaped backslash": b'"\\\\\\ud83d"',
    "duplicate key": b'{"a": 1, "a": 1}',
    "duplicate key by escape": b'{"a": 1, "\\u0061": 2}',
    "duplicate empty key": b'{"": 1, "": 2}',
    "too deep": b"[" * 20 + b"]" * 20,
}

# What breaks CloudEvents, by attribute of the structured form.
_BAD_ATTRIBUTES: Mapping[str, tuple[object, ...]] = {
    "specversion": (ABSENT, None, "", "0.3", "1", "1.0.2", " 1.0", "２.0", 1.0, 1, True, [], {}),
    "id": (ABSENT, None, "", 1, True, ["a"], {"a": 1}, "a\nb", "a\x7fb", "a\x85b", "x" * 257, "\ufffe", "\ufdd0"),
    "source": (
        ABSENT, None, "", 5, "/a b", "/żółw", "1:b", "/a%2", "/a%zz", "a\\b", "/<x>", "/a#b#c",
        "/" + "a" * 1024,
    ),
    "type": (ABSENT, None, "", 7, False, [], "a\tb", "x" * 257),
    "time": (
        ABSENT, None, "", 0, 1_795_000_000, "now", "2026-11-23", "2026-11-23T11:42:00", "2026-11-23 11:42:00Z",
        "2026-11-23T11:42Z", "2026-11-23T11:42:00+0100", "2026-11-23T11:42:00+01", "2026-11-23T24:00:00Z",
        "2026-11-23T11:60:00Z", "2026-12-31T23:59:60Z", "2026-02-29T10:00:00Z", "2026-13-01T10:00:00Z",
        "2026-11-00T10:00:00Z", "2026-11-23T11:42:00+24:00", "2026-11-23T11:42:00+01:60", "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "12026-11-23T11:42:00Z",
        "2026-11-23T11:42:00.Z", "2026-11-23T11:42:00.1234567890Z", "٢٠٢٦-11-23T11:42:00Z", " 2026-11-23T11:42:00Z",
        "2026-11-23T11:42:00Z\n", "20261123T114200Z", "2026-W48-1T11:42:00Z", "2026-11-23T11:42:00−01:00",
    ),
    "subject": ("", 5, "a\x00b".replace("\x00", "\x01"), {}),
    "datacontenttype": ("", "text/xml", "json", "application/cloudevents+json", "application/json; charset=latin-1", 3),
    "dataschema": ("", "a b", 1),
    "data_base64": ("e30=", None, ""),
    "data": (ABSENT, None, "{}", 5, [], True),
    "Extension": ("x",),
    "my_extension": ("x",),
    "": ("x",),
    "a" * 21: ("x",),
    CANARY: ("x",),
    "ext": (1.5, [], {}, 2**31, -(2**31) - 1, "a\x1fb", ["x"]),
}  # fmt: skip
_BAD_NAMES: tuple[object, ...] = (
    "", " ", "-a", ".a", "a b", "a/b", "ą", "a\n", "a\u202eb", "x" * 129, f"{CANARY}'; DROP TABLE events;--",
    "../etc/passwd", "{{7*7}}", 5, 1.5, True, [], {}, ["a"],
)  # fmt: skip
_BAD_TEXTS: tuple[object, ...] = (
    "", "  ", "a\nb", "a\r\nBcc: x@example.com", "a\x1b[2J", "a\x9fb", "a\u2028b", "a\u202eb", "a\u2066b",
    "x" * 201, 5, False, [], {},
)  # fmt: skip
_BAD_DAYS: tuple[object, ...] = (
    "", "2026-02-30", "2026-11-31", "26-11-24", "2026/11/24", "24.11.2026", "2026-1-1", "20261124", "1969-12-31",
    "9999-12-31", "2026-11-24 ", "٢٠٢٦-11-24", 20261124, 0, True, [], {},
)  # fmt: skip
_BAD_HOURS: tuple[object, ...] = (
    "", "closed", "8-20", "8:00-20:00", "08:00", "08:00-08:00", "20:00-08:00", "08:00-25:00", "08:60-09:00",
    "24:00-24:00", "08:00-12:00, 13:00-18:00", "08:00-13:00,12:00-18:00", "13:00-18:00,08:00-12:00",
    "08:00-12:00,", "08:00-24:00,09:00-10:00", "08:00–20:00", ",".join(["08:00-20:00"] * 11), 8, [], {}, False,
)  # fmt: skip
# What breaks the model of `data` in a notice, by path.
_BAD_DATA: Mapping[str, tuple[object, ...]] = {
    "operator": (ABSENT, None, *_BAD_NAMES),
    "shipment": (ABSENT, None, *_BAD_NAMES),
    "recipient": ("", "a b", "jan@example.com", 5, []),
    "service": ("", "Registered Letter", "ż", "x" * 65, 3, []),
    "legal_regime": ("", "KPA", "other", 1, [], CANARY),
    "notice": (ABSENT, None, [], "first", {}),
    "notice.ordinal": (ABSENT, None, 0, 3, -1, "1", 1.0, True, 2**53 - 1),
    "notice.left_at": (ABSENT, None, "", "2026-11-23", "2026-11-23T11:40:00", "9999-12-31T23:59:59Z", 5, CANARY),
    "notice.place": _BAD_TEXTS[2:8],
    "notice.courier": ("a\nb", 5),
    "notice.unknown": (1,),
    "facility": ([], "UP-00-032", {}),
    "facility.id": (ABSENT, None, *_BAD_NAMES[:8]),
    "facility.name": (ABSENT, None, *_BAD_TEXTS),
    "facility.street": _BAD_TEXTS[2:10],
    "facility.city": ("a\nb", "x" * 201),
    "facility.post_code": ("", "03_729", "x" * 17, 3729, "0\n3"),
    "facility.hours": ([], "08:00-20:00", {}, {"mon": None}),
    "facility.hours.mon": (ABSENT, *_BAD_HOURS),
    "facility.hours.holiday": (None,),
    "facility.closures": (None, {}, "none", [None], [{}], [{"from": "2026-12-01"}], [[]]),
    "facility.closures.0.from": ("2026-12-03", *_BAD_DAYS[:6]),
    "facility.closures.0.until": ("2026-11-30", None),
    "facility.closures.0.reason": ("a\nb", 5),
    f"facility.{CANARY}": (1,),
    "pickup": ([], "2026-12-07", 5),
    "pickup.from": ("2026-12-08", *_BAD_DAYS),
    "pickup.until": ("2026-11-23", "2026-12-07T12:00:00", "2026-11-23T10:00:00+01:00"),
    "pickup.unknown": (None,),
    "raw": ([], "P_A", {}),
    "raw.code": (ABSENT, None, "", 5, "x" * 1001),
    "raw.vocabulary": (ABSENT, 5),
    CANARY: ("x",),
    "unknown": (None,),
}
_BAD_INCIDENT: Mapping[str, tuple[object, ...]] = {
    "operator": (ABSENT, "a b"),
    "incident": (ABSENT, None, "", "a b", 7),
    "revision": (ABSENT, None, 0, -1, "1", 1.0, 1.5, True, 2**31, 2**53 - 1),
    "scope": (
        ABSENT, None, [], {}, "all", {"shipments": []}, {"shipments": "x"}, {"shipments": ["a b"]},
        {"facilities": [5]}, {"post_codes": ["*"]}, {"post_codes": ["03-*-*"]}, {"operator_wide": False},
        {"operator_wide": 1}, {"operator_wide": "true"}, {"facilities": None}, {"countries": ["pl"]},
        {"facilities": ["UP-1"], "operator_wide": True}, {"shipments": ["a"], "facilities": None},
    ),
    "from": ("2026-12-02T20:00:01+01:00", "yesterday", 5),
    "until": ("2026-11-30T06:59:59Z", "2026-11-29"),
    "planned": ("no", 0),
    "reason": ("a\nb", "", 5),
    "announced_at": ("2026-11-29", "2026-11-29T18:00:00"),
    "substitute_facility": ([], {}, "UP-00-004"),
}  # fmt: skip
_BAD_HEADERS: Mapping[str, tuple[tuple[bytes, bytes], ...]] = {
    "latin-1": ((b"ce-subject", b"ul. D\xb3uga"),),
    "overlong percent-encoding": ((b"ce-subject", b"a%C0%A0b"),),
    "percent-encoded surrogate": ((b"ce-subject", b"%ED%A0%80"),),
    "percent-encoded NUL": ((b"ce-subject", b"a%00b"),),
    "percent-encoded newline": ((b"ce-subject", b"a%0Ab"),),
    "broken percent-encoding": ((b"ce-subject", b"100%"),),
    "half percent-encoding": ((b"ce-subject", b"a%2"),),
    "empty subject": ((b"ce-subject", b""),),
    "extension with hyphen": ((b"ce-my-ext", b"x"),),
    "extension with a long name": ((b"ce-" + b"a" * 21, b"x"),),
    "no name": ((b"ce-", b"x"),),
    "data as header": ((b"ce-data", b"{}"),),
    "data_base64 as header": ((b"ce-data_base64", b"e30="),),
    "datacontenttype as header": ((b"ce-datacontenttype", b"application/json"),),
    "second id": ((b"ce-id", b"other"),),
    "second id, equal": ((b"ce-id", b"wer-1-000123"),),
    "second extension": ((b"ce-ext", b"a"), (b"CE-Ext", b"a")),
}
_BAD_MEDIA_TYPES = (
    b"", b"text/plain", b"text/json", b"application/xml", b"application/octet-stream", b"*/*", b"application",
    b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b"application/cloudevents",
    b"application/cloudevents+avro", b"application/cloudevents+xml", b"application/cloudevents-batch",
    b"application/cloudevents+json; charset=latin-1", b"application/cloudevents+json; charset=utf-16",
    b"application/cloudevents+json; charset=utf-8; charset=utf-8", b"application/cloudevents+json; =",
    b"application/cloudevents-batch+json; charset=windows-1250", b"application/json, application/cloudevents+json",
)  # fmt: skip


def _case(name: str, request: tuple[Headers, bytes], status: int) -> PoisonCase:
    return PoisonCase(name=name, headers=request[0], body=request[1], status=status)


def _not_json() -> Iterator[PoisonCase]:
    ce_headers = binary(NOTICE_LEFT)[0]
    for name, body in _BROKEN.items():
        yield _case(f"structured: {name}", (((b"content-type", STRUCTURED),), body), 400)
        yield _case(f"batch: {name}", (((b"content-type", BATCH),), body), 400)
        yield _case(f"binary: {name}", (ce_headers, body), 400)
    for name, value in _FORBIDDEN_VALUES.items():
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
    for media_type in _BAD_MEDIA_TYPES:
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
        (_BAD_ATTRIBUTES, NOTICE_LEFT, ""),
        (_BAD_DATA, NOTICE_LEFT, "data."),
        (_BAD_INCIDENT, INCIDENT, "data."),
    ):
        for path, bad in values.items():
            for value in bad:
                shown = "absent" if value is ABSENT else ascii(value)[:60]
                event = with_value(base, prefix + path, value)
                yield _case(f"{base['id']} {prefix}{path[:30]}: {shown}", structured(event), 422)
    for name, more in _BAD_HEADERS.items():
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

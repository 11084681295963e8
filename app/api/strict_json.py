"""Strict JSON in, canonical JSON out.

`parse` accepts I-JSON (RFC 7493) and no more, so that one body has one meaning for everybody who reads it;
`canonical` is the JSON Canonicalization Scheme (RFC 8785). Both run on C code for ordinary bodies.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

import orjson
import rfc8785

DEPTH_MAX = 20
INTEGER_MAX = 2**53 - 1

_INTEGER_DIGITS_MAX = 16  # digits of 2**53 - 1
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A string up to its closing quote or, when it has none, up to the end: never a second attempt from inside it.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ALL_ROUND = bytes.maketrans(b"[]{}", b"()()")
# An escape that can yield NUL or a surrogate, if its backslash is not itself escaped.
_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE = re.compile("[\ud800-\udfff]")
# A number with fraction or exponent that stands where a member's value stands, and a character beyond the basic plane;
# inside a string the first costs only the slow path.
_FLOAT_VALUE = re.compile(rb"[:,\[]-?\d+(?:\.\d+(?:e[-+]?\d+)?|e[-+]?\d+)[,\]}]")
_ASTRAL = re.compile(rb"[\xf0-\xf4]")


class NotStrictJson(ValueError):  # noqa: N818 - it names what the body is, as in "not strict JSON"
    """The body is not strict JSON: `detail` says why without a byte of it, `pointer` where (RFC 6901)."""

    def __init__(self, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


def parse(body: bytes) -> object:
    """Give the value of a JSON text (RFC 8259) in UTF-8, in dicts, lists, str, int, float, bool and None.

    Raises NotStrictJson for: a byte order mark or other bytes that are not UTF-8; syntax errors and anything
    after the value; duplicate keys; NaN and Infinity; NUL and lone surrogates, raw or escaped, in keys too;
    more than 20 levels; integers, or floats that are integers, from 2**53 on; floats beyond a double. Minus zero
    is zero, and a fraction is the nearest double, as RFC 8785 §3.2.2.3 reads them. Time and memory grow in
    proportion to the body, whatever is in it.
    """
    if body.startswith(_BYTE_ORDER_MARK):
        raise NotStrictJson("begins with a byte order mark")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise NotStrictJson("is not UTF-8") from None
    _check_depth(body)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"is not JSON (at character {error.pos})") from None
    if _SUSPECT_ESCAPE.search(text):
        _check_strings(value)
    return value


def canonical(value: object) -> bytes:
    """Give the RFC 8785 form of a value that `parse` gave (or that is made of such values)."""
    body = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    # Code points sort like UTF-16 units as long as each of them is one such unit (none beyond the basic plane);
    # integers and strings are written as ECMAScript writes them, but not floats.
    if isinstance(value, float) or _FLOAT_VALUE.search(body) or (not body.isascii() and _ASTRAL.search(body)):
        return rfc8785.dumps(value)  # type: ignore[arg-type] # its recursive type cannot be stated for object
    return body


def _check_depth(body: bytes) -> None:
    """Refuse more than DEPTH_MAX levels before any recursion: strip the innermost brackets level by level."""
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return
    brackets = _STRING.sub(b"", body).translate(_ALL_ROUND, _NOT_BRACKETS)
    before = -1
    for _ in range(DEPTH_MAX):
        if len(brackets) == before:
            break
        before = len(brackets)
        brackets = brackets.replace(b"()", b"")
    if brackets:
        raise NotStrictJson(f"has more than {DEPTH_MAX} levels or unbalanced brackets")


def _check_strings(value: object) -> None:
    for text in _strings(value):
        if "\0" in text:
            raise NotStrictJson("has a NUL character")
        if _SURROGATE.search(text):
            raise NotStrictJson("has a lone surrogate")


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            yield from value
            for item in value.values():
                yield from _strings(item)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJson("has the same key twice in one object")
    return members


def _integer(digits: str) -> int:
    # The length first: converting a million digits takes time that grows with their square.
    if len(digits.lstrip("-")) <= _INTEGER_DIGITS_MAX:
        number = int(digits)
        if abs(number) <= INTEGER_MAX:
            return number
    raise NotStrictJson("has an integer of 2^53 or more")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NotStrictJson("has a number beyond a double's range")
    if abs(number) > INTEGER_MAX:
        raise NotStrictJson("has an integer of 2^53 or more")
    return number


def _constant(_name: str) -> NoReturn:
    raise NotStrictJson("has NaN or Infinity")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)

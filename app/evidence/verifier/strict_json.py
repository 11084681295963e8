"""Reading JSON that must be canonical (RFC 8785), and taking it apart member by member."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

import rfc8785

from app.evidence.canonical import INTEGER_MAX, is_hash, is_time, is_uuid
from app.evidence.verifier.report import Refusal
from app.merkle.encoding import decode_base64
from app.merkle.tree import HASH_BYTES

_INTEGER_DIGITS = len(str(INTEGER_MAX))


def read_canonical(data: bytes) -> Any:
    """The value whose JCS `data` is; Refusal for anything else, duplicate keys and numbers with a fraction included."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError:
        raise Refusal("The file is not UTF-8 text.") from None
    except json.JSONDecodeError:
        raise Refusal("The file is not JSON.") from None
    except RecursionError:
        raise Refusal("The file is nested too deeply.") from None
    if canonical_bytes(value) != data:
        raise Refusal("The file is not in canonical form (RFC 8785), byte for byte.")
    return value


def canonical_bytes(value: Any) -> bytes:
    """The JCS of a value that JSON gave; Refusal when it has none."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        raise Refusal("The file holds text that is not valid Unicode.") from None
    except RecursionError:
        raise Refusal("The file is nested too deeply.") from None


def members(value: Any, names: Iterable[str], where: str) -> dict[str, Any]:
    """`value` as an object with exactly these members."""
    if not isinstance(value, dict):
        raise Refusal(f"{where} is not an object.")
    if value.keys() != set(names):
        raise Refusal(f"{where} does not have exactly the members of its kind.")
    return value


def items(value: Any, where: str) -> list[Any]:
    """`value` as a list."""
    if not isinstance(value, list):
        raise Refusal(f"{where} is not a list.")
    return value


def text(value: Any, where: str) -> str:
    """`value` as a string."""
    if not isinstance(value, str):
        raise Refusal(f"{where} is not a string.")
    return value


def count(value: Any, where: str) -> int:
    """`value` as an integer from 0; true and false are none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refusal(f"{where} is not a whole number from 0.")
    return value


def time(value: Any, where: str) -> str:
    """`value` as a UTC time with three decimals, kept as text."""
    if not is_time(text(value, where)):
        raise Refusal(f"{where} is not a time of the form YYYY-MM-DDTHH:MM:SS.mmmZ.")
    return str(value)


def uuid(value: Any, where: str) -> str:
    """`value` as a UUID in lower case with hyphens, kept as text."""
    if not is_uuid(text(value, where)):
        raise Refusal(f"{where} is not a UUID in lower case.")
    return str(value)


def leaf(value: Any, where: str) -> bytes:
    """`value` as 64 lower-case hex digits."""
    if not is_hash(text(value, where)):
        raise Refusal(f"{where} is not 64 lower-case hex digits.")
    return bytes.fromhex(value)


def base64(value: Any, where: str) -> bytes:
    """`value` as canonical base64."""
    try:
        return decode_base64(text(value, where))
    except ValueError:
        raise Refusal(f"{where} is not canonical base64.") from None


def base64_hash(value: Any, where: str) -> bytes:
    """`value` as base64 of 32 bytes: a hash, a commitment or a salt."""
    data = base64(value, where)
    if len(data) != HASH_BYTES:
        raise Refusal(f"{where} is not 32 bytes long.")
    return data


def base64_path(value: Any, where: str) -> tuple[bytes, ...]:
    """`value` as a list of hashes in base64."""
    return tuple(base64_hash(item, f"An element of {where[0].lower()}{where[1:]}") for item in items(value, where))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refusal("The file has an object with the same key twice.")
    return value


def _integer(token: str) -> int:
    if len(token) > _INTEGER_DIGITS + 1 or abs(int(token)) > INTEGER_MAX:
        raise Refusal("The file has a number that is too large.")
    return int(token)


def _no_number(_token: str) -> NoReturn:
    raise Refusal("The file has a number with a fraction or an exponent.")

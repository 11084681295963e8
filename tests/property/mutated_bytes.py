"""Mutations of a bundle's file: what damage does, and every way to write the same value in other bytes."""

import json
from random import Random
from typing import Any

from tests.property.mutation import jcs, leaves, mutation_of_bytes, objects, other, pair
from tests.property.sealed_bundles import Sealed

_STAND_IN = "~stand-in~"
# A damaged digit of a hash is as well-formed as before: then the digest finds it, and whatever else looks.
_DEEPER = "openings originals inclusion checkpoints signature chain context anchors completeness timestamps"


@mutation_of_bytes(found_by="form documents digest", also=_DEEPER, share=1200)
def a_bit_is_flipped(data: bytes, chance: Random, _: Sealed) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


@mutation_of_bytes(found_by="form documents digest", also=_DEEPER, share=350)
def a_byte_is_another(data: bytes, chance: Random, _: Sealed) -> bytes | None:
    at = chance.randrange(len(data))
    changed = data[:at] + chance.randbytes(1) + data[at + 1 :]
    return None if changed == data else changed


@mutation_of_bytes(found_by="form documents digest", also=_DEEPER, share=150)
def two_bytes_are_swapped(data: bytes, chance: Random, _: Sealed) -> bytes | None:
    swapped = bytearray(data)
    one, two = pair(len(data), chance)
    swapped[one], swapped[two] = swapped[two], swapped[one]
    return None if swapped == data else bytes(swapped)


@mutation_of_bytes(found_by="form documents digest", also=_DEEPER, share=150)
def bytes_are_missing(data: bytes, chance: Random, _: Sealed) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice([1, 1, 2, 3, 50, 1000]) :]


@mutation_of_bytes(found_by="form documents digest", also=_DEEPER, share=150)
def bytes_are_inserted(data: bytes, chance: Random, _: Sealed) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice([b" ", b"0", b"a", b"\\", b'"', b",", b"\0", b"\xff", b"\n"]) + data[at:]


@mutation_of_bytes(found_by="form")
def the_file_ends_early(data: bytes, chance: Random, _: Sealed) -> bytes:
    return data[: chance.randrange(len(data))]


@mutation_of_bytes(found_by="form")
def something_stands_before_or_after(data: bytes, chance: Random, _: Sealed) -> bytes:
    more = chance.choice([b"\n", b" ", b"\r\n", b"\0", b"\xef\xbb\xbf", b"{}", b"null", data, chance.randbytes(3)])
    return more + data if chance.random() < 0.5 else data + more


@mutation_of_bytes(found_by="form")
def members_are_in_another_order(data: bytes, chance: Random, _: Sealed) -> bytes | None:
    raw = json.loads(data)
    target = chance.choice([each for each in objects(raw) if len(each) > 1])
    items = list(target.items())
    chance.shuffle(items)
    target.clear()
    target.update(items)
    written = json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode()
    return None if written == data else written


@mutation_of_bytes(found_by="form")
def a_character_is_escaped_without_need(data: bytes, chance: Random, _: Sealed) -> bytes:
    letters = [at for at, byte in enumerate(data) if byte < 128 and chr(byte).isalnum() and data[at - 1] != ord("\\")]
    at = chance.choice(letters)
    return data[:at] + b"\\u%04x" % data[at] + data[at + 1 :]


@mutation_of_bytes(found_by="form")
def a_member_stands_twice(data: bytes, chance: Random, _: Sealed) -> bytes:
    raw = json.loads(data)
    target = chance.choice([each for each in objects(raw) if each])
    name = chance.choice(sorted(target))
    target[_STAND_IN] = target[name] if chance.random() < 0.5 else "x"
    return jcs(raw).replace(_STAND_IN.encode(), name.encode())


@mutation_of_bytes(found_by="form")
def a_number_is_written_otherwise(data: bytes, chance: Random, _: Sealed) -> bytes:
    raw = json.loads(data)
    numbers = [(holder, key) for holder, key in leaves(raw) if type(holder[key]) is int]
    holder, key = chance.choice(numbers)
    value = holder[key]
    holder[key] = _STAND_IN
    written = chance.choice([f"{value}.0", f"{value}e0", f"0{value}", f"+{value}", f"-0{value}", f"{value}" + "0" * 16])
    return jcs(raw).replace(jcs(_STAND_IN), written.encode())


@mutation_of_bytes(found_by="digest form documents", also=_DEEPER, share=350)
def a_value_is_another_under_the_old_digest(data: bytes, chance: Random, _: Sealed) -> bytes:
    raw: Any = json.loads(data)
    holder, key = chance.choice(list(leaves(raw)))
    holder[key] = other(holder[key], chance)
    return jcs(raw)


@mutation_of_bytes(found_by="digest")
def free_text_is_another_under_the_old_digest(data: bytes, chance: Random, _: Sealed) -> bytes:
    raw = json.loads(data)
    raw[chance.choice(["limits", "witnesses"])] += chance.choice("xyz ") * chance.randrange(1, 50)
    return jcs(raw)

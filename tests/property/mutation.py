"""What a mutation is, and the parts of a bundle that mutations take hold of.

A mutation is a function named by the sentence that it makes true. It edits the bundle in place and returns False when
it does not apply to it; the bundle then gets its canonical form and the digest that fits, so that a deeper check has to
find it. One of bytes gets and returns the whole file, or None.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

from tests.property.sealed_bundles import Sealed

Raw = dict[str, Any]
Edit = Callable[[Raw, Random, Sealed], bool | None]
EditBytes = Callable[[bytes, Random, Sealed], bytes | None]

EVERY_CHECK = (
    "form documents digest openings originals inclusion checkpoints signature chain context anchors completeness"
    " timestamps"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A way to change bundles.

    Of the checks in `found_by` at least one must fail, and no other may than those and the ones in `also`.
    `share` is how many different mutants of this kind are asked for, where there are as many.
    """

    name: str
    mutate: EditBytes
    found_by: frozenset[str]
    also: frozenset[str]
    share: int


MUTATIONS: list[Mutation] = []


def mutation(*, found_by: str, also: str = "", share: int = 100) -> Callable[[Edit], Edit]:
    """Register an edit of the JSON value."""

    def register(edit: Edit) -> Edit:
        _add(edit.__name__, _sealed_anew(edit), found_by, also, share)
        return edit

    return register


def mutation_of_bytes(*, found_by: str, also: str = "", share: int = 100) -> Callable[[EditBytes], EditBytes]:
    """Register an edit of the file's bytes."""

    def register(edit: EditBytes) -> EditBytes:
        _add(edit.__name__, edit, found_by, also, share)
        return edit

    return register


def _add(name: str, mutate: EditBytes, found_by: str, also: str, share: int) -> None:
    assert set(found_by.split()) | set(also.split()) <= set(EVERY_CHECK.split())
    MUTATIONS.append(
        Mutation(
            name=name,
            mutate=mutate,
            found_by=frozenset(found_by.split()),
            also=frozenset(also.split()),
            share=share,
        )
    )


def _sealed_anew(edit: Edit) -> EditBytes:
    def mutate(data: bytes, chance: Random, sealed: Sealed) -> bytes | None:
        raw = json.loads(data)
        return None if edit(raw, chance, sealed) is False else with_digest(raw)

    return mutate


def jcs(value: Any) -> bytes:
    """The canonical form of a value with ASCII keys and no fraction."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def with_digest(raw: Raw) -> bytes:
    """The bundle with the digest that belongs to it."""
    body = {name: value for name, value in raw.items() if name != "digest"}
    return jcs(body | {"digest": sha256(jcs(body)).hexdigest()})


# --- values of the same form ---


def flipped(data: bytes, chance: Random) -> bytes:
    """The same with one bit flipped."""
    place = chance.randrange(len(data) * 8)
    return bytes(byte ^ (1 << place % 8 if at == place // 8 else 0) for at, byte in enumerate(data))


def flipped_base64(text: str, chance: Random) -> str:
    return b64encode(flipped(b64decode(text), chance)).decode()


def other_base64(chance: Random, size: int = 32) -> str:
    return b64encode(chance.randbytes(size)).decode()


def other(value: Any, chance: Random) -> Any:
    """Another value that looks the same: a number, a time, an id, a hash, a text."""
    match value:
        case bool():
            return not value
        case int():
            return max(0, value + chance.choice([-1, 1, 10])) if value else 1
        case str():
            return _other_text(value, chance)
        case _:
            return "x"


def _other_text(text: str, chance: Random) -> str:
    places = [at for at, char in enumerate(text) if char in "0123456789abcdef"]
    if not places:
        return text + chance.choice("xyz")
    if len(text) == 44 and text.endswith("="):
        return flipped_base64(text, chance)
    at = chance.choice(places)
    return text[:at] + chance.choice([char for char in _alike(text[at]) if char != text[at]]) + text[at + 1 :]


def _alike(char: str) -> str:
    # Digits stay digits, so that times, numbers and versions stay what they are.
    return "0123456789" if char.isdigit() else "abcdef"


def another_time(time: str, chance: Random) -> str:
    """Other minutes."""
    return time[:14] + f"{(int(time[14:16]) + chance.randrange(1, 60)) % 60:02d}" + time[16:]


# --- places ---


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Holder and key of each value that holds no others."""
    for key in value if isinstance(value, dict) else range(len(value)):
        if isinstance(value[key], dict | list) and value[key]:
            yield from leaves(value[key])
        else:
            yield value, key


def objects(value: Any) -> Iterator[Raw]:
    """Each object in `value`, itself included."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from objects(inner)


def proven(raw: Raw) -> list[Raw]:
    """The facts, then the context."""
    return [*raw["facts"], *raw["context"]]


def opened(raw: Raw) -> list[tuple[Raw, str]]:
    """Openings and name of each field that is shown beside its fact."""
    return [(fact["openings"], name) for fact in proven(raw) for name in fact["openings"]]


# --- proofs and notes ---


@dataclass(slots=True)
class Proof:
    """A tlog-proof taken apart: header and index line, then the path; and the note."""

    lines: list[str]
    note: str

    @property
    def index(self) -> int:
        return int(self.lines[1].removeprefix("index "))

    @index.setter
    def index(self, value: int) -> None:
        self.lines[1] = f"index {value}"

    def text(self) -> str:
        return "\n".join(self.lines) + "\n\n" + self.note


def proof_of(fact: Raw) -> Proof:
    head, _, note = fact["proof"].partition("\n\n")
    return Proof(head.split("\n"), note)


@dataclass(slots=True)
class Note:
    """A signed note taken apart: its lines of text, and its signatures (name, key id and signature)."""

    lines: list[str]
    signatures: list[tuple[str, bytes]]

    def text(self) -> str:
        signed = "".join(f"— {name} {b64encode(data).decode()}\n" for name, data in self.signatures)
        return "".join(f"{line}\n" for line in self.lines) + "\n" + signed


def note_of(text: str) -> Note:
    head, _, tail = text.rpartition("\n\n")
    signatures = [line.removeprefix("— ").split(" ") for line in tail.splitlines()]
    return Note(head.split("\n"), [(name, b64decode(encoded)) for name, encoded in signatures])


def edit_checkpoint(raw: Raw, chance: Random, edit: Callable[[Note], object]) -> None:
    """Change the checkpoint of one shard in every proof that carries it, as if there had never been another."""
    old = proof_of(chance.choice(proven(raw))).note
    note = note_of(old)
    edit(note)
    replace_checkpoint(raw, old, note.text())


def replace_checkpoint(raw: Raw, old: str, new: str) -> None:
    """Put one note in the place of another in every proof."""
    for fact in proven(raw):
        proof = proof_of(fact)
        if proof.note == old:
            fact["proof"] = Proof(proof.lines, new).text()


def swap(holder: Any, one: Any, two: Any) -> None:
    holder[one], holder[two] = holder[two], holder[one]


def pair(number: int, chance: Random) -> tuple[int, int]:
    """Two different places among that many."""
    one, two = chance.sample(range(number), 2)
    return one, two

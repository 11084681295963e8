"""Proof bundles of every kind of wrong, and some that are right: drawn from a seed, so that each run tries the same."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.evidence.bundle import Timestamp
from app.merkle.cosignature import CosignerKey, cosign
from app.merkle.note import NoteSignature, VKey, parse_note, with_signatures
from app.merkle.plans import consistency_plan
from tests.unit.evidence.builder import (
    NEXT_ORIGIN,
    ORIGIN,
    START,
    Key,
    Log,
    crossing_log,
    delivered_log,
    planned_log,
)

Raw = dict[str, Any]
Place = tuple[Any, ...]

OTHER_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 2**53 - 1, "", "x", "0", "żółć", "\U0001f4ee", "\x00", [], {}, [None], {"a": 1}),
    *("AA==", "AB==", "00" * 32, "AA" * 32, base64.b64encode(bytes(32)).decode(), "notification.planned"),
    *("2026-11-23T10:42:03.120Z", "2026-02-29T10:42:03.120Z", "0000-01-01T00:00:00.000Z", "2026-11-23T24:00:00.000Z"),
)
TEXT_TRICKS: tuple[tuple[bytes, bytes], ...] = (
    (b'"pending":0', b'"pending":0.0'),
    (b'"pending":0', b'"pending":0e0'),
    (b'"pending":0', b'"pending":-0'),
    (b'"pending":0', b'"pending":00'),
    (b'"pending":0', b'"pending":NaN'),
    (b'"pending":0', b'"pending":-Infinity'),
    (b'"pending":0', b'"pending":9007199254740992'),
    (b'"pending":0', b'"pending":0,"pending":0'),
    (b'"pending":0', b'"pending":0,'),
    (b'"pending":0', b'"pending": 0'),
    (b'"format":"awizo', b'"format":"\\u0061wizo'),
    (b'"limits":"', b'"limits":"\\ud800'),
    (b'"limits":"', b'"limits":"\\ud83d\\udcee'),
    (b'"limits":"', b'"limits":"\\x'),
    (b'"limits":"', b'"limits":"\n'),
    (b'"limits":"', b'"limits":"\xed\xa0\x80'),
    (b'"limits":"', b'"limits":"\xef\xbb\xbf'),
    (b'{"anchors"', b'{"__proto__":{},"anchors"'),
    (b'{"anchors"', b'\xef\xbb\xbf{"anchors"'),
    (b'{"anchors"', b"[" * 2000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A bundle's bytes, and what a verifier brings: the texts of a vkey file and of a policy, empty for none."""

    data: bytes
    vkeys: str
    policy: str = ""


def mutants(seed: int, number: int) -> Iterator[Mutant]:
    """`number` bundles with keys: originals under every choice of keys, lies that are signed, then random damage."""
    random = Random(seed)
    sources = [*honest(), *lying()]
    made = 0
    for log, bundle in sources:
        for vkeys in key_choices(log):
            yield Mutant(data=bundle, vkeys=vkeys)
            made += 1
    for log, bundle in (*cosigned(), sources[0]):
        for policy in policies(log):
            yield Mutant(data=bundle, vkeys="", policy=policy)
            made += 1
    for old, new in TEXT_TRICKS:
        yield Mutant(data=sources[0][1].replace(old, new, 1), vkeys="")
        made += 1
    while made < number:
        log, bundle = random.choice(sources)
        policy = random.choice(("", "", random.choice(policies(log))))
        yield Mutant(data=damaged(bundle, random), vkeys=random.choice(key_choices(log)), policy=policy)
        made += 1


def honest() -> list[tuple[Log, bytes]]:
    """Bundles as a log that is well hands them out."""
    delivered, crossing = delivered_log(), crossing_log()
    return [
        (delivered, delivered.bundle()),
        (crossing, crossing.bundle()),
        (delivered, delivered.bundle(statement=False)),
        (delivered, delivered.bundle(pending=2)),
        (delivered, delivered.bundle(timestamps=[stamp(delivered, size) for size in delivered.shards[ORIGIN].notes])),
        (delivered, delivered.bundle(timestamps=[replace(stamp(delivered, 4), consistency=())])),
        *cosigned(),
    ]


def stamp(log: Log, size: int) -> Timestamp:
    """A time stamp on the checkpoint of that size; nobody looks into its token."""
    shard = log.shards[ORIGIN]
    text = shard.notes[size].decode().partition("\n\n")[0] + "\n"
    return Timestamp(text=text, token=b"token", consistency=shard.proof(consistency_plan(size, max(shard.notes))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A witness with its key pair."""

    key: CosignerKey
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str) -> "Witness":
        private = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
        return cls(key=CosignerKey(name=name, public_key=private.public_key().public_bytes_raw()), private=private)

    def cosign(self, note: bytes, at: int) -> NoteSignature:
        return cosign(parse_note(note).text, key=self.key, sign=self.private.sign, at=at)


WITNESSES = tuple(Witness.of(f"witness.example/w{number}") for number in range(3))


def cosigned() -> list[tuple[Log, bytes]]:
    """Newest checkpoints with signatures by others: a stranger's, two good ones (one twice), and one that is bad."""
    first, second, _ = WITNESSES
    bundles = []
    for kind in ("stranger", "good", "far", "bad"):
        log = delivered_log()
        notes = log.shards[ORIGIN].notes
        newest = max(notes)
        lines = {
            "stranger": [NoteSignature("witness.example/w0", b"wit1", bytes(72))],
            "good": [
                first.cosign(notes[newest], 1_795_430_000),
                second.cosign(notes[newest], 1_795_430_001),
                first.cosign(notes[newest], 1_795_429_999),
            ],
            "far": [first.cosign(notes[newest], 2**62)],
            "bad": [first.cosign(notes[4], 1_795_430_000)],
        }[kind]
        notes[newest] = with_signatures(notes[newest], lines)
        bundles.append((log, log.bundle()))
    return bundles


def policies(log: Log) -> list[str]:
    """One for each way to ask: no witness, one, any, two, all; with the log's own keys and without."""
    logs = "".join(f"log {vkey} https://log.example/\n" for vkey in log.vkeys()[:3])
    named = "# ours\n" + "".join(f"witness w{at}\t{each.key}\n" for at, each in enumerate(WITNESSES))
    asked = ("quorum none", "quorum w0", "quorum w2", "group g any w0 w2\nquorum g", "group g 2 w0 w1 w2\nquorum g")
    nested = "group a all w0 w1\ngroup żółć any a w2\n\n  quorum żółć \n"
    return [
        *(f"{logs}{named}{quorum}\n" for quorum in asked),
        f"{logs}{named}{nested}",
        f"{named}quorum w1",
        f"{logs}quorum none\n",
    ]


def lying() -> list[tuple[Log, bytes]]:
    """Bundles in which everything is sealed and signed, by a log that seals what it must not."""
    changes: tuple[Callable[[Raw], object], ...] = (
        lambda raw: raw.update(n=7),
        lambda raw: raw.update(prev="00" * 32),
        lambda raw: raw.update(notification="0198c0de-0000-7000-8000-00000000dead"),
        lambda raw: raw.update(id="0198c0de-0000-7000-8000-000000000002"),
        lambda raw: raw["anchor"].update(size=4),
        lambda raw: raw["anchor"].update(size=14),
        lambda raw: raw["anchor"].update(root=base64.b64encode(bytes(32)).decode()),
        lambda raw: raw["anchor"].update(origin=NEXT_ORIGIN, size=2),
        lambda raw: raw.update(anchor=None),
        lambda raw: raw["data"].update(substitutes_paper=True),
        lambda raw: raw.update(type="notification.planned"),
        lambda raw: raw.update(etsi="http://uri.etsi.org/19522/Event/ContentHandover"),
    )
    return [lie(change) for change in changes] + [afterwards(kind) for kind in ("attempt.started", "receipt.late")]


def lie(change: Callable[[Raw], object]) -> tuple[Log, bytes]:
    """A chain whose last document was changed before it was sealed."""
    log = planned_log()
    log.publish()
    log.write("notification.closed", {"status": "sent"}, chained=True, change=change)
    log.publish()
    return log, log.bundle()


def afterwards(kind: str) -> tuple[Log, bytes]:
    """A chain that goes on after its end, and rests on an event of another kind."""
    log = delivered_log()
    data: dict[str, object] = {"attempt": 2, "provider": "twilio"}
    if kind == "receipt.late":
        data |= {"via": "dsn", "signature": "dkim", "claimed_at": START}
    log.write(kind, data, chained=True)
    log.publish()
    return log, log.bundle()


def key_choices(log: Log) -> list[str]:
    """None; all; the logs' own without those of the statements, and the reverse; one shard's; somebody else's."""
    own: list[VKey] = log.vkeys()
    forged = [Key.of(vkey.name, "forged").vkey for vkey in own]
    choices = [[], own, own[::2], own[1::2], own[:2], own[2:], forged, [*own, *forged]]
    return ["\n".join(map(str, choice)) for choice in choices]


def damaged(bundle: bytes, random: Random) -> bytes:
    """The bundle after one to three changes; mostly in canonical form again, with the digest that belongs to it."""
    if random.random() < 0.15:
        return scratched(bundle, random)
    raw: Raw = json.loads(bundle)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        random.choice(CHANGES)(raw, random)
    if random.random() < 0.85:
        raw.pop("digest", None)
        raw["digest"] = sha256(rfc8785.dumps(raw)).hexdigest()
    data = rfc8785.dumps(raw)
    return scratched(data, random) if random.random() < 0.05 else data


def scratched(data: bytes, random: Random) -> bytes:
    """Other bytes: one flipped, some cut out, put in or doubled."""
    start = random.randrange(len(data))
    end = min(len(data), start + random.choice((1, 1, 4, 64)))
    flipped = bytes([data[start] ^ random.randrange(1, 256)])
    patch = random.choice((flipped, b"", data[start:end] * 2, random.randbytes(2), b" ", b"0", b'"'))
    return data[:start] + patch + data[start + 1 if patch == flipped else end :]


def change_value(raw: Raw, random: Random) -> None:
    """Some text or number becomes another of its kind."""
    holder, step = random_place(raw, random)
    value = holder[step]
    if isinstance(value, str) and value:
        at = random.randrange(len(value))
        char = random.choice("0123456789abcdefABCDEF+/=— .\nZ-é\U0001f4ee")
        holder[step] = value[:at] + random.choice((char, "", char + value[at])) + value[at + 1 :]
    elif isinstance(value, int):
        holder[step] = random.choice((value + 1, value - 1, 2**53 - 1, not value))
    else:
        put_something(raw, random)


def put_something(raw: Raw, random: Random) -> None:
    """Some value gives way to one of any kind."""
    holder, step = random_place(raw, random)
    holder[step] = json.loads(json.dumps(random.choice(OTHER_VALUES)))


def transplant(raw: Raw, random: Random) -> None:
    """Some value takes the place of one that has the same name elsewhere: another salt, proof, path, document."""
    holder, step = random_place(raw, random)
    alike = [place for place in places(raw) if place[-1] == step] or [place_of(raw, random)]
    source: Any = raw
    for part in random.choice(alike):
        source = source[part]
    holder[step] = json.loads(json.dumps(source))


def drop(raw: Raw, random: Random) -> None:
    holder, step = random_place(raw, random)
    del holder[step]


def add_member(raw: Raw, random: Random) -> None:
    holder, _ = random_place(raw, random)
    if isinstance(holder, dict):
        holder[random.choice(("a", "value", "etsi", "contact", "content", "\ufb33", "\U0001f4ee"))] = "x"
    else:
        holder.append("x")


def shuffle_list(raw: Raw, random: Random) -> None:
    """Some list is shortened, doubled or put in another order."""
    lists = [value for place in places(raw) if isinstance(value := reach(raw, place), list) and value]
    chosen: list[Any] = random.choice(lists)
    match random.randrange(4):
        case 0:
            chosen.pop(random.randrange(len(chosen)))
        case 1:
            chosen.insert(random.randrange(len(chosen)), json.loads(json.dumps(random.choice(chosen))))
        case 2:
            chosen.reverse()
        case _:
            random.shuffle(chosen)


def change_lines(raw: Raw, random: Random) -> None:
    """Some note, statement or proof loses, doubles, swaps or changes a line."""
    texts = [place for place in places(raw) if isinstance(text := reach(raw, place), str) and text.count("\n") > 2]
    if not texts:
        return
    place = random.choice(texts)
    holder, lines = reach(raw, place[:-1]), reach(raw, place).split("\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            del lines[one]
        case 1:
            lines.insert(one, lines[other])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case 3:
            lines.insert(
                one, random.choice(("", "\r", "index 0", "extra", "— x AAAAAAA=", "9223372036854775807", "07"))
            )
        case _:
            lines[one] = noncanonical(lines[one], random)
    holder[place[-1]] = "\n".join(lines)


def noncanonical(line: str, random: Random) -> str:
    """Base64 with a bit set that stands for nothing, or another decimal."""
    if line.isdecimal():
        return random.choice((f"0{line}", f"+{line}", str(int(line) + 1), str(int(line) * 2), str(2**63), "٣"))
    bare = line.rstrip("=")
    padding = line[len(bare) :]
    return bare[:-1] + random.choice("BCDEfghi") + padding if bare else random.choice(("=", "A", " "))


CHANGES = (
    change_value,
    change_value,
    change_value,
    put_something,
    transplant,
    transplant,
    drop,
    add_member,
    shuffle_list,
    shuffle_list,
    change_lines,
    change_lines,
)


def random_place(raw: Raw, random: Random) -> tuple[Any, Any]:
    """What holds some value, and the key or index under which."""
    place = place_of(raw, random)
    return reach(raw, place[:-1]), place[-1]


def place_of(raw: Raw, random: Random) -> Place:
    return random.choice(places(raw))


def places(value: Any, path: Place = ()) -> list[Place]:
    """The paths of all values within, holders and held."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for step, held in inner for place in ((*path, step), *places(held, (*path, step)))]


def reach(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value

"""Trust policies and cosignatures for the second verifier, by c2sp.org/tlog-policy and c2sp.org/tlog-cosignature.

Nothing here is shared with the application.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.second_formats import Json, Key, Refused, base64, hold, read_note, read_vkey, sha256

_TEXT_OCTETS = frozenset([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])


@dataclass(slots=True)
class Rules:
    """A policy. A witness is a key, a group is how many of which names; both are known by octets."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[bytes, Key] = field(default_factory=dict)
    groups: dict[bytes, tuple[int, list[bytes]]] = field(default_factory=dict)
    quorum: bytes = b""

    def knows(self, name: bytes) -> bool:
        return name in self.witnesses or name in self.groups


def read_policy(raw: bytes) -> Rules:
    rules = Rules()
    for number, line in enumerate(raw.split(b"\n"), 1):
        where = f"line {number}"
        hold(_TEXT_OCTETS.issuperset(line), "policy", f"{where} holds a control character")
        fields = [part for part in line.replace(b"\t", b" ").split(b" ") if part]
        if fields and not fields[0].startswith(b"#"):
            _read_line(rules, fields, where)
    hold(rules.quorum, "policy", "there is no quorum")
    return rules


def _read_line(rules: Rules, fields: list[bytes], where: str) -> None:
    match fields:
        case [b"log", vkey] | [b"log", vkey, _]:
            key = read_vkey(_text(vkey, where), where)
            hold(key.point not in {log.point for log in rules.logs}, "policy", f"{where} repeats a log")
            rules.logs.append(key)
        case [b"witness", name, vkey] | [b"witness", name, vkey, _]:
            key = _read_witness_key(_text(vkey, where), where)
            known = {witness.point for witness in rules.witnesses.values()}
            hold(key.point not in known, "policy", f"{where} repeats a witness")
            _require_new(rules, name, where)
            rules.witnesses[name] = key
        case [b"group", name, count, *members] if members:
            _require_new(rules, name, where)
            elsewhere = [member for _, others in rules.groups.values() for member in others]
            for member in members:
                hold(rules.knows(member), "policy", f"{where} names an unknown member")
                hold([*elsewhere, *members].count(member) == 1, "policy", f"{where} names a member again")
            rules.groups[name] = (_count(count, len(members), where), members)
        case [b"quorum", name]:
            hold(not rules.quorum, "policy", f"{where} is a second quorum")
            hold(name == b"none" or rules.knows(name), "policy", f"{where} names nothing known")
            rules.quorum = name
        case _:
            raise Refused(f"policy: {where} is none that a policy has")


def _text(octets: bytes, where: str) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise Refused(f"policy: {where} has a key that is not UTF-8") from None


def _require_new(rules: Rules, name: bytes, where: str) -> None:
    hold(name != b"none" and not rules.knows(name), "policy", f"{where} gives a name that is taken")


def _count(word: bytes, members: int, where: str) -> int:
    count = {b"any": 1, b"all": members}.get(word) or (int(word) if word.isdigit() and len(word) < 10 else 0)
    plain = word in {b"any", b"all"} or b"%d" % count == word
    hold(plain and 1 <= count <= members, "policy", f"{where} has a bad count")
    return count


def _read_witness_key(vkey: str, where: str) -> Key:
    """A key like that of a note, but of type 04."""
    name, plus, rest = vkey.partition("+")
    identity, second_plus, encoded = rest.partition("+")
    hold(name and plus and second_plus and not any(part.isspace() for part in name), "policy", f"{where} has no key")
    raw = base64(encoded, "policy", where, 33)
    key_id = sha256(name.encode(), b"\n\x04", raw[1:])[:4]
    hold(raw[0] == 4 and identity == key_id.hex(), "policy", f"{where} has no cosigner's key")
    return Key(name=name, id=key_id, point=raw[1:])


def is_enough(rules: Rules, names: Iterable[bytes]) -> bool:
    """Whether the quorum is among, or made up by, the witnesses of these names."""
    given = set(names) & set(rules.witnesses)

    def witnessed(name: bytes) -> bool:
        if name in rules.witnesses:
            return name in given
        count, members = rules.groups[name]
        return len([member for member in members if witnessed(member)]) >= count

    return rules.quorum == b"none" or witnessed(rules.quorum)


def cosigners(note: Json, rules: Rules, where: str) -> dict[bytes, int]:
    """The first time, in POSIX seconds, of each witness that cosigned; a bad line by one of them is refused."""
    text, signatures = read_note(note, "witness", where)
    times: dict[bytes, list[int]] = {}
    for label, key in rules.witnesses.items():
        for name, key_id, raw in signatures:
            if (name, key_id) == (key.name, key.id):
                times.setdefault(label, []).append(_cosigned_at(text, key, raw, where))
    return {label: min(found) for label, found in times.items()}


def _cosigned_at(text: str, key: Key, raw: bytes, where: str) -> int:
    hold(len(raw) == 8 + 64 and raw[0] < 0x80, "witness", f"{where} has a cosignature of another form")
    seconds = int(raw[:8].hex(), 16)
    said = "\n".join(["cosignature/v1", f"time {seconds}", text])
    try:
        Ed25519PublicKey.from_public_bytes(key.point).verify(raw[8:], said.encode())
    except (InvalidSignature, ValueError):
        raise Refused(f"witness: {where} has a bad cosignature") from None
    return seconds


def judge(proving: Sequence[tuple[str, str]], others: Sequence[str], rules: Rules) -> list[str]:
    """What the policy makes of checkpoints (origin, note) that prove facts; `others` must only hold no bad line."""
    for number, note in enumerate(others):
        cosigners(note, rules, f"anchors[{number}]")
    found = []
    for origin, note in proving:
        times = cosigners(note, rules, f"the checkpoint of {origin}")
        hold(is_enough(rules, times), "witness", f"the checkpoint of {origin} lacks its quorum")
        found += [f"{origin} was cosigned by {_shown(label)} at {_when(at)}" for label, at in sorted(times.items())]
    return found or ["no witness of the policy cosigned, and it asks for none"]


def _shown(label: bytes) -> str:
    return label.decode(errors="backslashreplace")


def _when(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return f"second {seconds}"

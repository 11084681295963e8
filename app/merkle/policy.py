"""Trust policies (c2sp.org/tlog-policy): which logs and witnesses somebody knows, and which cosignatures are enough."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from app.merkle.cosignature import CosignerKey, parse_cosigner_key
from app.merkle.note import NoteError, NoteSignature, VKey, parse_vkey

NO_QUORUM = "none"

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,8}")


class PolicyError(ValueError):
    """A file is no policy; the message names the line and says why in one clause, and repeats nothing of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLog:
    """A log by its key, whose name is the log's origin; what can be found at `url` is the application's affair."""

    vkey: VKey
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """A witness: the name that it has in this policy only, its key, and the prefix where it takes submissions."""

    name: str
    key: CosignerKey
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyGroup:
    """Has witnessed what at least `threshold` of its members, witnesses or groups before it, have witnessed."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A whole policy. Names that are not UTF-8 hold lone surrogates for the octets (`surrogateescape`).

    `quorum` is the name of a witness or group, or `none`.
    """

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str

    @property
    def asks_for_witnesses(self) -> bool:
        """Whether a checkpoint without any cosignature is too little."""
        return self.quorum != NO_QUORUM

    @property
    def vkeys(self) -> tuple[VKey, ...]:
        """The keys of the logs."""
        return tuple(log.vkey for log in self.logs)

    def satisfied_by(self, names: Iterable[str]) -> bool:
        """Whether cosignatures by the witnesses of these names make up the quorum; other names count for nothing."""
        given = set(names)
        witnessed = {witness.name for witness in self.witnesses if witness.name in given}
        for group in self.groups:  # its members stand before it
            if sum(member in witnessed for member in group.members) >= group.threshold:
                witnessed.add(group.name)
        return not self.asks_for_witnesses or self.quorum in witnessed

    def cosigners(self, text: str, signatures: Iterable[NoteSignature]) -> dict[str, int]:
        """Which witnesses cosigned the note of this `text`, by name, with the time in POSIX seconds, the earliest.

        Lines by others are passed over; NoteError when one that names a witness's key does not hold.
        """
        found: dict[str, int] = {}
        for line in signatures:
            for witness in self.witnesses:
                if not witness.key.made(line):
                    continue
                at = witness.key.verifies(text, line)
                if at is None:
                    raise NoteError("a cosignature by a known witness does not hold")
                found[witness.name] = min(at, found.get(witness.name, at))
        return found


def parse_policy(data: bytes) -> Policy:
    """The policy that a file's bytes state; PolicyError for anything else.

    The last line may lack its newline. Keys of other kinds than awizo checks (01 for logs, 04 for witnesses) are
    errors, for a policy that is only half understood would not be the one that its author wrote.
    """
    draft = _Draft()
    for number, line in enumerate(data.split(b"\n"), start=1):
        if _FORBIDDEN.search(line):
            raise PolicyError(f"line {number}: it holds a control character")
        fields = _BLANKS.split(line.decode("utf-8", "surrogateescape").strip(" \t"))
        if fields == [""] or fields[0].startswith("#"):
            continue
        try:
            _read_line(draft, fields)
        except (NoteError, _LineError) as error:
            raise PolicyError(f"line {number}: {error}") from None
    if draft.quorum is None:
        raise PolicyError("the policy has no quorum line")
    return Policy(
        logs=tuple(draft.logs), witnesses=tuple(draft.witnesses), groups=tuple(draft.groups), quorum=draft.quorum
    )


class _LineError(ValueError):
    """What is wrong with a line, in one clause."""


@dataclass(slots=True, kw_only=True)
class _Draft:
    """What the lines so far have defined; `names` are those of witnesses and groups, `members` those in a group."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: list[PolicyWitness] = field(default_factory=list)
    groups: list[PolicyGroup] = field(default_factory=list)
    quorum: str | None = None
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)

    def define(self, name: str) -> None:
        if name == NO_QUORUM or name in self.names:
            raise _LineError("the name is taken")
        self.names.add(name)


def _read_line(draft: _Draft, fields: list[str]) -> None:
    keyword, *arguments = fields
    readers: dict[str, Callable[[_Draft, list[str]], None]] = {
        "log": _read_log,
        "witness": _read_witness,
        "group": _read_group,
        "quorum": _read_quorum,
    }
    if keyword not in readers:
        raise _LineError("it begins with none of log, witness, group and quorum")
    readers[keyword](draft, arguments)


def _read_log(draft: _Draft, arguments: list[str]) -> None:
    if len(arguments) not in {1, 2}:
        raise _LineError("a log has a key and perhaps an address")
    vkey = parse_vkey(arguments[0])
    _refuse_duplicate(vkey, (log.vkey for log in draft.logs))
    draft.logs.append(PolicyLog(vkey=vkey, url=_last(arguments[1:])))


def _read_witness(draft: _Draft, arguments: list[str]) -> None:
    if len(arguments) not in {2, 3}:
        raise _LineError("a witness has a name, a key and perhaps an address")
    key = parse_cosigner_key(arguments[1])
    _refuse_duplicate(key, (witness.key for witness in draft.witnesses))
    draft.define(arguments[0])
    draft.witnesses.append(PolicyWitness(name=arguments[0], key=key, url=_last(arguments[2:])))


def _read_group(draft: _Draft, arguments: list[str]) -> None:
    if len(arguments) < 3:
        raise _LineError("a group has a name, any, all or a number, and at least one member")
    name, threshold, *members = arguments
    for member in members:
        if member not in draft.names:
            raise _LineError("a member of the group is not defined before it")
        if member in draft.members:
            raise _LineError("a member of the group is a member already")
        draft.members.add(member)
    draft.define(name)
    count = _threshold(threshold, len(members))
    draft.groups.append(PolicyGroup(name=name, threshold=count, members=tuple(members)))


def _read_quorum(draft: _Draft, arguments: list[str]) -> None:
    if len(arguments) != 1:
        raise _LineError("a quorum has one name")
    if draft.quorum is not None:
        raise _LineError("there is a quorum line already")
    if arguments[0] != NO_QUORUM and arguments[0] not in draft.names:
        raise _LineError("the quorum is not defined before it")
    draft.quorum = arguments[0]


def _threshold(text: str, members: int) -> int:
    if text in {"any", "all"}:
        return 1 if text == "any" else members
    if _THRESHOLD.fullmatch(text) is None or int(text) > members:
        raise _LineError("the threshold is not any, all or a number from 1 to that of the members")
    return int(text)


class _HasPublicKey(Protocol):
    @property
    def public_key(self) -> bytes: ...


def _refuse_duplicate(key: _HasPublicKey, known: Iterable[_HasPublicKey]) -> None:
    if any(key.public_key == other.public_key for other in known):
        raise _LineError("another line has the same public key")


def _last(rest: list[str]) -> str | None:
    return rest[0] if rest else None

"""The witness itself: reads a request, judges it against what it holds, remembers, and only then answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.domain.shard import is_shard_name, shard_of
from app.merkle.checkpoint import Checkpoint, CheckpointError
from app.merkle.cosignature import CosignerKey, cosign
from app.merkle.note import Note, NoteError, NoteSignature, VKey, parse_note, signature_line, verify_note
from app.merkle.policy import Policy
from app.merkle.witness_request import AddCheckpoint, WitnessRequestError, parse_add_checkpoint
from app.witness.judgement import Conflict, Consistent, Inconsistent, Offence, judge, read_head
from app.witness.state import Latest, SeenOffence, WitnessState

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that is answered with an error `status`; `reason` repeats nothing of it."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherSize:
    """The checkpoint that is held has another size than the request said: this one."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignedLine:
    """The checkpoint is cosigned and remembered; `line` is the signature line with its newline."""

    line: bytes


Answer = CosignedLine | OtherSize | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class _Submission:
    """A request whose checkpoint a known key of its log signed; `signed` is the note with those signatures alone."""

    request: AddCheckpoint
    note: Note
    head: Checkpoint
    signed: bytes


class Cosigner:
    """Cosigns for the logs that it watches, given as keys by origin. Not for use by two threads at once.

    `sign` gives the Ed25519 signature of `key`, `clock` the time.
    """

    def __init__(
        self,
        state: WitnessState,
        *,
        key: CosignerKey,
        sign: Callable[[bytes], bytes],
        watched: Mapping[str, tuple[VKey, ...]],
        clock: Callable[[], datetime],
    ) -> None:
        self.key = key
        self.watched = watched
        self._state = state
        self._sign = sign
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer to an add-checkpoint request; what it says is on disk. Raises sqlite3.Error when that failed."""
        submission = self._read(body)
        if isinstance(submission, Refused):
            return submission
        with self._state.transaction():
            return self._decide(submission)

    def latest(self, origin_hash: str) -> bytes | None:
        """The note that was cosigned last for the log whose origin has this SHA-256, with its signatures and ours."""
        return self._state.note_of(origin_hash)

    def close(self) -> None:
        """Close the state."""
        self._state.close()

    def _read(self, body: bytes) -> _Submission | Refused:
        try:
            request = parse_add_checkpoint(body)
            note = parse_note(request.note)
        except (WitnessRequestError, NoteError) as error:
            return Refused(status=400, reason=f"Not a request to add a checkpoint: {error}")
        keys = keys_of(self.watched, note.text.partition("\n")[0])
        if not keys:
            return Refused(status=404, reason="No such log is watched here")
        try:
            verify_note(request.note, keys)
        except NoteError as error:
            return Refused(status=403, reason=f"Not signed by a known key of the log: {error}")
        try:
            head = read_head(note.text)
        except CheckpointError as error:
            return Refused(status=400, reason=f"Not a checkpoint: {error}")
        if request.old_size > head.size:
            return Refused(status=400, reason="The old size is larger than the checkpoint's")
        known = {(key.name, key.id) for key in keys}
        lines = [line for line in note.signatures if (line.name, line.key_id) in known]
        return _Submission(request=request, note=note, head=head, signed=_note(note.text, lines))

    def _decide(self, submission: _Submission) -> Answer:
        held = self._state.latest(submission.head.origin)
        judgement = judge(submission.request, submission.head, held.checkpoint if held is not None else None)
        match judgement:
            case Consistent():
                return self._cosign(submission)
            case Conflict(size=size, offence=offence):
                if offence is not None:
                    self._keep(submission, held, offence)
                return OtherSize(size=size)
            case Inconsistent(offence=offence):
                self._keep(submission, held, offence)
                return Refused(status=422, reason="The checkpoint is not shown to continue the one that is held")

    def _cosign(self, submission: _Submission) -> CosignedLine:
        cosigned = cosign(submission.note.text, key=self.key, sign=self._sign, at=self._now())
        line = signature_line(cosigned)
        self._state.hold(Latest(checkpoint=submission.head, note=submission.signed + line))
        return CosignedLine(line=line)

    def _keep(self, submission: _Submission, held: Latest | None, offence: Offence) -> None:
        head = submission.head
        _log.error("log_contradicts_what_is_held", log=head.origin, kind=offence.value, size=head.size)
        self._state.keep(
            SeenOffence(
                origin=head.origin,
                kind=offence,
                seen_at=self._now(),
                note=submission.signed,
                held=None if held is None else held.note,
            )
        )

    def _now(self) -> int:
        return int(self._clock().timestamp())


def watched_logs(policies: Iterable[Policy]) -> dict[str, tuple[VKey, ...]]:
    """The keys of the policies' logs by origin, which is the key's name; one log may have several keys."""
    watched: dict[str, tuple[VKey, ...]] = {}
    for policy in policies:
        for vkey in policy.vkeys:
            known = watched.get(vkey.name, ())
            watched[vkey.name] = known if vkey in known else (*known, vkey)
    return watched


def keys_of(watched: Mapping[str, tuple[VKey, ...]], origin: str) -> tuple[VKey, ...]:
    """The keys that `origin` must be signed by; none when nobody asked to watch it.

    The half-years of one awizo log are logs of their own to a witness, under keys that differ in their names only. Who
    watches one of them watches those that come after it, so that a new year needs no new policy.
    """
    if origin in watched:
        return watched[origin]
    keys = [key for known, known_keys in watched.items() if _comes_after(origin, known) for key in known_keys]
    return tuple({VKey(name=origin, public_key=key.public_key): None for key in keys})


def _comes_after(origin: str, known: str) -> bool:
    base, shard = origin.rpartition("/")[0], shard_of(origin)
    if not is_shard_name(shard) or not is_shard_name(shard_of(known)):
        return False
    return known.rpartition("/")[0] == base and shard > shard_of(known)


def _note(text: str, lines: Iterable[NoteSignature]) -> bytes:
    return f"{text}\n".encode() + b"".join(signature_line(line) for line in dict.fromkeys(lines))

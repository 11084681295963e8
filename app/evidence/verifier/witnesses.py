"""Judging cosignatures (c2sp.org/tlog-cosignature) by the policy that the verifier brings (c2sp.org/tlog-policy)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from app.evidence.verifier.model import Evidence
from app.evidence.verifier.report import Check, Outcome, Refusal
from app.merkle.note import NoteError, parse_note
from app.merkle.policy import Policy

_LAST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


def check_witnesses(bundle: Evidence, policy: Policy | None) -> Check:
    """Whether the witnesses of `policy`, if any is brought, cosigned each checkpoint that proves facts as it asks.

    A bad cosignature by one of them is refused wherever it stands, on anchors too; who cosigned these is not asked,
    for the checkpoints that prove facts vouch for them.
    """
    if policy is None:
        return _not_judged(bundle)
    for anchor in bundle.anchors:
        _cosigners(anchor.note, policy, anchor.where)
    found = []
    for note, where in _proving_notes(bundle):
        times = _cosigners(note, policy, f"The checkpoint of {where}")
        if not policy.satisfied_by(times):
            by = f"only by {_listed(times)}" if times else "by none of its witnesses"
            raise Refusal(f"The checkpoint of {where} is not cosigned as your policy asks, but {by}.")
        found.append(f"{where} by {_listed(times) if times else 'nobody'}")
    if not policy.asks_for_witnesses:
        sentence = f"Your policy asks for no witness. Those that it names cosigned {'; '.join(found)}."
        return Check(name="witnesses", outcome=Outcome.NOT_VOUCHED, sentence=sentence)
    sentence = f"Witnesses cosigned as your policy asks: {'; '.join(found)}."
    return Check(name="witnesses", outcome=Outcome.HOLDS, sentence=sentence)


def _not_judged(bundle: Evidence) -> Check:
    """How many signatures by others than the log its checkpoints carry; whose they are is anybody's guess."""
    own = {(vkey.name, vkey.id) for vkey in bundle.vkeys}
    signatures = [line for note, _ in _proving_notes(bundle) for line in parse_note(note).signatures]
    others = len([line for line in signatures if (line.name, line.key_id) not in own])
    sentence = (
        f"The checkpoints carry signatures by others, as witnesses give them ({others}); they were not checked."
        if others
        else "No witness signed the checkpoints beside the log."
    )
    return Check(name="witnesses", outcome=Outcome.NOT_VOUCHED, sentence=sentence)


def _proving_notes(bundle: Evidence) -> Iterator[tuple[bytes, str]]:
    """Each distinct checkpoint that proves facts, and its shard."""
    yield from ((proving.note, proving.checkpoint.origin) for proving in bundle.proving_notes())


def _cosigners(data: bytes, policy: Policy, where: str) -> dict[str, int]:
    note = parse_note(data)
    try:
        return policy.cosigners(note.text, note.signatures)
    except NoteError as error:
        raise Refusal(f"{where} is not well signed: {error}.") from None


def _listed(times: Mapping[str, int]) -> str:
    """The names in this policy, each with its time in UTC; octets that are not UTF-8 are written as escapes."""
    names = {
        name: name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for name in sorted(times)
    }
    return ", ".join(f"{shown} ({_time(times[name])})" for name, shown in names.items())


def _time(seconds: int) -> str:
    if seconds > _LAST_SECOND:
        return f"{seconds} s after 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

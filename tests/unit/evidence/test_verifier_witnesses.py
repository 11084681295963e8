"""Cosignatures in bundles, judged by policies of the verifier's own; both verifiers have to agree."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.evidence.verifier import Check, Outcome, Report, Verdict, parse_policy, verify_bundle
from app.merkle.cosignature import CosignerKey, cosign
from app.merkle.note import NoteSignature, parse_note, signature_line, with_signatures
from app.merkle.policy import PolicyError
from tests.second_formats import Refused
from tests.second_policy import is_enough, read_policy
from tests.second_verifier import verify
from tests.unit.evidence.builder import NEXT_ORIGIN, ORIGIN, Log, crossing_log, delivered_log
from tests.unit.merkle.test_policy import EXAMPLE

AT = 1795430525  # 2026-11-23T10:42:05Z


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness called `label` in policies."""

    label: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def key(self) -> CosignerKey:
        return CosignerKey(
            name=f"witness.example/{self.label}", public_key=self.private.public_key().public_bytes_raw()
        )

    @property
    def line(self) -> str:
        return f"witness {self.label} {self.key}\n"

    def cosign(self, note: bytes, at: int = AT) -> NoteSignature:
        return cosign(parse_note(note).text, key=self.key, sign=self.private.sign, at=at)


W1, W2, W3 = (Witness(f"w{n}", Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2, 3))
WITNESSES = W1.line + W2.line + W3.line
TWO_OF_THREE = WITNESSES + "group g 2 w1 w2 w3\nquorum g\n"


def cosigned(log: Log, *lines: NoteSignature, by: tuple[Witness, ...] = (), origin: str = ORIGIN) -> Log:
    """The log with these signatures on the shard's newest checkpoint."""
    notes = log.shards[origin].notes
    newest = max(notes)
    notes[newest] = with_signatures(notes[newest], [*(each.cosign(notes[newest]) for each in by), *lines])
    return log


def newest(log: Log, origin: str = ORIGIN) -> bytes:
    return log.shards[origin].notes[max(log.shards[origin].notes)]


def judged(data: bytes, policy: str, *, log: Log) -> tuple[Report, Check]:
    """The report and its finding on witnesses; the second verifier has to come to the same verdict."""
    report = verify_bundle(data, vkeys=log.vkeys(), policy=parse_policy(policy.encode()))
    second = verify(data, [str(vkey) for vkey in log.vkeys()], policy.encode())
    assert second.accepted == (report.verdict is not Verdict.REFUSED), second.reason
    return report, next(check for check in report.checks if check.name == "witnesses")


def test_a_quorum_holds_and_says_who_cosigned_and_when() -> None:
    log = cosigned(delivered_log(), by=(W3, W1))
    report, check = judged(log.bundle(), TWO_OF_THREE, log=log)
    assert (report.verdict, check.outcome) == (Verdict.VERIFIED, Outcome.HOLDS)
    assert check.sentence == (
        f"Witnesses cosigned as your policy asks: {ORIGIN} by w1 (2026-11-23T10:42:05Z), w3 (2026-11-23T10:42:05Z)."
    )


def test_the_second_verifier_says_who_cosigned_and_when() -> None:
    log = cosigned(delivered_log(), by=(W1, W2))
    verdict = verify(log.bundle(), [str(vkey) for vkey in log.vkeys()], TWO_OF_THREE.encode())
    assert f"{ORIGIN} was cosigned by w1 at 2026-11-23T10:42:05Z" in verdict.findings
    assert "cosignatures were not judged" not in verdict.findings


def test_too_few_cosignatures_are_refused_under_the_verifiers_policy() -> None:
    log = cosigned(delivered_log(), by=(W2,))
    report, check = judged(log.bundle(), TWO_OF_THREE, log=log)
    assert (report.verdict, check.outcome) == (Verdict.REFUSED, Outcome.FAILS)
    assert "only by w2 (2026-11-23T10:42:05Z)" in check.sentence


def test_no_cosignature_is_refused_where_the_policy_asks_for_one() -> None:
    log = delivered_log()
    report, check = judged(log.bundle(), W1.line + "quorum w1\n", log=log)
    assert (report.verdict, check.outcome) == (Verdict.REFUSED, Outcome.FAILS)
    assert "by none of its witnesses" in check.sentence
    assert verify_bundle(log.bundle(), vkeys=log.vkeys()).verdict is Verdict.VERIFIED


def test_a_policy_of_none_vouches_for_nothing_and_refuses_nothing() -> None:
    for log, told in ((delivered_log(), "by nobody"), (cosigned(delivered_log(), by=(W1,)), "by w1 (2026")):
        report, check = judged(log.bundle(), WITNESSES + "quorum none\n", log=log)
        assert (report.verdict, check.outcome) == (Verdict.VERIFIED, Outcome.NOT_VOUCHED)
        assert told in check.sentence


def test_cosignatures_by_strangers_count_for_nothing_even_when_bad() -> None:
    log = delivered_log()
    stranger = W3.cosign(newest(log))
    cosigned(log, stranger, stranger._replace(signature=bytes(72)), by=(W1,))
    policy = W1.line + W2.line
    assert judged(log.bundle(), f"{policy}quorum w1\n", log=log)[0].verdict is Verdict.VERIFIED
    assert judged(log.bundle(), f"{policy}group g all w1 w2\nquorum g\n", log=log)[0].verdict is Verdict.REFUSED


@pytest.mark.parametrize("quorum", ["w1", "g", "none"])
def test_a_bad_line_by_a_known_witness_is_refused_whatever_the_quorum(quorum: str) -> None:
    log = delivered_log()
    bad = W3.cosign(newest(log))._replace(signature=bytes(72))
    cosigned(log, bad, by=(W1, W2))
    report, check = judged(log.bundle(), f"{WITNESSES}group g 2 w1 w2 w3\nquorum {quorum}\n", log=log)
    assert (report.verdict, check.outcome) == (Verdict.REFUSED, Outcome.FAILS)
    assert "known witness does not hold" in check.sentence


def test_a_bad_line_on_an_anchor_is_refused_too() -> None:
    log = delivered_log()
    notes = log.shards[ORIGIN].notes
    anchored = sorted(notes)[-2]
    notes[anchored] = with_signatures(notes[anchored], [W1.cosign(notes[anchored], AT)._replace(signature=bytes(72))])
    cosigned(log, by=(W1, W2))
    report, check = judged(log.bundle(), TWO_OF_THREE, log=log)
    assert (report.verdict, check.outcome) == (Verdict.REFUSED, Outcome.FAILS)


def test_a_cosignature_on_another_checkpoint_is_a_bad_one() -> None:
    log = delivered_log()
    notes = log.shards[ORIGIN].notes
    cosigned(log, W1.cosign(notes[min(notes)]))
    assert judged(log.bundle(), W1.line + "quorum w1\n", log=log)[0].verdict is Verdict.REFUSED


def test_each_shard_with_facts_needs_its_quorum() -> None:
    policy = W1.line + "quorum w1\n"
    log = cosigned(crossing_log(), by=(W1,))
    report, check = judged(log.bundle(), policy, log=log)
    assert (report.verdict, NEXT_ORIGIN in check.sentence) == (Verdict.REFUSED, True)
    cosigned(log, by=(W1,), origin=NEXT_ORIGIN)
    report, check = judged(log.bundle(), policy, log=log)
    assert (report.verdict, ORIGIN in check.sentence, NEXT_ORIGIN in check.sentence) == (Verdict.VERIFIED, True, True)


def test_the_earliest_of_several_cosignatures_by_one_witness_is_told() -> None:
    log = delivered_log()
    cosigned(log, W1.cosign(newest(log), AT + 60), W1.cosign(newest(log), AT))
    assert "w1 (2026-11-23T10:42:05Z)" in judged(log.bundle(), W1.line + "quorum w1\n", log=log)[1].sentence


def test_a_time_beyond_the_calendar_is_told_in_seconds() -> None:
    log = delivered_log()
    cosigned(log, W1.cosign(newest(log), 2**63 - 1))
    report, check = judged(log.bundle(), W1.line + "quorum w1\n", log=log)
    assert (report.verdict, "w1 (9223372036854775807 s after 1970)" in check.sentence) == (Verdict.VERIFIED, True)


def test_names_that_are_not_utf_8_are_shown_as_escapes() -> None:
    log = cosigned(delivered_log(), by=(W1,))
    policy = b"witness \xffw %s\nquorum \xffw\n" % str(W1.key).encode()
    report = verify_bundle(log.bundle(), vkeys=log.vkeys(), policy=parse_policy(policy))
    assert report.verdict is Verdict.VERIFIED
    assert "\\xffw (2026" in next(check.sentence for check in report.checks if check.name == "witnesses")
    assert verify(log.bundle(), [str(vkey) for vkey in log.vkeys()], policy).accepted


def test_the_logs_of_the_policy_are_keys_that_were_brought() -> None:
    log = cosigned(delivered_log(), by=(W1,))
    logs = "".join(f"log {vkey}\n" for vkey in log.vkeys(ORIGIN))
    policy = f"{logs}{W1.line}quorum w1\n"
    report = verify_bundle(log.bundle(), policy=parse_policy(policy.encode()))
    assert report.verdict is Verdict.VERIFIED
    assert {check.name: check.outcome for check in report.checks}["completeness"] is Outcome.HOLDS
    assert report.signers == (str(log.shards[ORIGIN].key.vkey),)
    assert "completeness is vouched for" in verify(log.bundle(), [], policy.encode()).findings


def test_a_policy_that_names_another_log_refuses() -> None:
    log = cosigned(delivered_log(), by=(W1,))
    policy = f"log {log.vkeys(NEXT_ORIGIN)[0]}\n{W1.line}quorum w1\n"
    assert verify_bundle(log.bundle(), policy=parse_policy(policy.encode())).verdict is Verdict.REFUSED
    assert not verify(log.bundle(), [], policy.encode()).accepted


def test_witnesses_alone_do_not_vouch_for_who_signed() -> None:
    log = cosigned(delivered_log(), by=(W1,))
    report = verify_bundle(log.bundle(), policy=parse_policy(f"{W1.line}quorum w1\n".encode()))
    assert report.verdict is Verdict.SOUND_UNVOUCHED


# agreement under damage

COSIGNED = cosigned(delivered_log(), by=(W1, W2, W3))
NOTE = newest(COSIGNED)
LINES = parse_note(NOTE).signatures


def rebuilt(note: bytes) -> tuple[Log, bytes]:
    """The same log with another note in place of its newest checkpoint."""
    log = delivered_log()
    notes = log.shards[ORIGIN].notes
    notes[max(notes)] = note
    return log, log.bundle()


@given(line=st.integers(min_value=1, max_value=3), flipped=st.integers(min_value=0, max_value=76 * 8 - 1))
def test_both_verifiers_agree_on_a_cosignature_with_any_bit_flipped(line: int, flipped: int) -> None:
    raw = bytearray(LINES[line].key_id + LINES[line].signature)
    raw[flipped // 8] ^= 1 << flipped % 8
    changed = LINES[line]._replace(key_id=bytes(raw[:4]), signature=bytes(raw[4:]))
    note = NOTE.replace(signature_line(LINES[line]), signature_line(changed))
    log, data = rebuilt(note)
    report, _ = judged(data, TWO_OF_THREE, log=log)
    # With another key ID it is a stranger's line, and two witnesses are left.
    assert (report.verdict is Verdict.VERIFIED) == (flipped < 32)


@given(kept=st.sets(st.sampled_from([1, 2, 3])), twice=st.booleans(), data=st.data())
def test_both_verifiers_agree_on_any_choice_of_lines_in_any_order(
    kept: set[int], twice: bool, data: st.DataObject
) -> None:
    chosen = data.draw(st.permutations([0, *kept, *(kept if twice else ())]))
    head, _, _ = NOTE.partition(b"\n\n")
    log, bundle = rebuilt(head + b"\n\n" + b"".join(signature_line(LINES[number]) for number in chosen))
    report, _ = judged(bundle, TWO_OF_THREE, log=log)
    assert (report.verdict is Verdict.VERIFIED) == (len(kept) >= 2)


def verdicts(policy: bytes) -> tuple[Mapping[str, bool] | None, Mapping[str, bool] | None]:
    """What each reader of policies thinks of some sets of witnesses; None when it refuses the policy."""
    sets = ["", "X1", "X1 X2", "Y1", "X1 Y1", "X1 X2 Y1", "X2 X3 Y3", "Y1 Y2 Y3", "X1 X2 X3 Y1 Y2 Y3"]
    try:
        first = parse_policy(policy)
    except PolicyError:
        ours = None
    else:
        ours = {each: first.satisfied_by(each.split()) for each in sets}
    try:
        second = read_policy(policy)
    except Refused:
        return ours, None
    return ours, {each: is_enough(second, each.encode().split()) for each in sets}


def test_both_verifiers_read_the_policy_of_the_specification_alike() -> None:
    first, second = verdicts(EXAMPLE)
    assert first == second
    assert first is not None
    assert [each for each, enough in first.items() if enough] == ["X1 X2 Y1", "X2 X3 Y3", "X1 X2 X3 Y1 Y2 Y3"]


WORDS = [b" ", b"\t", b"\n", b"#", b"all", b"any", b"1", b"2", b"3", b"01", b"none", b"quorum", b"group", b"X1", b"Y1"]


@given(
    at=st.integers(min_value=0, max_value=len(EXAMPLE)),
    cut=st.integers(min_value=0, max_value=12),
    put=st.sampled_from(WORDS) | st.binary(max_size=3),
)
def test_both_verifiers_read_any_damaged_policy_alike(at: int, cut: int, put: bytes) -> None:
    first, second = verdicts(EXAMPLE[:at] + put + EXAMPLE[at + cut :])
    assert first == second

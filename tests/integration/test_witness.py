"""The witness over real HTTP: every status of c2sp.org/tlog-witness, and what it remembers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.merkle.checkpoint import Checkpoint
from app.merkle.cosignature import cosignatures_in, read_cosignature
from app.merkle.note import parse_note, sign_note, signature_line, verify_note, with_signatures
from app.merkle.witness_request import format_add_checkpoint
from app.witness.judgement import Offence
from app.witness.state import seen_offences
from tests.integration.watched import WatchedLog, WatchingWitness, watching

LOG = WatchedLog()
OTHER_LOG = WatchedLog("other.example/log")
FORK = LOG.forked(at=3)


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[WatchingWitness]:
    async with watching(tmp_path / "w", [LOG, OTHER_LOG]) as running:
        yield running


def kinds(tmp_path: Path) -> list[str]:
    return [each.kind.value for each in seen_offences(tmp_path / "w")]


# 200


async def test_the_first_checkpoint_is_cosigned(witness: WatchingWitness) -> None:
    answer = await witness.add(LOG.body(0, 5))
    assert answer.status_code == 200
    (line,) = cosignatures_in(answer.content, text=LOG.text(5), keys=[witness.key])
    assert answer.content == signature_line(line)
    assert read_cosignature(line).at > 1_700_000_000


async def test_each_larger_checkpoint_with_its_proof_is_cosigned(witness: WatchingWitness) -> None:
    for old, new in ((0, 0), (0, 1), (1, 2), (2, 7), (7, 8), (8, 1000)):
        answer = await witness.add(LOG.body(old, new))
        assert (answer.status_code, len(cosignatures_in(answer.content, text=LOG.text(new), keys=[witness.key]))) == (
            200,
            1,
        )


async def test_the_same_checkpoint_is_cosigned_again(witness: WatchingWitness) -> None:
    await witness.add(LOG.body(0, 5))
    answer = await witness.add(LOG.body(5, 5))
    assert answer.status_code == 200
    assert len(cosignatures_in(answer.content, text=LOG.text(5), keys=[witness.key])) == 1


async def test_extension_lines_are_cosigned_with_the_rest(witness: WatchingWitness) -> None:
    text = LOG.text(5) + "an extension\nanother\n"
    answer = await witness.add(format_add_checkpoint(old_size=0, proof=(), note=LOG.sign(text)))
    assert answer.status_code == 200
    assert len(cosignatures_in(answer.content, text=text, keys=[witness.key])) == 1


async def test_each_log_has_its_own_history(witness: WatchingWitness) -> None:
    assert (await witness.add(LOG.body(0, 5))).status_code == 200
    assert (await witness.add(OTHER_LOG.body(0, 3))).status_code == 200
    assert (await witness.add(LOG.body(5, 6))).status_code == 200


async def test_a_log_with_two_keys_may_sign_with_either(tmp_path: Path) -> None:
    rotated = WatchedLog(seed="rotated")
    async with watching(tmp_path / "w", [LOG, rotated]) as witness:
        assert (await witness.add(LOG.body(0, 5))).status_code == 200
        assert (await witness.add(rotated.body(5, 6))).status_code == 200


# 400, 403, 404, 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        LOG.body(0, 5)[:-1],
        LOG.body(0, 5).replace(b"old 0", b"old 00"),
        LOG.body(0, 5).replace(b"old 0", b"old 6"),
        LOG.body(0, 5) + b"\xff\n",
        format_add_checkpoint(old_size=0, proof=(), note=LOG.sign(f"{LOG.origin}\nnot a checkpoint\n")),
        format_add_checkpoint(old_size=0, proof=(), note=LOG.sign(LOG.text(5) + "\nafter an empty line\n")),
        format_add_checkpoint(old_size=0, proof=(), note=LOG.sign(LOG.text(5).replace("\n5\n", "\n05\n"))),
    ],
)
async def test_a_malformed_request_is_400(witness: WatchingWitness, body: bytes) -> None:
    answer = await witness.add(body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_old_size_above_the_checkpoint_is_400_even_when_it_is_the_one_held(witness: WatchingWitness) -> None:
    await witness.add(LOG.body(0, 5))
    body = format_add_checkpoint(old_size=5, proof=(), note=LOG.note(4))
    assert (await witness.add(body)).status_code == 400


async def test_a_checkpoint_that_no_known_key_signed_is_403(witness: WatchingWitness, tmp_path: Path) -> None:
    assert (await witness.add(WatchedLog(seed="stranger").body(0, 5))).status_code == 403
    by_the_other_log = sign_note(LOG.text(5), vkey=OTHER_LOG.vkey, sign=OTHER_LOG.private.sign)
    assert (await witness.add(format_add_checkpoint(old_size=0, proof=(), note=by_the_other_log))).status_code == 403
    assert kinds(tmp_path) == []


async def test_a_bad_signature_by_a_known_key_is_403_beside_a_good_one(witness: WatchingWitness) -> None:
    good = parse_note(LOG.note(5)).signatures[0]
    note = with_signatures(LOG.note(5), [good._replace(signature=bytes(64))])
    assert (await witness.add(format_add_checkpoint(old_size=0, proof=(), note=note))).status_code == 403


async def test_an_unknown_log_is_404(witness: WatchingWitness) -> None:
    assert (await witness.add(WatchedLog("unknown.example/log").body(0, 5))).status_code == 404


async def test_a_body_beyond_every_real_request_is_413(witness: WatchingWitness) -> None:
    assert (await witness.add(LOG.body(0, 5) + b"x" * 2**17)).status_code == 413


# 409


async def test_another_old_size_than_the_one_held_is_409_with_that_size(witness: WatchingWitness) -> None:
    await witness.add(LOG.body(0, 5))
    for old in (0, 4, 6):
        answer = await witness.add(LOG.body(old, 9))
        assert (answer.status_code, answer.content) == (409, b"5\n")
        assert answer.headers["content-type"] == "text/x.tlog.size"


async def test_of_a_log_that_was_never_seen_the_size_is_zero(witness: WatchingWitness) -> None:
    answer = await witness.add(LOG.body(4, 9))
    assert (answer.status_code, answer.content) == (409, b"0\n")


async def test_an_old_checkpoint_that_comes_late_is_409_and_no_offence(
    witness: WatchingWitness, tmp_path: Path
) -> None:
    await witness.add(LOG.body(0, 5))
    await witness.add(LOG.body(5, 9))
    assert (await witness.add(LOG.body(0, 5))).status_code == 409
    assert kinds(tmp_path) == []


async def test_a_fork_is_kept_even_when_the_old_size_is_another(witness: WatchingWitness, tmp_path: Path) -> None:
    await witness.add(LOG.body(0, 5))
    answer = await witness.add(FORK.body(0, 5))
    assert (answer.status_code, answer.content) == (409, b"5\n")
    assert kinds(tmp_path) == ["fork"]


# 422


async def test_another_root_of_the_size_held_is_422_and_both_notes_are_kept(
    witness: WatchingWitness, tmp_path: Path
) -> None:
    await witness.add(LOG.body(0, 5))
    assert (await witness.add(FORK.body(5, 5))).status_code == 422
    (kept,) = seen_offences(tmp_path / "w")
    assert (kept.kind, kept.origin, kept.note) == (Offence.FORK, LOG.origin, FORK.note(5))
    assert verify_note(kept.held or b"", [LOG.vkey]).text == LOG.text(5)


@pytest.mark.parametrize(
    "body",
    [
        FORK.body(5, 9),
        format_add_checkpoint(old_size=5, proof=(), note=LOG.note(9)),
        format_add_checkpoint(old_size=5, proof=[*LOG.proof(5, 9), bytes(32)], note=LOG.note(9)),
        format_add_checkpoint(old_size=5, proof=[bytes(32)], note=LOG.note(5)),
    ],
)
async def test_a_proof_that_does_not_hold_is_422_and_the_note_is_kept(
    witness: WatchingWitness, tmp_path: Path, body: bytes
) -> None:
    await witness.add(LOG.body(0, 5))
    assert (await witness.add(body)).status_code == 422
    assert kinds(tmp_path) == ["unproven"]
    assert (await witness.add(LOG.body(5, 9))).status_code == 200


async def test_a_proof_from_nothing_is_422(witness: WatchingWitness) -> None:
    body = format_add_checkpoint(old_size=0, proof=[bytes(32)], note=LOG.note(5))
    assert (await witness.add(body)).status_code == 422


async def test_an_empty_tree_with_a_root_of_its_own_is_422(witness: WatchingWitness, tmp_path: Path) -> None:
    text = Checkpoint(origin=LOG.origin, size=0, root=bytes(32)).text()
    answer = await witness.add(format_add_checkpoint(old_size=0, proof=(), note=LOG.sign(text)))
    assert answer.status_code == 422
    assert kinds(tmp_path) == ["fork"]


async def test_what_is_refused_changes_nothing(witness: WatchingWitness) -> None:
    await witness.add(LOG.body(0, 5))
    before = (await witness.latest(LOG.origin)).content
    for body in (FORK.body(5, 5), FORK.body(5, 9), LOG.body(3, 9), FORK.body(0, 5)):
        await witness.add(body)
    assert (await witness.latest(LOG.origin)).content == before


async def test_an_offence_is_kept_once(witness: WatchingWitness, tmp_path: Path) -> None:
    await witness.add(LOG.body(0, 5))
    for _ in range(3):
        await witness.add(FORK.body(5, 5))
    assert kinds(tmp_path) == ["fork"]


# what can be asked


async def test_the_latest_checkpoint_carries_the_verified_signature_and_the_cosignature(
    witness: WatchingWitness,
) -> None:
    assert (await witness.latest(LOG.origin)).status_code == 404
    stranger = parse_note(WatchedLog(seed="stranger").note(5)).signatures
    note = with_signatures(LOG.note(5), stranger)
    answer = await witness.add(format_add_checkpoint(old_size=0, proof=(), note=note))
    latest = await witness.latest(LOG.origin)
    assert (latest.status_code, latest.content) == (200, LOG.note(5) + answer.content)
    assert (await witness.latest(OTHER_LOG.origin)).status_code == 404


async def test_a_witness_tells_its_key_and_that_it_lives(witness: WatchingWitness) -> None:
    assert (await witness.client.get("/vkey")).text == f"{witness.key}\n"
    assert (await witness.client.get("/healthz")).status_code == 200


async def test_other_methods_and_paths_are_refused(witness: WatchingWitness) -> None:
    assert (await witness.client.get("/add-checkpoint")).status_code == 405
    assert (await witness.client.get("/nonsense/checkpoint")).status_code == 404
    assert (await witness.client.get("/docs")).status_code == 404


# at the same time


async def test_of_two_forks_that_race_only_one_is_ever_cosigned(witness: WatchingWitness) -> None:
    await witness.add(LOG.body(0, 3))
    bodies = [(LOG, 3, 9), (FORK, 3, 9), (LOG, 9, 9), (FORK, 9, 9)] * 50
    answers = await asyncio.gather(*(witness.add(log.body(old, new)) for log, old, new in bodies))
    cosigned = {bodies[at][0] for at, answer in enumerate(answers) if answer.status_code == 200}
    assert len(answers) == 200
    assert len(cosigned) == 1
    assert {answer.status_code for answer in answers} <= {200, 409, 422}
    (winner,) = cosigned
    assert parse_note((await witness.latest(LOG.origin)).content).text == winner.text(9)


async def test_requests_that_race_up_the_log_never_roll_it_back(witness: WatchingWitness) -> None:
    await witness.add(LOG.body(0, 1))
    steps = [(old, new) for old in range(1, 8) for new in range(old, 8)] * 4
    answers = await asyncio.gather(*(witness.add(LOG.body(old, new)) for old, new in steps))
    reached = max(new for (_, new), answer in zip(steps, answers, strict=True) if answer.status_code == 200)
    assert parse_note((await witness.latest(LOG.origin)).content).text == LOG.text(reached)
    assert {answer.status_code for answer in answers} == {200, 409}

"""What a witness must not forget: across restarts, crashes and mistakes of whoever runs it."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.merkle.checkpoint import parse_checkpoint
from app.merkle.note import parse_note
from app.merkle.policy import parse_policy
from app.witness.judgement import Offence
from app.witness.server import open_cosigner
from app.witness.state import OFFENCES_KEPT, Latest, SeenOffence, WitnessError, WitnessState, seen_offences
from tests.integration.api.process import STOP_SECONDS, environment
from tests.integration.watched import WITNESS, WatchedLog, policy_for, watching

LOG = WatchedLog()
FORK = LOG.forked(at=3)
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "app.cli", "witness"]
POLICY = parse_policy(policy_for(LOG))


def head(size: int, log: WatchedLog = LOG) -> Latest:
    return Latest(checkpoint=parse_checkpoint(log.text(size)), note=log.note(size))


# restarts


async def test_a_witness_remembers_after_a_restart(tmp_path: Path) -> None:
    async with watching(tmp_path, [LOG]) as witness:
        await witness.add(LOG.body(0, 5))
        first = witness.key
    async with watching(tmp_path, [LOG], name="") as witness:
        assert witness.key == first
        assert (await witness.add(LOG.body(0, 9))).content == b"5\n"
        assert (await witness.add(FORK.body(5, 5))).status_code == 422
        assert (await witness.add(LOG.body(5, 9))).status_code == 200


async def test_a_log_that_is_no_longer_watched_is_remembered(tmp_path: Path) -> None:
    async with watching(tmp_path, [LOG]) as witness:
        await witness.add(LOG.body(0, 5))
    async with watching(tmp_path, [WatchedLog("other.example/log")]) as witness:
        assert (await witness.add(LOG.body(5, 9))).status_code == 404
        assert parse_note((await witness.latest(LOG.origin)).content).text == LOG.text(5)


def test_what_a_witness_signs_with_is_for_its_owner_only(tmp_path: Path) -> None:
    open_cosigner(tmp_path, name=WITNESS, policies=[POLICY]).close()
    assert (tmp_path / "keys" / "witness.key").stat().st_mode & 0o777 == 0o600


def test_the_first_start_needs_a_name(tmp_path: Path) -> None:
    for name in (None, "", "two words", "a+b"):
        with pytest.raises(WitnessError, match="--name"):
            open_cosigner(tmp_path, name=name, policies=[POLICY])


def test_a_witness_keeps_its_name(tmp_path: Path) -> None:
    open_cosigner(tmp_path, name=WITNESS, policies=[POLICY]).close()
    with pytest.raises(WitnessError, match="another name"):
        open_cosigner(tmp_path, name="witness.example/w2", policies=[POLICY])


def test_a_key_that_has_lost_its_state_does_not_sign(tmp_path: Path) -> None:
    open_cosigner(tmp_path, name=WITNESS, policies=[POLICY]).close()
    (tmp_path / "witness.db").unlink()
    with pytest.raises(WitnessError, match="lost its state"):
        open_cosigner(tmp_path, name=WITNESS, policies=[POLICY])


def test_a_state_does_not_take_another_key(tmp_path: Path) -> None:
    open_cosigner(tmp_path, name=WITNESS, policies=[POLICY]).close()
    (tmp_path / "keys" / "witness.key").write_bytes(bytes(32))
    with pytest.raises(WitnessError, match="another name or key"):
        open_cosigner(tmp_path, name=WITNESS, policies=[POLICY])


def test_a_state_without_its_key_makes_no_new_one(tmp_path: Path) -> None:
    open_cosigner(tmp_path, name=WITNESS, policies=[POLICY]).close()
    (tmp_path / "keys" / "witness.key").unlink()
    with pytest.raises(WitnessError, match="is missing"):
        open_cosigner(tmp_path, name=WITNESS, policies=[POLICY])
    assert not (tmp_path / "keys" / "witness.key").exists()


def test_files_that_are_no_key_or_no_state_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "witness.db").write_bytes(b"rubbish" * 1000)
    with pytest.raises(WitnessError, match="cannot be used"):
        open_cosigner(tmp_path, name=WITNESS, policies=[POLICY])
    (tmp_path / "witness.db").unlink()
    open_cosigner(tmp_path, name=WITNESS, policies=[POLICY]).close()
    (tmp_path / "keys" / "witness.key").write_bytes(b"short")
    with pytest.raises(WitnessError, match="no usable key"):
        open_cosigner(tmp_path, name=WITNESS, policies=[POLICY])


# crashes


def kill_beside_commit(directory: Path, when: str) -> None:
    """Ask the witness in `directory / "w"` for a cosignature over size 9, which it does not live to give."""
    (directory / "policy").write_bytes(policy_for(LOG))
    command = [sys.executable, "-m", "tests.integration.killed_witness"]
    with subprocess.Popen(
        [*command, str(directory / "w"), str(directory / "policy"), when],
        cwd=ROOT,
        env=environment(directory, {}),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        # Without a line this must not be StopIteration, which asyncio.to_thread would wait over for ever.
        named = next((line for line in process.stdout if line.startswith("witness ")), None)
        assert named, "the witness did not start"
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{named.split()[-1]}/add-checkpoint", content=LOG.body(5, 9), timeout=30)
        assert process.wait(STOP_SECONDS) == -signal.SIGKILL


@pytest.mark.parametrize(("when", "kept"), [("before", 5), ("after", 9)])
async def test_a_witness_killed_beside_its_commit_has_told_nobody_what_it_forgot(
    tmp_path: Path, when: str, kept: int
) -> None:
    async with watching(tmp_path / "w", [LOG]) as witness:
        await witness.add(LOG.body(0, 5))
    await asyncio.to_thread(kill_beside_commit, tmp_path, when)
    async with watching(tmp_path / "w", [LOG]) as witness:
        assert parse_note((await witness.latest(LOG.origin)).content).text == LOG.text(kept)
        assert (await witness.add(LOG.body(0, 9))).content == b"%d\n" % kept
        assert (await witness.add(LOG.body(kept, 9))).status_code == 200
        assert (await witness.add(FORK.body(9, 9))).status_code == 422


async def test_a_state_that_cannot_be_written_cosigns_nothing(tmp_path: Path) -> None:
    async with watching(tmp_path, [LOG]) as witness:
        await witness.add(LOG.body(0, 5))
        with sqlite3.connect(tmp_path / "witness.db") as beside:
            beside.execute("DROP TABLE latest")
        beside.close()
        answer = await witness.add(LOG.body(5, 9))
        assert answer.status_code == 503
        assert "—" not in answer.text


# the state itself


def test_the_state_takes_no_step_back_and_no_other_root(tmp_path: Path) -> None:
    state = WitnessState(tmp_path / "db")
    state.hold(head(5))
    for worse in (head(4), head(5, FORK)):
        with pytest.raises(sqlite3.IntegrityError, match="never goes back"), state.transaction():
            state.hold(worse)
    assert state.latest(LOG.origin) == head(5)
    state.close()


def test_a_row_of_the_state_cannot_be_deleted(tmp_path: Path) -> None:
    state = WitnessState(tmp_path / "db")
    state.hold(head(5))
    with sqlite3.connect(tmp_path / "db") as beside, pytest.raises(sqlite3.IntegrityError, match="never forgets"):
        beside.execute("DELETE FROM latest")
    beside.close()
    state.close()


def test_what_fails_within_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    state = WitnessState(tmp_path / "db")

    def go_back() -> None:
        with state.transaction():
            state.hold(head(5))
            state.hold(head(4))

    with pytest.raises(sqlite3.IntegrityError):
        go_back()
    assert state.latest(LOG.origin) is None
    state.close()


def test_offences_are_bounded_and_lesser_ones_push_out_no_fork(tmp_path: Path) -> None:
    state = WitnessState(tmp_path / "db")
    fork = SeenOffence(origin=LOG.origin, kind=Offence.FORK, seen_at=1, note=b"fork", held=b"held")
    state.keep(fork)
    for number in range(OFFENCES_KEPT + 20):
        state.keep(replace(fork, kind=Offence.UNPROVEN, note=b"%d" % number))
    kept = state.offences()
    assert kept[0] == fork
    assert [each.note for each in kept[1:]] == [b"%d" % number for number in range(20, OFFENCES_KEPT + 20)]
    state.close()


# the commands


def awizo(directory: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=environment(directory, settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_witness_prints_the_lines_by_which_others_name_it(tmp_path: Path) -> None:
    (tmp_path / "policy").write_bytes(policy_for(LOG))
    with subprocess.Popen(
        [
            *COMMAND,
            "--policy",
            str(tmp_path / "policy"),
            "--name",
            WITNESS,
            "--port",
            "0",
            "--url",
            "https://w.example/s",
        ],
        cwd=ROOT,
        env=environment(tmp_path, {"database_url": "nonsense", "sms_providers": "nonsense"}),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(5)]
        process.terminate()
        assert process.wait(STOP_SECONDS) in {0, -signal.SIGTERM}
    policy = parse_policy("".join(printed).encode() + b"quorum none\n")
    assert [(each.name, each.url) for each in policy.witnesses] == [(WITNESS, "https://w.example/s")]
    assert printed[3] == f"# AWIZO_WITNESSES={policy.witnesses[0].key} https://w.example/s\n"
    assert LOG.origin in printed[4]


def test_a_witness_without_a_log_to_watch_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "policy").write_bytes(b"quorum none\n")
    for arguments in ([], ["--policy", str(tmp_path / "policy")]):
        ended = awizo(tmp_path, *arguments, "--name", WITNESS)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "--policy" in ended.stderr


def test_a_bad_policy_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "policy").write_bytes(b"quorum none\nlog nonsense\n")
    ended = awizo(tmp_path, "--policy", str(tmp_path / "policy"), "--name", WITNESS)
    assert (ended.returncode, "line 2" in ended.stderr) == (2, True)


async def test_offences_are_listed_with_their_evidence(tmp_path: Path) -> None:
    assert awizo(tmp_path, "offences").returncode == 2
    async with watching(tmp_path, [LOG]) as witness:
        await witness.add(LOG.body(0, 5))
        assert awizo(tmp_path, "offences").returncode == 0
        await witness.add(FORK.body(5, 5))
        ended = awizo(tmp_path, "offences")
        assert (ended.returncode, f"fork      {LOG.origin} at size 5" in ended.stdout) == (1, True)
        row = json.loads(awizo(tmp_path, "offences", "--json").stdout)
    assert (row["kind"], row["note"]) == ("fork", FORK.note(5).decode())
    assert row["held"].startswith(LOG.text(5))
    assert len(seen_offences(tmp_path)) == 1

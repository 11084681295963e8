"""`awizo verify --policy`: the exit codes that scripts rely on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.api.process import environment
from tests.unit.evidence.builder import ORIGIN, delivered_log
from tests.unit.evidence.test_verifier_witnesses import W1, W2, WITNESSES, cosigned

ROOT = Path(__file__).resolve().parents[2]
LOG = cosigned(delivered_log(), by=(W1,))
LOGS = "".join(f"log {vkey}\n" for vkey in LOG.vkeys(ORIGIN))


def verify(directory: Path, policy: str | None, *more: str) -> subprocess.CompletedProcess[str]:
    (directory / "bundle.json").write_bytes(LOG.bundle())
    if policy is not None:
        (directory / "policy").write_text(policy)
    files = (str(directory / "bundle.json"), "--policy", str(directory / "policy"))
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "verify", *files, *more],
        cwd=ROOT,
        env=environment(directory, {}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_policy_brings_keys_and_a_quorum(tmp_path: Path) -> None:
    ended = verify(tmp_path, f"{LOGS}{WITNESSES}quorum w1\n")
    assert ended.returncode == 0
    assert "ok    witnesses     Witnesses cosigned as your policy asks: " in ended.stdout


def test_a_quorum_that_is_not_reached_is_refused_by_name(tmp_path: Path) -> None:
    ended = verify(tmp_path, f"{LOGS}{W1.line}{W2.line}group g all w1 w2\nquorum g\n", "--json")
    checks = {check["name"]: check["outcome"] for check in json.loads(ended.stdout)["checks"]}
    assert (ended.returncode, checks["witnesses"], checks["signature"]) == (1, "fails", "holds")


def test_a_policy_without_logs_leaves_open_who_signed(tmp_path: Path) -> None:
    assert verify(tmp_path, f"{WITNESSES}quorum w1\n").returncode == 3


@pytest.mark.parametrize(("policy", "told"), [("quorum none\nnonsense\n", "line 2"), (None, "cannot be read")])
def test_a_policy_that_cannot_be_used_is_the_fault_of_the_call(tmp_path: Path, policy: str | None, told: str) -> None:
    ended = verify(tmp_path, policy)
    assert (ended.returncode, ended.stdout, told in ended.stderr) == (2, "", True)

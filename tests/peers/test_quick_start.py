"""The quick start's commands, run as they are printed, and what they print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.running import Running, running

pytestmark = pytest.mark.peers

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/quickstart.md").read_text(encoding="utf-8")
STEPS = re.findall(r"```sh\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
END = "== end of a step =="

# What is another one in each run: ids, times, the days that follow from them.
VARIES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z"), "<time>"),
    (re.compile(r"\b\d\d? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w* \(\w+\)"), "<day>"),
    (re.compile(r'"provider":"\w+"|"code":"\w+"'), "<provider>"),
    (re.compile(r'"claimed_at":(?:null|"<time>")'), "<claim>"),
    (re.compile(r"\d+(?= opened fields)|\d+(?= originals)|(?<=name \()\d+"), "<count>"),
)


def settled(text: str) -> list[str]:
    for pattern, name in VARIES:
        text = pattern.sub(name, text)
    return [line.rstrip() for line in text.strip().splitlines()]


def printed_by(service: Running, directory: Path) -> list[str]:
    """What each step prints, all of them in one shell."""
    script = "".join(f"{commands}\necho; echo '{END}'\n" for commands, _ in STEPS)
    for shown, here in (
        ("http://127.0.0.1:8000", service.url),
        ("http://127.0.0.1:8025", service.inbox),
        ("sleep 5", "sleep 15"),  # other tests may keep the machine busy
        (".venv/bin/awizo", f"{sys.executable} -m app.cli"),
    ):
        assert shown in script
        script = script.replace(shown, here)
    variables = dict(os.environ) | {"KEY": service.key, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"}
    ended = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=directory,
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split(END)[:-1]


def test_each_command_of_the_quick_start_prints_what_the_page_shows(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        printed = printed_by(service, tmp_path)
    assert len(printed) == len(STEPS) == 6
    for (commands, shown), output in zip(STEPS, printed, strict=True):
        assert settled(output) == settled(shown), commands

"""`awizo demo`, run as a newcomer runs it: in a process of its own, in a directory with settings of something else."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.api.cloudevents import Batch, Rejected, decode_request
from app.api.recipient_models import read_recipient
from app.demo.samples import Day, people
from app.domain.merge import RecipientPatch
from app.domain.quiet_hours import quiet_until

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "app.cli", "demo")
# A present .env and variables of another installation; each would end the demonstration if it were read.
FOREIGN_SETTINGS = {"AWIZO_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/nothing", "AWIZO_POOL_SIZE": "0"}
SECONDS_MAX = 60
LINK = re.compile(r"https?://\S+")

# Another operator's event becomes one of its own, so that it is not refused as told.
UNTRUE = """
import asyncio, app.demo.samples
app.demo.samples.OTHER_OPERATOR = app.demo.samples.OPERATOR
from app.demo import run_demo
raise SystemExit(asyncio.run(run_demo()))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a demonstration is run: the directory it is started in, and the one for temporary files."""

    working: Path
    temporary: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary), "PYTHONUTF8": "1", "COLUMNS": "80"}
        return dict(os.environ) | own | FOREIGN_SETTINGS

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.working,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )


def _place(directory: Path) -> Place:
    place = Place(working=directory / "working", temporary=directory / "temporary")
    place.working.mkdir()
    place.temporary.mkdir()
    settings = "".join(f"{name}={value}\n" for name, value in FOREIGN_SETTINGS.items())
    (place.working / ".env").write_text(settings)
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return _place(tmp_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    place: Place
    ended: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One demonstration, whose output several tests read."""
    place = _place(tmp_path_factory.mktemp("demo"))
    return Shown(place=place, ended=place.run(*COMMAND))


def test_the_day_is_told_to_its_end(shown: Shown) -> None:
    assert shown.ended.returncode == 0, shown.ended.stdout + shown.ended.stderr
    assert "Everything happened as told" in shown.ended.stdout
    assert shown.ended.stderr == ""


def test_every_message_is_shown_as_it_was_sent(shown: Shown) -> None:
    sms = re.findall(r"SMS to \+48 600 100 (\d+) · 1 part · GSM-7, \d+ septets · delivered", shown.ended.stdout)
    assert sms == ["211", "212", "213", "216", "211", "212"]
    emails = re.findall(r"E-mail to (\w+)@example\.com", shown.ended.stdout)
    assert sorted(emails) == ["anna", "anna", "anna", "ewa", "martin"]
    assert "AWIZO: list polecony nr ..456701 czeka: UP Warszawa 32" in shown.ended.stdout


@pytest.mark.parametrize(
    "why",
    [
        "suppressed  never agreed to it",
        "suppressed  one-click unsubscribe",
        "suppressed  address not confirmed",
        "suppressed  no e-mail address known",
        "suppressed  old news: was collected",
        "cancelled   collected before it left",
        "held        quiet hours until ",
    ],
)
def test_it_says_what_was_not_sent_and_why(shown: Shown, why: str) -> None:
    assert why in shown.ended.stdout


@pytest.mark.parametrize(
    "answer",
    [
        "(structured)",
        "(binary)",
        "(batch)",
        "202 duplicate, the same ids",
        "409 Another event",
        "403 This key may not",
        "rejected: /data/notice",
        "quarantined",
    ],
)
def test_every_way_an_event_is_answered_is_shown(shown: Shown, answer: str) -> None:
    assert answer in shown.ended.stdout


def test_the_proof_verifies_and_the_forgery_is_refused(shown: Shown) -> None:
    before, after = shown.ended.stdout.split("One byte is changed")
    assert "exit 0" in before
    assert "VERIFIED under a key you gave." in before
    assert "exit 1" in after
    assert "REFUSED." in after
    assert "signed checkpoints agree" in after


def test_it_is_plain_text_of_eighty_columns(shown: Shown) -> None:
    assert "\x1b" not in shown.ended.stdout
    too_long = [line for line in shown.ended.stdout.splitlines() if len(LINK.sub("", line)) > 80]
    assert too_long == []


def test_nothing_is_left_behind(shown: Shown) -> None:
    assert list(shown.place.temporary.iterdir()) == []
    assert [path.name for path in shown.place.working.iterdir()] == [".env"]


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 23, 11, 0, tzinfo=UTC),
        datetime(2026, 12, 24, 23, 5, tzinfo=UTC),
        datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC),
        datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
        datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
    ],
    ids=str,
)
def test_the_samples_hold_at_any_time_of_the_year(now: datetime) -> None:
    """At night, on days off, and on both nights on which the clock changes."""
    day = Day(now=now)
    good = [day.first_notice(), day.parcel_in_locker(), *day.batch(), *day.later()]
    body = json.dumps([sample.event for sample in good]).encode()
    decoded = decode_request(content_type="application/cloudevents-batch+json", headers=[], body=body)
    assert isinstance(decoded, Batch)
    rejected = [isinstance(result, Rejected) for result in decoded.results]
    assert rejected == [sample.answer == "rejected" for sample in good]
    quiet = []
    for person in people(now):
        patch = read_recipient(person.body, now=now)
        assert isinstance(patch, RecipientPatch)
        assert patch.quiet_hours is not None
        if quiet_until(now, patch.quiet_hours):
            quiet.append(person.name)
    assert quiet == ["customer-4714"]


def test_a_surprise_is_one_sentence_and_exit_1(place: Place) -> None:
    ended = place.run(sys.executable, "-c", UNTRUE)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[-1].endswith("An event of another operator was answered 202, not 403.")
    assert ended.stderr == ""
    assert list(place.temporary.iterdir()) == []


def test_ctrl_c_ends_it_cleanly(place: Place) -> None:
    with subprocess.Popen(
        COMMAND,
        cwd=place.working,
        env=place.environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert any("customer-4711" in line for line in demo.stdout)
        demo.send_signal(signal.SIGINT)
        _, errors = demo.communicate(timeout=SECONDS_MAX)
    assert demo.returncode == 130
    assert errors == ""
    assert list(place.temporary.iterdir()) == []

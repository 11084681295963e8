"""What integrators are promised, against `awizo run` as they start it: each outcome of docs/sandbox.md is forced."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.sandbox.magic import MAGIC_ENDINGS, MAGIC_MAILBOXES, MAGIC_NUMBERS
from tests.builders import OPERATOR, cloud_event
from tests.integration.running import Running, running

ROOT = Path(__file__).resolve().parents[2]
SANDBOX_PAGE = (ROOT / "docs/sandbox.md").read_text(encoding="utf-8")
WAIT_SECONDS = 60.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("running")) as started:
        yield started


def outcomes() -> dict[str, tuple[str, str, str]]:
    """By contact: the status, the attempts' status and the last report that the page's table promises."""
    rows = re.findall(r"^\| (\S.*?) \| .*? \| `(\w+)` \| `(\w+)` \| `?([\w–]+)`? \|$", SANDBOX_PAGE, re.MULTILINE)
    return {_contact(row[0]): (row[1], row[2], row[3]) for row in rows}


def _contact(cell: str) -> str:
    ordinary = {"any other number": "+48600100200", "any other mailbox": "jan@example.com"}
    return ordinary.get(cell) or cell.replace("…", "+4860" if cell.startswith("…") else "example.com")


def register(service: Running, name: str, contact: str) -> None:
    channel = "email" if "@" in contact else "sms"
    at = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    point = {"channel": channel, "value": contact, "verified": True, "method": "counter"}
    consent = {"channel": channel, "purpose": "delivery", "granted": True, "at": at, "method": "counter"}
    body = {"quiet_hours": None, "contact_points": [point], "consents": [consent]}
    service.call("PUT", f"/v1/recipients/{OPERATOR}/{name}", json=body)


def came_of_it(service: Running, name: str) -> tuple[str, str, str]:
    query = f"/v1/notifications?operator={OPERATOR}&recipient={name}&kind=notice_left"
    (found,) = [item for item in service.call("GET", query)["items"] if item["reason"] != "no_contact_point"]
    attempts = {attempt["status"] for attempt in found["attempts"]}
    return found["status"], "/".join(sorted(attempts)), (found["receipts"] or [{"status": "–"}])[-1]["status"]


def test_each_number_and_mailbox_forces_what_its_row_says(service: Running) -> None:
    promised = {f"magic-{place}": row for place, row in enumerate(outcomes().items())}
    events: list[dict[str, Any]] = []
    for name, (contact, _) in promised.items():
        register(service, name, contact)
        events.append(cloud_event(at=datetime.now(UTC), id=name, data={"recipient": name, "shipment": name}))
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    service.call("POST", "/v1/events", content=json.dumps(events), headers=headers)
    wanted = dict(promised.values())
    deadline = time.monotonic() + WAIT_SECONDS
    seen: dict[str, tuple[str, str, str]] = {}
    while seen != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
        seen = {contact: came_of_it(service, name) for name, (contact, _) in promised.items()}
    assert seen == wanted


def test_the_page_has_a_row_for_each_number_and_mailbox() -> None:
    special = {f"+4860{magic.ending}" for magic in MAGIC_NUMBERS}
    special |= {f"{name}@example.com" for name in (*MAGIC_MAILBOXES, *MAGIC_ENDINGS)}
    assert outcomes().keys() == special | {"+48600100200", "jan@example.com"}


def test_the_terminal_shows_a_key_and_where_the_outcomes_are(service: Running) -> None:
    assert "docs/sandbox.md" in service.printed
    assert service.call("GET", "/v1/notifications?limit=1")["items"] is not None


def test_the_python_example_goes_from_a_person_to_a_verified_proof(service: Running, tmp_path: Path) -> None:
    given = {"API": service.url, "KEY": service.key, "AWIZO": f"{sys.executable} -m app.cli", "PYTHONPATH": str(ROOT)}
    program = ROOT / "docs/examples/python/journey.py"
    ended = subprocess.run(
        [sys.executable, str(program)],
        cwd=tmp_path,
        env=dict(os.environ) | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"^notification \S+ delivered$", ended.stdout, re.MULTILINE)
    assert re.search(r"^shipment \w+ collect by \d{4}-\d\d-\d\d$", ended.stdout, re.MULTILINE)
    assert ended.stdout.endswith("VERIFIED under a key you gave.\n")

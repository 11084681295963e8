"""What integrators use: openapi.yaml under npm's spectral, and the programs to copy, run with curl and node."""

import base64
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from tests.integration.api.process import free_port
from tests.integration.running import Running, running

pytestmark = pytest.mark.peers

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".venv" / "peers-npm" / "node_modules"
RULES = ROOT / "tests/peers/npm/spectral.yaml"
EXAMPLES = ROOT / "docs/examples"
SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
BODY = '{"type":"notification.sent","data":{"notification":"n-1"}}'


def run(directory: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"} | variables
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def spectral(directory: Path, description: Path) -> subprocess.CompletedProcess[str]:
    program = TOOLS / "@stoplight/spectral-cli/dist/index.js"
    return run(directory, "node", str(program), "lint", str(description), "-r", str(RULES), "--fail-severity", "hint")


def test_spectral_finds_nothing_in_openapi_yaml(tmp_path: Path) -> None:
    ended = spectral(tmp_path, ROOT / "openapi.yaml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "No results" in ended.stdout


def test_spectral_would_find_something(tmp_path: Path) -> None:
    description = tmp_path / "openapi.yaml"
    text = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    description.write_text(text.replace("operationId: put_hold", "operationId: put_recipient"), encoding="utf-8")
    ended = spectral(tmp_path, description)
    assert ended.returncode == 1
    assert "operation-operationId-unique" in ended.stdout


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("running")) as started:
        yield started


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript examples, compiled as their package.json says; any complaint of the compiler fails."""
    directory = tmp_path_factory.mktemp("typescript")
    shutil.copytree(EXAMPLES / "typescript", directory, dirs_exist_ok=True)
    (directory / "node_modules").symlink_to(TOOLS)
    ended = run(directory, "npm", "run", "--silent", "build")
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stdout + ended.stderr
    return directory / "build"


def assert_journey(ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 0, ended.stdout + ended.stderr
    first, second, *verified = ended.stdout.splitlines()
    assert first.startswith("notification ")
    assert first.endswith(" delivered")
    assert second.startswith("shipment ")
    assert " collect by 20" in second
    assert verified[-1] == "VERIFIED under a key you gave."


def test_the_journey_in_typescript_ends_with_a_verified_proof(service: Running, compiled: Path, tmp_path: Path) -> None:
    program = str(compiled / "journey.js")
    verifier = f"{sys.executable} -m app.cli"
    assert_journey(run(tmp_path, "node", program, API=service.url, KEY=service.key, AWIZO=verifier))


def test_the_journey_with_curl_ends_with_a_verified_proof(service: Running, tmp_path: Path) -> None:
    program = str(EXAMPLES / "curl/journey.sh")
    verifier = f"{sys.executable} -m app.cli"
    assert_journey(run(tmp_path, "sh", program, API=service.url, KEY=service.key, AWIZO=verifier))


def signed(secret: str = SECRET, body: str = BODY) -> dict[str, str]:
    at = datetime.now(UTC)
    signature = Webhook(secret).sign("evt_1", at, body)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


FORGED = signed("whsec_" + "A" * 44)


@pytest.fixture(params=["python", "typescript"])
def receiver(request: pytest.FixtureRequest, compiled: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a receiver from the examples."""
    programs = {
        "python": [sys.executable, str(EXAMPLES / "python/receive.py")],
        "typescript": ["node", str(compiled / "receive.js")],
    }
    port = free_port()
    variables = dict(os.environ) | {"WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    with (tmp_path / "printed").open("wb") as printed:
        process = subprocess.Popen(programs[request.param], env=variables, stdout=printed, stderr=printed)
        try:
            yield f"http://127.0.0.1:{port}/hooks"
        finally:
            process.kill()
            process.wait()


def test_a_receiver_takes_what_is_signed_and_refuses_what_is_not(receiver: str, tmp_path: Path) -> None:
    with httpx.Client(transport=httpx.HTTPTransport(retries=12)) as client:  # until it listens
        assert client.post(receiver, content=BODY, headers=signed()).status_code == 204
        assert client.post(receiver, content=BODY, headers=signed()).status_code == 204
        assert client.post(receiver, content=BODY + " ", headers=signed()).status_code == 401
        assert client.post(receiver, content=BODY, headers=FORGED).status_code == 401
        assert client.post(receiver, content=BODY).status_code == 401
    assert (tmp_path / "printed").read_text().count("notification.sent n-1") == 1


def test_the_shell_script_tells_a_genuine_call_from_a_forged_one(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(BODY, encoding="utf-8")

    def checked(headers: dict[str, str]) -> int:
        program = str(EXAMPLES / "curl/check_webhook.sh")
        return run(tmp_path, "sh", program, str(body), *headers.values(), WEBHOOK_SECRET=SECRET).returncode

    assert checked(signed()) == 0
    assert checked(FORGED) == 1
    assert checked(signed() | {"webhook-timestamp": "1795430528"}) == 1
    body.write_text(BODY + " ", encoding="utf-8")
    assert checked(signed()) == 1

"""What docs/webhooks.md tells readers to type: openssl comes to the signature that stands there."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.test_webhook_page import PAGE, the_call

pytestmark = pytest.mark.peers


def test_openssl_comes_to_the_signature_on_the_page(tmp_path: Path) -> None:
    headers, body = the_call()
    (tmp_path / "body.json").write_bytes(body)
    script = PAGE.rpartition("```sh\n")[2].partition("```")[0]
    ended = subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"v1,{ended.stdout.strip()}" == headers["webhook-signature"]

"""docs/examples/python: what is asked again, after how long, with which id; and which webhooks are believed."""

import json
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from standardwebhooks import Webhook

EXAMPLES = Path(__file__).resolve().parents[2] / "docs/examples/python"
SECRET = "whsec_b7wSnXC1aV1XNekltHkVoC6teINZZOEvrAF5ccFEZno="
BODY = '{"type":"notification.sent","data":{}}'
ACCEPTED = {"status": "accepted", "notifications": [{"id": "n-1", "channel": "sms"}]}


def example(name: str) -> ModuleType:
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the example would have slept, each time."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


def test_an_event_is_posted_again_as_it_was_after_as_long_as_retry_after_says(waits: list[float]) -> None:
    answers = iter([httpx.Response(503, headers={"Retry-After": "7"}), None, httpx.Response(202, json=ACCEPTED)])
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        given = next(answers)
        if given is None:
            raise httpx.ReadError("the connection was cut")
        return given

    with httpx.Client(transport=httpx.MockTransport(answer), base_url="https://awizo.test") as client:
        assert example("journey").report_notice(client, "R-1", "customer-4711") == "n-1"
    assert len(bodies) == 3
    assert len({json.loads(body)["id"] for body in bodies}) == len(set(bodies)) == 1
    assert waits[0] == 7
    assert 0 <= waits[1] <= 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_what_the_caller_must_mend_is_not_asked_again(waits: list[float], status: int) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json={"title": "No"})

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="https://awizo.test")
    with client, pytest.raises(RuntimeError, match=str(status)):
        example("journey").ask(client, "GET", "/v1/notifications")
    assert (len(asked), waits) == (1, [])


def signed(at: datetime, body: str = BODY, secret: str = SECRET) -> dict[str, str]:
    signature = Webhook(secret).sign("evt_1", at, body)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def test_a_webhook_is_believed_when_one_of_its_signatures_is_right() -> None:
    is_genuine = example("receive").is_genuine
    headers = signed(datetime.now(UTC))
    assert is_genuine(SECRET, headers, BODY.encode())
    both = headers | {"webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}
    assert is_genuine(SECRET, both, BODY.encode())


def test_no_other_webhook_is_believed() -> None:
    is_genuine = example("receive").is_genuine
    now = datetime.now(UTC)
    headers = signed(now)
    assert not is_genuine(SECRET, headers, BODY.encode() + b" ")
    assert not is_genuine(SECRET, headers | {"webhook-id": "evt_2"}, BODY.encode())
    assert not is_genuine(SECRET, headers | {"webhook-timestamp": "soon"}, BODY.encode())
    assert not is_genuine(SECRET, signed(now, secret="whsec_" + "A" * 44), BODY.encode())
    assert not is_genuine(SECRET, signed(now - timedelta(minutes=6)), BODY.encode())
    assert not is_genuine(SECRET, {}, BODY.encode())

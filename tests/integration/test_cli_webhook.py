"""`awizo webhook listen`: what it prints, forwards, outlives and refuses."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

import app.cli.webhook as command
from app.api.webhook_models import EVENT_EXAMPLE, EventPageView
from tests.integration.command import Awizo

BASE, PROGRAM = "https://awizo.example", "http://127.0.0.1:4000/hooks"
KEY = "awz_0123456789abcdef_canary"


def event(number: int, **data: Any) -> dict[str, Any]:
    """An event as the service lists it."""
    said: Any = EVENT_EXAMPLE["data"]
    cursor = {"cursor": f"2026h2-{number:012d}"}
    return {**EVENT_EXAMPLE, "id": f"evt_{number}", "data": said | cursor | data}


def page(*events: dict[str, Any], behind: int, end: bool = True) -> httpx.Response:
    shown = EventPageView.model_validate({"items": events, "next": f"2026h2-{behind:012d}", "end": end})
    return httpx.Response(200, json=shown.model_dump())


@dataclass(slots=True, kw_only=True)
class Stage:
    """A service that gives one answer after the other and is interrupted after the last, and a program beside it."""

    answers: list[httpx.Response | Exception]
    program_answers: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(204)
    asked: list[httpx.Request] = field(default_factory=list)
    forwarded: list[httpx.Request] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "127.0.0.1":
            self.forwarded.append(request)
            return self.program_answers(request)
        self.asked.append(request)
        if not self.answers:
            raise KeyboardInterrupt
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    original = httpx.Client

    def build(*answers: httpx.Response | Exception, **given: Any) -> Stage:
        stage = Stage(answers=list(answers), **given)

        def client(**options: Any) -> httpx.Client:
            return original(**options, transport=httpx.MockTransport(stage.handle))

        monkeypatch.setattr(httpx, "Client", client)
        monkeypatch.setattr(command.time, "sleep", stage.waited.append)
        monkeypatch.setenv("AWIZO_API_KEY", KEY)
        return stage

    return build


ARGUMENTS = ("webhook", "listen", "--url", BASE, "--operator", "poczta-polska")


def test_each_event_is_one_line_and_ctrl_c_ends_it_well(awizo: Awizo, stage: Callable[..., Stage]) -> None:
    service = stage(page(behind=4), page(event(5), behind=5, end=False), page(event(6, reason="stale"), behind=9))
    ended = awizo(*ARGUMENTS, "--events", "notification.delivered", "--events", "notification.failed")
    assert ended.code == 0
    first, second = ended.out.splitlines()
    assert "notification.delivered" in first
    assert "customer-4711 00759007734123456789" in first
    assert "stale" in second
    assert "To go on from here: --after 2026h2-000000000009" in ended.err
    assert [request.url.params["after"] for request in service.asked] == [
        "now", "2026h2-000000000004", "2026h2-000000000005", "2026h2-000000000009",
    ]  # fmt: skip
    assert service.asked[0].url.params.get_list("type") == ["notification.delivered", "notification.failed"]
    assert {request.headers["authorization"] for request in service.asked} == {f"Bearer {KEY}"}
    assert KEY not in ended.out + ended.err
    assert service.waited == [command.POLL_SECONDS] * 2  # behind the page that was not the last, nobody waits


def test_for_scripts_each_line_is_one_json_object(awizo: Awizo, stage: Callable[..., Stage]) -> None:
    stage(page(event(5), event(6), behind=6))
    ended = awizo(*ARGUMENTS, "--json", "--after", "2026h2-000000000004")
    assert [json.loads(line) for line in ended.out.splitlines()] == [
        event(5) | {"forwarded": None},
        event(6) | {"forwarded": None},
    ]


def test_a_forwarded_event_is_signed_with_the_secret_that_is_printed(awizo: Awizo, stage: Callable[..., Stage]) -> None:
    service = stage(page(event(5), behind=5))
    ended = awizo(*ARGUMENTS, "--forward", PROGRAM)
    (secret,) = [word for word in ended.err.split() if word.startswith("whsec_")]
    (request,) = service.forwarded
    assert Webhook(secret).verify(request.content, dict(request.headers)) == {
        name: event(5)[name] for name in ("type", "timestamp", "data")
    }
    assert request.headers["webhook-id"] == "evt_5"
    assert "authorization" not in request.headers
    assert "→ 204" in ended.out


def test_a_program_that_is_away_keeps_nothing_from_being_shown(awizo: Awizo, stage: Callable[..., Stage]) -> None:
    def away(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    stage(page(event(5), event(6), behind=6), program_answers=away)
    ended = awizo(*ARGUMENTS, "--forward", PROGRAM)
    assert [line.rpartition("→ ")[2] for line in ended.out.splitlines()] == ["ConnectError"] * 2


def test_a_service_that_is_away_is_asked_again_from_the_same_cursor(awizo: Awizo, stage: Callable[..., Stage]) -> None:
    away = [httpx.ConnectError("refused"), httpx.Response(503), httpx.Response(429), httpx.ReadTimeout("slow")]
    service = stage(page(behind=4), *away, page(event(5), behind=5))
    ended = awizo(*ARGUMENTS)
    assert ended.code == 0
    assert {request.url.params["after"] for request in service.asked[1:6]} == {"2026h2-000000000004"}
    assert service.waited == [1.0, 2.0, 4.0, 8.0, 16.0, 1.0]
    assert ended.err.count("cannot be reached") == ended.err.count("answers again") == 1
    assert "evt_5" not in ended.err
    assert len(ended.out.splitlines()) == 1


def test_a_service_that_is_away_for_a_day_is_still_asked_every_half_minute(
    awizo: Awizo, stage: Callable[..., Stage]
) -> None:
    away = [httpx.ConnectError("away")] * 2_880
    service = stage(page(behind=4), *away, page(behind=4))
    ended = awizo(*ARGUMENTS)
    assert ended.code == 0
    assert len(service.asked) == 2 + len(away) + 1
    assert max(service.waited) == command.RETRY_SECONDS_MAX


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(401), "The key is none that the service knows."),
        (httpx.Response(403), "scope webhooks:write"),
        (httpx.Response(422), "cursor"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), "302"),
        (httpx.Response(200, text="<html>"), "not awizo"),
        (httpx.Response(200, json={"items": [{"id": "evt_1"}], "next": "", "end": True}), "not awizo"),
    ],
)
def test_where_asking_again_would_not_help_it_ends_with_a_sentence(
    awizo: Awizo, stage: Callable[..., Stage], answer: httpx.Response, said: str
) -> None:
    service = stage(answer)
    ended = awizo(*ARGUMENTS)
    assert (ended.code, said in ended.sentence, len(service.asked)) == (2, True, 1)


def test_what_the_service_says_cannot_steer_the_terminal(awizo: Awizo, stage: Callable[..., Stage]) -> None:
    stage(page(event(5, recipient="\x1b[2Jgone\r\n", shipments=["[bold]x[/bold]"]), behind=5))
    ended = awizo(*ARGUMENTS)
    assert "\x1b[2J" not in ended.out
    (line,) = ended.out.splitlines()
    assert "[bold]x[/bold]" in line


@pytest.mark.parametrize(
    "url",
    [
        "http://awizo.example",
        "ftp://127.0.0.1",
        "127.0.0.1:8000",
        "https://",
        "http://127.0.0.1.evil.example",
        "http://[::1",
    ],
)
def test_no_key_and_no_name_goes_through_a_network_in_the_clear(
    awizo: Awizo, stage: Callable[..., Stage], url: str
) -> None:
    service = stage(page(behind=1))
    for arguments in (("--url", url), ("--url", BASE, "--forward", url)):
        ended = awizo("webhook", "listen", "--operator", "x", *arguments)
        assert (ended.code, "https://" in ended.sentence) == (2, True)
    assert service.asked == []


def test_the_key_can_be_in_a_file_and_must_be_somewhere(
    awizo: Awizo, stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = stage(page(behind=1))
    monkeypatch.delenv("AWIZO_API_KEY")
    assert "AWIZO_API_KEY" in awizo(*ARGUMENTS).sentence
    missing, bad, good = tmp_path / "missing", tmp_path / "bad", tmp_path / "good"
    bad.write_text("zażółć")
    good.write_text(f"{KEY}\n")
    for file in (missing, bad):
        assert awizo(*ARGUMENTS, "--key-file", str(file)).code == 2
    assert awizo(*ARGUMENTS, "--key-file", str(good)).code == 0
    assert service.asked[0].headers["authorization"] == f"Bearer {KEY}"

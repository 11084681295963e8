"""docs/webhooks.md: its call is signed with its secret, its program works, and its tables are the code's."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.webhook import _WAITS, FACTS, TRIES, WebhookType
from app.usecases.sign_webhook import signed_headers
from tests.unit.usecases.test_sign_webhook import second_signature

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    text: str = found
    return text


def the_call() -> tuple[dict[str, str], bytes]:
    """The headers and the body of the call on the page."""
    head, _, body = block("http").rstrip("\n").partition("\n\n")
    return dict(line.split(": ", 1) for line in head.split("\n")[1:]), body.encode()


def the_secret() -> str:
    found = re.search(r"whsec_[A-Za-z0-9+/=]{44}", PAGE)
    assert found is not None
    return found[0]


def test_the_call_on_the_page_is_signed_with_the_secret_on_the_page() -> None:
    headers, body = the_call()
    expected = second_signature(the_secret(), headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == expected


def test_the_program_on_the_page_takes_a_call_once_and_refuses_a_forgery(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(block("python"), names)
    receive: Callable[[bytes, dict[str, str]], int] = names["receive"]
    headers, body = the_call()
    assert receive(body, headers) == 401  # its time has passed
    fresh = signed_headers(headers["webhook-id"], body, secrets=[the_secret()], now=datetime.now(UTC))
    assert [receive(body, fresh), receive(body, fresh), receive(body + b" ", fresh)] == [204, 204, 401]
    assert capsys.readouterr().out == "notification.delivered 2026h2-000000004711\n"


def test_every_type_of_event_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", PAGE, re.MULTILINE)
    assert rows == [type_.value for type_ in WebhookType]
    assert set(FACTS.values()) == set(WebhookType)


def test_the_waits_on_the_page_are_those_of_the_code() -> None:
    said = re.search(r"between them (.*?) hours", PAGE, re.DOTALL)
    assert TRIES == 14
    assert said is not None
    in_words = "5 s, 30 s, 2, 5, 15 and 30 minutes, 1, 2, 4, 8, 12, 16 and 24"
    assert " ".join(said[1].split()) == in_words
    minutes, hours = (2, 5, 15, 30), (1, 2, 4, 8, 12, 16, 24)
    assert (5, 30, *(60 * each for each in minutes), *(3600 * each for each in hours)) == _WAITS

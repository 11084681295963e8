"""What is taken out of a log line whatever it stands in."""

from datetime import UTC, datetime

import pytest

from app.logs import redact
from tests.tokens import claims, key, token

TOKEN = token(key(), claims("admin", now=datetime(2026, 11, 23, tzinfo=UTC)))


@pytest.mark.parametrize("text", [TOKEN, f"Bearer {TOKEN}", f"a={TOKEN}&b", f"'{TOKEN}'", TOKEN.rpartition(".")[0]])
def test_an_access_token_is_never_logged(text: str) -> None:
    entry = redact(None, "info", {"event": text, "nested": [{"why": text}]})
    assert not any(part in str(entry) for part in TOKEN.split("."))
    assert "[redacted]" in entry["event"]


def test_other_words_are_logged_as_they_are() -> None:
    entry = {"event": "access_refused", "because": "signature", "eyes": "key.of.eyJ"}
    assert redact(None, "info", dict(entry)) == entry

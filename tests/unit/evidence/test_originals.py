"""What an original is shown as."""

import pytest

from app.evidence.originals import media_type_of


@pytest.mark.parametrize(
    ("name", "value", "data", "shown"),
    [
        ("content", b"From: awizo", {"encoding": "mime"}, "message/rfc822"),
        ("event", b"{}", {}, "application/cloudevents+json"),
        ("receipt", b"MessageStatus=delivered", {"via": "callback"}, "application/x-www-form-urlencoded"),
        ("receipt", b"status=DELIVERED", {"via": "handset"}, "application/x-www-form-urlencoded"),
        ("receipt", b"From: mailer-daemon", {"via": "dsn"}, "message/rfc822"),
        ("provider_reply", b'{"sid": "SM1"}', {}, "application/json"),
        ("provider_reply", b"250 2.0.0 Ok: queued", {}, "text/plain"),
        ("provider_reply", "przyjęto".encode(), {}, "text/plain"),
        ("provider_reply", b"\xff\xfe\x00", {}, "application/octet-stream"),
        ("provider_reply", b"", {}, "text/plain"),
    ],
)
def test_an_original_is_shown_as_what_it_is(name: str, value: bytes, data: dict[str, str], shown: str) -> None:
    assert media_type_of(name, value, data) == shown

"""The addresses of relays: what names one, and what is refused without being repeated."""

import pytest

from adapters.smtp_email import Security, SmtpRelay
from tests.contract.providers import SECRET


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example", SmtpRelay(host="mail.example", port=25, security=Security.NONE)),
        ("smtp+starttls://mail.example", SmtpRelay(host="mail.example", port=587, security=Security.STARTTLS)),
        ("smtps://mail.example/", SmtpRelay(host="mail.example", port=465, security=Security.TLS)),
        (
            "smtps://us%40er:p%3Aw%2F@mail.example:2465?weight=30",
            SmtpRelay(
                host="mail.example", port=2465, security=Security.TLS, username="us@er", password="p:w/", weight=30
            ),
        ),
        ("smtp://[::1]:2525", SmtpRelay(host="::1", port=2525, security=Security.NONE)),
    ],
)
def test_a_url_names_a_relay(url: str, relay: SmtpRelay) -> None:
    assert SmtpRelay.parse(url) == relay


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "mail.example",
        "smtp://",
        f"smtp://{SECRET}@mail.example",
        f"smtp://user:{SECRET}@mail.example:port",
        f"smtp://user:{SECRET}@mail.example:99999",
        f"smtp://user:{SECRET}@mail.example/path",
        f"smtp://user:{SECRET}@mail.example?weight=much",
        f"smtp://user:{SECRET}@mail.example?weight=-1",
        f"smtp://user:{SECRET}@mail.example?other=1",
        f"smtp://user:{SECRET}@[mail.example",
        f"smtp://user:{SECRET}@mail\u2100.example",
        f"smtp://user:{SECRET}#x@mail.example",
    ],
)
def test_a_url_that_names_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL") as refused:
        SmtpRelay.parse(url)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None

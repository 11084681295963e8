from email import message_from_bytes
from email.policy import SMTP

import pytest

from app.rendering.mime import (
    MessageRefusedError,
    address_value,
    message_id_value,
    multipart,
    sender_value,
    subject_value,
    web_address,
)

HEADERS = (("Subject", "x"), ("MIME-Version", "1.0"))
TYPE = ("Content-Type", 'multipart/alternative; boundary="=_awizo-alternative"')


def test_a_message_is_ascii_with_crlf_line_ends_only() -> None:
    mime = multipart([*HEADERS, TYPE], text="zażółć\nb\r\nc\rd", html="<p>ł</p>\n")
    assert mime.isascii()
    assert mime.count(b"\r\n") == mime.count(b"\n") == mime.count(b"\r")


def test_bodies_come_back_as_they_were_whatever_they_hold() -> None:
    text = "--=_awizo-alternative--\n.\n..\nFrom here \n" + "ż" * 5000 + "\ntrailing \n=3D\n"
    message = message_from_bytes(multipart([*HEADERS, TYPE], text=text, html="<p>x</p>\n"), policy=SMTP)
    plain, html = message.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == text
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert message.defects == plain.defects == html.defects == []


def test_no_line_is_longer_than_78_characters_in_the_bodies() -> None:
    mime = multipart([*HEADERS, TYPE], text="a" * 5000, html="ż" * 5000)
    assert max(len(line) for line in mime.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    "value", ["x\r\nBcc: y", "x\ny", "x\ry", "x\x00", "ż", "x\r\n", "x\r\n\r\ny", "x\x0bz", "\ud800"]
)
def test_a_value_that_would_end_its_header_is_refused(value: str) -> None:
    with pytest.raises(MessageRefusedError, match="Subject holds what no header may"):
        multipart([("Subject", value)], text="", html="")


def test_a_header_that_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(MessageRefusedError, match="not on the list"):
        multipart([("Bcc", "x@example.org")], text="", html="")


def test_a_value_that_readers_would_read_otherwise_is_refused() -> None:
    with pytest.raises(MessageRefusedError, match="differ"):
        multipart([("Subject", "  padded")], text="", html="")


def test_a_line_of_more_than_998_octets_is_refused() -> None:
    with pytest.raises(MessageRefusedError, match="too long"):
        multipart([("Subject", "x" * 990)], text="", html="")


@pytest.mark.parametrize(
    ("subject", "value"),
    [
        ("Notice", "Notice"),
        ("List\r\nBcc: x@y", "List Bcc: x@y"),
        ("List\x00\x1b", "List "),
        ("ż", "=?utf-8?b?xbw=?="),
    ],
)
def test_a_subject_is_one_header_in_ascii(subject: str, value: str) -> None:
    assert subject_value(subject) == value


def test_a_long_subject_is_folded_into_encoded_words_of_at_most_75_characters() -> None:
    lines = subject_value("Zażółć gęślą jaźń " * 20).split("\r\n ")
    assert len(lines) > 5
    assert all(len(line) <= 75 and line.startswith("=?utf-8?") for line in lines)


def test_an_encoded_word_in_a_subject_that_readers_would_decode_is_refused() -> None:
    # CVE-2024-6923: "=0A" would become a line end, and what follows it a header.
    with pytest.raises(MessageRefusedError, match="does not survive"):
        subject_value("=?utf-8?q?=0ABcc:_x=40example.org?=")


@pytest.mark.parametrize(
    ("sender", "value"),
    [
        ("awizo@example.org", "awizo@example.org"),
        ("Awizo <awizo@example.org>", "Awizo <awizo@example.org>"),
        ("Poczta Łódź <awizo@example.org>", "=?utf-8?b?UG9jenRhIMWBw7Nkxbo=?= <awizo@example.org>"),
        ("Poczta, Polska <awizo@example.org>", None),
    ],
)
def test_a_sender_is_a_name_and_an_address(sender: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(MessageRefusedError):
            sender_value(sender)
    else:
        assert sender_value(sender) == value


@pytest.mark.parametrize(
    ("address", "value"), [("jan@example.com", "jan@example.com"), ("jan@żółw.example", "jan@xn--w-uga1v8h.example")]
)
def test_a_domain_is_written_in_ascii(address: str, value: str) -> None:
    assert address_value(address) == value


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jan",
        "jan@",
        "@example.com",
        "jan@example.com\r\nBcc: x@example.org",
        "jan@example.com,eva@example.com",
        "Jan <jan@example.com>",
        '"a b"@example.com',
        "żółw@example.com",
        "jan@" + "a" * 64 + ".com",
        "jan@exa mple.com",
        "=?utf-8?q?jan?=@example.com ",
    ],
)
def test_what_is_no_plain_ascii_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(MessageRefusedError) as refusal:
        address_value(address)
    assert "example" not in str(refusal.value)


@pytest.mark.parametrize("message_id", ["", "a@b", "<a>", "<a@b>x", "<a@b\r\n>", "<a b@c>", "<a@b><c@d>"])
def test_a_message_id_of_another_form_is_refused(message_id: str) -> None:
    with pytest.raises(MessageRefusedError, match="Message-ID"):
        message_id_value(message_id)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "ftp://a.b",
        "//a.b",
        "https://a.b/ x",
        "https://a.b>",
        'https://a.b/"',
        "https://ż.pl",
    ],
)
def test_a_link_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(MessageRefusedError, match="URL"):
        web_address(url)

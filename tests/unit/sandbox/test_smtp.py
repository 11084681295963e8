"""The sandbox takes mail as an SMTP server does, and reads any letter for display."""

from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.letters import links_in_html, read_letter
from app.sandbox.magic import MAGIC_ENDINGS, MAGIC_MAILBOXES
from app.sandbox.server import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[aiosmtplib.SMTP]:
    port = int(sandbox.smtp_url.rpartition(":")[2])
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, local_hostname="test", timeout=60)
    async with client:
        yield client


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Poczta <awizo@awizo.example>"
    message["To"] = "jan@example.com"
    message["Subject"] = "Przesyłka czeka"
    message.set_content("Czeka.\n.kropka\nhttps://awizo.example/n/1\n")
    html = '<p>Czeka. <a href="https://awizo.example/n/1">Zobacz</a> <a href="javascript:alert(1)">Zło</a></p>'
    message.add_alternative(html, subtype="html")
    return message


async def test_a_letter_is_kept_with_envelope_text_html_and_links(sandbox: Sandbox, client: aiosmtplib.SMTP) -> None:
    await client.send_message(letter(), sender="bounces@awizo.example")
    [email] = sandbox.emails
    assert (email.envelope_from, email.envelope_to) == ("bounces@awizo.example", ("jan@example.com",))
    assert (email.subject, email.to) == ("Przesyłka czeka", "jan@example.com")
    assert ".kropka" in email.text
    assert "<p>Czeka." in email.html
    assert email.links == ("https://awizo.example/n/1",)


async def test_the_raw_letter_is_the_bytes_before_dot_stuffing(sandbox: Sandbox, client: aiosmtplib.SMTP) -> None:
    raw = b"Subject: x\r\n\r\n.one\r\n..two\r\n\r\n...\r\n"
    await client.sendmail("a@b.example", ["c@d.example"], raw)
    assert sandbox.emails[0].raw == raw


async def test_several_letters_go_over_one_connection(sandbox: Sandbox, client: aiosmtplib.SMTP) -> None:
    for _ in range(3):
        await client.sendmail("a@b.example", ["c@d.example"], b"Subject: x\r\n\r\n")
    assert len(sandbox.emails) == 3


@pytest.mark.parametrize(("mailbox", "reply"), MAGIC_MAILBOXES.items())
async def test_a_magic_mailbox_is_refused(sandbox: Sandbox, client: aiosmtplib.SMTP, mailbox: str, reply: str) -> None:
    await client.mail("a@b.example")
    with pytest.raises(aiosmtplib.SMTPRecipientRefused) as refused:
        await client.rcpt(f"{mailbox}@example.com")
    assert refused.value.code == int(reply[:3])
    assert sandbox.emails == ()


@pytest.mark.parametrize(("mailbox", "reply"), MAGIC_ENDINGS.items())
async def test_a_magic_mailbox_lets_a_letter_come_to_its_end_and_keeps_it_not(
    sandbox: Sandbox, client: aiosmtplib.SMTP, mailbox: str, reply: str
) -> None:
    await client.mail("a@b.example")
    await client.rcpt(f"{mailbox}@example.com")
    with pytest.raises((aiosmtplib.SMTPDataError, aiosmtplib.SMTPServerDisconnected)) as ended:
        await client.data(b"Subject: x\r\n\r\nCzeka.\r\n")
    if isinstance(ended.value, aiosmtplib.SMTPDataError):
        assert ended.value.code == int(reply[:3])
    else:
        assert reply == ""
    assert sandbox.emails == ()


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (["DATA"], 503),
        (["RCPT TO:<a@b.example>"], 503),
        (["MAIL FROM:<a@b.example>", "DATA"], 503),
        (["MAIL a@b.example"], 501),
        (["MAIL FROM:<a@b.example>", "RCPT TO:<nobody-at-all>"], 501),
        (["MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example>", "RSET", "DATA"], 503),
        (["VRFY a"], 502),
        (["NOOP"], 250),
        (["HELO x"], 250),
    ],
)
async def test_commands_out_of_order_are_refused(client: aiosmtplib.SMTP, commands: list[str], code: int) -> None:
    replies = [(await client.execute_command(command.encode())).code for command in commands]
    assert replies[-1] == code


async def test_a_letter_of_more_than_ten_mebibytes_is_refused(sandbox: Sandbox, client: aiosmtplib.SMTP) -> None:
    await client.mail("a@b.example")
    await client.rcpt("c@d.example")
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await client.data(b"Subject: x\r\n\r\n" + (b"y" * 998 + b"\r\n") * 11_000)
    assert refused.value.code == 552
    assert sandbox.emails == ()


async def test_a_client_that_vanishes_in_mid_letter_leaves_nothing(sandbox: Sandbox, client: aiosmtplib.SMTP) -> None:
    await client.mail("a@b.example")
    await client.rcpt("c@d.example")
    await client.execute_command(b"DATA")
    client.close()
    assert sandbox.emails == ()


@given(raw=st.binary(max_size=400))
def test_any_bytes_can_be_read_as_a_letter(raw: bytes) -> None:
    read = read_letter(b"Content-Type: text/html; charset=none\r\n" + raw)
    assert isinstance(read.subject + read.text + read.html, str)


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Type: text/plain; charset=no-such\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!",
        b"Subject: =?utf-8?b?!!?=\r\nFrom: <<>>@@\r\n\r\n",
        b"Content-Type: multipart/mixed\r\n\r\n",
        b"To: =?x?q?=00?=\r\n\r\n",
    ],
)
def test_a_letter_nobody_should_write_is_read_all_the_same(headers: bytes) -> None:
    assert isinstance(read_letter(headers).text, str)


def test_only_web_links_are_found() -> None:
    html = (
        '<a href="https://a.example/x">1</a><a href="mailto:a@b">2</a><a>3</a><a href="data:x">4</a><b href="http://n">'
    )
    assert links_in_html(html) == ["https://a.example/x"]

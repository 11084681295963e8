"""A multipart/alternative message from ready-made parts (RFC 5322, RFC 2045–2047), checked before it leaves.

Building an `EmailMessage` for each message costs milliseconds; here only header values and two bodies are filled in.
"""

import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from email.header import Header, decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

LINE_MAX = 998

# "=_" never occurs in quoted-printable text (RFC 2045 §6.7), so no body can contain the boundary.
BOUNDARY = "=_awizo-alternative"

HEADER_NAMES = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
)

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{1,900}")
_PRINTABLE_LINES = re.compile(r"[\x20-\x7e]*(?:\r\n[ \t][\x20-\x7e]+)*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

_PART = (
    b"\r\n--%(boundary)s\r\nContent-Type: text/%(subtype)s; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%(body)s"
)
_END = b"\r\n--" + BOUNDARY.encode() + b"--\r\n"
_PARSER = BytesHeaderParser(policy=compat32)


class MessageRefusedError(ValueError):
    """A message that must not leave. Says which header is at fault, never its value."""


def multipart(headers: Sequence[tuple[str, str]], *, text: str, html: str) -> bytes:
    """The message with these headers, a text and an HTML alternative: ASCII, CRLF, no line over 998 octets.

    Raises MessageRefusedError when the headers, read back, are not exactly those given.
    """
    head = b"".join(f"{name}: {value}\r\n".encode("ascii", "replace") for name, value in headers)
    _check_read_back(head, headers)
    return head + _part(b"plain", text) + _part(b"html", html) + _END


def subject_value(subject: str) -> str:
    """`subject` without control characters, as RFC 2047 encoded words where it is not ASCII, folded by CRLF."""
    return _encoded(_CONTROLS.sub(" ", subject))


def sender_value(sender: str) -> str:
    """`Name <address>` or an address, as a From value. Raises MessageRefusedError when there is no address."""
    return _sender(sender)


def address_value(address: str) -> str:
    """A bare address as a To value, its domain in ASCII (IDNA).

    Raises MessageRefusedError for what is no address, or needs SMTPUTF8 (RFC 6531) for its local part.
    """
    local, at, domain = address.rpartition("@")
    try:
        ascii_address = local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise MessageRefusedError("an address is not one") from None
    if _ADDRESS.fullmatch(ascii_address) is None:
        raise MessageRefusedError("an address is not one")
    return ascii_address


def message_id_value(message_id: str) -> str:
    """`<id@host>` as given. Raises MessageRefusedError for anything else."""
    if _MESSAGE_ID.fullmatch(message_id) is None:
        raise MessageRefusedError("the Message-ID is not <id@host>")
    return message_id


def web_address(url: str) -> str:
    """An http(s) URL as given. Raises MessageRefusedError for anything else."""
    if _WEB_ADDRESS.fullmatch(url) is None:
        raise MessageRefusedError("a link is not an http(s) URL")
    return url


def date_value(moment: datetime) -> str:
    """An aware instant as a Date value (RFC 5322 §3.3)."""
    return format_datetime(moment)


@lru_cache(maxsize=1024)
def _encoded(subject: str) -> str:
    charset = "us-ascii" if subject.isascii() else "utf-8"
    # RFC 2047 §2 allows encoded words of 75 characters, where the library's own limit is a line of 76.
    value = Header(subject, charset, maxlinelen=75, header_name="Subject").encode(linesep="\r\n")
    # CVE-2024-6923: what a reader decodes must be what we meant, and nothing more.
    if str(make_header(decode_header(value.replace("\r\n", "")))) != subject:
        raise MessageRefusedError("the Subject does not survive its encoding")
    return value


@lru_cache(maxsize=16)
def _sender(sender: str) -> str:
    name, address = parseaddr(_CONTROLS.sub(" ", sender))
    return formataddr((name, address_value(address)))


def _part(subtype: bytes, content: str) -> bytes:
    *lines, last = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # RFC 2045 §6.7 encodes each line by itself, and most lines are the same in every message.
    body = b"".join([*map(_quoted_line, lines), _quoted(last)])
    return _PART % {b"boundary": BOUNDARY.encode(), b"subtype": subtype, b"body": body}


@lru_cache(maxsize=2048)
def _quoted_line(line: str) -> bytes:
    return _quoted(line + "\n")


def _quoted(text: str) -> bytes:
    return binascii.b2a_qp(text.encode(), istext=True).replace(b"\n", b"\r\n")


def _check_read_back(head: bytes, headers: Sequence[tuple[str, str]]) -> None:
    """Reads the head as a mail reader would, and compares names, values and their order with what was meant."""
    if any(name not in HEADER_NAMES for name, _ in headers):
        raise MessageRefusedError("a header is not on the list")
    at_fault = [name for name, value in headers if _PRINTABLE_LINES.fullmatch(value) is None]
    if at_fault:
        raise MessageRefusedError(f"{at_fault[0]} holds what no header may")
    read = _PARSER.parsebytes(head + b"\r\n")
    if read.defects or [(name, str(value)) for name, value in read.items()] != list(headers):
        raise MessageRefusedError("the headers read back differ from those meant")
    if max(map(len, head.split(b"\r\n"))) > LINE_MAX:
        raise MessageRefusedError("a header line is too long")

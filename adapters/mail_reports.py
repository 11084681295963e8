"""Reads delivery status notifications (RFC 3464), and bounces of other forms as far as flufl.bounce knows them."""

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from flufl.bounce import all_failures

from app.domain.mail_status import AddressVerdict, enhanced_code, verdict_on_address
from app.domain.receipt import MailReport, ReceiptStatus

# Who reports says so first; after that, servers return what they could not deliver, of any size.
HEAD_BYTES = 64 * 1024
HEAD_LINES = 2000
LINE_BYTES = 998  # RFC 5322 §2.1.1
# The standard library's parser asks every line whether it ends one of the parts around it, and goes down by recursion.
PARTS_MAX = 16
BLOCKS_MAX = 64
ADDRESSES_MAX = 16

# Where a mail server or its delivery agent writes the address that a message came to.
_ADDRESSED = ("delivered-to", "x-original-to", "envelope-to", "to")

_ACTIONS = {
    "delivered": ReceiptStatus.DELIVERED,
    "relayed": ReceiptStatus.PROGRESS,
    "expanded": ReceiptStatus.PROGRESS,
    "delayed": ReceiptStatus.PROGRESS,
    "failed": ReceiptStatus.FAILED,
    "error": ReceiptStatus.FAILED,  # what OpenSMTPD writes
}
# Of several recipients that one address was forwarded to, the best news counts: the message may have been read.
_BEST_FIRST = (ReceiptStatus.DELIVERED, ReceiptStatus.PROGRESS, ReceiptStatus.FAILED)
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_WORD = re.compile(r"\s*([A-Za-z]+)")

# It logs each detector that it tries, and with a failed one what the message said.
logging.getLogger("flufl.bounce").disabled = True


class MailReports:
    """`app.ports.ReportParser`. However a message is made, it costs bounded time and memory, and raises nothing."""

    def parse(self, message: bytes) -> MailReport | None:
        """What the message reports; None for one that reports nothing, or is made as no report is."""
        head = _head(message)
        if head is None:
            return None
        try:
            parsed = message_from_bytes(head)
            return _standard(parsed) or _foreign(parsed)
        except Exception:  # noqa: BLE001 – parser and detectors raise anything at all on mail made to break them
            return None


def _head(message: bytes) -> bytes | None:
    """The beginning of the message, with short lines; None when it has more parts than any report needs."""
    text = message[:HEAD_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head = b"\n".join(line[:LINE_BYTES] for line in text.split(b"\n")[:HEAD_LINES])
    lower = head.lower()
    too_deep = lower.count(b"boundary") > PARTS_MAX or lower.count(b"message/") > PARTS_MAX
    return None if too_deep else head


def _standard(parsed: Message) -> MailReport | None:
    """The report in a message/delivery-status part (RFC 3464 §2.1), if there is one."""
    blocks = _status_blocks(parsed)
    told = [each for each in map(_told, blocks) if each is not None]
    if not told:
        return None
    status, code, verdict = min(told, key=lambda each: _BEST_FIRST.index(each[0]))
    envelope_ids = [_unxtext(each) for block in blocks if (each := _text(block, "original-envelope-id"))]
    return MailReport(
        names=(*envelope_ids[:1], *_local_parts(parsed)),
        status=status,
        code=code,
        hard=verdict.hard,
        bounced=verdict.bounced,
        claimed_at=_date(parsed),
    )


def _foreign(parsed: Message) -> MailReport | None:
    """A bounce that says in its server's own words that a message failed; why, nobody can tell."""
    temporary, permanent = all_failures(parsed)
    if not temporary and not permanent:
        return None
    return MailReport(
        names=_local_parts(parsed),
        status=ReceiptStatus.FAILED if permanent else ReceiptStatus.PROGRESS,
        code="bounce" if permanent else "delayed",
        hard=bool(permanent),
        claimed_at=_date(parsed),
    )


def _status_blocks(parsed: Message) -> list[Message]:
    """The groups of fields of the first status part: of the message, then one for each recipient (RFC 3464 §2.1)."""
    for part in _own_parts(parsed):
        blocks = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(blocks, list):
            return [block for block in blocks[:BLOCKS_MAX] if isinstance(block, Message)]
    return []


def _own_parts(message: Message) -> Iterator[Message]:
    """The parts of a message, but not those of a message that it returns."""
    parts = message.get_payload()
    if message.get_content_maintype() == "multipart" and isinstance(parts, list):
        for part in parts:
            if isinstance(part, Message):
                yield from _own_parts(part)
    else:
        yield message


def _told(block: Message) -> tuple[ReceiptStatus, str, AddressVerdict] | None:
    """What the fields of one recipient tell (RFC 3464 §2.3): what became of the message, a code, and of the address."""
    word = _WORD.match(_text(block, "action"))
    action = word[1].lower() if word else ""
    status = _ACTIONS.get(action)
    if status is None:
        return None
    diagnostic = _text(block, "diagnostic-code")
    code = enhanced_code(_text(block, "status"))
    if code is None or code.endswith(".0.0"):  # the answer that the server itself got may know better
        code = enhanced_code(diagnostic) or code
    if status is not ReceiptStatus.FAILED or _was_forwarded(block):
        return status, action if status is ReceiptStatus.PROGRESS else code or action, AddressVerdict()
    return status, code or action, verdict_on_address(code, diagnostic)


def _was_forwarded(block: Message) -> bool:
    """Whether it was not our address that failed, but one that our message was forwarded to."""
    original, final = (_address(_text(block, f"{which}-recipient")) for which in ("original", "final"))
    return bool(original and final) and original != final


def _address(field: str) -> str:
    """The address in `rfc822; jan@example.org` (RFC 3464 §2.3.1)."""
    return _unxtext(field.partition(";")[2].strip().strip("<>")).lower()


def _local_parts(parsed: Message) -> tuple[str, ...]:
    values = [str(value) for name in _ADDRESSED for value in parsed.get_all(name, [])[:ADDRESSES_MAX]]
    addresses = [address for value in values for _, address in getaddresses([value])[:ADDRESSES_MAX]]
    return tuple(address.rpartition("@")[0] for address in addresses if "@" in address)


def _text(block: Message, name: str) -> str:
    return " ".join(str(block.get(name, "")).split())


def _unxtext(text: str) -> str:
    """RFC 3461 §4, which most servers undo before they repeat it."""
    return _XTEXT.sub(lambda each: chr(int(each[1], 16)), text)


def _date(parsed: Message) -> datetime | None:
    """When the report says that it was written, if it is a moment of our age."""
    try:
        moment = parsedate_to_datetime(_text(parsed, "date"))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= 2000 else None

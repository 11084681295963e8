"""Mail servers' reports: what is read of those that servers write, and that no message does harm."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mail_reports import HEAD_BYTES, MailReports
from app.domain.receipt import MailReport, ReceiptStatus
from tests.hostile_mail import HEADERS, HOSTILE, REPORT, STATUS_PART
from tests.mail_samples import ENVELOPE_ID, OUT_OF_OFFICE, QMAIL, VERP, exim, postfix

DELIVERED, PROGRESS, FAILED = ReceiptStatus.DELIVERED, ReceiptStatus.PROGRESS, ReceiptStatus.FAILED


def read(message: bytes) -> MailReport:
    report = MailReports().parse(message)
    assert report is not None
    return report


def test_a_standard_report_is_read_whole() -> None:
    assert read(postfix()) == MailReport(
        names=(ENVELOPE_ID, VERP, VERP),
        status=FAILED,
        code="5.1.1",
        hard=True,
        bounced=True,
        claimed_at=datetime(2026, 11, 23, 10, 42, 7, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("delivered", "2.0.0", (DELIVERED, "2.0.0")),
        ("relayed", "2.0.0", (PROGRESS, "relayed")),
        ("expanded", "2.0.0", (PROGRESS, "expanded")),
        ("delayed", "4.4.1", (PROGRESS, "delayed")),
        ("failed", "5.2.2", (FAILED, "5.2.2")),
        ("FAILED (it did)", "5.2.2 (full)", (FAILED, "5.2.2")),
        ("error", "5.2.2", (FAILED, "5.2.2")),
        ("failed", "whatever", (FAILED, "failed")),
    ],
)
def test_each_action_has_its_status(action: str, status: str, expected: tuple[ReceiptStatus, str]) -> None:
    report = read(postfix(action, status, "smtp; 250 ok"))
    assert (report.status, report.code) == expected


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_any_line_ends_are_read(line_end: bytes) -> None:
    assert read(postfix().replace(b"\n", line_end)) == read(postfix())


@pytest.mark.parametrize(
    ("status", "diagnostic", "hard", "bounced"),
    [
        ("5.1.1", "smtp; 550 5.1.1 no", True, True),
        ("5.1.10", "smtp; 556 5.1.10 null MX", True, True),
        ("5.1.0", "smtp; 550 5.1.0 address rejected", True, False),
        ("5.0.0", "smtp; 550 5.1.1 no such mailbox", True, True),
        ("5.5.0", "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable", True, False),
        ("5.0.0", "smtp; 550 rejected by policy", False, False),
        ("5.2.2", "smtp; 552 5.2.2 mailbox unavailable: over quota", False, False),
        ("5.7.1", "smtp; 554 5.7.1 user unknown to our list of friends", False, False),
        ("4.4.1", "smtp; no answer", False, False),
    ],
)
def test_only_what_is_said_of_the_address_counts_against_it(
    status: str, diagnostic: str, hard: bool, bounced: bool
) -> None:
    report = read(postfix("failed", status, diagnostic))
    assert (report.status, report.hard, report.bounced) == (FAILED, hard, bounced)


def test_a_delay_says_nothing_of_the_address() -> None:
    report = read(postfix("delayed", "4.1.1", "smtp; 450 4.1.1 user unknown"))
    assert (report.hard, report.bounced) == (False, False)


def test_an_address_that_mail_was_forwarded_to_is_not_ours() -> None:
    report = read(postfix(original="jan@example.org", final="jan@elsewhere.example"))
    assert (report.status, report.hard, report.bounced) == (FAILED, False, False)


@pytest.mark.parametrize("original", ["Jan@Example.ORG", "jan+40example.org", "<jan@example.org>"])
def test_another_spelling_of_our_address_is_no_other_address(original: str) -> None:
    assert read(postfix(original=original)).bounced


@pytest.mark.parametrize(
    ("other", "expected"), [("delivered", DELIVERED), ("delayed", PROGRESS), ("relayed", PROGRESS), ("failed", FAILED)]
)
def test_of_several_recipients_the_best_news_counts(other: str, expected: ReceiptStatus) -> None:
    more = f"\nFinal-Recipient: rfc822; eva@example.org\nAction: {other}\nStatus: 5.1.1\n"
    assert read(postfix(more=more)).status == expected


def test_an_envelope_id_in_xtext_is_decoded() -> None:
    assert read(postfix(envelope_id="a+2Bb+3Dc")).names[0] == "a+b=c"


def test_without_an_envelope_id_the_addresses_are_the_names() -> None:
    assert read(postfix(envelope_id=None)).names == (VERP, VERP)


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 32 Nov 2026 11:42:07 +0100", "Fri, 31 Dec 9999 23:59:59 -2359"]
)
def test_a_report_without_a_sound_date_claims_no_time(date: str) -> None:
    assert read(postfix(date=date)).claimed_at is None


@pytest.mark.parametrize("message", [exim(), QMAIL], ids=["exim", "qmail"])
def test_a_bounce_in_a_servers_own_words_is_a_failure_without_a_cause(message: bytes) -> None:
    report = read(message)
    assert (report.status, report.code, report.hard, report.bounced) == (FAILED, "bounce", True, False)
    assert VERP in report.names


@pytest.mark.parametrize(
    "message",
    [
        OUT_OF_OFFICE,
        b"",
        b"\0" * 1000,
        b"not a message",
        HEADERS + b"\nplain text",
        REPORT + STATUS_PART + b"Reporting-MTA: dns; x\n\n--x--\n",
        REPORT + STATUS_PART + b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a\nAction: dreamt\n\n--x--\n",
    ],
)
def test_what_reports_nothing_is_no_report(message: bytes) -> None:
    assert MailReports().parse(message) is None


def test_a_report_that_somebody_attached_to_a_message_is_not_about_ours() -> None:
    inner = postfix("delivered", "2.0.0")
    outer = HEADERS + b"Content-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: message/rfc822\n\n"
    assert MailReports().parse(outer + inner + b"\n--outer--\n") is None


def test_a_report_is_read_before_whatever_it_returns() -> None:
    assert read(postfix() + b"x" * (20 * HEAD_BYTES)) == read(postfix())


@pytest.mark.parametrize("message", HOSTILE.values(), ids=list(HOSTILE))
def test_a_message_made_to_do_harm_is_read_or_not_and_raises_nothing(message: bytes) -> None:
    report = MailReports().parse(message)
    assert report is None or report.status in ReceiptStatus


@given(st.binary(max_size=2000), st.integers(min_value=0), st.integers(min_value=0))
def test_no_change_to_a_report_makes_reading_it_raise(noise: bytes, start: int, length: int) -> None:
    genuine = postfix()
    at = start % len(genuine)
    report = MailReports().parse(genuine[:at] + noise + genuine[at + length % len(genuine) :])
    assert report is None or report.code

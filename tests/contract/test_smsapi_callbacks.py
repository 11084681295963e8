"""What SMSAPI calls: one report or several, named by our own key."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from adapters.sms import SmsApiCallbacks
from app.domain.receipt import Receipt, ReceiptStatus
from tests.contract.providers import ATTEMPT, SMS

FORM = {
    "MsgId": "1460969715572091219",
    "status": "404",
    "status_name": "DELIVERED",
    "idx": SMS.notification.hex,
    "donedate": "1795176000",
    "from": "Awizo",
    "to": "48600100200",
    "username": "awizo",
}


def parse(form: dict[str, str]) -> tuple[Receipt, ...]:
    return SmsApiCallbacks().parse(url="/x", form=form, signature="", raw=b"raw", attempt=ATTEMPT)


def test_a_report_is_read_whole() -> None:
    assert parse(FORM) == (
        Receipt(
            attempt=ATTEMPT,
            notification=SMS.notification,
            provider="smsapi",
            status=ReceiptStatus.DELIVERED,
            code="DELIVERED",
            via="callback",
            signature="none",
            provider_id="1460969715572091219",
            claimed_at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
            raw=b"raw",
        ),
    )


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        ("401", "NOT_FOUND", ReceiptStatus.PROGRESS),
        ("402", "EXPIRED", ReceiptStatus.FAILED),
        ("403", "SENT", ReceiptStatus.PROGRESS),
        ("404", "DELIVERED", ReceiptStatus.DELIVERED),
        ("405", "UNDELIVERED", ReceiptStatus.FAILED),
        ("406", "FAILED", ReceiptStatus.FAILED),
        ("407", "REJECTED", ReceiptStatus.FAILED),
        ("408", "UNKNOWN", ReceiptStatus.PROGRESS),
        ("409", "QUEUE", ReceiptStatus.PROGRESS),
        ("410", "ACCEPTED", ReceiptStatus.PROGRESS),
        ("411", "RENEWAL", ReceiptStatus.PROGRESS),
        ("412", "STOP", ReceiptStatus.FAILED),
        ("499", "499", ReceiptStatus.PROGRESS),
        ("", "missing", ReceiptStatus.PROGRESS),
    ],
)
def test_a_status_is_read_into_our_words_by_its_number(number: str, code: str, status: ReceiptStatus) -> None:
    [receipt] = parse({"status": number})
    assert (receipt.code, receipt.status, receipt.hard) == (code, status, False)


def test_a_status_of_the_future_has_the_name_that_comes_with_it_cut_to_a_word() -> None:
    [receipt] = parse({"status": "499", "status_name": "X" * 1000})
    assert receipt.code == "X" * 64


def test_several_reports_in_one_call_are_several_receipts_in_their_order() -> None:
    first, second = parse(
        {
            **FORM,
            "MsgId": "1,2",
            "status": "403,404",
            "status_name": "SENT,DELIVERED",
            "idx": f"{SMS.notification.hex},{SMS.notification}",
            "donedate": "1795176000,1795176060",
        }
    )
    assert (first.code, first.provider_id, first.notification) == ("SENT", "1", SMS.notification)
    assert (second.code, second.provider_id) == ("DELIVERED", "2")
    assert first.claimed_at is not None
    assert second.claimed_at is not None
    assert (second.claimed_at - first.claimed_at).total_seconds() == 60


def test_more_reports_in_one_call_than_a_message_has_ends_are_none() -> None:
    assert len(parse({**FORM, "status": ",".join(["403"] * 20)})) == 20
    assert parse({**FORM, "status": ",".join(["403"] * 21)}) == ()


def test_a_parameter_with_another_number_of_values_belongs_to_no_report() -> None:
    receipts = parse({**FORM, "MsgId": "1,2,3", "status": "403,404", "donedate": ""})
    assert [(receipt.code, receipt.provider_id, receipt.claimed_at) for receipt in receipts] == [
        ("SENT", None, None),
        ("DELIVERED", None, None),
    ]


@pytest.mark.parametrize("idx", ["none", f"{SMS.notification.hex},{UUID(int=1).hex}", f"{SMS.notification.hex}0"])
def test_a_key_that_names_no_notification_or_several_makes_it_no_report(idx: str) -> None:
    assert parse({**FORM, "idx": idx}) == ()


def test_a_report_without_a_key_names_no_notification() -> None:
    [receipt] = parse({**FORM, "idx": ""})
    assert receipt.notification is None


@pytest.mark.parametrize("done", ["", "-5", "soon", "1" * 12, "\u0661"])
def test_a_time_that_is_none_is_left_out(done: str) -> None:
    [receipt] = parse({**FORM, "donedate": done})
    assert receipt.claimed_at is None


def test_a_call_that_reports_no_status_is_no_report() -> None:
    assert parse({"idx": SMS.notification.hex}) == ()
    assert parse({}) == ()

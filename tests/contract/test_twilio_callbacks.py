"""What Twilio calls: status reports and people's answers, only with its signature."""

import pytest
from twilio.request_validator import RequestValidator

from adapters.sms import TwilioCallbacks
from app.domain.receipt import ReceiptStatus
from tests.contract.providers import ATTEMPT, SECRET

PUBLIC = "https://awizo.example"
URL = f"{PUBLIC}/v1/callbacks/twilio/status?a=01&m=ff"
INBOUND = f"{PUBLIC}/v1/callbacks/twilio/inbound"
SID = "SM" + "1" * 32


def callbacks(public_url: str = PUBLIC) -> TwilioCallbacks:
    return TwilioCallbacks(auth_token=SECRET, public_url=public_url)


def signed(form: dict[str, str], url: str = URL) -> str:
    signature: str = RequestValidator(SECRET).compute_signature(url, form)
    return signature


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("queued", ReceiptStatus.PROGRESS),
        ("accepted", ReceiptStatus.PROGRESS),
        ("sending", ReceiptStatus.PROGRESS),
        ("sent", ReceiptStatus.PROGRESS),
        ("delivered", ReceiptStatus.DELIVERED),
        ("undelivered", ReceiptStatus.FAILED),
        ("failed", ReceiptStatus.FAILED),
        ("a status of the future", ReceiptStatus.PROGRESS),
    ],
)
def test_a_status_is_read_into_our_words(said: str, status: ReceiptStatus) -> None:
    form = {"MessageSid": SID, "MessageStatus": said}
    [receipt] = callbacks().parse(url=URL, form=form, signature=signed(form), raw=b"raw", attempt=ATTEMPT)
    assert (receipt.status, receipt.code) == (status, said)
    assert (receipt.attempt, receipt.provider, receipt.provider_id) == (ATTEMPT, "twilio", SID)
    assert (receipt.via, receipt.signature, receipt.raw) == ("callback", "shared_key", b"raw")


def test_a_failure_carries_the_error_code() -> None:
    form = {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": "30003"}
    [receipt] = callbacks().parse(url=URL, form=form, signature=signed(form), raw=b"", attempt=ATTEMPT)
    assert receipt.code == "30003"


def test_what_databases_do_not_take_is_replaced_in_a_code_which_is_cut_to_a_word() -> None:
    form = {"MessageStatus": "\0\x1b" + "X" * 1000}
    [receipt] = callbacks().parse(url=URL, form=form, signature=signed(form), raw=b"", attempt=ATTEMPT)
    assert receipt.code == "??" + "X" * 62


def test_a_signed_callback_without_a_status_is_kept_as_progress() -> None:
    [receipt] = callbacks().parse(url=URL, form={}, signature=signed({}), raw=b"", attempt=ATTEMPT)
    assert (receipt.status, receipt.code) == (ReceiptStatus.PROGRESS, "missing")


FORM = {"MessageSid": SID, "MessageStatus": "delivered"}


@pytest.mark.parametrize(
    ("form", "signature"),
    [
        ({**FORM, "Extra": "1"}, signed(FORM)),
        ({**FORM, "MessageStatus": "failed"}, signed(FORM)),
        ({"MessageSid": SID}, signed(FORM)),
        (FORM, ""),
        (FORM, "ü" * 28),
        (FORM, RequestValidator("another token").compute_signature(URL, FORM)),
        (FORM, signed(FORM, URL.replace("a=01", "a=02"))),
        (FORM, signed(FORM, URL.replace("awizo.example", "evil.example"))),
        ({"MessageSid": "\ud800"}, signed(FORM)),
    ],
)
def test_a_callback_that_twilio_did_not_sign_is_none(form: dict[str, str], signature: str) -> None:
    assert callbacks().parse(url=URL, form=form, signature=signature, raw=b"", attempt=ATTEMPT) == ()


@pytest.mark.parametrize("seen", [URL, URL.replace(PUBLIC, "http://10.0.0.7:8000"), URL.removeprefix(PUBLIC)])
def test_the_signature_is_over_the_public_url_whatever_the_proxy_made_of_it(seen: str) -> None:
    assert callbacks().parse(url=seen, form=FORM, signature=signed(FORM), raw=b"", attempt=ATTEMPT) != ()


def test_a_path_of_the_public_url_that_the_proxy_cut_off_is_put_back() -> None:
    public = f"{PUBLIC}/awizo"
    signature = signed(FORM, f"{public}/v1/x?a=1")
    for seen in (f"{public}/v1/x?a=1", "http://10.0.0.7/v1/x?a=1"):
        assert callbacks(public).parse(url=seen, form=FORM, signature=signature, raw=b"", attempt=ATTEMPT) != ()


def test_no_secret_is_in_the_repr_of_the_callbacks() -> None:
    assert SECRET not in repr(callbacks())


@pytest.mark.parametrize("code", ["30005", "30006", "21614"])
def test_a_failure_that_lies_in_the_number_is_hard(code: str) -> None:
    form = {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": code}
    [receipt] = callbacks().parse(url=URL, form=form, signature=signed(form), raw=b"", attempt=ATTEMPT)
    assert (receipt.hard, receipt.bounced) == (True, False)


@pytest.mark.parametrize(
    "form",
    [
        {"MessageStatus": "undelivered", "ErrorCode": "30003"},
        {"MessageStatus": "undelivered"},
        {"MessageStatus": "sent", "ErrorCode": "30006"},
        {"MessageStatus": "delivered"},
    ],
)
def test_a_phone_that_is_off_and_a_report_that_is_no_failure_are_not_hard(form: dict[str, str]) -> None:
    [receipt] = callbacks().parse(url=URL, form=form, signature=signed(form), raw=b"", attempt=ATTEMPT)
    assert not receipt.hard


ANSWER = {"MessageSid": SID, "From": "+48600100200", "To": "+48500500500", "Body": "STOP \u017c"}


def test_what_somebody_sends_is_read_with_its_sender_and_text() -> None:
    said = callbacks().read_inbound(url=INBOUND, form=ANSWER, signature=signed(ANSWER, INBOUND))
    assert said is not None
    assert (said.provider, said.provider_id) == ("twilio", ANSWER["MessageSid"])
    assert (said.sender, said.text) == ("+48600100200", "STOP \u017c")
    assert said.raw.startswith(b"MessageSid=SM1")
    assert said.raw.endswith(b"Body=STOP+%C5%BC")


def test_a_message_without_a_name_could_be_replayed_and_is_none() -> None:
    form = {"From": "+48600100200", "Body": "START"}
    assert callbacks().read_inbound(url=INBOUND, form=form, signature=signed(form, INBOUND)) is None


def test_a_message_without_text_is_read_as_empty() -> None:
    form = {"MessageSid": SID, "From": "+48600100200"}
    said = callbacks().read_inbound(url=INBOUND, form=form, signature=signed(form, INBOUND))
    assert said is not None
    assert said.text == ""


@pytest.mark.parametrize(
    ("form", "signature"),
    [
        ({**ANSWER, "Body": "START"}, signed(ANSWER, INBOUND)),
        ({**ANSWER, "From": "+48600100201"}, signed(ANSWER, INBOUND)),
        (ANSWER, signed(ANSWER, URL)),
        (ANSWER, RequestValidator("another token").compute_signature(INBOUND, ANSWER)),
        (ANSWER, ""),
        ({"Body": "\ud800"}, signed(ANSWER, INBOUND)),
    ],
)
def test_a_message_that_twilio_did_not_sign_is_none(form: dict[str, str], signature: str) -> None:
    assert callbacks().read_inbound(url=INBOUND, form=form, signature=signature) is None


def test_nobodys_number_or_words_are_in_a_repr() -> None:
    said = callbacks().read_inbound(url=INBOUND, form=ANSWER, signature=signed(ANSWER, INBOUND))
    assert "600100200" not in repr(said)
    assert "STOP" not in repr(said)

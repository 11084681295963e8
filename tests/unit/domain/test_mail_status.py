"""Status codes of mail servers: which of them speak of the address."""

import pytest

from app.domain.mail_status import AddressVerdict, enhanced_code, verdict_on_address

BOUNCED = AddressVerdict(hard=True, bounced=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("smtp; 550 5.1.10 <a@example.org>: null MX", "5.1.10"),
        ("5.1.1 (first) 5.2.2 (second)", "5.1.1"),
        ("550 no code at all", None),
        ("refused 10.5.1.1 and 5.1.1.10", None),
        ("3.1.1 is no class", None),
        ("5.1.1000 is too long", None),
    ],
)
def test_the_first_enhanced_code_of_a_text_is_found(text: str, code: str | None) -> None:
    assert enhanced_code(text) == code


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"])
def test_an_address_that_takes_no_mail_has_bounced(code: str) -> None:
    assert verdict_on_address(code, "") == BOUNCED


@pytest.mark.parametrize("code", ["5.1.0", "5.1.4"])
def test_a_doubtful_address_failed_but_one_failure_is_not_enough(code: str) -> None:
    assert verdict_on_address(code, "user unknown") == AddressVerdict(hard=True)


@pytest.mark.parametrize("code", ["5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.3.4", "5.4.1", "5.7.1", "5.7.26", "4.2.2"])
def test_a_full_mailbox_spam_or_our_own_fault_say_nothing_of_the_address(code: str) -> None:
    assert verdict_on_address(code, "mailbox unavailable") == AddressVerdict()


@pytest.mark.parametrize("code", [None, "5.0.0", "5.5.0", "5.5.4"])
def test_without_a_telling_code_the_words_count_but_once_is_not_enough(code: str | None) -> None:
    words = "Requested action not taken: Mailbox Unavailable"
    assert verdict_on_address(code, words) == AddressVerdict(hard=True)
    assert verdict_on_address(code, "rejected by our policy") == AddressVerdict()

"""A token opens the page it was made for, and no token opens what another was made for."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.storage.vault import Vault
from app.usecases.notice_link import notice_token, notice_url, notification_of_notice
from app.usecases.unsubscribe_link import notification_of_token, unsubscribe_token

VAULT = Vault(bytes(range(32)))


@given(st.uuids())
def test_a_token_opens_its_own_page_and_ends_no_emails(notification: UUID) -> None:
    token = notice_token(VAULT, notification)
    assert notification_of_notice(VAULT, token) == notification
    assert notification_of_token(VAULT, token) is None
    assert notification_of_notice(VAULT, unsubscribe_token(VAULT, notification)) is None


@given(st.text())
def test_no_other_text_opens_a_page_or_is_an_error(text: str) -> None:
    assert notification_of_notice(VAULT, text) is None


def test_the_address_is_on_our_own_host() -> None:
    token = notice_token(VAULT, UUID(int=7))
    assert notice_url("https://awizo.example", VAULT, UUID(int=7)) == f"https://awizo.example/n/{token}"

"""A token is ours to the last bit, or it is nobody's."""

import base64
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.storage.vault import Vault
from app.usecases.unsubscribe_link import notification_of_token, unsubscribe_token

VAULT = Vault(bytes(range(32)))
NOTIFICATION = UUID("01932f3a-7b00-7000-8000-000000000001")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.uuids())
def test_a_token_names_the_notification_it_was_made_for(notification: UUID) -> None:
    token = unsubscribe_token(VAULT, notification)
    assert len(token) == 43
    assert set(token) <= set(ALPHABET)
    assert notification_of_token(VAULT, token) == notification


def test_no_token_with_one_other_character_is_ours() -> None:
    token = unsubscribe_token(VAULT, NOTIFICATION)
    changed = [
        token[:place] + letter + token[place + 1 :]
        for place in range(len(token))
        for letter in ALPHABET + "=+/ \n%é\x00"
        if letter != token[place]
    ]
    assert len(changed) > 2700
    assert [each for each in changed if notification_of_token(VAULT, each) is not None] == []


def test_a_token_of_another_deployment_is_not_ours() -> None:
    assert notification_of_token(VAULT, unsubscribe_token(Vault(bytes(32)), NOTIFICATION)) is None


def test_a_mac_made_for_another_use_is_not_ours() -> None:
    mac = VAULT.mac("callback", NOTIFICATION.bytes)[:16]
    token = base64.urlsafe_b64encode(NOTIFICATION.bytes + mac).rstrip(b"=").decode()
    assert notification_of_token(VAULT, token) is None


@given(st.text() | st.text(ALPHABET, min_size=43, max_size=43))
def test_no_other_text_is_ours_or_an_error(text: str) -> None:
    assert notification_of_token(VAULT, text) is None

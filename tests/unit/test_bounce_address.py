"""AWIZO_BOUNCE_ADDRESS and AWIZO_EMAIL_FROM: what is taken is what relays can be given, with room for a name."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from app.settings import Settings
from app.storage.vault import Vault
from app.usecases.name_attempts import LOCAL_PART_MAX, envelope_sender


def settings(address: str) -> Settings:
    return Settings(_env_file=None, bounce_address=address)


@pytest.mark.parametrize("address", ["", "bounces@example.org", "b" * 21 + "@example.org"])
def test_an_address_with_room_for_a_name_is_taken(address: str) -> None:
    assert settings(address).bounce_address == address


def test_the_longest_address_makes_senders_that_every_server_takes() -> None:
    longest = settings("b" * 21 + "@example.org").bounce_address
    sender = envelope_sender(Vault(bytes(32)), longest, UUID(int=1))
    assert len(sender.partition("@")[0]) == LOCAL_PART_MAX


@pytest.mark.parametrize(
    "address",
    [
        "b" * 22 + "@example.org",
        "bounces+x@example.org",
        "Bounces <bounces@example.org>",
        "bounces",
        "a@b@c",
        "@example.org",
        "bounces@",
        "bounces.@example.org",
        "bounces@example..org",
        "b\u00f3unces@example.org",
        '"a b"@example.org',
    ],
)
def test_any_other_stops_the_start(address: str) -> None:
    with pytest.raises(ValidationError):
        settings(address)


@pytest.mark.parametrize(
    "sender", ["", "notices@example.org", "awizo <notices@example.org>", '"Awizo, PL" <notices+x@mail.example.org> ']
)
def test_a_sender_with_an_address_is_taken(sender: str) -> None:
    assert Settings(_env_file=None, email_from=sender).email_from == sender


@pytest.mark.parametrize(
    "sender", ["awizo", "@example.org", "awizo <@example.org>", "a@b.org, c@d.org", "awizo <n\u00f3@example.org>"]
)
def test_a_sender_that_no_relay_could_be_given_stops_the_start(sender: str) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, email_from=sender)

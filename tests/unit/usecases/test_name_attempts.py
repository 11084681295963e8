"""Names of attempts: what mail servers bring back is ours to the last letter, or it is nobody's."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.storage.vault import Vault
from app.usecases.name_attempts import BOUNCE_LOCAL_PART_MAX, attempt_named, envelope_id, envelope_sender

VAULT, FOREIGN = Vault(bytes(range(32))), Vault(bytes(32))
ATTEMPT = UUID("0190a3c5-7f00-7abc-8def-0123456789ab")
ADDRESS = "bounces@awizo.example"


def local_part(sender: str) -> str:
    return sender.rpartition("@")[0]


@given(st.uuids())
def test_both_names_lead_back_to_the_attempt(attempt: UUID) -> None:
    assert attempt_named(VAULT, envelope_id(VAULT, attempt)) == attempt
    assert attempt_named(VAULT, local_part(envelope_sender(VAULT, ADDRESS, attempt))) == attempt


@given(st.uuids())
def test_letters_of_another_case_change_nothing(attempt: UUID) -> None:
    assert attempt_named(VAULT, envelope_id(VAULT, attempt).upper()) == attempt
    assert attempt_named(VAULT, local_part(envelope_sender(VAULT, ADDRESS, attempt)).upper()) == attempt


@given(st.uuids(), st.integers(min_value=0), st.characters())
def test_one_changed_character_is_no_name(attempt: UUID, place: int, other: str) -> None:
    for name in (envelope_id(VAULT, attempt), local_part(envelope_sender(VAULT, ADDRESS, attempt)).partition("+")[2]):
        at = place % len(name)
        changed = name[:at] + other + name[at + 1 :]
        if changed.casefold().strip() != name:
            assert attempt_named(VAULT, changed) is None


@given(st.text())
def test_no_other_text_is_a_name(text: str) -> None:
    assert attempt_named(VAULT, text) is None


def test_a_name_made_with_another_secret_is_not_ours() -> None:
    assert attempt_named(VAULT, envelope_id(FOREIGN, ATTEMPT)) is None
    assert attempt_named(VAULT, local_part(envelope_sender(FOREIGN, ADDRESS, ATTEMPT))) is None


@pytest.mark.parametrize("spelling", [ATTEMPT.hex, f"{{{ATTEMPT}}}", f"urn:uuid:{ATTEMPT}"])
def test_another_spelling_of_the_id_is_no_name(spelling: str) -> None:
    mac = envelope_id(VAULT, ATTEMPT).partition(".")[2]
    assert attempt_named(VAULT, f"{spelling}.{mac}") is None


def test_the_sender_is_an_address_of_plain_letters_that_every_mail_server_takes() -> None:
    longest = "b" * BOUNCE_LOCAL_PART_MAX + "@awizo.example"
    local, _, host = envelope_sender(VAULT, longest, ATTEMPT).rpartition("@")
    assert host == "awizo.example"
    assert len(local) == 64
    assert re.fullmatch(r"b+\+[a-z2-7]{42}", local)


def test_the_envelope_id_is_short_xtext() -> None:
    assert re.fullmatch(r"[a-z0-9.-]{1,100}", envelope_id(VAULT, ATTEMPT))

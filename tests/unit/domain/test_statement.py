"""What can be said about notices, under which references, and whom it silences."""

import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel, Purpose
from app.domain.notification import Notification, Status
from app.domain.statement import (
    REFERENCE_BYTES,
    Statement,
    StatementKind,
    reference_of,
    silenced_contacts,
    statements_about,
)

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
PERSON, CONTACT, OTHER_CONTACT = uuid4(), uuid4(), uuid4()
MISDIRECTED = StatementKind.MISDIRECTED


def told(
    shipment: bytes = b"item", *, kind: str = "notice_left", contact: UUID = CONTACT, merged_into: UUID | None = None
) -> Notification:
    return Notification(
        id=uuid4(), operator="poczta-polska", event=uuid4(), kind=kind, channel=Channel.EMAIL,
        purpose=Purpose.DELIVERY, recipient=PERSON, contact=contact, shipment_index=shipment, status=Status.SENT,
        created_at=NOW, expires_at=NOW, merged_into=merged_into, chain_length=1, chain_leaf=b"",
    )  # fmt: skip


def said(about: Notification, kind: StatementKind = MISDIRECTED) -> dict[UUID, list[Statement]]:
    statement = Statement(
        id=uuid4(), notification=about.id, recipient=PERSON, kind=kind, reference="AW-0000-0000", made_at=NOW
    )
    return {about.id: [statement]}


@given(st.binary(min_size=REFERENCE_BYTES, max_size=REFERENCE_BYTES))
def test_a_reference_holds_all_of_its_random_bytes_in_letters_that_nobody_mistakes(random: bytes) -> None:
    reference = reference_of(random)
    assert re.fullmatch(r"AW-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", reference)
    digits = [("0123456789ABCDEFGHJKMNPQRSTVWXYZ").index(letter) for letter in reference[3:].replace("-", "")]
    assert sum(digit << 5 * place for place, digit in enumerate(reversed(digits))) == int.from_bytes(random)


@pytest.mark.parametrize(
    ("kind", "reported", "can_be_disputed"),
    [
        ("notice_left", set(), True),
        ("reminder", {"notice_left", "ready_for_pickup"}, True),
        ("delivered", {"notice_left", "delivered"}, True),
        ("delivered", {"delivered"}, False),
        ("ready_for_pickup", {"ready_for_pickup"}, False),
        ("facility_unavailable", set(), False),
    ],
)
def test_only_a_notice_that_was_reported_can_be_missing(
    kind: str, reported: set[str], *, can_be_disputed: bool
) -> None:
    answers = statements_about(kind, reported)
    assert (StatementKind.DISPUTED in answers) is can_be_disputed
    assert {StatementKind.MISDIRECTED, StatementKind.ACKNOWLEDGED} <= set(answers)


@pytest.mark.parametrize("kind", ["confirmation", "sign_in", "contact_changed"])
def test_about_messages_about_the_service_nothing_is_said(kind: str) -> None:
    assert statements_about(kind, {"notice_left"}) == ()


def test_one_contact_point_of_one_item_is_silenced_and_none_beside_it() -> None:
    mine, elsewhere, another = told(), told(contact=OTHER_CONTACT), told(b"another")
    assert silenced_contacts([mine, elsewhere, another], said(mine)) == {(b"item", PERSON): {CONTACT}}


def test_what_is_said_of_a_message_about_several_items_silences_each() -> None:
    speaker = told(kind="reminder")
    other = told(b"another", kind="reminder", merged_into=speaker.id)
    assert set(silenced_contacts([speaker, other], said(speaker))) == {(b"item", PERSON), (b"another", PERSON)}


@pytest.mark.parametrize("kind", [StatementKind.DISPUTED, StatementKind.ACKNOWLEDGED])
def test_other_statements_silence_nobody(kind: StatementKind) -> None:
    mine = told()
    assert silenced_contacts([mine], said(mine, kind)) == {}


def test_news_of_an_incident_that_concerns_nobody_silences_no_item() -> None:
    incident = told(kind="facility_unavailable")
    assert silenced_contacts([incident], said(incident)) == {}

"""The page of a notice: what people say there is taken once, sealed, and shown back with a reference."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest

from app.domain.statement import StatementKind
from tests.integration.notice_site import NoticeSite, heading, notice_site
from tests.integration.world import World
from tests.second_verifier import verify

REFERENCE = re.compile(r"\bAW-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")


@pytest.fixture
async def site(world: World) -> AsyncIterator[NoticeSite]:
    async with notice_site(world) as opened:
        yield opened


async def test_an_answer_leads_to_a_receipt_with_a_reference_and_the_notice_shows_it_afterwards(
    site: NoticeSite,
) -> None:
    await site.world.register()
    letter, link = await site.tell()
    receipt = await site.say(link, "disputed")
    (statement,) = await site.statements(letter)
    assert heading(receipt) == "Zapisano: nie masz papierowego awiza"
    assert REFERENCE.findall(receipt.text) == [statement.reference]
    assert "poniedziałek, 23 listopada 2026, 12:00" in receipt.text
    assert "0075 9007 7341 2345 6789" in receipt.text
    notice = await site.client.get(link)
    assert statement.reference in notice.text
    assert re.findall(r'name="answer" value="(\w+)"', notice.text) == ["misdirected", "acknowledged"]


async def test_every_answer_can_be_given_and_each_is_counted_once(site: NoticeSite) -> None:
    await site.world.register()
    letter, link = await site.tell()
    for _ in range(2):
        for kind in StatementKind:
            assert (await site.say(link, kind)).status_code == 200
    assert {each.kind for each in await site.statements(letter)} == set(StatementKind)
    counted = [
        site.metrics.registry.get_sample_value("awizo_statements_total", {"kind": kind}) for kind in StatementKind
    ]
    assert counted == [1.0, 1.0, 1.0]


async def test_two_clicks_at_once_get_one_reference(site: NoticeSite) -> None:
    await site.world.register()
    letter, link = await site.tell()
    receipts = await asyncio.gather(*(site.say(link, "disputed") for _ in range(6)))
    assert {receipt.status_code for receipt in receipts} == {200}
    (statement,) = await site.statements(letter)
    assert {tuple(REFERENCE.findall(receipt.text)) for receipt in receipts} == {(statement.reference,)}


async def test_what_was_said_is_sealed_in_the_language_of_the_page_and_verifies(site: NoticeSite) -> None:
    await site.world.register()
    letter, link = await site.tell()
    receipt = await site.say(f"{link}?lang=en", "disputed")
    assert receipt.headers["content-language"] == "en"
    await site.world.seal()
    bundle = await site.world.bundle(letter)
    assert verify(bundle, site.world.vkeys).accepted
    said = json.loads(bundle)["facts"][-1]
    statement = json.loads(said["openings"]["statement"]["value"])
    assert (statement["said"], statement["language"], statement["words"]) == (
        "disputed",
        "en",
        "I have no paper notice",
    )


@pytest.mark.parametrize(
    "body", [b"", b"answer=", b"answer=maybe", b"answer=disputed&answer=acknowledged", b"x" * 5000]
)
async def test_what_is_no_answer_is_recorded_as_none(site: NoticeSite, body: bytes) -> None:
    await site.world.register()
    letter, link = await site.tell()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await site.client.post(link, content=body, headers=form)).status_code == 422
    assert await site.statements(letter) == []

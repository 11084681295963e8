"""Leaving by the link of an e-mail: looking changes nothing, one click ends it, and the log says who asked and how."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.api.metrics import Metrics
from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentAct, WantedContact
from app.domain.recipient import Recipient
from app.main import create_app
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import facts
from app.storage.vault import Vault
from app.usecases.erase_recipient import erase_recipient
from app.usecases.unsubscribe_link import notification_of_token, unsubscribe_token
from app.usecases.watch_log import LogWatch
from tests.builders import EMAIL, OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.world import World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The HTTP process around a world's database, and the path of the link in the e-mail that was sent there."""

    world: World
    client: httpx.AsyncClient
    log_watch: LogWatch

    async def link(self) -> str:
        """The path that the e-mail about a paper notice names for leaving."""
        await self.world.accepted(event())
        await self.world.dispatch()
        letter = message_from_bytes(self.world.mail.journal[-1].mime, policy=default)
        matched = re.fullmatch(r"<https://awizo\.test(/u/[A-Za-z0-9_-]{43})>", letter["List-Unsubscribe"])
        assert matched is not None
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        return matched[1]

    async def recipient(self) -> Recipient:
        async with self.world.database.read() as tx:
            record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        assert record.recipient is not None
        return record.recipient

    async def granted(self) -> set[tuple[Channel, Purpose]]:
        return {(consent.channel, consent.purpose) for consent in (await self.recipient()).consents if consent.granted}

    async def documents(self) -> list[dict[str, Any]]:
        """Every fact so far, oldest first."""
        async with self.world.database.read() as tx:
            rows = await tx.execute(select(facts.c.document).order_by(facts.c.id))
            return [json.loads(document) for document in rows.scalars()]

    async def withdrawals(self) -> list[dict[str, Any]]:
        """The data of each withdrawal, and the statement that was sealed with it."""
        found = []
        async with self.world.database.read() as tx:
            record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
            assert record is not None
            assert record.recipient is not None
            leaves = [consent.fact_leaf for consent in record.recipient.consents if not consent.granted]
            for fact in await fact_store.by_leaves(tx, leaves):
                opened = {name: opening.value for name, opening in fact.openings(record.key).items()}
                found.append({**json.loads(fact.document)["data"], "sealed": opened})
        return found


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    log_watch, app = LogWatch(), create_app()
    app.state.services = SimpleNamespace(
        database=world.database, surroundings=world.surroundings, log_watch=log_watch, metrics=Metrics()
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://awizo.test") as client:
        yield Site(world=world, client=client, log_watch=log_watch)


async def test_looking_changes_nothing_and_then_one_click_ends_every_email(site: Site) -> None:
    await site.world.register(purposes=(Purpose.DELIVERY, Purpose.PROGRESS))
    link, before = await site.link(), await site.documents()
    for _ in range(10):
        page = await site.client.get(link)
        assert page.status_code == (await site.client.head(link)).status_code == 200
        assert "<form" in page.text
    assert await site.documents() == before

    answer = await site.client.post(link, data=ONE_CLICK)
    assert answer.status_code == 200
    assert "Gotowe." in answer.text
    assert await site.granted() == {(Channel.SMS, Purpose.DELIVERY), (Channel.SMS, Purpose.PROGRESS)}


async def test_the_page_shows_a_masked_address_and_neither_the_address_nor_the_token(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    for page in (await site.client.get(link), await site.client.post(link), await site.client.get(link)):
        assert "j***@example.com" in page.text
        assert "Poczta Polska" in page.text
        assert EMAIL not in page.text
        assert link.rpartition("/")[2] not in page.text


async def test_what_the_person_did_is_sealed_as_theirs(site: Site) -> None:
    await site.world.register(language="en")
    link = await site.link()
    multipart = {name: (None, value) for name, value in ONE_CLICK.items()}
    await site.client.post(link, files=multipart)
    (withdrawal,) = await site.withdrawals()
    assert {name: withdrawal[name] for name in ("by", "channel", "method", "purpose")} == {
        "by": "person",
        "channel": "email",
        "method": "one_click",
        "purpose": "delivery",
    }
    notification = notification_of_token(site.world.database.vault, link.rpartition("/")[2])
    statement = {
        "act": "unsubscribe",
        "channel": "email",
        "language": "en",
        "method": "one_click",
        "notification": str(notification),
    }
    assert withdrawal["sealed"] == {
        "contact": EMAIL.encode(),
        "recipient": RECIPIENT.encode(),
        "statement": json.dumps(statement, separators=(",", ":")).encode(),
    }


@pytest.mark.parametrize(("body", "method"), [(b"from=page", "page"), (b"", "post"), (b"{", "post")])
async def test_the_button_and_any_other_post_count_as_well(site: Site, body: bytes, method: str) -> None:
    await site.world.register()
    link = await site.link()
    answer = await site.client.post(link, content=body)
    assert answer.status_code == 200
    assert [withdrawal["method"] for withdrawal in await site.withdrawals()] == [method]


async def test_a_second_post_answers_the_same_and_records_nothing(site: Site, clock: TestClock) -> None:
    await site.world.register()
    link = await site.link()
    first = await site.client.post(link, data=ONE_CLICK)
    recorded = await site.documents()
    clock.forward(hours=1)
    second = await site.client.post(link, data=ONE_CLICK)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert await site.documents() == recorded


async def test_afterwards_the_link_says_that_it_is_done(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    await site.client.post(link, data=ONE_CLICK)
    page = await site.client.get(link)
    assert page.status_code == 200
    assert "Te e-maile są już wyłączone" in page.text
    assert "poniedziałek, 23 listopada 2026, 12:00" in page.text
    assert "<form" not in page.text


async def test_the_next_notice_sends_no_email(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    await site.client.post(link, data=ONE_CLICK)
    answer = await site.world.accepted(event(id="second", data={"shipment": "another-item"}))
    told = {n.channel: (n.status, n.reason) for n in answer.notifications}
    assert told == {Channel.SMS: ("queued", None), Channel.EMAIL: ("suppressed", "opted_out")}


async def test_somebody_erased_is_told_that_nothing_is_left(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    await site.world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="key-1", surroundings=site.world.surroundings)
    )
    recorded = await site.documents()
    for page in (await site.client.get(link), await site.client.post(link, data=ONE_CLICK)):
        assert page.status_code == 200
        assert "Te e-maile są już wyłączone" in page.text
        assert "example.com" not in page.text
    assert await site.documents() == recorded


async def test_a_new_consent_opens_the_link_again(site: Site, clock: TestClock) -> None:
    await site.world.register()
    link = await site.link()
    await site.client.post(link, data=ONE_CLICK)
    clock.forward(days=2)
    agreed = ConsentAct(
        channel=Channel.EMAIL, purpose=Purpose.DELIVERY, granted=True, at=clock(), method="counter", text_version="1"
    )
    await site.world.put(consents=(agreed,))
    assert "<form" in (await site.client.get(link)).text


@pytest.mark.parametrize(("language", "heading"), [("en", "Stop these e-mails?"), ("uk", "Відмовитися від цих")])
async def test_the_page_speaks_the_persons_language_whatever_the_browsers(
    site: Site, language: str, heading: str
) -> None:
    await site.world.register(language=language)
    page = await site.client.get(await site.link(), headers={"Accept-Language": "pl"})
    assert heading in page.text
    assert page.headers["content-language"] == language


async def test_a_language_chosen_on_the_page_is_answered_in_and_sealed_as_the_one_in_which_it_was_asked(
    site: Site,
) -> None:
    await site.world.register(language="pl")
    answer = await site.client.post(f"{await site.link()}?lang=uk", data={"from": "page"})
    assert answer.headers["content-language"] == "uk"
    (withdrawal,) = await site.withdrawals()
    assert json.loads(withdrawal["sealed"]["statement"])["language"] == "uk"


async def test_other_addresses_are_named_only_as_being_included(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    other = WantedContact(channel=Channel.EMAIL, value="anna@firm.example", verified=True, method="counter")
    await site.world.put(contact_points=(other,))
    page = await site.client.get(link)
    assert "Dotyczy to także Twoich innych adresów." in page.text
    assert "firm.example" not in page.text


async def test_a_forged_token_a_damaged_one_and_one_of_nobody_are_answered_alike(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    vault, new_id = site.world.database.vault, site.world.surroundings.new_id
    tokens = {
        "forged": unsubscribe_token(Vault(bytes(32)), new_id()),
        "damaged": link.rpartition("/")[2][:-1],
        "unknown": unsubscribe_token(vault, new_id()),
        "nonsense": "x",
    }
    recorded = await site.documents()
    for send in (site.client.get, site.client.post):
        answers = [await send(f"/u/{token}") for token in tokens.values()]
        assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
        assert len({tuple(answer.headers.items()) for answer in answers}) == 1
    assert await site.documents() == recorded


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_of_more_than_four_kibibytes_is_refused_and_changes_nothing(site: Site, *, chunked: bool) -> None:
    await site.world.register()
    link, whole = await site.link(), b"List-Unsubscribe=One-Click&x=".ljust(4097, b"x")

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 1000):
            yield whole[start : start + 1000]

    answer = await site.client.post(link, content=parts() if chunked else whole)
    assert answer.status_code == 413
    assert "Nic się nie zmieniło." in answer.text
    assert (Channel.EMAIL, Purpose.DELIVERY) in await site.granted()
    assert (await site.client.post(link, content=whole[:4096])).status_code == 200


async def test_nothing_is_taken_while_the_log_is_not_to_be_trusted(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    site.log_watch.found("the log differs at entry 7")
    for answer in (await site.client.get(link), await site.client.post(link, data=ONE_CLICK)):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "60"
        assert "Nic się nie zmieniło." in answer.text
        assert "entry 7" not in answer.text
    assert (Channel.EMAIL, Purpose.DELIVERY) in await site.granted()


async def test_without_the_database_the_page_says_to_come_back() -> None:
    app = create_app()
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none", Vault(bytes(range(32))))
    app.state.services = SimpleNamespace(database=away, surroundings=None, log_watch=LogWatch(), metrics=Metrics())
    link = f"/u/{unsubscribe_token(away.vault, UUID(int=1))}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://awizo.test") as client:
        for answer in (await client.get(link), await client.post(link, data=ONE_CLICK)):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "2"
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
    await away.close()


async def test_the_token_is_in_no_log(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    token = link.rpartition("/")[2]
    with capture_logs() as logs:
        await site.client.get(link)
        await site.client.post(link, content=b"x" * 5000)
        await site.client.post(link, data=ONE_CLICK)
        await site.client.get(f"{link}x")
        await site.client.put(link)
        site.log_watch.found("a fault")
        await site.client.post(link, data=ONE_CLICK)
    assert [entry["status"] for entry in logs] == [200, 413, 200, 404, 405, 503]
    assert {entry["route"] for entry in logs} == {"/u/{token}"}
    assert token not in repr(logs)
    assert token[:20] not in repr(logs)


async def test_every_answer_carries_the_headers_of_a_page(site: Site) -> None:
    await site.world.register()
    link = await site.link()
    for answer in (await site.client.get(link), await site.client.post(link), await site.client.get("/u/x")):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; ")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        (stylesheet,) = re.findall(r'rel="stylesheet" href="([^"]+)"', answer.text)
        assert (await site.client.get(stylesheet)).headers["content-type"].startswith("text/css")

"""Bounces and delivery status notifications, handed in by a mail server: which count, and what they do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from app.domain.access import Scope
from app.storage.tables import facts, stray_receipts
from app.usecases.name_attempts import envelope_id
from tests.builders import EMAIL, OPERATOR, RECIPIENT
from tests.doubles.smtp_server import Action, Drop, Say
from tests.hostile_mail import HOSTILE
from tests.integration.api.scene import Scene, set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event, open_service
from tests.mail_samples import OUT_OF_OFFICE, exim, postfix
from tests.second_verifier import verify

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

PATH = "/v1/callbacks/email/dsn"
MESSAGE = {"Content-Type": "message/rfc822"}
PERSON = f"/v1/recipients/{OPERATOR}/{RECIPIENT}"


@pytest.fixture
async def service(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with open_service(database_url, tmp_path, bounce_address="bounces@awizo.test") as service:
        yield service


@pytest.fixture
async def scene(service: Service) -> Scene:
    return await set_scene(service)


async def hand_in(service: Service, message: bytes, *, key: dict[str, str] | None = None) -> httpx.Response:
    return await service.client.post(PATH, content=message, headers={**MESSAGE, **(key or service.admin)})


def named(service: Service) -> str:
    """The envelope id under which the relay took the last message."""
    return service.mail.journal[-1].mail.split("ENVID=")[1].split()[0]


def bounces_to(service: Service) -> str:
    """Its envelope sender."""
    return service.mail.journal[-1].mail.split("<")[1].split(">")[0]


def dsn(service: Service, action: str = "failed", status: str = "5.1.1", **changes: Any) -> bytes:
    """What the relay's mail server reports on the last message."""
    given = {"envelope_id": named(service), "bounces_to": bounces_to(service), "original": EMAIL, "final": EMAIL}
    diagnostic = f"smtp; 550 {status} said so" if action == "failed" else "smtp; 250 2.0.0 ok"
    return postfix(action, status, diagnostic, **(given | changes))


async def view(scene: Scene) -> dict[str, Any]:
    shown: dict[str, Any] = (await scene.service.get(f"/v1/notifications/{scene.email}")).json()
    return shown


async def chain(scene: Scene) -> list[dict[str, Any]]:
    """The facts after the acceptance, from a proof that the second verifier accepts."""

    async def published() -> bool:
        counts = (await view(scene))["facts"]
        return bool(counts["total"] == counts["published"])

    await until(published)
    bundle = await scene.service.get(f"/v1/notifications/{scene.email}/proof")
    keys = (await scene.service.client.get("/log/vkey")).text.split()
    assert verify(bundle.content, keys).accepted
    return [fact["document"] for fact in bundle.json()["facts"]][3:]


async def strays(service: Service) -> list[tuple[str, str]]:
    async with service.services.database.read() as tx:
        query = select(stray_receipts.c.status, stray_receipts.c.code).order_by(stray_receipts.c.id)
        return [tuple(row) for row in await tx.execute(query)]


async def stray_facts(service: Service) -> list[str]:
    async with service.services.database.read() as tx:
        query = select(facts.c.type).where(facts.c.notification_id.is_(None), facts.c.type.like("receipt.%"))
        return list((await tx.execute(query)).scalars())


async def test_a_delivery_report_is_204_and_ends_the_notification(scene: Scene) -> None:
    answer = await hand_in(scene.service, dsn(scene.service, "delivered", "2.0.0"))
    assert (answer.status_code, answer.content) == (204, b"")
    shown = await view(scene)
    assert shown["status"] == "delivered"
    (receipt,) = shown["receipts"]
    assert (receipt["status"], receipt["via"], receipt["late"]) == ("delivered", "dsn", False)
    assert receipt["claimed_at"] == "2026-11-23T10:42:07.000Z"
    delivered, closed = await chain(scene)
    assert (delivered["type"], closed["type"]) == ("receipt.delivered", "notification.closed")
    assert delivered["data"] == {
        "attempt": 1, "provider": "smtp", "code": "2.0.0", "claimed_at": "2026-11-23T10:42:07.000Z", "via": "dsn",
        "signature": "none", "substitutes_paper": False,
    }  # fmt: skip


async def test_a_failure_report_ends_it_as_failed(scene: Scene) -> None:
    assert (await hand_in(scene.service, dsn(scene.service, "failed", "5.2.2"))).status_code == 204
    shown = await view(scene)
    assert (shown["status"], shown["failure"]) == ("failed", "permanent")
    assert [fact["type"] for fact in await chain(scene)] == ["receipt.failed", "notification.failed"]


@pytest.mark.parametrize("action", ["relayed", "expanded", "delayed"])
async def test_news_on_the_way_changes_nothing_but_is_kept(scene: Scene, action: str) -> None:
    await hand_in(scene.service, dsn(scene.service, action, "2.0.0"))
    shown = await view(scene)
    assert (shown["status"], [each["status"] for each in shown["receipts"]]) == ("sent", ["progress"])
    assert await chain(scene) == []


async def test_the_envelope_sender_is_enough(scene: Scene) -> None:
    await hand_in(scene.service, dsn(scene.service, envelope_id=None))
    assert (await view(scene))["status"] == "failed"


async def test_the_envelope_id_is_enough(scene: Scene) -> None:
    await hand_in(scene.service, dsn(scene.service, bounces_to="bounces@awizo.test"))
    assert (await view(scene))["status"] == "failed"


async def test_a_bounce_in_a_servers_own_words_counts_by_its_envelope_sender(scene: Scene) -> None:
    await hand_in(scene.service, exim(bounces_to(scene.service)))
    shown = await view(scene)
    assert (shown["status"], [each["status"] for each in shown["receipts"]]) == ("failed", ["failed"])


async def test_reports_out_of_order_never_move_a_status_backwards(scene: Scene) -> None:
    for action, status in (("delivered", "2.0.0"), ("delayed", "4.4.1"), ("relayed", "2.0.0"), ("failed", "5.1.1")):
        assert (await hand_in(scene.service, dsn(scene.service, action, status))).status_code == 204
    shown = await view(scene)
    assert shown["status"] == "delivered"
    assert [(each["status"], each["late"]) for each in shown["receipts"]] == [
        ("delivered", False), ("progress", False), ("progress", False), ("failed", True),
    ]  # fmt: skip
    types = [fact["type"] for fact in await chain(scene)]
    assert types == ["receipt.delivered", "notification.closed", "receipt.late"]


async def told_under(service: Service, action: Action) -> Scene:
    """A notification whose e-mail the relay has taken, and then behaved like this."""
    service.mail.at("dot", action)
    await service.register()
    told = (await service.post(fresh_event())).json()
    sms, email = (each["id"] for each in told["notifications"])

    async def arrived() -> bool:
        return bool(service.mail.journal)

    await until(arrived)
    return Scene(service=service, event=told["event"], sms=sms, email=email)


async def stands_at(scene: Scene, status: str) -> None:
    async def stands() -> bool:
        return bool((await view(scene))["status"] == status)

    await until(stands)


async def test_a_report_that_overtakes_the_relays_own_answer_waits_for_it(service: Service) -> None:
    scene = await told_under(service, Say(reply="250 2.0.0 Ok: queued as Q1", seconds_per_byte=0.1))
    assert (await hand_in(service, dsn(service, "delivered", "2.0.0"))).status_code == 204
    early = await view(scene)
    assert (early["status"], [each["status"] for each in early["receipts"]]) == ("sending", ["delivered"])
    await stands_at(scene, "delivered")
    assert [fact["type"] for fact in await chain(scene)] == ["receipt.delivered", "notification.closed"]


@pytest.mark.parametrize(
    ("action", "status", "end"),
    [
        ("relayed", "sent", []),
        ("delivered", "delivered", ["receipt.delivered", "notification.closed"]),
        ("failed", "failed", ["receipt.failed", "notification.failed"]),
    ],
)
async def test_a_report_tells_what_became_of_a_message_that_the_relay_never_answered_for(
    service: Service, action: str, status: str, end: list[str]
) -> None:
    scene = await told_under(service, Drop())
    await stands_at(scene, "unknown")
    await hand_in(service, dsn(service, action, "5.2.2" if action == "failed" else "2.0.0"))
    assert (await view(scene))["status"] == status
    assert [fact["type"] for fact in await chain(scene)] == ["attempt.reconciled", *end]


async def test_a_hundred_copies_are_one_receipt_and_one_fact(scene: Scene) -> None:
    message = dsn(scene.service, "delivered", "2.0.0")
    answers = await asyncio.gather(*(hand_in(scene.service, message) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {204}
    assert len((await view(scene))["receipts"]) == 1
    assert [fact["type"] for fact in await chain(scene)] == ["receipt.delivered", "notification.closed"]


async def test_a_hard_bounce_disables_the_address(scene: Scene) -> None:
    await hand_in(scene.service, dsn(scene.service, "failed", "5.1.1"))

    async def disabled() -> bool:
        contacts = (await scene.service.get(PERSON)).json()["contact_points"]
        return {each["channel"]: each["state"] for each in contacts} == {"sms": "active", "email": "disabled"}

    await until(disabled)
    told = (await scene.service.post(fresh_event("ready_for_pickup"))).json()["notifications"]
    assert {(each["channel"], each["reason"]) for each in told} == {("sms", None), ("email", "contact_disabled")}
    (failure,) = (await scene.service.get(f"{PERSON}/export")).json()["failures"]
    assert (failure["contact"], failure["code"], failure["bounced"]) == (EMAIL, "5.1.1", True)


async def test_a_full_mailbox_disables_nothing(scene: Scene) -> None:
    await hand_in(scene.service, dsn(scene.service, "failed", "5.2.2"))
    assert (await scene.service.counts())["contact_failures"] == 0


FORGED_SENDER = "bounces+" + "a" * 42 + "@awizo.test"


@pytest.mark.parametrize(
    "changes",
    [
        {"envelope_id": None, "bounces_to": "bounces@awizo.test"},
        {"envelope_id": "0190a3c5-7f00-7abc-8def-0123456789ab.00000000000000000000000000000000"},
        {"envelope_id": None, "bounces_to": FORGED_SENDER},
    ],
    ids=["unnamed", "a forged envelope id", "a forged sender"],
)
async def test_a_report_without_our_mac_counts_for_nothing_and_is_kept_apart(
    scene: Scene, changes: dict[str, Any]
) -> None:
    given = {"bounces_to": "bounces@awizo.test"} | changes
    for _ in range(3):
        assert (await hand_in(scene.service, dsn(scene.service, **given))).status_code == 204
    assert (await view(scene))["receipts"] == []
    assert await strays(scene.service) == [("failed", "5.1.1")]
    assert await stray_facts(scene.service) == ["receipt.failed"]


async def test_a_genuine_name_of_an_attempt_that_is_not_here_is_kept_apart(scene: Scene) -> None:
    lost = envelope_id(scene.service.services.database.vault, uuid4())
    message = dsn(scene.service, "delivered", "2.0.0", envelope_id=lost, bounces_to="bounces@awizo.test")
    assert (await hand_in(scene.service, message)).status_code == 204
    assert await strays(scene.service) == [("delivered", "2.0.0")]
    assert await stray_facts(scene.service) == ["receipt.delivered"]


async def test_a_report_that_names_two_messages_counts_for_neither(scene: Scene) -> None:
    first = named(scene.service)
    (await scene.service.post(fresh_event("ready_for_pickup"))).raise_for_status()

    async def sent() -> bool:
        return len(scene.service.mail.journal) == 2

    await until(sent)
    await hand_in(scene.service, dsn(scene.service, envelope_id=first))
    assert (await view(scene))["receipts"] == []
    assert await strays(scene.service) == [("failed", "5.1.1")]


@pytest.mark.parametrize("message", [OUT_OF_OFFICE, b"", b"\0\xff" * 999], ids=["out of office", "empty", "noise"])
async def test_what_is_no_report_is_204_and_kept_apart_without_a_fact(service: Service, message: bytes) -> None:
    assert (await hand_in(service, message)).status_code == 204
    assert await strays(service) == [("unknown", "unreadable")]
    assert await stray_facts(service) == []


async def test_no_message_made_to_do_harm_is_a_fault_of_ours(service: Service) -> None:
    answers = {name: (await hand_in(service, message)).status_code for name, message in HOSTILE.items()}
    assert answers == {name: 413 if len(message) > 1024 * 1024 else 204 for name, message in HOSTILE.items()}


async def test_a_key_of_another_operator_cannot_report_on_our_message(scene: Scene) -> None:
    foreign = await scene.service.key(Scope.RECEIPTS_WRITE, operators=(OTHER_OPERATOR,))
    assert (await hand_in(scene.service, dsn(scene.service), key=foreign)).status_code == 204
    assert (await view(scene))["receipts"] == []
    own = await scene.service.key(Scope.RECEIPTS_WRITE)
    assert (await hand_in(scene.service, dsn(scene.service), key=own)).status_code == 204
    assert (await view(scene))["status"] == "failed"


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"x", {"Content-Type": "text/plain"}, 415),
        (b"x", {}, 415),
        (b"x", {"Content-Type": "message/rfc822", "Content-Encoding": "gzip"}, 415),
        (b"x" * (1024 * 1024 + 1), MESSAGE, 413),
    ],
)
async def test_what_cannot_be_a_message_is_refused_and_nothing_is_written(
    service: Service, content: bytes, headers: dict[str, str], status: int
) -> None:
    before = await service.counts()
    answer = await service.client.post(PATH, content=content, headers={**headers, **service.admin})
    assert answer.status_code == status
    assert await service.counts() == before


async def test_reports_wait_outside_while_the_log_cannot_be_trusted(scene: Scene) -> None:
    scene.service.services.log_watch.found("the database is behind the mark")
    assert (await hand_in(scene.service, dsn(scene.service))).status_code == 503


async def test_the_envelope_of_a_message_names_its_attempt(scene: Scene) -> None:
    sender, address = bounces_to(scene.service), scene.service.mail.journal[-1].rcpt[0]
    local, _, host = sender.partition("@")
    assert host == "awizo.test"
    assert local.startswith("bounces+")
    assert len(local) <= 64
    assert UUID(named(scene.service).partition(".")[0])
    assert f"ORCPT=rfc822;{EMAIL}" in address

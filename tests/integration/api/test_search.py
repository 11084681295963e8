"""`POST /v1/notifications/search`: who may look for what, what is found, and what is sealed of it."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from app.api.search_models import cursor_of
from app.domain.access import Scope
from app.domain.notification import Status
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from app.storage import search as search_store
from app.storage.recipients import NOBODY
from app.storage.search import Search
from app.storage.tables import facts
from tests.builders import EMAIL, FACILITY, OPERATOR, PHONE, RECIPIENT, SHIPMENT
from tests.integration.api.scene import set_scene
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event, now

REASON = "complaint 17/2026, żądanie adresata"


async def search(service: Service, *, key: dict[str, str] | None = None, **wanted: Any) -> httpx.Response:
    return await service.client.post("/v1/notifications/search", json=wanted, headers=key or service.admin)


async def found(service: Service, **wanted: Any) -> list[str]:
    """The ids of every page."""
    ids: list[str] = []
    cursor = None
    while True:
        answer = await search(service, **wanted, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        ids += [each["id"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            return ids


async def posted(service: Service, name: str = RECIPIENT, **data: Any) -> list[str]:
    """The ids that an event of somebody's is answered with, newest first."""
    event = fresh_event(id=str(uuid4()), data={"recipient": name, **data})
    answer = await service.post(event)
    assert answer.status_code == 202, answer.text
    return [each["id"] for each in reversed(answer.json()["notifications"])]


async def readings(service: Service) -> list[tuple[dict[str, Any], str, str]]:
    """Each `access.read`: its data, the reason that it sealed, and whom it is about."""
    async with service.services.database.read() as tx:
        ids = list((await tx.execute(select(facts.c.id).where(facts.c.type == "access.read"))).scalars())
        kept = await fact_store.by_ids(tx, ids)
        records = await recipient_store.by_ids(tx, {each.recipient for each in kept.values() if each.recipient})
        names = {
            record.id: name
            for name in (RECIPIENT, "somebody-else", NOBODY)
            if (record := await recipient_store.find(tx, OPERATOR, name))
        }
    shown = []
    for fact in (kept[each] for each in sorted(ids)):
        assert fact.recipient is not None
        reason = fact.openings(records[fact.recipient].key)["reason"].value.decode()
        shown.append((json.loads(fact.document)["data"], reason, names[fact.recipient]))
    return shown


async def test_a_search_finds_by_everything_that_it_may_be_narrowed_to(service: Service) -> None:
    await service.register()
    await service.register("somebody-else")
    mine = await posted(service)
    theirs = await posted(service, "somebody-else", shipment="00-2")
    own = {"operator": OPERATOR, "reason": REASON}
    messages = {"kind": "notice_left"}

    assert await found(service, **messages) == [*theirs, *mine]
    assert await found(service, **own, recipient=RECIPIENT, **messages) == mine
    assert await found(service, operator=OPERATOR, shipment="00-2", **messages) == theirs
    assert await found(service, **own, contact={"channel": "sms", "value": PHONE}, **messages) == [theirs[1], mine[1]]
    assert await found(service, channel="email", **messages) == [theirs[0], mine[0]]
    assert await found(service, **own, shipment=SHIPMENT, recipient="somebody-else") == []
    assert await found(service, status="suppressed") == []
    assert set(await found(service, status="held")).isdisjoint({*mine, *theirs})


async def test_a_search_by_a_courier_is_sealed_though_it_names_nobody_who_is_registered(service: Service) -> None:
    await service.register()
    ids = await posted(service)
    wanted: dict[str, Any] = {"operator": OPERATOR, "facility": FACILITY["id"], "courier": "K-0421"}
    wanted["kind"] = "notice_left"
    assert await found(service, **wanted, reason=REASON) == ids
    assert await found(service, **wanted | {"courier": "K-0422"}, reason=REASON) == []
    assert [(reason, name) for _, reason, name in await readings(service)] == [(REASON, NOBODY)] * 2
    assert (await search(service, **wanted)).status_code == 422


async def test_each_item_says_what_its_facts_show_and_where_its_proof_is(service: Service) -> None:
    scene = await set_scene(service)
    (item,) = (await search(service, channel="sms", kind="notice_left", grade=1)).json()["items"]
    proof = f"/v1/notifications/{scene.sms}/proof"
    said = {"total": 3, "published": 3, "grade": 1, "grade_words": "a provider or mail server took it over"}
    assert item["facts"] == said | {"proof": proof}
    assert (await service.get(item["facts"]["proof"], open="none")).status_code == 200
    unpublished = await posted(service, shipment="00-2")
    newest = (await search(service, limit=1)).json()["items"][0]
    assert newest["id"] == unpublished[0]
    assert newest["facts"]["grade"] == 0


async def test_a_contact_is_found_however_it_is_written(service: Service) -> None:
    await service.register()
    _, _ = ids = await posted(service)
    contact = {"channel": "email", "value": EMAIL.replace("example", "EXAMPLE")}
    assert await found(service, operator=OPERATOR, reason="why", contact=contact, kind="notice_left") == ids[:1]


async def test_what_was_not_sent_is_found_by_its_reason(service: Service) -> None:
    await service.register(agreed=False)
    ids = await posted(service)
    assert await found(service, status="suppressed", status_reason="no_consent") == ids
    assert await found(service, status="suppressed", status_reason="opted_out") == []


async def test_a_period_bounds_when_notifications_were_made(service: Service) -> None:
    await service.register()
    ids = await posted(service)
    (made,) = {each["created_at"] for each in (await search(service, kind="notice_left")).json()["items"]}
    assert await found(service, kind="notice_left", **{"from": made}) == ids
    assert await found(service, kind="notice_left", to=made) == []
    later = (now() + timedelta(days=2)).isoformat()
    assert await found(service, kind="notice_left", **{"from": later}) == []
    assert await found(service, kind="notice_left", to=later) == ids


async def test_pages_neither_repeat_nor_miss_what_was_there_while_more_is_written(service: Service) -> None:
    await service.register()
    before = [each for number in range(5) for each in reversed(await posted(service, shipment=f"00-{number}"))]
    wanted = {"kind": "notice_left", "limit": 3}
    seen: list[str] = []
    cursor: str | None = None
    for turn in range(20):
        answer = (await search(service, **wanted, **({"cursor": cursor} if cursor else {}))).json()
        seen += [each["id"] for each in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
        await posted(service, shipment=f"00-later-{turn}")
    assert seen == before[::-1]


async def test_whoever_asks_after_a_person_is_on_record_with_the_reason(service: Service) -> None:
    await service.register()
    await posted(service)
    key = await service.key(Scope.PROOFS_READ)
    answer = await search(service, key=key, operator=OPERATOR, recipient=RECIPIENT, reason=REASON)
    assert answer.status_code == 200
    (sealed,) = await readings(service)
    actor = key["Authorization"].split("_")[1]
    data = {"actor": actor, "act": "search", "legal_basis": None, "facts": [], "substitutes_paper": False}
    assert sealed == (data, REASON, RECIPIENT)


async def test_everybody_who_has_a_contact_is_named_when_it_is_asked_after(service: Service) -> None:
    await service.register()
    await service.register("somebody-else")
    await search(service, operator=OPERATOR, contact={"channel": "sms", "value": PHONE}, reason=REASON)
    assert sorted(name for _, _, name in await readings(service)) == [RECIPIENT, "somebody-else"]


async def test_a_search_for_somebody_unknown_is_sealed_all_the_same(service: Service) -> None:
    answer = await search(service, operator=OPERATOR, recipient="nobody-at-all", reason=REASON)
    assert answer.json() == {"items": [], "next": None}
    ((_, reason, name),) = await readings(service)
    assert (reason, name) == (REASON, NOBODY)


async def test_a_search_that_names_nobody_seals_nothing(service: Service) -> None:
    await search(service, operator=OPERATOR, shipment=SHIPMENT)
    assert await readings(service) == []


async def test_other_operators_see_nothing_of_it(service: Service) -> None:
    await service.register()
    await service.register(operator=OTHER_OPERATOR)
    await posted(service)
    stranger = await service.key(Scope.PROOFS_READ, operators=(OTHER_OPERATOR,))
    named = {"operator": OTHER_OPERATOR, "reason": REASON}
    contact = {"channel": "sms", "value": PHONE}
    for wanted in (
        {},
        {**named, "recipient": RECIPIENT},
        {**named, "contact": contact},
        {**named, "shipment": SHIPMENT},
    ):
        assert (await search(service, key=stranger, **wanted)).json() == {"items": [], "next": None}
    assert (await search(service, key=stranger, operator=OPERATOR)).status_code == 403
    assert await readings_about(service, OPERATOR) == 0


async def readings_about(service: Service, operator: str) -> int:
    async with service.services.database.read() as tx:
        query = select(facts.c.recipient_id).where(facts.c.type == "access.read")
        records = await recipient_store.by_ids(tx, (await tx.execute(query)).scalars())
    return sum(record.operator == operator for record in records.values())


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"shipment": SHIPMENT}, ""),
    ({"recipient": RECIPIENT, "reason": "why"}, ""),
    ({"operator": OPERATOR, "recipient": RECIPIENT}, ""),
    ({"operator": OPERATOR, "contact": {"channel": "sms", "value": PHONE}}, ""),
    ({"operator": OPERATOR, "contact": {"channel": "sms", "value": "600777888"}, "reason": "why"}, "/contact/value"),
    ({"operator": OPERATOR, "contact": {"channel": "fax", "value": PHONE}, "reason": "why"}, "/contact/channel"),
    ({"operator": "no name"}, "/operator"),
    ({"facility": "UP-00-032"}, ""),
    ({"courier": "K-0421", "reason": "why"}, ""),
    ({"operator": OPERATOR, "courier": "K-0421"}, ""),
    ({"operator": OPERATOR, "facility": "no name"}, "/facility"),
    ({"operator": OPERATOR, "courier": "K\n", "reason": "why"}, "/courier"),
    ({"grade": 6}, "/grade"),
    ({"grade": True}, "/grade"),
    ({"status": "lost"}, "/status"),
    ({"reason": " "}, "/reason"),
    ({"reason": "x" * 1001}, "/reason"),
    ({"reason": "a\x1b[31mb"}, "/reason"),
    ({"from": "yesterday"}, "/from"),
    ({"limit": 201}, "/limit"),
    ({"limit": 0}, "/limit"),
    ({"colour": "red"}, ""),
    *(
        ({"cursor": cursor}, "/cursor")
        for cursor in ("", "x", "AAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAA==", "ż" * 22)
    ),
]


async def test_what_cannot_be_asked_is_refused_by_its_place_and_sealed_nowhere(service: Service) -> None:
    for wanted, pointer in IMPOSSIBLE:
        answer = await search(service, **wanted)
        assert answer.status_code == 422, wanted
        assert pointer in [each["pointer"] for each in answer.json()["errors"]], wanted
        assert "600777888" not in answer.text
    assert await readings(service) == []


async def test_a_forged_cursor_leads_to_nobody_elses_notifications(service: Service) -> None:
    await service.register()
    await posted(service)
    stranger = await service.key(Scope.PROOFS_READ, operators=(OTHER_OPERATOR,))
    newest_of_all = cursor_of(UUID(int=(1 << 128) - 1))
    answer = await search(service, key=stranger, cursor=newest_of_all)
    assert answer.json() == {"items": [], "next": None}


async def test_who_acts_for_no_operator_is_not_told_where_a_stretch_of_others_messages_ends(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_store, "STRETCH_MAX", 1)
    await service.register()
    await posted(service)
    async with service.services.database.read() as tx:
        found = await search_store.page(tx, Search(operators=(), status=Status.FAILED), before=None, limit=1)
    assert (list(found.notifications), found.following) == ([], None)


async def test_a_proof_that_opens_fields_is_on_record_with_the_reason_in_its_header(service: Service) -> None:
    scene = await set_scene(service)
    proof = f"/v1/notifications/{scene.sms}/proof"
    header = {"Awizo-Reason": quote(REASON)}
    assert (await service.client.get(proof, headers=service.admin | header)).status_code == 200
    ((data, reason, name),) = await readings(service)
    assert (data["act"], reason, name) == ("proof", REASON, RECIPIENT)


async def test_a_proof_that_opens_nothing_leaves_no_record(service: Service) -> None:
    scene = await set_scene(service)
    answer = await service.get(f"/v1/notifications/{scene.sms}/proof", open="none")
    assert answer.status_code == 200
    assert await readings(service) == []


async def test_a_reason_that_is_no_text_is_refused(service: Service) -> None:
    scene = await set_scene(service)
    proof = f"/v1/notifications/{scene.sms}/proof"
    longest = {**service.admin, "Awizo-Reason": quote("😀" * 1000)}
    assert (await service.client.get(proof, headers=longest)).status_code == 200
    for header in ("", "%20", "%FF", "a%00", "x" * 1001, "x" * 12_001, quote("ż" * 1001)):
        answer = await service.client.get(proof, headers={**service.admin, "Awizo-Reason": header})
        assert answer.status_code == 422, header
        assert answer.json()["errors"][0]["pointer"] == "/header/Awizo-Reason"

"""What a person agreed to is sealed by its digest, and a message's proof names it, on both databases."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.channel import Channel, Purpose
from app.domain.consent_texts import published_texts
from app.domain.merge import ConsentAct
from app.evidence.verifier import Verdict, parse_vkey, verify_bundle
from app.storage.tables import facts
from tests.builders import NOON, event
from tests.integration.world import World
from tests.second_verifier import verify

OURS = published_texts().newest


def act(*, purpose: Purpose = Purpose.DELIVERY, version: str | None = OURS, **changes: Any) -> ConsentAct:
    said: dict[str, Any] = {"channel": Channel.SMS, "granted": True, "at": NOON, "method": "counter"}
    return ConsentAct(purpose=purpose, text_version=version, **(said | changes))


def digest(language: str, purpose: Purpose = Purpose.DELIVERY, channel: Channel = Channel.SMS) -> str:
    text = published_texts().find(OURS, language, channel, purpose)
    assert text is not None
    return text.digest


async def sealed(world: World) -> list[tuple[str, str, str | None, str | None]]:
    """Type, language, version and digest of every fact about a consent, oldest first."""
    async with world.database.read() as tx:
        rows = (await tx.execute(select(facts.c.document).order_by(facts.c.id))).scalars()
        documents = [json.loads(row) for row in rows]
    return [
        (document["type"], data["language"], data["text_version"], data["text_digest"])
        for document in documents
        if document["type"].startswith("consent.")
        for data in [document["data"]]
    ]


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
async def test_a_consent_seals_the_digest_of_the_text_in_the_persons_language(world: World, language: str) -> None:
    await world.put(language=language, consents=(act(),))
    assert await sealed(world) == [("consent.granted", language, OURS, digest(language))]


async def test_each_channel_and_purpose_has_the_digest_of_its_own_text(world: World) -> None:
    await world.put(consents=(act(), act(purpose=Purpose.INCIDENT), act(channel=Channel.EMAIL)))
    assert {found for *_, found in await sealed(world)} == {
        digest("pl"),
        digest("pl", Purpose.INCIDENT),
        digest("pl", channel=Channel.EMAIL),
    }


@pytest.mark.parametrize("version", [None, "2026-11", "counter-7"])
async def test_nobody_vouches_for_a_text_that_is_not_ours(world: World, version: str | None) -> None:
    await world.put(consents=(act(version=version),))
    assert await sealed(world) == [("consent.granted", "pl", version, None)]


async def test_a_change_of_language_leaves_what_was_agreed_to_as_it_was(world: World) -> None:
    await world.put(language="uk", consents=(act(),))
    await world.put(language="en")
    later = act(at=NOON - timedelta(hours=1), purpose=Purpose.PROGRESS)
    await world.put(consents=(act(), later))
    assert await sealed(world) == [
        ("consent.granted", "uk", OURS, digest("uk")),
        ("consent.granted", "en", OURS, digest("en", Purpose.PROGRESS)),
    ]


async def test_the_proof_of_a_message_names_the_text_that_was_agreed_to(world: World) -> None:
    await world.register(consents=())
    await world.put(consents=(act(),))
    told = (await world.accepted(event())).notifications
    await world.dispatch()
    await world.seal()
    sms = next(each.id for each in told if each.channel is Channel.SMS)
    bundle = await world.bundle(sms)
    assert verify(bundle, world.vkeys).accepted
    assert verify_bundle(bundle, vkeys=[parse_vkey(key) for key in world.vkeys]).verdict is Verdict.VERIFIED
    context = [fact["document"] for fact in json.loads(bundle)["context"]]
    (consent,) = [document for document in context if document["type"] == "consent.granted"]
    assert consent["data"]["text_digest"] == digest("pl")

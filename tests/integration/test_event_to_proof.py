"""The main job: an event becomes an SMS, an e-mail and a proof, or a fact that says why not."""

import json
from hashlib import sha256
from typing import Any

import pytest

from app.domain.channel import Channel
from app.domain.notification import Status
from app.evidence.verifier import Verdict, parse_vkey, verify_bundle
from tests.builders import EMAIL, PHONE, event
from tests.integration.world import World
from tests.second_verifier import verify


async def test_a_paper_notice_becomes_an_sms_and_an_email(world: World) -> None:
    await world.register()
    answer = await world.accepted(event())
    assert [(n.channel, n.status) for n in answer.notifications] == [("sms", "queued"), ("email", "queued")]
    assert await world.dispatch() == 2
    (sms,) = world.gateway.journal
    assert sms.form["To"] == PHONE
    assert "UP Warszawa 32" in sms.form["Body"]
    (letter,) = world.mail.journal
    assert EMAIL in letter.rcpt[0]
    for notification in answer.notifications:
        assert (await world.notification(notification.id)).status is Status.SENT
        assert await world.fact_types(notification.id) == [
            "notification.planned",
            "attempt.started",
            "attempt.accepted",
        ]


async def test_both_verifiers_accept_what_was_sealed(world: World) -> None:
    await world.register()
    answer = await world.accepted(event())
    await world.dispatch()
    await world.seal()
    for notification in answer.notifications:
        bundle = await world.bundle(notification.id)
        report = verify_bundle(bundle, vkeys=[parse_vkey(key) for key in world.vkeys])
        assert report.verdict is Verdict.VERIFIED, report.checks
        assert verify(bundle, world.vkeys).accepted


async def test_without_consent_nothing_is_sent_and_the_fact_is_sealed(world: World) -> None:
    await world.register(consents=[Channel.EMAIL])
    answer = await world.accepted(event())
    sms, _email = answer.notifications
    assert (sms.status, sms.reason) == ("suppressed", "no_consent")
    await world.dispatch()
    assert world.gateway.journal == []
    (fact,) = await world.facts(sms.id)
    assert fact["type"] == "notification.suppressed"
    assert fact["data"]["reason"] == "no_consent"


async def test_a_recipient_nobody_registered_is_told_nothing(world: World) -> None:
    assert (await world.accepted(event())).notifications == ()


@pytest.mark.parametrize("opened", [frozenset(), frozenset({"contact"})])
async def test_a_bundle_with_closed_fields_still_verifies(world: World, opened: frozenset[str]) -> None:
    await world.register()
    answer = await world.accepted(event())
    await world.dispatch()
    await world.seal()
    bundle = await world.bundle(answer.notifications[0].id, opened)
    assert verify(bundle, world.vkeys).accepted
    assert (PHONE.encode() in bundle) == ("contact" in opened)


async def test_a_new_digest_does_not_hide_a_changed_field(world: World) -> None:
    await world.register()
    answer = await world.accepted(event())
    await world.dispatch()
    await world.seal()
    bundle = json.loads(await world.bundle(answer.notifications[0].id))
    bundle["facts"][1]["openings"]["contact"]["value"] = "+48600100201"
    forged = _with_new_digest(bundle)
    assert not verify(forged, world.vkeys).accepted
    report = verify_bundle(forged, vkeys=[parse_vkey(key) for key in world.vkeys])
    assert report.verdict is Verdict.REFUSED


def _with_new_digest(bundle: dict[str, Any]) -> bytes:
    bundle.pop("digest")
    bundle["digest"] = sha256(_jcs(bundle)).hexdigest()
    return _jcs(bundle)


def _jcs(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

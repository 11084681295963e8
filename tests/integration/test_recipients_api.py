"""`/v1/recipients/{operator}/{recipient}` over HTTP, on both databases: what it answers."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from app.domain.access import Scope
from app.domain.channel import Channel
from app.ports import Surroundings
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import recipients as recipient_rows
from app.usecases.withdraw_consent import withdraw_consent
from tests.builders import OPERATOR
from tests.integration.recipients_service import CONTRACT_EXAMPLE, Api, recipients_api


@pytest.fixture
async def api(database: Database, surroundings: Surroundings) -> AsyncIterator[Api]:
    async with recipients_api(database, surroundings) as opened:
        yield opened


async def test_the_contracts_example_is_registered_and_answered_with_the_record(api: Api) -> None:
    answer = await api.put()
    assert answer.status_code == 201
    assert answer.json() == {
        "operator": OPERATOR,
        "recipient": "customer-4711",
        "language": "pl",
        "time_zone": "Europe/Warsaw",
        "post_codes": ["03-729"],
        "contact_points": [
            {"channel": "sms", "value": "+48600100200", "verified": True, "method": "counter", "state": "active"},
            {
                "channel": "email",
                "value": "jan@example.com",
                "verified": False,
                "method": None,
                "state": "unconfirmed",
            },
        ],
        "consents": [
            {
                "channel": "sms",
                "purpose": "delivery",
                "granted": True,
                "at": "2026-11-01T09:00:00Z",
                "method": "counter",
                "text_version": "2026-11",
                "version": 1,
            }
        ],
        "quiet_hours": {"from": "20:00", "to": "08:00"},
        "ignored": [],
    }


async def test_the_same_put_again_is_200_with_the_same_record(api: Api) -> None:
    first, second = await api.put(), await api.put()
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()


async def test_what_is_read_is_what_was_answered(api: Api) -> None:
    put = await api.put()
    assert (await api.get()).json() == put.json()


async def test_what_was_read_can_be_put_back_without_changing_anything(api: Api) -> None:
    await api.put({"contact_points": CONTRACT_EXAMPLE["contact_points"], "consents": CONTRACT_EXAMPLE["consents"]})
    read = (await api.get()).json()
    copy = {name: read[name] for name in ("language", "time_zone", "post_codes", "quiet_hours") if name in read} | {
        "contact_points": [
            {name: contact[name] for name in ("channel", "value", "verified")} for contact in read["contact_points"]
        ],
        "consents": [
            {name: value for name, value in consent.items() if name != "version"} for consent in read["consents"]
        ],
    }
    assert (await api.put(copy)).json() == read


async def test_quiet_hours_are_left_out_while_the_default_holds_and_null_means_none(api: Api) -> None:
    assert "quiet_hours" not in (await api.put({})).json()
    assert (await api.put({"quiet_hours": None})).json()["quiet_hours"] is None
    assert (await api.put({})).json()["quiet_hours"] is None


async def test_letters_and_phrase_are_left_out_while_they_are_as_by_default_and_null_removes_the_phrase(
    api: Api,
) -> None:
    assert not {"letters", "safety_phrase"} & (await api.put({})).json().keys()
    chosen = (await api.put({"letters": "native", "safety_phrase": " Żółty  kot "})).json()
    assert (chosen["letters"], chosen["safety_phrase"]) == ("native", "Żółty kot")
    assert (await api.put({})).json() == chosen == (await api.get()).json()
    assert not {"letters", "safety_phrase"} & (await api.put({"letters": "plain", "safety_phrase": None})).json().keys()


async def test_a_record_from_before_there_were_letters_and_phrases_is_read_with_the_defaults(api: Api) -> None:
    await api.put()
    async with api.services.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, "customer-4711")
        assert record is not None
        place = b"profile" + record.id.bytes
        old = record.key.seal(b'{"name": "customer-4711", "post_codes": ["03-729"]}', place=place)
        await tx.execute(update(recipient_rows).values(profile=old))
    read = (await api.get()).json()
    assert (read["post_codes"], "letters" in read, "safety_phrase" in read) == (["03-729"], False, False)


async def test_what_was_not_applied_comes_back_with_its_place_and_reason(api: Api) -> None:
    await api.put()
    async with api.services.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, "customer-4711")
        assert record is not None
        await withdraw_consent(
            tx,
            record.id,
            Channel.SMS,
            None,
            method="one_click",
            statement=b"{}",
            surroundings=api.services.surroundings,
        )
    answer = await api.put()
    assert answer.json()["ignored"] == [{"pointer": "/consents/0", "reason": "the_person_decided_later"}]
    assert answer.json()["consents"][0]["granted"] is False


async def test_support_reads_masked_values(api: Api) -> None:
    await api.put(CONTRACT_EXAMPLE | {"safety_phrase": "kot Filemon"})
    answer = await api.get(Scope.SHIPMENTS_READ)
    assert [c["value"] for c in answer.json()["contact_points"]] == ["+48*****200", "j***@example.com"]
    assert answer.json()["safety_phrase"] == "***"


async def test_erasing_is_204_and_then_404(api: Api) -> None:
    await api.put()
    answers = [await api.delete(), await api.delete(), await api.get()]
    assert [answer.status_code for answer in answers] == [204, 404, 404]
    assert answers[0].content == b""


async def test_nobody_is_found_under_a_name_that_nobody_used(api: Api) -> None:
    assert (await api.get()).status_code == 404

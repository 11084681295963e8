"""The texts that people agree to, as an operator's counter shows them, and what the history says of them later."""

from hashlib import sha256

from app.domain.consent_texts import published_texts
from tests.builders import OPERATOR, RECIPIENT
from tests.integration.api.service import Service, fresh_event

TEXTS = "/v1/consent-texts"
PLACE = f"/v1/recipients/{OPERATOR}/{RECIPIENT}"


async def test_everybody_may_read_what_people_agree_to(service: Service) -> None:
    answer = await service.client.get(TEXTS)
    assert answer.status_code == 200
    said = answer.json()
    published = published_texts()
    assert said["newest"] == published.newest
    assert [tuple(item[name] for name in ("version", "language", "channel", "purpose")) for item in said["items"]] == [
        text.key for text in published.texts
    ]


async def test_whoever_hashes_a_text_gets_its_digest(service: Service) -> None:
    items = (await service.client.get(TEXTS)).json()["items"]
    assert [sha256(item["text"].encode()).hexdigest() for item in items] == [item["digest"] for item in items]


async def test_pages_of_any_origin_may_show_the_texts(service: Service) -> None:
    answer = await service.client.get(TEXTS, headers={"Origin": "https://counter.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=3600"


async def test_the_history_names_the_very_text_that_was_shown(service: Service) -> None:
    texts = (await service.client.get(TEXTS)).json()
    given = {"channel": "email", "purpose": "incident", "granted": True, "method": "counter"}
    consents = [given | {"at": fresh_event()["time"], "text_version": texts["newest"]}]
    body = {"language": "uk", "consents": consents}
    assert (await service.client.put(PLACE, json=body, headers=service.admin)).status_code == 201
    (act,) = (await service.get(f"{PLACE}/consents")).json()["items"]
    (shown,) = [
        item
        for item in texts["items"]
        if (item["version"], item["language"]) == (act["text_version"], act["language"])
        and (item["channel"], item["purpose"]) == (act["channel"], act["purpose"])
    ]
    assert (act["language"], act["text_digest"]) == ("uk", shown["digest"])


async def test_the_history_says_that_the_words_of_another_version_are_not_known_here(service: Service) -> None:
    given = {"channel": "sms", "purpose": "delivery", "granted": True, "method": "counter", "text_version": "shop-3"}
    body = {"consents": [given | {"at": fresh_event()["time"]}]}
    assert (await service.client.put(PLACE, json=body, headers=service.admin)).status_code == 201
    (act,) = (await service.get(f"{PLACE}/consents")).json()["items"]
    assert (act["text_version"], act["language"], act["text_digest"]) == ("shop-3", "pl", None)

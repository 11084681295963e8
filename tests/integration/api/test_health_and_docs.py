"""Health, figures, keys, and the description of the API."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import yaml

from app.api.event_examples import EXAMPLES
from app.api.openapi import as_yaml, describe
from app.main import create_app
from app.merkle.note import parse_vkeys
from tests.integration.api.service import Service


async def test_healthy_and_ready_are_said_in_a_word(service: Service) -> None:
    answers = [await service.client.get(path) for path in ("/healthz", "/readyz")]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "ok\n"), (200, "ready\n")]


async def test_a_fault_of_the_log_makes_readiness_red_and_names_what_to_do(service: Service) -> None:
    fault = "The database is behind the mark; nothing is signed, sent or accepted until `awizo log recover` was run"
    service.services.log_watch.found(fault)
    answer = await service.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "awizo log recover" in answer.json()["detail"]
    assert (await service.client.get("/healthz")).status_code == 200


async def test_metrics_name_routes_by_their_templates_and_nobody(service: Service) -> None:
    await service.register("canary-person")
    await service.client.request("PROPFIND", "/v1/events")
    await service.client.get("/nothing/here")
    answer = await service.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'awizo_http_requests_total{method="PUT",route="/v1/recipients/{operator}/{recipient}",status="201"} 1.0' in (
        answer.text
    )
    assert 'method="other",route="' in answer.text
    assert 'route="unmatched",status="404"' in answer.text
    for word in ("canary-person", "PROPFIND", "nothing/here"):
        assert word not in answer.text


async def test_the_logs_checkpoint_and_keys_are_public_and_belong_together(service: Service) -> None:
    checkpoint = await service.client.get("/log/checkpoint")
    keys = parse_vkeys((await service.client.get("/log/vkey")).text)
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert [key.name for key in keys] == [
        checkpoint.text.split("\n")[0],
        checkpoint.text.split("\n")[0] + "/statements",
    ]


class Links(HTMLParser):
    """Everything that a page would fetch or run, and the words that it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.words = ""
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.places |= {value for name, value in attrs if name == "id" and value}
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "action"}]

    def handle_data(self, data: str) -> None:
        self.words += data


async def test_the_page_for_people_shows_every_operation_and_fetches_nothing(service: Service) -> None:
    answer = await service.client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Links()
    page.feed(answer.text)
    assert not page.tags & {"script", "link", "img", "iframe", "form"}
    assert [link for link in page.links if not link.startswith("#")] == ["openapi.yaml", "openapi.json"]
    for path, methods in service.app.openapi()["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path} {operation['summary']}" in page.words
    assert "Needs a key with shipments:read or proofs:read." in page.words
    assert "Needs no key." in page.words


async def test_the_page_for_people_shows_an_example_of_every_event_and_every_schema(service: Service) -> None:
    page = Links()
    page.feed((await service.client.get("/docs")).text)
    description = service.app.openapi()
    sent = description["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/cloudevents+json"]
    assert len(sent["examples"]) == 23
    for name, example in sent["examples"].items():
        assert f"{name} {example['summary']}" in page.words
        assert f'"id": "{example["value"]["id"]}"' in page.words
    assert {f"schema-{name}" for name in description["components"]["schemas"]} <= page.places


async def test_the_pages_own_policy_lets_its_style_through_and_nothing_else(service: Service) -> None:
    answer = await service.client.get("/docs")
    (style,) = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


async def test_the_description_is_the_same_in_both_forms_and_from_the_command(service: Service) -> None:
    as_json = await service.client.get("/openapi.json")
    as_text = await service.client.get("/openapi.yaml")
    assert as_json.headers["content-type"] == "application/json"
    assert as_text.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(as_text.text) == as_json.json()
    assert as_text.text == as_yaml(describe(create_app()))


def test_every_operation_says_what_key_it_needs_and_which_problems_it_may_answer() -> None:
    for path, methods in describe(create_app())["paths"].items():
        for method, operation in methods.items():
            guarded = bool(operation["security"])
            assert guarded == ({"401", "403"} <= operation["responses"].keys()) or "callbacks" in path, (method, path)
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


def test_the_description_points_only_to_what_it_holds() -> None:
    description = describe(create_app())
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(description)))
    assert wanted == set(description["components"]["schemas"])


async def test_an_unknown_path_or_method_is_a_problem_and_a_method_says_what_is_there(service: Service) -> None:
    missing = await service.client.get("/nothing")
    wrong = await service.client.delete("/v1/events")
    assert [(answer.status_code, answer.headers["content-type"]) for answer in (missing, wrong)] == [
        (404, "application/problem+json"),
        (405, "application/problem+json"),
    ]
    assert wrong.headers["allow"] == "POST"


def test_the_description_shows_every_example_as_it_is() -> None:
    body = describe(create_app())["paths"]["/v1/events"]["post"]["requestBody"]
    shown = [each["value"] for each in body["content"]["application/cloudevents+json"]["examples"].values()]
    assert shown == list(EXAMPLES.values())

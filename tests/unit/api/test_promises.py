"""docs/versioning.md: nothing that was promised to integrators within v1 is broken without being noticed."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from app.api.openapi import describe
from app.main import create_app
from tests.promises import broken, promises

PROMISED = json.loads(
    (Path(__file__).resolve().parents[3] / "docs/versioning/promised.json").read_text(encoding="utf-8")
)
DESCRIPTION = describe(create_app())
LIST, READ, POST, PUT = (
    "/v1/notifications",
    "/v1/notifications/{id}",
    "/v1/events",
    "/v1/recipients/{operator}/{recipient}",
)


def test_what_was_promised_is_kept() -> None:
    assert broken(PROMISED, promises(DESCRIPTION)) == []


def test_what_is_offered_is_promised() -> None:
    """`python -m tests.promises > docs/versioning/promised.json` promises what is new."""
    assert promises(DESCRIPTION) == PROMISED


def changed() -> dict[str, Any]:
    return copy.deepcopy(DESCRIPTION)


def test_more_routes_members_and_optional_parameters_break_nothing() -> None:
    description = changed()
    description["paths"]["/v1/news"] = {"get": copy.deepcopy(description["paths"][LIST]["get"])}
    description["paths"][LIST]["get"]["parameters"].append({"in": "query", "name": "news", "schema": {}})
    notification = description["components"]["schemas"]["Notification"]
    notification["properties"]["news"] = {"type": "string"}
    notification["required"].append("news")
    assert broken(PROMISED, promises(description)) == []


@pytest.mark.parametrize(
    "what", ["route", "parameter", "media type", "answer", "member", "type", "newly required", "event"]
)
def test_each_kind_of_break_is_named(what: str) -> None:
    description = changed()
    paths, schemas = description["paths"], description["components"]["schemas"]
    match what:
        case "route":
            del paths[READ]["get"]
        case "parameter":
            paths[LIST]["get"]["parameters"].pop()
        case "media type":
            del paths[POST]["post"]["requestBody"]["content"]["application/cloudevents-batch+json"]
        case "answer":
            del paths[PUT]["put"]["responses"]["201"]
        case "member":
            schemas["Notification"]["required"].remove("status")
        case "type":
            schemas["Notification"]["properties"]["status"] = {"type": "integer"}
        case "newly required":
            paths[PUT]["put"]["requestBody"]["content"]["application/json"]["schema"]["required"] = ["language"]
        case "event":
            schemas["NoticeLeftData"]["required"].append("raw")
    assert broken(PROMISED, promises(description))

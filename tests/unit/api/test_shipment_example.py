"""The example of a shipment's answer keeps to the schemas beside it."""

from typing import Any

from pydantic import BaseModel

from app.api.answer_schemas import ANSWER_SCHEMAS
from app.api.recipient_models import RecipientView
from app.api.shipment_example import SHIPMENT_EXAMPLE
from app.api.support_models import ComplaintView

MODELS = {model.__name__: model for model in (ComplaintView, RecipientView)}
ENTRIES = {
    each["properties"]["kind"]["const"]: each for name, each in ANSWER_SCHEMAS.items() if name.startswith("Timeline")
}


def departures(value: Any, schema: dict[str, Any], place: str = "") -> list[str]:
    """Where a value has other members than its schema, or another type or word than it allows."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _unlike(value, MODELS[name], place) if name in MODELS else departures(value, ANSWER_SCHEMAS[name], place)
    if "oneOf" in schema:
        found = [departures(value, each, place) for each in schema["oneOf"]]
        return [] if [] in found else [f"{place}: fits none"]
    match value:
        case dict():
            if schema.get("required") != list(value):
                return [f"{place}: members"]
            inside = (departures(each, schema["properties"][name], f"{place}/{name}") for name, each in value.items())
            return [each for some in inside for each in some]
        case list():
            inside = (departures(each, schema["items"], f"{place}/{n}") for n, each in enumerate(value))
            return [each for some in inside for each in some]
        case _:
            return [] if _allowed(value, schema) else [f"{place}: {value!r}"]


def _unlike(value: Any, model: type[BaseModel], place: str) -> list[str]:
    shown = model.model_validate(value).model_dump(mode="json", by_alias=True, exclude_unset=True)
    return [] if shown == value else [f"{place}: {model.__name__}"]


def _allowed(value: Any, schema: dict[str, Any]) -> bool:
    if "const" in schema:
        return bool(value == schema["const"])
    kinds = {str: "string", bool: "boolean", int: "integer", type(None): "null"}
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return kinds[type(value)] in types and value in schema.get("enum", [value])


def test_the_example_has_the_members_types_and_words_of_the_schema() -> None:
    assert departures(SHIPMENT_EXAMPLE, ANSWER_SCHEMAS["Shipment"]) == []


def test_the_comparison_finds_a_member_too_many_and_a_word_that_is_none() -> None:
    assert departures(SHIPMENT_EXAMPLE | {"truncated": True}, ANSWER_SCHEMAS["Shipment"]) == [": members"]
    assert departures(SHIPMENT_EXAMPLE | {"state": "gone"}, ANSWER_SCHEMAS["Shipment"]) == ["/state: 'gone'"]


def test_the_example_shows_an_entry_of_every_kind() -> None:
    assert {each["kind"] for each in SHIPMENT_EXAMPLE["timeline"]} == ENTRIES.keys()

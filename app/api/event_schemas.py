"""JSON Schemas of the events that may be posted, made of the models that check them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from app.api.event_examples import EXAMPLES
from app.api.event_models import MODELS
from app.domain.event import TYPE_PREFIX, TYPE_SUFFIX, kind_of

Schema = dict[str, Any]

_TEMPLATE = "#/components/schemas/{model}"


class _WithoutTitles(GenerateJsonSchema):
    """Members are not given titles: they would only repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 – the name is pydantic's
        return False


_ATTRIBUTES: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0. Further attributes are extensions: strings, Booleans or 32-bit Integers",
    "required": ["specversion", "id", "source", "type", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 256},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1, "maxLength": 1024},
        "type": {"type": "string", "minLength": 1, "maxLength": 256},
        "time": {"type": "string", "format": "date-time", "description": "When it happened, or was reported"},
        "subject": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": "string", "minLength": 1},
        "data": {"type": "object"},
    },
}


def event_schemas() -> Mapping[str, Schema]:
    """The components: one schema of the data of each type, one of each type's event, and `CloudEvent` for any."""
    models = dict.fromkeys(MODELS.values())
    _, described = models_json_schema(
        [(model, "validation") for model in models], ref_template=_TEMPLATE, schema_generator=_WithoutTitles
    )
    events = {_name(event_type): _event(event_type) for event_type in MODELS}
    return {
        **described["$defs"],
        "CloudEventAttributes": _ATTRIBUTES,
        **events,
        "CloudEvent": {
            "description": "Of a type that is not among these an event is kept as `quarantined` and tells nobody",
            "oneOf": [_reference(name) for name in events],
            "discriminator": {
                "propertyName": "type",
                "mapping": {event_type: _reference(_name(event_type))["$ref"] for event_type in MODELS},
            },
        },
        "EventData": {
            "description": "The `data` of an event in binary mode: what it must be follows from `ce-type`",
            "anyOf": [_reference(model.__name__) for model in models],
        },
    }


def event_request() -> Schema:
    """The body of `POST /v1/events`, with an example of each type."""
    named = {
        _short(event_type): {"summary": _summary(MODELS[event_type]), "value": example}
        for event_type, example in EXAMPLES.items()
    }
    return {
        "required": True,
        "description": "A CloudEvent in structured or binary mode (`ce-*` headers), or a batch of 1 to 500",
        "content": {
            "application/cloudevents+json": {"schema": _reference("CloudEvent"), "examples": named},
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "minItems": 1, "maxItems": 500, "items": _reference("CloudEvent")},
                "example": list(EXAMPLES.values())[:2],
            },
            "application/json": {
                "schema": _reference("EventData"),
                "example": EXAMPLES[f"{TYPE_PREFIX}delivery.notice_left{TYPE_SUFFIX}"]["data"],
            },
        },
    }


def _event(event_type: str) -> Schema:
    model = MODELS[event_type]
    own: Schema = {
        "type": "object",
        "required": ["type", "data"],
        "properties": {"type": {"const": event_type}, "data": _reference(model.__name__)},
    }
    return {"allOf": [_reference("CloudEventAttributes"), own]}


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").partition("\n")[0]


def _short(event_type: str) -> str:
    return event_type.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)


def _name(event_type: str) -> str:
    """`NoticeLeftEvent` for `pl.awizo.delivery.notice_left.v1`."""
    return "".join(part.capitalize() for part in kind_of(event_type).split("_")) + "Event"


def _reference(name: str) -> Schema:
    return {"$ref": _TEMPLATE.format(model=name)}

"""The examples that openapi.yaml shows are good events of their types, and its schemas say what the models check."""

import json

import jsonschema_rs
import pytest

from app.api.answer_schemas import ANSWER_SCHEMAS
from app.api.cloudevents import Single, decode_request
from app.api.event_examples import EXAMPLES
from app.api.event_models import MODELS, TRACKING_TYPE
from app.api.event_schemas import event_schemas
from app.domain.event import Event
from tests.unit.api.events import pointers
from tests.wire import Json, with_value

SCHEMAS = event_schemas()
TYPES = sorted(MODELS)


def _decoded(event: Json) -> Event:
    decoded = decode_request(
        content_type="application/cloudevents+json", headers=[], body=json.dumps(event, ensure_ascii=False).encode()
    )
    assert isinstance(decoded, Single)
    return decoded.event


def _schema(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": dict(SCHEMAS)}}, validate_formats=True
    )


CLOUD_EVENT = _schema("CloudEvent")


def test_every_type_has_an_example() -> None:
    assert EXAMPLES.keys() == MODELS.keys()


@pytest.mark.parametrize("event_type", TYPES)
def test_an_example_is_an_event_of_its_type(event_type: str) -> None:
    event = _decoded(EXAMPLES[event_type])
    assert (event.type, event.quarantine) == (event_type, "unmapped_code" if event_type == TRACKING_TYPE else None)


@pytest.mark.parametrize("event_type", TYPES)
def test_an_example_fits_the_schema(event_type: str) -> None:
    CLOUD_EVENT.validate(EXAMPLES[event_type])


def test_no_two_examples_are_the_same_event() -> None:
    assert len({(each["source"], each["id"]) for each in EXAMPLES.values()}) == len(EXAMPLES)


@pytest.mark.parametrize(
    ("event_type", "path", "value"),
    [
        ("pl.awizo.delivery.notice_left.v1", "data.notice.ordinal", 3),
        ("pl.awizo.delivery.notice_left.v1", "data.unknown", 1),
        ("pl.awizo.delivery.ready_for_pickup.v1", "data.pickup.hours", 0),
        ("pl.awizo.delivery.ready_for_pickup.v1", "data.place", "shop"),
        ("pl.awizo.delivery.attempt_failed.v1", "data.next_attempt", "soon"),
        ("pl.awizo.delivery.corrected.v1", "data.action", "undo"),
        ("pl.awizo.incident.delayed.v1", "data.new_eta", "later"),
        ("pl.awizo.incident.resolved.v1", "data.revision", 0),
    ],
)
def test_the_schema_refuses_what_the_model_refuses(event_type: str, path: str, value: object) -> None:
    changed = with_value(EXAMPLES[event_type], path, value)
    assert pointers(changed)
    assert not CLOUD_EVENT.is_valid(changed)


def test_no_component_has_the_name_of_an_answer() -> None:
    assert SCHEMAS.keys() & ANSWER_SCHEMAS.keys() == set()


def test_every_schema_says_what_it_is() -> None:
    said = {name for name, schema in SCHEMAS.items() if "description" in schema or "allOf" in schema}
    assert said == SCHEMAS.keys()

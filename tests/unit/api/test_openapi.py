"""openapi.yaml as programs of others read it: every example fits its schema, names are unique, texts stay texts."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import yaml

from app.api.openapi import as_yaml, describe
from app.main import create_app

DESCRIPTION = describe(create_app())


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` leads to; anything else is what it is."""
    while "$ref" in node:
        steps = node["$ref"].removeprefix("#/").split("/")
        node = DESCRIPTION
        for step in steps:
            node = node[step]
    return node


def schemas_with_examples(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Each schema or media type with its examples, wherever it stands."""
    if isinstance(node, dict):
        examples = node.get("examples")
        if isinstance(examples, list):
            yield from ((place, node, example) for example in examples)
        if isinstance(examples, dict) and "schema" in node:
            yield from ((place, node["schema"], each["value"]) for each in examples.values() if "value" in each)
        if "example" in node and "schema" in node:
            yield place, node["schema"], node["example"]
        for name, child in node.items():
            yield from schemas_with_examples(child, f"{place}/{name}")
    elif isinstance(node, list):
        for position, child in enumerate(node):
            yield from schemas_with_examples(child, f"{place}/{position}")


@pytest.mark.parametrize(
    ("schema", "example"),
    [pytest.param(schema, example, id=place) for place, schema, example in schemas_with_examples(DESCRIPTION)],
)
def test_an_example_fits_its_schema(schema: dict[str, Any], example: Any) -> None:
    whole = {"components": DESCRIPTION["components"], **schema}
    errors = [error.message for error in jsonschema_rs.validator_for(whole).iter_errors(example)]
    assert not errors


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_operations_have_names_of_their_own_and_known_subjects() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)
    subjects = {subject["name"] for subject in DESCRIPTION["tags"]}
    assert {tag for _, operation in operations() for tag in operation["tags"]} == subjects


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_an_operation_says_what_it_is_for(name: str) -> None:
    operation = dict(operations())[name]
    assert operation["summary"]
    assert operation["description"]


def json_bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each body of JSON that is sent or answered, problems included."""
    for name, operation in operations():
        for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} {media_type}", body
        for status, answer in operation["responses"].items():
            for media_type, body in answer.get("content", {}).items():
                yield f"{name} {status} {media_type}", body


def has_example(schema: dict[str, Any]) -> bool:
    schema = resolved(schema)
    return bool(schema.get("examples")) or ("oneOf" in schema and all(map(has_example, schema["oneOf"])))


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in json_bodies() if name.endswith("json")])
def test_whatever_is_json_has_an_example(body: dict[str, Any]) -> None:
    assert "example" in body or body.get("examples") or has_example(body["schema"])


def test_each_problem_is_shown_with_the_type_that_its_status_has() -> None:
    fits = jsonschema_rs.validator_for(DESCRIPTION["components"]["schemas"]["Problem"]).is_valid
    for name, problem in DESCRIPTION["components"]["examples"].items():
        assert fits(problem["value"])
        assert problem["value"]["type"] == f"urn:awizo:problem:{name}"
    for _, operation in operations():
        for status, answer in operation["responses"].items():
            for example in answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).values():
                assert resolved(example)["value"]["status"] == int(status)


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_each_parameter_is_described_and_its_example_fits(name: str) -> None:
    for parameter in dict(operations())[name].get("parameters", ()):
        assert parameter["description"], parameter["name"]
        if "example" in parameter:
            whole = {"components": DESCRIPTION["components"], **parameter["schema"]}
            assert jsonschema_rs.validator_for(whole).is_valid(parameter["example"]), parameter["name"]


def test_whatever_a_key_opens_says_how_a_key_can_be_refused() -> None:
    missing = [
        (path, status)
        for path, methods in DESCRIPTION["paths"].items()
        for operation in methods.values()
        if isinstance(operation, dict) and operation.get("security")
        for status in ("401", "403", "422", "429")
        if status not in operation["responses"]
    ]
    assert missing == []


class _Yaml12(yaml.SafeLoader):
    """Reads plain scalars by YAML 1.2's core schema (§10.3.2), as most readers but PyYAML do."""


_Yaml12.yaml_implicit_resolvers = {}
for _tag, _form in (
    ("null", r"null|Null|NULL|~|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
):
    _Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_form})\Z"), None)


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from texts(child)


def test_what_is_a_text_is_one_for_readers_of_yaml_1_2_too() -> None:
    said = [*sorted({text for text in texts(DESCRIPTION) if len(text) < 40}), "0o17", "1e3", "+5", ".5", "-0"]
    assert yaml.load(as_yaml({"said": said}), _Yaml12)["said"] == said

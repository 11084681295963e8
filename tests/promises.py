"""What integrators may count on, read out of an OpenAPI description, and what a newer description breaks of it.

`python -m tests.promises` prints what is promised now, for docs/versioning/promised.json.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from app.api.openapi import describe
from app.main import create_app

Promises = dict[str, dict[str, Any]]

_METHODS = ("get", "put", "post", "delete", "head", "patch")
_DEPTH_MAX = 6


def promises(description: Mapping[str, Any]) -> Promises:
    """By operation and by type of event: what is required of requests, and what good answers always have."""
    events = description["components"]["schemas"]["CloudEvent"]["discriminator"]["mapping"]
    return {
        f"EVENT {event_type}": {
            "parameters": [],
            "needs": sorted(_always({"$ref": reference}, description)),
            "reads": [],
            "answers": {},
        }
        for event_type, reference in sorted(events.items())
    } | {
        f"{method.upper()} {path}": _of_operation(operation, description)
        for path, methods in sorted(description["paths"].items())
        for method, operation in sorted(methods.items())
        if method in _METHODS
    }


def broken(promised: Promises, offered: Promises) -> list[str]:
    """A sentence for each promise that is not kept any more."""
    return [f"{name}: {fault}" for name, old in promised.items() for fault in _faults(old, offered.get(name))]


def _faults(old: Mapping[str, Any], new: Mapping[str, Any] | None) -> Iterator[str]:
    if new is None:
        yield "is gone"
        return
    yield from (f"does not take {each} any more" for each in sorted(set(old["parameters"]) - set(new["parameters"])))
    yield from (f"newly needs {each}" for each in sorted(set(new["needs"]) - set(old["needs"])))
    yield from (f"does not read {each} any more" for each in sorted(set(old["reads"]) - set(new["reads"])))
    for answer, members in old["answers"].items():
        if answer not in new["answers"]:
            yield f"does not answer {answer} any more"
            continue
        for member, type_ in members.items():
            now = new["answers"][answer].get(member)
            if now != type_:
                yield f"{answer} promised {member} as {type_}, which is now {now or 'not always there'}"


def _of_operation(operation: Mapping[str, Any], description: Mapping[str, Any]) -> dict[str, Any]:
    parameters = operation.get("parameters", [])
    body = operation.get("requestBody", {}).get("content", {})
    needed = {f"{each['in']} {each['name']}" for each in parameters if each.get("required")}
    for media_type, content in body.items():
        needed |= {f"{media_type} {each}" for each in _always(content.get("schema", {}), description)}
    return {
        "parameters": sorted(f"{each['in']} {each['name']}" for each in parameters),
        "needs": sorted(needed),
        "reads": sorted(body),
        "answers": {
            f"{status} {media_type}": _always(content.get("schema", {}), description)
            for status, answer in sorted(operation["responses"].items())
            if status < "400"
            for media_type, content in sorted(answer.get("content", {"": {}}).items())
        },
    }


def _always(schema: Mapping[str, Any], description: Mapping[str, Any], depth: int = 0) -> dict[str, str]:
    """The required members by path (`items[].id`), each with its type; of alternatives, what all of them have."""
    schema = _resolved(schema, description)
    if depth > _DEPTH_MAX:
        return {}
    found: dict[str, str] = {}
    for each in schema.get("allOf", ()):
        found |= _always(each, description, depth + 1)
    alternatives = [_always(each, description, depth + 1) for each in schema.get("oneOf", schema.get("anyOf", ()))]
    if alternatives:
        common = set.intersection(*(set(each.items()) for each in alternatives))
        found |= dict(common)
    for name in schema.get("required", ()):
        member = schema.get("properties", {}).get(name, {})
        found[name] = _type(member, description)
        found |= {f"{name}.{path}": type_ for path, type_ in _always(member, description, depth + 1).items()}
    if "items" in schema:
        found |= {f"[].{path}": type_ for path, type_ in _always(schema["items"], description, depth + 1).items()}
    return dict(sorted(found.items()))


def _type(schema: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    schema = _resolved(schema, description)
    if "oneOf" in schema or "anyOf" in schema:
        several = schema.get("oneOf", schema.get("anyOf", ()))
        return "|".join(sorted({_type(each, description) for each in several}))
    if "const" in schema:
        return f"={schema['const']}"
    type_ = schema.get("type", "any")
    return "|".join(sorted(type_)) if isinstance(type_, list) else str(type_)


def _resolved(schema: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


if __name__ == "__main__":
    json.dump(promises(describe(create_app())), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")

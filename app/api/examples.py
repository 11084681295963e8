"""Examples of bodies for openapi.yaml: what a service answered, and what it was asked with."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from app.api.problems import Fault, Problem, problem_kind

_READ: Mapping[str, Any] = json.loads(files("app.api").joinpath("examples.json").read_text(encoding="utf-8"))

# By name of the schema that each is an example of.
SCHEMA_EXAMPLES: Mapping[str, Any] = _READ["schemas"]
# By operationId.
REQUEST_EXAMPLES: Mapping[str, Any] = _READ["requests"]

_FAULTS = {422: [Fault(pointer="/data/pickup/until", detail="Is not of the form that is needed")]}


def problem_examples(statuses: Mapping[int, str]) -> dict[str, Any]:
    """The components `examples`: the usual problem of each of these statuses, with its `type`, by its kind."""
    return {
        problem_kind(status): {
            "summary": meaning,
            "value": Problem(status, errors=_FAULTS.get(status, ())).members(),
        }
        for status, meaning in statuses.items()
        if status >= 400
    }


def problem_example(status: int) -> dict[str, Any]:
    """The media type's `examples` of a problem answer with that status."""
    kind = problem_kind(status)
    return {kind: {"$ref": f"#/components/examples/{kind}"}}

"""What openapi.yaml says beyond the types of the handlers: bodies that are read by hand, and problem answers."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from app.api.answer_schemas import ANSWER_SCHEMAS, reference
from app.api.dependencies import scopes_needed
from app.api.event_schemas import event_request, event_schemas
from app.api.examples import REQUEST_EXAMPLES, SCHEMA_EXAMPLES, problem_example, problem_examples
from app.api.parameters import describe_parameters
from app.api.problems import MEDIA_TYPE
from app.domain.access import Scope

TAGS = {
    "events": "What logistics systems report",
    "recipients": "People, their contact points, consents and settings",
    "shipments": "Where an item stands, and what the log has about it",
    "notifications": "What was sent, what was not and why, each with its proof",
    "audit": "Finding notifications and taking many proofs along",
    "support": "What support does for a customer, each act sealed with its reason",
    "webhooks": "Telling other systems what happened",
    "stats": "Figures that can be counted again",
    "callbacks": "What providers and mail servers report",
    "log": "The published log: hashes only, for everybody",
    "health": "For whoever runs the service",
}

_DESCRIPTIONS = {
    200: "Done",
    201: "Created",
    202: "Committed",
    204: "Done, nothing to say",
    206: "The part that was asked for",
    304: "Not changed since (If-None-Match)",
    400: "Not JSON, or breaks strict JSON",
    401: "No credentials, or bad ones",
    403: "The caller may not do that",
    404: "Not there, or not yours",
    406: "No such representation",
    409: "Conflict",
    413: "Too large",
    415: "Media type or Content-Encoding not read here",
    416: "No such part",
    422: "Breaks CloudEvents or the data model; every error is listed",
    429: "Too many requests; see Retry-After",
    503: "Not available now; see Retry-After",
}

SCOPES = {
    Scope.EVENTS_WRITE: "Post events: logistics systems",
    Scope.RECIPIENTS_WRITE: "Keep people's contacts and consents: a CRM, a counter",
    Scope.SHIPMENTS_READ: "See shipments and what was told about them: support",
    Scope.SUPPORT_WRITE: "Act on a customer's behalf: support",
    Scope.PROOFS_READ: "Find, read and export proofs: auditors",
    Scope.RECEIPTS_WRITE: "Hand in bounces: a mail server",
    Scope.WEBHOOKS_WRITE: "Say where other systems are told of what happened",
    Scope.ADMIN: "Everything",
}

SECURITY_SCHEMES: dict[str, Any] = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "`awz_<id>_<secret>`, as `awizo keys create` prints it once",
    },
    "accessToken": {
        "type": "oauth2",
        "description": "An access token (a JWT by RFC 9068) of the issuer that `AWIZO_OIDC_ISSUER` names; the address "
        "here is an example. Its `scope` has the scopes, its claim `awizo_operators` the operators",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "https://login.example/oauth2/token",
                "scopes": {scope.value: meaning for scope, meaning in SCOPES.items()},
            }
        },
    },
}

RATE_LIMIT_FIELDS: dict[str, Any] = {
    "RateLimit-Policy": {
        "description": "What a key may ask of this node: `q` units at once, and as many again in each `w` seconds "
        "(draft-ietf-httpapi-ratelimit-headers-11). Absent where nothing is limited",
        "schema": {"type": "string"},
        "example": '"requests";q=10000;w=10, "events";q=50000;w=10;awizo-unit="events"',
    },
    "RateLimit": {
        "description": "What is left of each: `r` units; in `t` seconds all of them will be there again, "
        "or as many as a refused request needs",
        "schema": {"type": "string"},
        "example": '"requests";r=9999;t=1, "events";r=49500;t=1',
    },
    "Retry-After": {
        "description": "In how many seconds to try again (RFC 9110 §10.2.3)",
        "schema": {"type": "integer", "minimum": 1},
    },
}

EVENT_REQUEST: dict[str, Any] = {"requestBody": event_request()}

CALLBACK_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    }
}

MAIL_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The whole message as the mail server got it, headers and all; at most 1 MiB",
        "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def answers(
    *statuses: int, schema: dict[str, Any] | None = None, media_type: str = "application/json"
) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: good ones as `media_type` (a text unless there is a schema), others as problems."""
    return {status: _answer(status, schema or {"type": "string"}, media_type) for status in statuses}


def _answer(status: int, schema: dict[str, Any], media_type: str) -> dict[str, Any]:
    described: dict[str, Any] = {"description": _DESCRIPTIONS[status]}
    if status >= 400:
        described["content"] = {MEDIA_TYPE: {"schema": reference("Problem"), "examples": problem_example(status)}}
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            described["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    elif status not in {204, 304}:
        described["content"] = {media_type: {"schema": schema}}
    return described


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with our problem answers in place of FastAPI's own, and the scopes that a key needs."""
    if app.openapi_schema is None:
        description = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=[{"name": name, "description": said} for name, said in sorted(TAGS.items())],
            servers=[{"url": "/", "description": "The deployment that serves this description"}],
            contact={"name": "Whoever runs this deployment"},
            license_info={"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        )
        components = description.setdefault("components", {})
        components.setdefault("schemas", {}).update({**ANSWER_SCHEMAS, **event_schemas()})
        components["securitySchemes"] = SECURITY_SCHEMES
        components["headers"] = RATE_LIMIT_FIELDS
        components["examples"] = problem_examples(_DESCRIPTIONS)
        _complete(app, description["paths"])
        _bring_back_nulls(components["schemas"])
        for name, example in SCHEMA_EXAMPLES.items():
            components["schemas"][name]["examples"] = [example]
        app.openapi_schema = description
    return app.openapi_schema


def operation_id(route: APIRoute) -> str:
    """The name of its function; where that is a method only, with what the module is about: `put_hold`."""
    if route.name.upper() not in (route.methods or ()):
        return route.name
    subject = route.endpoint.__module__.rpartition(".")[2].removesuffix("s")
    return f"{route.name}_{subject}"


def ways_in(*scopes: Scope) -> list[dict[str, list[str]]]:
    """The `security` of an operation that any one of these scopes opens; a key's scopes are no part of its scheme."""
    return [{"apiKey": []}, *({"accessToken": [scope.value]} for scope in scopes)]


# FastAPI leaves out of examples what is null: a closed day is then no day at all.
def _bring_back_nulls(schemas: dict[str, Any]) -> None:
    """Give the examples of our models what is null in them."""
    for model in _models(BaseModel):
        extra = model.model_config.get("json_schema_extra")
        if model.__name__ in schemas and isinstance(extra, dict) and "examples" in extra:
            schemas[model.__name__]["examples"] = jsonable_encoder(extra["examples"])


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        if model.__module__.startswith("app.api."):
            yield model
        yield from _models(model)


# `{tile:path}` is how Starlette writes a parameter that has slashes in it; OpenAPI calls it `{tile}`.
_PATH_TYPE = re.compile(r":[a-z]+\}")


def _complete(app: FastAPI, paths: dict[str, Any]) -> None:
    """Say of each operation which credentials open it, and what its route says of bodies, nulls included."""
    for route in iter_route_contexts(app.routes):
        scopes = scopes_needed(getattr(route, "dependant", None))
        for method in route.methods or ():
            operation = paths.get(_PATH_TYPE.sub("}", route.path or ""), {}).get(method.lower())
            if operation is None:
                continue
            describe_parameters(operation)
            operation |= jsonable_encoder(getattr(route, "openapi_extra", None) or {})
            example = REQUEST_EXAMPLES.get(operation["operationId"])
            if example is not None:
                operation["requestBody"]["content"]["application/json"]["example"] = example
            for status, said in (getattr(route, "responses", None) or {}).items():
                if "content" in said:
                    operation["responses"][str(status)]["content"] = jsonable_encoder(said["content"])
            operation["security"] = ways_in(*scopes) if scopes else operation.get("security", [])
            if operation["security"]:  # also where a deployment decides whether a key is needed
                _limit(operation["responses"])
                operation["responses"].setdefault("422", _answer(422, {}, MEDIA_TYPE))


def _limit(responses: dict[str, Any]) -> None:
    """Every answer to a key says what it may still ask; one that asks too much is told when to try again."""
    responses["429"] = _answer(429, {}, MEDIA_TYPE)
    responses["429"]["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    for status in responses.keys() - {"401"}:
        said = responses[status].setdefault("headers", {})
        said |= {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit-Policy", "RateLimit")}


def as_yaml(description: dict[str, Any]) -> str:
    """An OpenAPI description as the text of openapi.yaml."""
    return yaml.dump(description, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes a schema out wherever it is used, and texts that YAML 1.2 would read as numbers in quotes.

    PyYAML speaks YAML 1.1, in which 0075900 is an octal number, and 0075909 a text.
    """

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        style = "'" if data[:1] in "0123456789+-." else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else style)


_Dumper.add_representer(str, _Dumper.represent_text)

"""What openapi.yaml says beyond the types of the handlers: bodies that are read by hand, and problem answers."""

from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from app.api.answer_schemas import ANSWER_SCHEMAS, reference
from app.api.dependencies import scopes_needed
from app.api.event_schemas import event_request, event_schemas
from app.api.problems import MEDIA_TYPE
from app.domain.access import Scope

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

SECURITY_SCHEMES: dict[str, Any] = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "`awz_<id>_<secret>`, as `awizo keys create` prints it once",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token (RFC 9068) of the issuer that `AWIZO_OIDC_ISSUER` names, such as by the client "
        "credentials grant of OAuth 2.0. Its `scope` has the scopes, its claim `awizo_operators` the operators",
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
        described["content"] = {MEDIA_TYPE: {"schema": reference("Problem")}}
    elif status not in {204, 304}:
        described["content"] = {media_type: {"schema": schema}}
    return described


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with our problem answers in place of FastAPI's own, and the scopes that a key needs."""
    if app.openapi_schema is None:
        description = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = description.setdefault("components", {})
        components.setdefault("schemas", {}).update({**ANSWER_SCHEMAS, **event_schemas()})
        components["securitySchemes"] = SECURITY_SCHEMES
        # FastAPI leaves out of examples what is null: a closed day is then no day at all.
        description["paths"]["/v1/events"]["post"] |= EVENT_REQUEST
        components["headers"] = RATE_LIMIT_FIELDS
        _name_scopes(app, description["paths"])
        app.openapi_schema = description
    return app.openapi_schema


def ways_in(*scopes: Scope) -> list[dict[str, list[str]]]:
    """The `security` of an operation that these scopes open: each, of either kind of caller, is one way in."""
    return [{scheme: [scope.value]} for scope in scopes for scheme in SECURITY_SCHEMES]


def _name_scopes(app: FastAPI, paths: dict[str, Any]) -> None:
    """Say of each operation which credentials open it."""
    for route in iter_route_contexts(app.routes):
        scopes = scopes_needed(getattr(route, "dependant", None))
        for method in route.methods or ():
            operation = paths.get(route.path or "", {}).get(method.lower())
            if operation is not None and scopes:
                operation["security"] = ways_in(*scopes)
                _limit(operation["responses"])


def _limit(responses: dict[str, Any]) -> None:
    """Every answer to a key says what it may still ask; one that asks too much is told when to try again."""
    responses["429"] = _answer(429, {}, MEDIA_TYPE)
    responses["429"]["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    for status in responses.keys() - {"401"}:
        said = responses[status].setdefault("headers", {})
        said |= {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit-Policy", "RateLimit")}


def as_yaml(description: dict[str, Any]) -> str:
    """An OpenAPI description as the text of openapi.yaml."""
    return yaml.dump(description, Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=120)


class _WithoutAliases(yaml.SafeDumper):
    """Writes a schema out wherever it is used; readers need not follow YAML's references."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

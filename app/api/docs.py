"""The description of the API: as OpenAPI for programs, and as one page for people.

The page is complete in itself: no script, nothing fetched from elsewhere, so that it can be read on a machine without
a way to the internet.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request, Response
from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.api.openapi import as_yaml

router = APIRouter(include_in_schema=False)

_STYLE = (files("app.api") / "static" / "docs.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
_TEMPLATES = ImmutableSandboxedEnvironment(
    loader=PackageLoader("app.api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What may be sent in one media type: the schema as text, and examples by name, each with what it is about."""

    schema: str
    examples: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path, as the page shows it. `scopes` are alternatives; none means that no key is needed.

    With `key_optional` a key is needed only where the log is not public.
    """

    method: str
    path: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    key_optional: bool
    parameters: tuple[Mapping[str, Any], ...]
    bodies: Mapping[str, Body]
    answers: Mapping[str, str]

    @property
    def anchor(self) -> str:
        """The operation's place on the page."""
        return f"{self.method}{self.path}".lower().replace("/", "-").replace("{", "").replace("}", "")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Every operation, by subject."""
    description = request.app.openapi()
    subjects: dict[str, list[Operation]] = {}
    for tag, operation in _operations(description):
        subjects.setdefault(tag, []).append(operation)
    html = _TEMPLATES.get_template("docs.html").render(
        info=description["info"],
        subjects=subjects,
        schemas={name: _pretty(schema) for name, schema in sorted(description["components"]["schemas"].items())},
        style=_STYLE,
    )
    return Response(html, headers=_HEADERS, media_type="text/html")


@router.get("/openapi.json")
async def openapi_json(request: Request) -> Response:
    """The description as JSON."""
    text = json.dumps(request.app.openapi(), ensure_ascii=False, separators=(",", ":"))
    return Response(text, media_type="application/json")


@router.get("/openapi.yaml")
async def openapi_yaml(request: Request) -> Response:
    """The description as `awizo openapi` prints it."""
    return Response(as_yaml(request.app.openapi()), media_type="application/yaml")


def _operations(description: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in description["paths"].items():
        for method, said in methods.items():
            content = said.get("requestBody", {}).get("content", {})
            operation = Operation(
                method=method.upper(),
                path=path,
                summary=said["summary"],
                description=said.get("description", ""),
                scopes=tuple(scope for way in said.get("security", ()) for scopes in way.values() for scope in scopes),
                key_optional={} in said.get("security", ()),
                parameters=tuple(said.get("parameters", ())),
                bodies={kind: _body(media) for kind, media in content.items()},
                answers={status: answer["description"] for status, answer in said["responses"].items()},
            )
            yield said["tags"][0], operation


def _body(media: Mapping[str, Any]) -> Body:
    examples = media.get("examples", {})
    return Body(
        schema=_pretty(media.get("schema", {})),
        examples={name: (said["summary"], _pretty(said["value"])) for name, said in examples.items()},
    )


def _pretty(schema: object) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2)

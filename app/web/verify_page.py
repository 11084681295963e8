"""`/verify`: one file that checks a proof in the reader's own browser, from here or from their disk, and asks nobody.

Its sources lie in `verifier_page`, one module of JavaScript a subject. They are put together here, once, as they stand:
whoever reads the page's source reads them. The catalogue of facts is the one that the Python verifier goes by.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Request, Response

from app.domain.recipient import DEFAULT_LANGUAGE, LANGUAGES
from app.evidence.catalogue import CATALOGUE, CONSENT_FACTS, EVENT_FACTS, GRADE_WORDS, SUBSTITUTES_PAPER, FactType
from app.evidence.values import ValueType
from app.web.pages import PAGE_HEADERS
from app.web.transport import transport_headers

router = APIRouter(include_in_schema=False)

# Each after those that it imports.
SCRIPTS = (
    "findings.js",
    "encoding.js",
    "strict_json.js",
    "merkle.js",
    "commitment.js",
    "note.js",
    "documents.js",
    "bundle_form.js",
    "fact_checks.js",
    "log_checks.js",
    "policy.js",
    "shipment_form.js",
    "shipment_checks.js",
    "verify.js",
    "words.js",
    "view.js",
    "page.js",
)

_SOURCES = files("app.web") / "verifier_page"
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_ONE_OF = "one of "


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPage:
    """The whole file, and the policy that browsers are told to hold it to; the file carries the same for itself."""

    html: bytes
    policy: str


@router.api_route("/verify", methods=["GET", "HEAD"])
async def verify(request: Request) -> Response:
    """The page that checks proofs. It is the same for everybody and sends nothing back."""
    made = verify_page()
    headers = {
        **PAGE_HEADERS,
        **transport_headers(request),
        "Content-Security-Policy": f"{made.policy}; frame-ancestors 'none'",
        "Cache-Control": "no-cache",
    }
    return Response(made.html, headers=headers, media_type="text/html")


@cache
def verify_page() -> VerifyPage:
    """The page, put together from its sources. Nothing inline runs but what the policy names by its hash."""
    style = f"\n{_shared_style()}\n{_source('page.css')}"
    script = verifier_script(_source(SCRIPTS[-1]))
    policy = (
        f"default-src 'none'; script-src '{inline_hash(script)}'; style-src '{inline_hash(style)}'; img-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    html = _source("page.html")
    for name, text in (("policy", policy), ("style", style), ("script", script)):
        html = html.replace(f"{{{{ {name} }}}}", text)
    return VerifyPage(html=html.encode(), policy=policy)


def verifier_script(page: str, texts: Mapping[str, Mapping[str, str]] = MappingProxyType({})) -> str:
    """The verifier as one script with `page`, the module that uses it, at its end.

    `texts` are what that module says beside the verifier's own texts: by language, under their English text.
    """
    modules = "".join(_plain(source) for source in (*(_source(name) for name in SCRIPTS[:-1]), page))
    return f"\n{_generated(texts)}\n{modules}"


def inline_hash(text: str) -> str:
    """What a policy calls an inline script or style by (CSP3 §2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _source(name: str) -> str:
    return (_SOURCES / name).read_text("utf-8")


def _shared_style() -> str:
    """The stylesheet of all pages, without typefaces that would have to be fetched."""
    shared = (files("app.web") / "static" / "awizo.css").read_text("utf-8")
    return re.sub(r"@font-face\s*\{[^}]*\}\s*", "", shared)


def _plain(module: str) -> str:
    """A module's text as part of one script, in which every module sees the others' names."""
    return "\n" + _EXPORT.sub("", _IMPORT.sub("", module))


def _generated(texts: Mapping[str, Mapping[str, str]]) -> str:
    """What the scripts import from `generated.js`: constants that come from Python and from the translations."""
    constants = {
        "LANGUAGES": LANGUAGES,
        "DEFAULT_LANGUAGE": DEFAULT_LANGUAGE,
        "SUBSTITUTES_PAPER": SUBSTITUTES_PAPER,
        "GRADE_WORDS": GRADE_WORDS,
        "EVENT_FACTS": sorted(EVENT_FACTS),
        "CONSENT_FACTS": sorted(CONSENT_FACTS),
        "CATALOGUE": {name: _row(row) for name, row in CATALOGUE.items()},
        "TEXTS": {
            name: {**json.loads(_source(f"texts/{name}.json")), **texts.get(name, {})}
            for name in LANGUAGES
            if name != "en"
        },
    }
    return "".join(f"const {name} = {_literal(value)};\n" for name, value in constants.items())


def _row(row: FactType) -> Mapping[str, Any]:
    return {
        "data": {key: _kind(kind) for key, kind in row.data.items()},
        "sealed": sorted(row.sealed),
        "etsi": row.etsi,
        "chain": row.chain.name.lower(),
        "grading": row.grading.name.lower(),
        "opens": row.opens,
        "only_opens": row.only_opens,
        "ends": row.ends,
        "follows_end": row.follows_end,
    }


def _kind(kind: ValueType) -> Mapping[str, Any]:
    named = {"name": kind.name, "nullable": kind.nullable}
    if kind.name.startswith(_ONE_OF):
        return named | {"words": kind.name.removeprefix(_ONE_OF).split(", ")}
    return named


def _literal(value: object) -> str:
    # An end tag inside a text would end the script.
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")

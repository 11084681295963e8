"""Whole pages: their language, their headers, and the one stylesheet they share."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from fastapi import APIRouter, Request, Response
from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.rendering.dates import clock, local
from app.web.catalog import language_for, speaker

router = APIRouter(include_in_schema=False)

STYLESHEET_PATH = "/static/awizo.css"
_STYLESHEET = (files("app.web") / "static" / "awizo.css").read_bytes()
STYLESHEET_VERSION = hashlib.sha256(_STYLESHEET).hexdigest()[:16]

_YEAR_SECONDS = 365 * 24 * 60 * 60
# British English: the day stands before the month, as in the rest of Europe.
_LOCALES = {"pl": Locale("pl"), "en": Locale("en", "GB"), "uk": Locale("uk")}
# No script, nothing from elsewhere, in nobody's frame; links with tokens are told to nobody and kept nowhere.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
_HSTS = f"max-age={_YEAR_SECONDS}; includeSubDomains"

_TEMPLATES = ImmutableSandboxedEnvironment(
    loader=PackageLoader("app.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def page(
    request: Request,
    template: str,
    status: int = 200,
    *,
    language: str | None = None,
    headers: Mapping[str, str] | None = None,
    **context: object,
) -> Response:
    """The HTML page that `template` makes of `context`; values are text, never markup.

    `language` is the reader's own if known, else the browser's counts (`language_for`). A template has `say`, which
    says a message of the catalogs, and the filter `moment`.
    """
    spoken = language_for(request.headers.get("accept-language", ""), preferred=language)
    html = _TEMPLATES.get_template(template).render(
        {
            **context,
            "language": spoken,
            "say": speaker(spoken),
            "stylesheet": f"{request.scope.get('root_path', '')}{STYLESHEET_PATH}?v={STYLESHEET_VERSION}",
        }
    )
    sent = {**PAGE_HEADERS, **transport_headers(request), "Content-Language": spoken, **(headers or {})}
    return Response(html, status, sent, media_type="text/html")


def message_page(
    request: Request, status: int, heading: str, *lines: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A page that only says something: `heading` and `lines` are messages of the catalogs."""
    return page(request, "message.html", status, headers=headers, heading=heading, lines=lines)


def moment_in_words(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """`poniedziałek, 7 grudnia 2026, 14:05` by the clock of `zone`; `Monday, 7 December 2026, 14:05`."""
    there = local(moment, zone)
    day = format_date(there.date(), "EEEE, d MMMM y", locale=_LOCALES[language])
    return f"{day}, {clock(there.time())}"


@router.api_route(STYLESHEET_PATH, methods=["GET", "HEAD"])
async def stylesheet(request: Request, v: str = "") -> Response:
    """The stylesheet; kept for a year under the address that names its content, asked for anew under any other."""
    lasting = v == STYLESHEET_VERSION
    headers = {
        "Cache-Control": f"public, max-age={_YEAR_SECONDS}, immutable" if lasting else "no-cache",
        "X-Content-Type-Options": "nosniff",
        **transport_headers(request),
    }
    return Response(_STYLESHEET, headers=headers, media_type="text/css")


def transport_headers(request: Request) -> dict[str, str]:
    """HSTS where it counts: a browser ignores it on plain HTTP (RFC 6797 §8.1), and localhost has no TLS."""
    return {"Strict-Transport-Security": _HSTS} if request.url.scheme == "https" else {}


_TEMPLATES.filters["moment"] = moment_in_words

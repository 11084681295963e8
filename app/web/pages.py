"""Whole pages: their language, their headers, and what every template finds."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from fastapi import Request, Response
from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.domain.recipient import LANGUAGES
from app.rendering.catalog import marked
from app.rendering.dates import clock, local
from app.web.assets import STYLESHEET, asset_url
from app.web.catalog import language_for, speaker
from app.web.transport import transport_headers

# British English: the day stands before the month, as in the rest of Europe.
LOCALES = {"pl": Locale("pl"), "en": Locale("en", "GB"), "uk": Locale("uk")}
# What a language calls itself, for those who read no other.
LANGUAGE_NAMES = {"pl": "Polski", "en": "English", "uk": "Українська"}
LANGUAGE_PARAMETER = "lang"

# No script, nothing from elsewhere, in nobody's frame; links with tokens are told to nobody and kept nowhere.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}

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

    `language` is the reader's own, if it is known; see `page_language`. A template has `say`, which says a message of
    the catalogs, `link`, which is `address` for this request, and the filter `moment`. See docs/pages.md.
    """
    spoken = page_language(request, language)
    html = _TEMPLATES.get_template(template).render(
        {
            **context,
            "language": spoken,
            "languages": _languages(request),
            "say": speaker(spoken),
            "link": lambda path, **query: address(request, path, **query),
            "stylesheet": asset_url(request, STYLESHEET),
        }
    )
    sent = {**PAGE_HEADERS, **transport_headers(request), "Content-Language": spoken, **(headers or {})}
    return Response(html, status, sent, media_type="text/html")


def message_page(
    request: Request, status: int, heading: str, *lines: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A page that only says something: `heading` and `lines` are messages of the catalogs."""
    return page(request, "message.html", status, headers=headers, heading=heading, lines=lines)


def commit_unknown(request: Request) -> Response:
    """The answer to who used the button behind a link while the database went away: nobody knows what was kept."""
    return message_page(
        request,
        503,
        marked("We do not know whether this was recorded"),
        marked(
            "Open the link from the e-mail again in a minute. "
            "The page then shows how things stand, and you can use its button once more."
        ),
        headers={"Retry-After": "60"},
    )


def page_language(request: Request, own: str | None = None) -> str:
    """The language of a page: what the reader chose on it, else their `own`, else their browser's, else Polish."""
    chosen = request.query_params.get(LANGUAGE_PARAMETER)
    accepted = request.headers.get("accept-language", "")
    return language_for(accepted, preferred=chosen if chosen in LANGUAGES else own)


def address(request: Request, path: str, **query: str) -> str:
    """Where `path` is found, in the language that the reader chose, if they did: only addresses remember that."""
    chosen = request.query_params.get(LANGUAGE_PARAMETER)
    if chosen in LANGUAGES:
        query[LANGUAGE_PARAMETER] = chosen
    return f"{request.scope.get('root_path', '')}{path}{f'?{urlencode(query)}' if query else ''}"


def _languages(request: Request) -> list[tuple[str, str, str]]:
    """Each language, what it calls itself, and this very page in it, relative to its address."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != LANGUAGE_PARAMETER]
    return [(each, LANGUAGE_NAMES[each], f"?{urlencode([*kept, (LANGUAGE_PARAMETER, each)])}") for each in LANGUAGES]


def moment_in_words(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """`poniedziałek, 7 grudnia 2026, 14:05` by the clock of `zone`; `Monday, 7 December 2026, 14:05`."""
    there = local(moment, zone)
    day = format_date(there.date(), "EEEE, d MMMM y", locale=LOCALES[language])
    return f"{day}, {clock(there.time())}"


_TEMPLATES.filters["moment"] = moment_in_words

"""What every page has: its headers, its language, one heading, and a stylesheet that people can read with."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib.resources import files
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI, Response

from app.domain.recipient import LANGUAGES
from app.rendering.catalog import marked
from app.web import pages
from app.web.pages import message_page, moment_in_words, page
from app.web.unsubscribe import PURPOSES, Standing
from tests.unit.web.requests import request

WARSAW = ZoneInfo("Europe/Warsaw")
MOMENT = datetime(2026, 11, 23, 11, 5, tzinfo=UTC)
CSS = (files("app.web") / "static" / "awizo.css").read_text(encoding="utf-8")


def standing(*, operator: str = "InPost", address: str | None = "j***@example.com", sms: bool = True) -> Standing:
    topics = tuple(PURPOSES.values())
    return Standing(
        operator=operator,
        address=address,
        other_addresses=True,
        sent=topics[:1],
        ended=topics[1:],
        ended_at=MOMENT,
        sms=sms,
        zone=WARSAW,
    )


def every_page(language: str) -> list[str]:
    """Each template in each of its states."""
    rendered = [message_page(request(language=language), 404, "This link does not work", "Nothing has changed.")]
    for shown in (standing(), standing(sms=False, address=None)):
        for template in ("unsubscribe.html", "unsubscribed.html"):
            rendered += [
                page(request(), template, language=language, standing=shown, acted=acted) for acted in (True, False)
            ]
    rendered.append(page(request(), "unsubscribed.html", language=language, standing=None, acted=True))
    return [text(each) for each in rendered]


def text(response: Response) -> str:
    return bytes(response.body).decode()


class Elements(HTMLParser):
    """The elements of a page with their attributes, in order; unbalanced tags are an error."""

    VOID = frozenset({"meta", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_its_language_and_has_one_heading_and_one_main_part(language: str) -> None:
    for html in every_page(language):
        elements = Elements(html)
        assert elements.named("html") == [{"lang": language}]
        assert len(elements.named("h1")) == len(elements.named("main")) == len(elements.named("title")) == 1
        headings = [int(tag[1]) for tag, _ in elements.found if re.fullmatch("h[1-6]", tag)]
        assert headings[0] == 1
        assert all(level <= 2 for level in headings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_loads_its_stylesheet_and_nothing_else(language: str) -> None:
    for html in every_page(language):
        elements = Elements(html)
        assert elements.named("link") == [
            {"rel": "stylesheet", "href": f"/static/awizo.css?v={pages.STYLESHEET_VERSION}"}
        ]
        assert {tag for tag, _ in elements.found} & {"script", "img", "iframe", "style", "a", "svg"} == set()
        assert not any(name == "style" or name.startswith("on") for _, found in elements.found for name in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_button_is_a_real_one_in_a_form_that_posts_to_the_page_itself(language: str) -> None:
    elements = Elements(text(page(request(), "unsubscribe.html", language=language, standing=standing(), acted=False)))
    assert elements.named("form") == [{"method": "post"}]
    assert elements.named("button") == [{"name": "from", "value": "page"}]


def test_a_page_without_texts_warns_that_nothing_is_left() -> None:
    with_sms = text(page(request(), "unsubscribe.html", language="en", standing=standing(), acted=False))
    without = text(page(request(), "unsubscribe.html", language="en", standing=standing(sms=False), acted=False))
    assert ("still get text messages" in with_sms, "will not tell you about them at all" in with_sms) == (True, False)
    assert ("still get text messages" in without, "will not tell you about them at all" in without) == (False, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_that_it_only_informs(language: str) -> None:
    said = {"pl": "Ten serwis tylko informuje.", "en": "This service only informs.", "uk": "Цей сервіс лише інформує."}
    assert all(said[language] in html for html in every_page(language))


def test_what_is_filled_in_stays_text() -> None:
    hostile = standing(operator="<script>{{7*7}}</script>", address='"><b>%(x)s{% raw %}***@example.com')
    html = text(page(request(), "unsubscribe.html", standing=hostile, acted=False))
    assert "&lt;script&gt;{{7*7}}&lt;/script&gt;" in html
    assert "&#34;&gt;&lt;b&gt;%(x)s{% raw %}***@example.com" in html


def test_a_page_may_do_nothing_but_show_itself_and_is_kept_nowhere() -> None:
    headers = message_page(request(), 404, marked("This link does not work")).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-language"] == "pl"


@pytest.mark.parametrize(("scheme", "told"), [("https", True), ("http", False)])
def test_https_stays_https(scheme: str, *, told: bool) -> None:
    headers = message_page(request(scheme=scheme), 404, "This link does not work").headers
    assert ("strict-transport-security" in headers) is told


def test_below_a_path_the_stylesheet_is_there_too() -> None:
    html = text(message_page(request(root_path="/notices"), 404, "This link does not work"))
    assert 'href="/notices/static/awizo.css?v=' in html


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pl", "poniedziałek, 23 listopada 2026, 12:05"),
        ("en", "Monday, 23 November 2026, 12:05"),
        ("uk", "понеділок, 23 листопада 2026, 12:05"),
    ],
)
def test_a_moment_is_told_by_the_readers_clock(language: str, words: str) -> None:
    assert moment_in_words(MOMENT, WARSAW, language) == words


@pytest.mark.parametrize(("version", "kept"), [(pages.STYLESHEET_VERSION, True), ("0", False), (None, False)])
async def test_the_stylesheet_is_kept_for_a_year_under_its_own_version_only(version: str | None, *, kept: bool) -> None:
    app = FastAPI()
    app.include_router(pages.router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://awizo.test") as client:
        answer = await client.get("/static/awizo.css", params={"v": version} if version else {})
    assert answer.text == CSS
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == ("public, max-age=31536000, immutable" if kept else "no-cache")


def test_the_stylesheet_is_small_and_loads_nothing() -> None:
    assert len(CSS.encode()) < 12 * 1024
    assert not re.search(r"url\(|@import|https?:", CSS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text_colour", "ground", "needed"),
    [
        ("ink", "paper", 7.0),
        ("soft", "paper", 4.5),
        ("action-ink", "action", 4.5),
        ("action-ink", "action-strong", 4.5),
        ("action", "paper", 4.5),
    ],
)
def test_words_stand_out_from_their_ground(scheme: str, text_colour: str, ground: str, needed: float) -> None:
    palette = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", _block(scheme)))
    assert _contrast(palette[text_colour], palette[ground]) >= needed


def _block(scheme: str) -> str:
    start = 0 if scheme == "light" else CSS.index("(prefers-color-scheme: dark)")
    return CSS[CSS.index(":root {", start) : CSS.index("}", start)]


def _contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.1's relative luminance of `#rrggbb`."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

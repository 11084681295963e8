"""What every page has: its headers, its language, one heading, and nothing that it loads but the stylesheet."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from fastapi import Response

from app.domain.recipient import LANGUAGES
from app.rendering.catalog import marked
from app.web.assets import ASSETS
from app.web.pages import address, message_page, moment_in_words, page
from app.web.unsubscribe import PURPOSES, Standing
from tests.unit.web.requests import request

WARSAW = ZoneInfo("Europe/Warsaw")
MOMENT = datetime(2026, 11, 23, 11, 5, tzinfo=UTC)


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

    VOID = frozenset({"meta", "link", "input"})

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
        version = ASSETS["awizo.css"].version
        assert elements.named("link") == [{"rel": "stylesheet", "href": f"/static/awizo.css?v={version}"}]
        assert {tag for tag, _ in elements.found} & {"script", "img", "iframe", "style", "svg"} == set()
        assert not any(name == "style" or name.startswith("on") for _, found in elements.found for name in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_offers_itself_in_every_language_and_says_which_is_shown(language: str) -> None:
    for html in every_page(language):
        offered = [link for link in Elements(html).named("a") if "hreflang" in link]
        assert [(link["href"], link["lang"]) for link in offered] == [(f"?lang={each}", each) for each in LANGUAGES]
        assert [link["hreflang"] for link in offered if "aria-current" in link] == [language]


def test_a_language_that_was_chosen_on_the_page_goes_before_any_other() -> None:
    shown = text(page(request(language="uk", query="lang=en"), "message.html", language="pl", heading="Sent", lines=()))
    assert Elements(shown).named("html") == [{"lang": "en"}]


@pytest.mark.parametrize("query", ["lang=xx", "lang=", "lang=%00", "lang=EN", "language=en"])
def test_a_language_that_we_do_not_speak_is_no_choice(query: str) -> None:
    shown = text(page(request(language="uk", query=query), "message.html", language="pl", heading="Sent", lines=()))
    assert Elements(shown).named("html") == [{"lang": "pl"}]


def test_links_keep_the_language_that_was_chosen_and_nothing_that_was_not() -> None:
    assert address(request(query="lang=uk"), "/status", operator="a b&c") == "/status?operator=a+b%26c&lang=uk"
    assert address(request(language="uk", query="lang=xx"), "/status") == "/status"
    assert address(request(root_path="/notices"), "/verify") == "/notices/verify"


def test_the_choice_of_a_language_keeps_what_else_the_address_says() -> None:
    shown = message_page(request(query="operator=%22%3E%3Cb%3E&lang=pl&lang=uk"), 404, "This link does not work")
    offered = [link["href"] for link in Elements(text(shown)).named("a") if "hreflang" in link]
    assert offered == [f"?operator=%22%3E%3Cb%3E&lang={each}" for each in LANGUAGES]


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
        "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
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

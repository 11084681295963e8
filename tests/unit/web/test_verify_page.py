"""The page that checks proofs is whole in one file, allowed nothing, and written from the one catalogue there is."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import httpx
import pytest

from app.domain.recipient import DEFAULT_LANGUAGE, LANGUAGES
from app.evidence.catalogue import CATALOGUE, CONSENT_FACTS, EVENT_FACTS, GRADE_WORDS
from app.main import create_app
from app.web.verify_page import SCRIPTS, verify_page

HTML = verify_page().html.decode()
SOURCES = files("app.web") / "verifier_page"


class Parts(HTMLParser):
    """The attributes of all elements, and the text of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self._within = ""
        self.feed(HTML)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in self.inline:
            self.inline[self._within].append(data)


PARTS = Parts()
(SCRIPT,) = PARTS.inline["script"]
(STYLE,) = PARTS.inline["style"]


def constant(name: str) -> Any:
    """The value of a constant that was written into the script."""
    (value,) = re.findall(rf"^const {name} = (.*);$", SCRIPT, re.MULTILINE)
    return json.loads(value)


def meta_policy() -> str:
    (policy,) = [value for tag, name, value in PARTS.attributes if tag == "meta" and value.startswith("default-src")]
    return policy


async def get(url: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="https://awizo.test") as client:
        return await client.request(method, url)


def test_the_file_loads_nothing_from_anywhere() -> None:
    loaded = {value for _, name, value in PARTS.attributes if name in {"src", "href", "action", "srcset", "data"}}
    # An icon that is none, so that browsers do not ask for one, and the page's own address, to be saved from.
    assert loaded == {"data:,", ""}
    assert not re.search(r"url\(|@import|@font-face", STYLE)
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import)\b *[(.]", SCRIPT)
    assert not re.search(r"^(?:import|export)\b", SCRIPT, re.MULTILINE)


def test_nothing_in_the_file_is_made_of_text_but_text() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", SCRIPT)
    assert [name for _, name, _ in PARTS.attributes if name.startswith("on") or name == "style"] == []


def test_the_policy_names_exactly_what_is_inline() -> None:
    def named(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    directives = dict(part.split(" ", 1) for part in verify_page().policy.split("; "))
    assert directives["script-src"] == named(SCRIPT)
    assert directives["style-src"] == named(STYLE)
    assert directives["default-src"] == directives["connect-src"] == "'none'"
    assert "unsafe" not in verify_page().policy


def test_the_file_holds_itself_to_the_policy_that_the_service_sends_with_it() -> None:
    assert meta_policy() == verify_page().policy


@pytest.mark.parametrize(("method", "length"), [("GET", len(verify_page().html)), ("HEAD", 0)])
async def test_the_service_hands_out_the_file_with_the_headers_of_a_page(method: str, length: int) -> None:
    answer = await get("/verify", method)
    assert (answer.status_code, len(answer.content)) == (200, length)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == f"{verify_page().policy}; frame-ancestors 'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cache-control"] == "no-cache"


def test_the_catalogue_in_the_page_is_the_catalogue() -> None:
    written = constant("CATALOGUE")
    assert list(written) == list(CATALOGUE)
    for name, row in CATALOGUE.items():
        shown = written[name]
        assert list(shown["data"]) == list(row.data)
        assert {key: kind["name"] for key, kind in shown["data"].items()} == {k: v.name for k, v in row.data.items()}
        assert {key: kind["nullable"] for key, kind in shown["data"].items()} == {
            key: kind.allows(None) for key, kind in row.data.items()
        }
        assert set(shown["sealed"]) == row.sealed
        assert (shown["etsi"], shown["chain"].upper(), shown["grading"].upper()) == (
            row.etsi,
            row.chain.name,
            row.grading.name,
        )
        for flag in ("opens", "only_opens", "ends", "follows_end"):
            assert shown[flag] is getattr(row, flag)
    assert set(constant("EVENT_FACTS")) == EVENT_FACTS
    assert set(constant("CONSENT_FACTS")) == CONSENT_FACTS
    assert tuple(constant("GRADE_WORDS")) == GRADE_WORDS
    assert (tuple(constant("LANGUAGES")), constant("DEFAULT_LANGUAGE")) == (LANGUAGES, DEFAULT_LANGUAGE)


def test_the_words_that_a_value_may_be_are_those_that_the_catalogue_accepts() -> None:
    written = constant("CATALOGUE")
    chosen = [
        (kind, written[name]["data"][key]["words"])
        for name, row in CATALOGUE.items()
        for key, kind in row.data.items()
        if "words" in written[name]["data"][key]
    ]
    assert {words[0] for _, words in chosen} == {"person", "gsm7", "callback", "none"}
    for kind, words in chosen:
        assert all(kind.accepts(word) for word in words)
        assert kind.name == f"one of {', '.join(words)}"


def test_every_type_of_value_has_its_test() -> None:
    (table,) = re.findall(r"const VALUE_TESTS = \{\n(.*?)\n\};", SCRIPT, re.DOTALL)
    tested = set(re.findall(r'^  "?(.*?)"?: ', table, re.MULTILINE))
    kinds = {kind.name for row in CATALOGUE.values() for kind in row.data.values()}
    assert tested == {name for name in kinds if not name.startswith("one of ")}


def source(name: str) -> str:
    return (SOURCES / name).read_text("utf-8")


def exported(name: str) -> set[str]:
    return set(re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", source(name), re.MULTILINE))


def test_every_module_imports_only_what_an_earlier_one_exports() -> None:
    known = {"generated.js": set(re.findall(r"^const ([A-Z_]+) = ", SCRIPT.partition("\n/**")[0], re.MULTILINE))}
    for name in SCRIPTS:
        for names, origin in re.findall(r'^import \{([^}]*)\} from "\./(.*?)";$', source(name), re.MULTILINE):
            wanted = {wanted.strip() for wanted in names.split(",") if wanted.strip()}
            assert wanted - known[origin] == set(), name
            body = source(name).rpartition('.js";\n')[2]
            assert {each for each in wanted if not re.search(rf"\b{each}\b", body)} == set(), name
        known[name] = exported(name)


def test_no_two_modules_give_one_name_to_two_things() -> None:
    pattern = r"^(?:export )?(?:async )?(?:function|const|class|let) (\w+)"
    names = [name for module in SCRIPTS for name in re.findall(pattern, source(module), re.MULTILINE)]
    assert len(names) == len(set(names))


def test_the_page_is_made_of_every_source_there_is() -> None:
    present = {entry.name for entry in SOURCES.iterdir() if entry.name.endswith(".js")}
    assert present == set(SCRIPTS)

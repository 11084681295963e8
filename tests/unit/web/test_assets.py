"""What pages load: a small stylesheet that people can read with, and the letters that the texts are written in."""

import re
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.domain.recipient import LANGUAGES
from app.web.assets import ASSETS, router
from tests.unit.web.test_catalogs import catalog

CSS = (files("app.web") / "static" / "awizo.css").read_text(encoding="utf-8")
FONTS = ("inter-400.woff2", "inter-600.woff2")


async def get(path: str, **query: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://awizo.test") as client:
        return await client.get(path, params=query)


@pytest.mark.parametrize(
    ("name", "media_type"), [("awizo.css", "text/css; charset=utf-8"), *((font, "font/woff2") for font in FONTS)]
)
@pytest.mark.parametrize("current", [True, False])
async def test_a_file_is_kept_for_a_year_under_its_own_version_only(
    name: str, media_type: str, *, current: bool
) -> None:
    answer = await get(f"/static/{name}", v=ASSETS[name].version if current else "0")
    assert (answer.status_code, answer.content) == (200, ASSETS[name].data)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == ("public, max-age=31536000, immutable" if current else "no-cache")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_typefaces_licence_can_be_read_where_the_typeface_is() -> None:
    answer = await get("/static/inter-licence.txt")
    assert "SIL OPEN FONT LICENSE Version 1.1" in answer.text


@pytest.mark.parametrize("path", ["/static/absent.css", "/static/..%2Fpages.py", "/static/"])
async def test_nothing_else_is_handed_out(path: str) -> None:
    assert (await get(path)).status_code == 404


def test_the_stylesheet_names_the_fonts_by_their_content() -> None:
    loaded = re.findall(r'url\("(.*?)"\)', ASSETS["awizo.css"].data.decode())
    assert loaded == [f"{font}?v={ASSETS[font].version}" for font in FONTS]


def test_the_stylesheet_is_small_and_loads_only_fonts_from_beside_it() -> None:
    assert len(ASSETS["awizo.css"].data) < 12 * 1024
    assert re.findall(r"url\((.*?)\)", CSS) == [f'"{font}"' for font in FONTS]
    assert not re.search(r"@import|https?:", CSS)


def test_both_weights_of_the_typeface_are_small_together() -> None:
    assert sum(len(ASSETS[font].data) for font in FONTS) < 35 * 1024


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_typeface_was_cut_to_hold_every_letter_of_the_texts(language: str) -> None:
    script = (Path(__file__).parents[3] / "scripts" / "make_typeface.py").read_text(encoding="utf-8")
    kept = {*map(chr, range(0x20, 0x7F)), *map(chr, range(0xC0, 0x100)), *map(chr, range(0x410, 0x450)), *script}
    used = {letter for message in catalog(language) for letter in f"{message.id}{message.string}"}
    assert used - kept - {"\n"} == set()


PALETTES = {
    scheme: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS[CSS.index(":root {", start) :].split("}")[0]))
    for scheme, start in {
        "light": 0,
        "dark": CSS.index("(prefers-color-scheme: dark)"),
        "print": CSS.index("@media print"),
    }.items()
}


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize(
    ("words", "ground", "needed"),
    [
        ("ink", "paper", 7.0),
        ("ink", "wash", 7.0),
        *((words, "paper", 4.5) for words in ("soft", "action", "soon", "problem", "verified")),
        *((words, "wash", 4.5) for words in ("soft", "action")),
    ],
)
def test_words_stand_out_from_their_ground(scheme: str, words: str, ground: str, needed: float) -> None:
    assert contrast(PALETTES[scheme][words], PALETTES[scheme][ground]) >= needed


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["action", "action-strong"])
def test_the_words_of_a_button_stand_out_from_it(scheme: str, ground: str) -> None:
    assert contrast(PALETTES[scheme]["action-ink"], PALETTES[scheme][ground]) >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.1's relative luminance of `#rrggbb`."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

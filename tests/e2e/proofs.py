"""Proofs to be checked on the page for it, and the hands that bring them there."""

from functools import cache
from pathlib import Path

from playwright.async_api import Page, expect

from app.web.verify_page import verify_page
from tests.unit.evidence.builder import Log, delivered_log, edited

DISK = ["file://"]


@cache
def log() -> Log:
    return delivered_log()


@cache
def proof() -> bytes:
    return log().bundle()


def keys() -> str:
    return "\n".join(map(str, log().vkeys()))


def forged() -> bytes:
    """The same with another phone number in it."""
    return edited(proof(), lambda raw: raw["facts"][0]["openings"]["contact"].update(value="+48600100201"))


def on_disk(directory: Path, *, language: str = "en") -> str:
    """The address of the page, saved as a file."""
    file = directory / "verify.html"
    file.write_bytes(verify_page().html)
    return f"{file.as_uri()}?lang={language}"


async def choose(page: Page, data: bytes, vkeys: str) -> None:
    await page.set_input_files("#bundle", {"name": "proof.json", "mimeType": "application/json", "buffer": data})
    if vkeys:
        await page.set_input_files("#vkey", {"name": "vkey.txt", "mimeType": "text/plain", "buffer": vkeys.encode()})


async def check(page: Page, data: bytes, vkeys: str) -> None:
    await choose(page, data, vkeys)
    await page.locator("#check").click()
    await expect(page.locator("#verdict")).to_be_focused()

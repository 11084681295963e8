"""A person at a browser, watched: whatever no page of ours may do is a fault of the visit, and fails its test."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route

WCAG_2_1_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
DEADLINE_MS = 10_000


@dataclass(kw_only=True)  # no slots: Playwright keeps its own attributes on the objects whose methods it calls
class Watch:
    """What happened in one browser context. `documents` are the addresses of the pages asked for."""

    origins: tuple[str, ...]
    requests: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def follow(self, context: BrowserContext) -> None:
        """Let only requests to `origins` pass, and note everything."""
        await context.route("**/*", self._pass)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("requestfailed", self._failed)

    async def _pass(self, route: Route, request: Request) -> None:
        self.requests.append(request.url)
        if request.is_navigation_request():
            self.documents.append(request.url)
        if request.url.startswith(tuple(f"{origin}/" for origin in self.origins)):
            await route.continue_()
        else:
            self.faults.append(f"outside: {request.url}")
            await route.abort()

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that says “not found” is answered 404: that is told of the document itself, and is no fault of it.
        of_document = message.location["url"] in self.documents and message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not of_document:
            self.faults.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # Leaving a page ends what it was waiting for, such as the stream of events.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"failed: {request.url} {request.failure}")


@contextlib.asynccontextmanager
async def watched(browser: Browser, origins: Sequence[str], **options: Any) -> AsyncIterator[tuple[Page, Watch]]:
    """A new page in a context of its own, made with Playwright's `options`."""
    context = await browser.new_context(**options)
    context.set_default_timeout(DEADLINE_MS)
    watch = Watch(origins=tuple(origins))
    await watch.follow(context)
    try:
        yield await context.new_page(), watch
    finally:
        await context.close()


@contextlib.asynccontextmanager
async def visiting(browser: Browser, origins: Sequence[str], **options: Any) -> AsyncIterator[Page]:
    """The same for a visit that must end without any fault."""
    async with watched(browser, origins, **options) as (page, watch):
        yield page
    assert watch.faults == []


async def barriers(page: Page) -> list[str]:
    """What axe finds on the page that breaks WCAG 2.1 A or AA, one line each. Frames are not looked into."""
    options = {"runOnly": {"type": "tag", "values": WCAG_2_1_AA}, "resultTypes": ["violations"], "iframes": False}
    results = await Axe().run(page, options=options)
    assert results.response["passes"], "axe has looked at nothing"
    return [
        f"{violation['id']}: {' '.join(node['target'])}: {node['failureSummary']}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]

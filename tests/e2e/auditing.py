"""An auditor at a browser, and an item with a story: an SMS that arrived, an e-mail that was not sent and why."""

import asyncio
from datetime import timedelta

import httpx
from playwright.async_api import Page, expect

from tests.builders import OPERATOR, PHONE, RECIPIENT, SHIPMENT
from tests.e2e.site import ARRIVAL_SECONDS, Site
from tests.integration.api.service import now, person


async def set_story(site: Site) -> None:
    """Somebody agreed to SMS and took back e-mail: an SMS about SHIPMENT was sent and reported on, all is published."""
    body = person() | {"language": "pl"}
    for consent in body["consents"]:
        if consent["channel"] == "email":
            consent |= {"granted": False, "at": (now() - timedelta(hours=3)).isoformat()}
    body["contact_points"][0]["value"] = PHONE
    answer = await site.client.put(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", json=person() | {"language": "pl"})
    answer.raise_for_status()
    (await site.client.put(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", json=body)).raise_for_status()
    await site.post()
    await site.arrived(sms=1, emails=0)
    async with asyncio.timeout(ARRIVAL_SECONDS):
        while not await _is_published(site.client):  # noqa: ASYNC110 – it asks over HTTP, where nobody sets events
            await asyncio.sleep(0.1)


async def _is_published(client: httpx.AsyncClient) -> bool:
    query = {"operator": OPERATOR, "shipment": SHIPMENT}
    views = (await client.get("/v1/notifications", params=query)).json()["items"]
    told = {view["channel"] + view["kind"]: view for view in views}
    standing = {view["status"] for view in told.values()}
    return {"delivered", "suppressed"} <= standing and all(
        view["facts"]["published"] == view["facts"]["total"] for view in views
    )


async def sign_in(page: Page, site: Site, *, query: str = "") -> None:
    """Go to the auditors' page and sign in there with a key of one operator."""
    await page.goto(f"{site.url}/audit{query}")
    await page.locator("#key").fill(await site.auditors_key())
    await page.locator("main form button").click()
    await expect(page.locator("#term")).to_be_visible()


async def find(page: Page, term: str, *, reason: str = "") -> None:
    """Search for that."""
    await page.locator("#term").fill(term)
    await page.locator("#reason").fill(reason)
    await page.locator("main form button").last.click()


async def bring_key(page: Page, vkeys: str) -> None:
    """Give the page the log's key as a file, as if it had come by post."""
    await page.set_input_files("#vkey", {"name": "log.vkey", "mimeType": "text/plain", "buffer": vkeys.encode()})
    await expect(page.locator("#verdict")).to_be_focused()


async def vkeys_of(site: Site) -> str:
    async with httpx.AsyncClient(base_url=site.url, trust_env=False) as client:
        return (await client.get("/log/vkey")).text

"""Where the newest letter says that its notice stands as a page."""

import json
import re
from typing import Any

from tests.e2e.site import Site
from tests.integration.api.service import STRUCTURED


async def notice_link(site: Site) -> str:
    """The link in the newest letter; one is sent when there is none."""
    await site.unsubscribe_link()
    (link,) = set(re.findall(rf"{re.escape(site.url)}/n/[A-Za-z0-9_-]{{43}}", site.sandbox.emails[-1].html))
    return link


async def post_end(site: Site, event: dict[str, Any]) -> None:
    """What the operator reports later about the item."""
    answer = await site.client.post("/v1/events", content=json.dumps(event).encode(), headers=STRUCTURED)
    assert answer.status_code == 202, answer.text

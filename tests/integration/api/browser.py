"""A person at a browser without JavaScript: keeps cookies, follows redirects, and posts the forms that pages show."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import httpx

from app.domain.channel import Channel, Purpose
from app.domain.recipient import Recipient
from app.storage import codes as code_store
from app.storage import recipients as recipient_store
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.integration.api.scene import until
from tests.integration.api.service import BASE_URL, Service

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
_TOKEN = re.compile(r'name="form" value="([A-Za-z0-9_-]{43})"')
_CODE = re.compile(r"/preferences/(?:sign-in|again|confirm)/([0-9a-f-]{36})")

Fields = Mapping[str, str | Sequence[str]]


@dataclass(slots=True, kw_only=True)
class Visitor:
    """One browser. `client` keeps its cookies."""

    service: Service
    client: httpx.AsyncClient = field(repr=False)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers, follow_redirects=True)

    async def post(self, path: str, fields: Fields, **headers: str) -> httpx.Response:
        """A form as it is given, without the token of a page; redirects are not followed."""
        return await self.client.post(path, data=dict(fields), headers={**SAME_ORIGIN, **headers})

    async def submit(self, path: str, fields: Fields, *, page: str | None = None) -> httpx.Response:
        """The form of a page (of `path` itself if no other is named), and where it leads."""
        token = form_token(await self.get(page or path))
        answer = await self.post(path, {**fields, "form": token})
        return await self.get(answer.headers["location"]) if answer.is_redirect else answer

    async def ask(self, contact: str = PHONE) -> UUID:
        """Ask for a code; the id under which it is given back."""
        answer = await self.post("/preferences/sign-in", {"contact": contact})
        assert answer.status_code == 303, answer.text
        return code_in(answer.headers["location"])

    async def give(self, code: UUID, typed: str | None = None, use: str = "sign-in") -> httpx.Response:
        """Type in the code, the right one if none is given."""
        return await self.post(f"/preferences/{use}/{code}", {"code": typed or self.reading(code)})

    def reading(self, code: UUID) -> str:
        return code_store.reading(self.service.services.database.vault, code)

    async def was_sent(self, code: UUID) -> None:
        """Wait until the worker has found out who is to get the code."""

        async def is_handled() -> bool:
            async with self.service.services.database.read() as tx:
                found = await code_store.by_id(tx, code)
            return found is not None and found.recipient is not None

        await until(is_handled)

    async def person(self, name: str = RECIPIENT) -> Recipient:
        async with self.service.services.database.read() as tx:
            record = await recipient_store.find(tx, OPERATOR, name)
        assert record is not None
        assert record.recipient is not None
        return record.recipient

    async def granted(self) -> set[tuple[Channel, Purpose]]:
        return {(consent.channel, consent.purpose) for consent in (await self.person()).consents if consent.granted}


def browser(service: Service) -> Visitor:
    """A browser that knows nothing of the site."""
    transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
    return Visitor(service=service, client=httpx.AsyncClient(transport=transport, base_url=BASE_URL))


async def signed_in(service: Service, contact: str = PHONE) -> Visitor:
    """A browser in which somebody has signed in by that contact point."""
    visitor = browser(service)
    code = await visitor.ask(contact)
    await visitor.was_sent(code)
    answer = await visitor.give(code)
    assert answer.status_code == 303, answer.text
    return visitor


def form_token(page: httpx.Response) -> str:
    found = _TOKEN.search(page.text)
    assert found is not None, page.text
    return found[1]


def code_in(text: str) -> UUID:
    found = _CODE.search(text)
    assert found is not None, text
    return UUID(found[1])

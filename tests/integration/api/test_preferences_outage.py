"""When the database is away, pages of settings say so, keep nothing by half, and come back by themselves."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.storage.database import CommitUnknownError, Database, DatabaseUnavailableError, Tx
from app.usecases.notice_link import notice_token
from app.usecases.unsubscribe_link import unsubscribe_token
from tests.builders import PHONE
from tests.integration.api.browser import browser, form_token, signed_in
from tests.integration.api.service import Service, fresh_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """A transaction that cannot begin, or of whose end nobody knows."""

    error: type[DatabaseUnavailableError]

    async def __aenter__(self) -> Tx:
        raise self.error("away")

    async def __aexit__(self, *_raised: object) -> None:
        """Nothing was begun."""


def away(monkeypatch: pytest.MonkeyPatch, *names: str, error: type[DatabaseUnavailableError]) -> None:
    """Have the database refuse transactions of these kinds."""
    for name in names:
        monkeypatch.setattr(Database, name, lambda _database: Away(error=error))


async def test_without_its_database_no_page_pretends(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    await service.register()
    visitor = await signed_in(service)
    token = form_token(await visitor.get("/preferences/quiet"))
    before = await visitor.person()
    with monkeypatch.context() as patch:
        away(patch, "read", "write", error=DatabaseUnavailableError)
        for path in ("", "/messages", "/sent", "/contacts", "/erase"):
            answer = await visitor.client.get(f"/preferences{path}")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), path
            assert answer.headers["content-type"].startswith("text/html")
        for path, fields in {
            "quiet": {"rule": "default"},
            "sign-in": {"contact": PHONE},
            "erase": {"sure": "x"},
        }.items():
            answer = await visitor.post(f"/preferences/{path}", {**fields, "form": token})
            assert answer.status_code == 503, path
            assert "Nic się nie zmieniło" in answer.text
        assert "__Host-awizo" in visitor.client.cookies
    assert await visitor.person() == before
    assert "+48*****200" in (await visitor.get("/preferences")).text


async def test_when_nobody_knows_whether_it_was_kept_the_page_says_so(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.register()
    visitor = await signed_in(service)
    token = form_token(await visitor.get("/preferences/quiet"))
    with monkeypatch.context() as patch:
        away(patch, "write", error=CommitUnknownError)
        answer = await visitor.post("/preferences/quiet", {"form": token, "rule": "default"})
    assert answer.status_code == 503
    assert "Nie wiemy, czy zmiana się zapisała" in answer.text
    assert "Nic się nie zmieniło" not in answer.text


async def test_behind_a_link_of_an_email_nobody_is_told_that_nothing_changed_when_nobody_knows(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.register()
    notification = UUID((await service.post(fresh_event())).json()["notifications"][1]["id"])
    vault, visitor = service.services.database.vault, browser(service)
    links = {
        f"/n/{notice_token(vault, notification)}": {"answer": "disputed"},
        f"/u/{unsubscribe_token(vault, notification)}": {"from": "page"},
    }
    for path, fields in links.items():
        with monkeypatch.context() as patch:
            away(patch, "write", error=CommitUnknownError)
            answer = await visitor.post(path, fields)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert "Nie wiemy, czy to się zapisało" in answer.text
        assert "Nic się nie zmieniło" not in answer.text
        with monkeypatch.context() as patch:
            away(patch, "write", error=DatabaseUnavailableError)
            assert "Nic się nie zmieniło" in (await visitor.post(path, fields)).text

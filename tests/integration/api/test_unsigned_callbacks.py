"""Reports of providers that sign nothing: only our MAC in the address counts, and the key must be the message's."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from app.usecases.start_attempt import callback_mac
from tests.contract.gateway_file import example
from tests.doubles.http_gateway import DescribedGateway, sent
from tests.doubles.sms_gateway import ReceivedSms, SmsGateway
from tests.doubles.smsapi_gateway import SmsApiGateway
from tests.integration.api.scene import Scene, set_scene
from tests.integration.api.service import BASE_URL, Service, open_service

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """A message sent through a provider, and how that provider reports on it."""

    scene: Scene
    path: str
    key: str
    report: Callable[[str, str], dict[str, str]]

    @property
    def service(self) -> Service:
        return self.scene.service

    async def call(self, said: str, *, path: str | None = None, key: str | None = None) -> httpx.Response:
        """Report by GET, in the query."""
        url = httpx.URL(path or self.path).copy_merge_params(self.report(said, self.key if key is None else key))
        return await self.service.client.get(url)

    async def view(self) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.service.get(f"/v1/notifications/{self.scene.sms}")).json()
        return shown


def smsapi_report(said: str, key: str) -> dict[str, str]:
    numbers = {"DELIVERED": "404", "EXPIRED": "402", "SENT": "403"}
    report = {"MsgId": "1460969715572091219", "status": numbers.get(said, said), "status_name": said, "idx": key}
    return report | {"donedate": "1795176000", "to": "48600100200"}


def gateway_report(said: str, key: str) -> dict[str, str]:
    return {"message_id": "1", "state": said, "reference": key}


@asynccontextmanager
async def through_smsapi(database_url: str, directory: Path) -> AsyncIterator[Reporting]:
    async with SmsApiGateway() as gateway:
        settings = {"smsapi_token": "t", "smsapi_from": "Awizo", "smsapi_base_url": gateway.base_url}
        async with open_service(database_url, directory, sms_providers="smsapi=1", **settings) as service:
            scene = await set_scene(service)
            message = only(gateway)
            yield Reporting(
                scene=scene,
                path=message.form["notify_url"].removeprefix(BASE_URL),
                key=message.form["idx"],
                report=smsapi_report,
            )


@asynccontextmanager
async def through_gateway(database_url: str, directory: Path) -> AsyncIterator[Reporting]:
    async with DescribedGateway() as gateway:
        token, path = directory.parent / "token", directory.parent / "gateway.toml"
        token.write_text("t")
        described = example().replace("https://sms.example.net", gateway.base_url)
        path.write_text(described.replace('variable = "SMS_GATEWAY_TOKEN"', f'file = "{token}"'))
        async with open_service(database_url, directory, sms_providers="gateway", gateway_file=path) as service:
            scene = await set_scene(service)
            message = sent(only(gateway))
            yield Reporting(
                scene=scene,
                path=message["report"]["url"].removeprefix(BASE_URL),
                key=message["reference"],
                report=gateway_report,
            )


def only(gateway: SmsGateway) -> ReceivedSms:
    [message] = gateway.journal
    return message


@pytest.fixture(params=[through_smsapi, through_gateway], ids=["smsapi", "gateway"])
async def reporting(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Reporting]:
    async with request.param(database_url, tmp_path / "data") as reporting:
        yield reporting


def other_attempt(reporting: Reporting, attempt: UUID) -> str:
    """The address of another attempt, with its genuine MAC."""
    path = urlsplit(reporting.path).path
    mac = callback_mac(reporting.service.services.database.vault, path.split("/")[3], attempt)
    return f"{path}?a={attempt}&m={mac}"


async def test_a_report_is_answered_ok_and_moves_the_notification_on(reporting: Reporting) -> None:
    assert UUID(reporting.key) == UUID(reporting.scene.sms)
    answer = await reporting.call("DELIVERED")
    assert (answer.status_code, answer.text) == (200, "OK")
    shown = await reporting.view()
    assert shown["status"] == "delivered"
    assert [(receipt["status"], receipt["via"]) for receipt in shown["receipts"]] == [("delivered", "callback")]


async def test_a_report_in_a_form_counts_the_same(reporting: Reporting) -> None:
    form = reporting.report("EXPIRED", reporting.key)
    answer = await reporting.service.client.post(reporting.path, data=form)
    assert (answer.status_code, answer.text) == (200, "OK")
    shown = await reporting.view()
    assert (shown["status"], shown["failure"]) == ("failed", "permanent")


async def test_a_repeated_report_is_kept_once(reporting: Reporting) -> None:
    for _ in range(3):
        assert (await reporting.call("DELIVERED")).status_code == 200
    assert len((await reporting.view())["receipts"]) == 1


async def test_delivered_and_then_sent_stays_delivered(reporting: Reporting) -> None:
    for said in ("DELIVERED", "SENT", "a status of the future"):
        assert (await reporting.call(said)).status_code == 200
    shown = await reporting.view()
    assert shown["status"] == "delivered"
    assert [receipt["status"] for receipt in shown["receipts"]] == ["delivered", "progress", "progress"]


async def test_a_report_without_a_key_counts(reporting: Reporting) -> None:
    assert (await reporting.call("DELIVERED", key="")).status_code == 200
    assert (await reporting.view())["status"] == "delivered"


async def test_nothing_is_written_for_what_is_no_report_on_this_message(reporting: Reporting) -> None:
    service, path = reporting.service, reporting.path
    base, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
    attempt, mac = query["a"][0], query["m"][0]
    before = await service.counts()
    assert [
        (await reporting.call("DELIVERED", path=f"{base}?a={attempt}&m={'0' * 32}")).status_code,
        (await reporting.call("DELIVERED", path=f"{base}?a={attempt}&m=")).status_code,
        (await reporting.call("DELIVERED", path=f"{base}?a={uuid4()}&m={mac}")).status_code,
        (await reporting.call("DELIVERED", key=str(uuid4()))).status_code,
        (await reporting.call("DELIVERED", key="another")).status_code,
        (await service.client.get(path)).status_code,
        (await service.client.post(path, content=b"", headers=FORM)).status_code,
    ] == [403] * 7
    assert (await service.client.get(f"{base}?a={attempt}")).status_code == 422
    assert (await service.client.get(f"{path}&status=404&status=402")).status_code == 400
    assert (await service.client.post(path, content=b"\xff", headers=FORM)).status_code == 400
    assert (await service.client.post(path, content=b"x=" + b"y" * 70_000, headers=FORM)).status_code == 413
    assert await service.counts() == before
    assert (await reporting.view())["status"] == "sent"


async def test_a_report_on_an_attempt_that_is_not_here_is_answered_and_changes_nothing_here(
    reporting: Reporting,
) -> None:
    answer = await reporting.call("DELIVERED", path=other_attempt(reporting, uuid4()))
    assert (answer.status_code, answer.text) == (200, "OK")
    assert (await reporting.view())["receipts"] == []


async def test_reports_wait_outside_while_the_log_cannot_be_trusted(reporting: Reporting) -> None:
    reporting.service.services.log_watch.found("the database is behind the mark")
    assert (await reporting.call("DELIVERED")).status_code == 503


async def test_a_provider_that_is_not_ours_reports_nothing(service: Service) -> None:
    for provider in ("smsapi", "gateway"):
        attempt = uuid4()
        mac = callback_mac(service.services.database.vault, provider, attempt)
        answer = await service.client.get(f"/v1/callbacks/{provider}/status?a={attempt}&m={mac}&status=404")
        assert answer.status_code == 403


async def test_what_is_no_text_of_a_database_is_no_error(reporting: Reporting) -> None:
    for path in (reporting.path, other_attempt(reporting, uuid4())):
        assert (await reporting.call("\0\x1b", path=path)).text == "OK"
    assert [receipt["status"] for receipt in (await reporting.view())["receipts"]] == ["progress"]


async def test_the_address_that_a_provider_who_signs_was_told_is_no_address_of_one_who_does_not(
    database_url: str, tmp_path: Path
) -> None:
    async with SmsApiGateway() as gateway:
        smsapi = {"smsapi_token": "t", "smsapi_from": "Awizo", "smsapi_base_url": gateway.base_url}
        both = {"sms_providers": "twilio=1,smsapi=0", **smsapi}
        async with open_service(database_url, tmp_path / "data", **both) as service:
            scene = await set_scene(service)
            told = only(service.gateway).form["StatusCallback"].removeprefix(BASE_URL)
            answer = await service.client.get(f"{told.replace('/twilio/', '/smsapi/')}&status=404")
            assert answer.status_code == 403
            assert (await service.get(f"/v1/notifications/{scene.sms}")).json()["status"] == "sent"


async def test_several_reports_in_one_call_are_all_kept(database_url: str, tmp_path: Path) -> None:
    async with through_smsapi(database_url, tmp_path / "data") as reporting:
        report = {"MsgId": "1,1", "status": "403,404", "idx": f"{reporting.key},{reporting.key}"}
        url = httpx.URL(reporting.path).copy_merge_params(report)
        assert (await reporting.service.client.get(url)).text == "OK"
        shown = await reporting.view()
    assert shown["status"] == "delivered"
    assert [receipt["status"] for receipt in shown["receipts"]] == ["progress", "delivered"]

"""`/status` of the running service: what it sent is counted there soon, for everybody and without anybody in it."""

import re
from pathlib import Path

from tests.builders import EMAIL, FACILITY, OPERATOR, PHONE, RECIPIENT, SHIPMENT
from tests.integration.api.scene import set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event, open_service

COURIER = "K-0421"


async def shown(service: Service, query: str = "") -> dict[str, str]:
    """What the page says by name, as anybody sees it who has no key."""
    answer = await service.client.get(f"/status?lang=en{query}")
    assert answer.status_code == 200
    return dict(re.findall(r"<dt>(.*?)</dt>\n<dd>(.*?)</dd>", answer.text))


async def counted(service: Service) -> None:
    """Return when a notice to one person, by text and e-mail, is counted."""
    await set_scene(service)

    async def is_counted() -> bool:
        return (await shown(service)).get("messages sent") == "2"

    await until(is_counted)


async def test_what_was_sent_is_counted_for_everybody_to_see_with_its_checkpoint(service: Service) -> None:
    await counted(service)
    said = await shown(service)
    assert (said["reports from operators"], said["reported as delivered"]) == ("1", "0")
    assert said["Log"].startswith("awizo.test/log/")
    note = (await service.client.get("/log/checkpoint")).text.splitlines()
    assert said["Log"] == note[0]
    assert 1 < int(said["Entries counted"]) <= int(note[1])


async def test_an_operators_own_figures_are_shown_and_nobody_elses(service: Service) -> None:
    await counted(service)
    assert (await shown(service, f"&operator={OPERATOR}"))["messages sent"] == "2"
    assert (await service.client.get(f"/status?operator={OTHER_OPERATOR}")).status_code == 404


async def test_nobody_and_no_place_is_named_on_the_page(service: Service) -> None:
    await counted(service)
    for query in ("", f"?operator={OPERATOR}"):
        html = (await service.client.get(f"/status{query}")).text
        named = (COURIER, FACILITY["id"], FACILITY["name"], FACILITY["post_code"], PHONE, EMAIL, RECIPIENT, SHIPMENT)
        assert [name for name in named if name in html] == []


async def test_a_log_that_is_not_published_is_not_pointed_to(database_url: str, tmp_path: Path) -> None:
    async with open_service(database_url, tmp_path / "data", log_public=False) as service:
        await service.register()
        await service.post(fresh_event())

        async def is_counted() -> bool:
            return "Entries counted" in await shown(service)

        await until(is_counted)
        assert "/log/checkpoint" not in (await service.client.get("/status")).text

"""An operator's link to one person's settings: once, for five minutes, and for no more than that person."""

import httpx

from app.usecases.preference_link import make_link
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.integration.api.browser import SAME_ORIGIN, Visitor, browser, form_token
from tests.integration.api.scene import set_scene
from tests.integration.api.service import OTHER_OPERATOR, Service
from tests.integration.api.test_preferences_sessions import later


async def link(service: Service) -> str:
    surroundings = service.services.surroundings
    made = await service.services.database.transact(
        lambda tx: make_link(tx, OPERATOR, RECIPIENT, surroundings=surroundings)
    )
    assert made is not None
    return f"/preferences/link/{made.token}"


async def opened(service: Service) -> Visitor:
    visitor = browser(service)
    answer = await visitor.post(await link(service), {})
    assert answer.status_code == 303
    return visitor


async def test_ten_looks_open_nothing_then_the_button_does_once(service: Service) -> None:
    await service.register()
    path, scanner, visitor = await link(service), browser(service), browser(service)
    for _ in range(10):
        page = await scanner.get(path)
        assert page.status_code == (await scanner.client.head(path)).status_code == 200
        assert path.rpartition("/")[2] not in page.text
    assert (await visitor.post(path, {})).status_code == 303
    assert "Poczta Polska" in (await visitor.get("/preferences")).text
    assert (await scanner.post(path, {})).status_code == 410


async def test_after_five_minutes_it_opens_nothing(service: Service) -> None:
    await service.register()
    path = await link(service)
    await later(service, minutes=6)
    assert (await browser(service).post(path, {})).status_code == 410


async def test_another_sites_form_does_not_open_it(service: Service) -> None:
    await service.register()
    path = await link(service)
    answer = await service.client.post(path, data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    answer = await service.client.post(path, data={}, headers=SAME_ORIGIN)
    assert answer.status_code == 303


async def test_it_opens_that_record_only_although_the_contact_has_more(service: Service) -> None:
    await service.register()
    await service.register(operator=OTHER_OPERATOR)
    visitor = await opened(service)
    page = await visitor.get("/preferences")
    assert "InPost" not in page.text
    await visitor.submit("/preferences/quiet", {"rule": "default"})
    assert (await visitor.person()).quiet_hours.rule == "default"


async def test_contacts_data_proofs_and_erasure_need_a_code_first(service: Service) -> None:
    scene = await set_scene(service)
    visitor = await opened(service)
    token = form_token(await visitor.get("/preferences/quiet"))
    answers: list[httpx.Response] = [
        await visitor.post("/preferences/contacts", {"form": token, "contact": "600100333"}),
        await visitor.post("/preferences/data", {"form": token}),
        await visitor.post("/preferences/erase", {"form": token, "sure": "yes"}),
        await visitor.client.get(f"/preferences/sent/{scene.sms}/proof"),
    ]
    assert [answer.headers["location"].partition("?")[0] for answer in answers] == ["/preferences/again"] * 4
    assert {contact.value for contact in (await visitor.person()).contact_points} >= {PHONE}


async def test_a_token_that_was_never_made_opens_nothing(service: Service) -> None:
    for token in ("A" * 43, "za\u017c", "%00", "x" * 5000):
        assert (await browser(service).post(f"/preferences/link/{token}", {})).status_code == 410

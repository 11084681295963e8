"""One person's whole way in a browser: from joining without anybody's help to being forgotten, and nothing between."""

import asyncio
import contextlib
import re
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from app.domain.calendar import DEFAULT_TIME_ZONE, zone
from app.web.catalog import speaker
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT
from tests.e2e.notice_links import notice_link
from tests.e2e.people import new_code, sign_in, type_code
from tests.e2e.site import ARRIVAL_SECONDS, Site
from tests.e2e.visit import barriers, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SCREENS = {"phone": {"width": 360, "height": 760}, "desktop": {"width": 1100, "height": 800}}
NARROWEST = {"width": 320, "height": 640}
STRANGER = "+48600100299"
SETTINGS = "Your notification settings"
_REFERENCE = re.compile(r"AW-\w{4}-\w{4}")
_CODE = re.compile(r"[0-9A-Z]{5}-[0-9A-Z]{5}")


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody at a browser who reads `language`; whatever page they come to is looked at for barriers."""

    page: Page
    site: Site
    language: str
    sees_barriers: bool

    def say(self, text: str) -> str:
        return speaker(self.language)(text)

    async def met(self, heading: str) -> None:
        """This page it is, it is as wide as the screen, and nothing on it shuts anybody out."""
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(self.say(heading))
        await self.page.wait_for_load_state()  # with its stylesheet, by which one sees where the focus is
        if self.sees_barriers:  # axe is a script
            assert await barriers(self.page) == [], self.page.url
            widths = await self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert widths[0] <= widths[1], self.page.url

    async def opens(self, path: str, heading: str) -> None:
        await self.page.goto(f"{self.site.url}/preferences{path}")
        await self.met(heading)

    async def follows(self, name: str, heading: str) -> None:
        async with self.page.expect_navigation():  # with its typeface, so that nothing moves under the pointer
            await self.page.get_by_role("link", name=self.say(name), exact=True).first.click()
        await self.met(heading)

    async def presses(self, name: str, heading: str) -> None:
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=self.say(name), exact=True).click()
        await self.met(heading)

    async def is_told(self, text: str) -> None:
        """What was changed is said, in the words of the page."""
        await expect(self.page.get_by_role("status")).to_contain_text(self.say(text))


async def joins(person: Person) -> None:
    """By a phone number; then what they agree to, one text at a time."""
    await person.opens(f"?lang={person.language}", SETTINGS)
    await person.follows("Leave a contact", "New here?")
    await person.page.locator("#contact").fill("600")
    await person.presses("Send me a code", "New here?")
    await expect(person.page.get_by_role("alert")).to_be_visible()
    await person.page.locator("#contact").fill(PHONE)
    await person.presses("Send me a code", "Type in the code")
    await type_code(person.page, person.site, PHONE)
    await person.met("What we send you")
    await expect(person.page.get_by_role("heading", name=person.say("Nothing is sent yet"))).to_be_visible()


async def agrees(person: Person, *boxes: str) -> None:
    for box in boxes:
        await person.page.locator(f'[id="{box}"]').check()
    await person.presses("Save what we send", "What you agree to")
    for _ in boxes[1:]:
        await person.presses("I agree", "What you agree to")
    await person.presses("I agree", "What we send you")
    await person.is_told("Saved")


async def adds_an_address(person: Person) -> None:
    await person.opens("/contacts", "Where messages go")
    await person.page.locator("#contact").fill(EMAIL)
    await person.presses("Add this contact", "Type in the code")
    await type_code(person.page, person.site, EMAIL)
    await person.met("This contact is confirmed")


async def is_never_quiet(person: Person) -> None:
    """Whatever the hour of the test."""
    await person.opens("/quiet", "Quiet hours")
    await person.page.get_by_label(person.say("Never: SMS may come at any hour")).check()
    await person.presses("Save quiet hours", "Quiet hours")


async def shows_a_code(person: Person) -> None:
    """At a counter, where it is typed in."""
    await person.opens("", SETTINGS)
    await person.follows("Show my code to the operator", "Show my code to the operator")
    await person.presses("Make a code", "Your code for the operator")
    code = (await person.page.locator("main .to-show").inner_text()).strip()
    assert _CODE.fullmatch(code)
    path = f"/v1/recipients/{OPERATOR}/{RECIPIENT}/bind"
    answer = await person.site.client.post(path, json={"code": code.lower().replace("-", " ")})
    assert answer.status_code == 201, answer.text


async def arrived(site: Site, shipment: str) -> None:
    """Wait until the SMS about that item has come and is reported on."""
    inbox = site.sandbox.inbox
    async with asyncio.timeout(ARRIVAL_SECONDS):
        while not any(shipment[-6:] in sms.body for sms in inbox.sms) or site.sandbox.reports_pending:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(inbox.next_change(inbox.version), 0.1)


async def reports_that_no_slip_came(person: Person) -> None:
    await person.page.goto(await notice_link(person.site))
    await person.presses("I have no paper notice", "Recorded: you have no paper notice")
    assert _REFERENCE.fullmatch(await person.page.locator(".number").inner_text())


async def downloads_a_proof(person: Person, directory: Path) -> Path:
    """Of the SMS, which is what went to the contact by which they signed in."""
    await person.opens("/sent", "What was sent, and what not")
    told = person.page.get_by_role("listitem").filter(has_text=person.say("A paper notice was left"))
    link = told.get_by_role("link", name=person.say("Download the proof"))
    async with person.page.expect_download() as started:
        await link.first.click()
    bundle = directory / "proof.json"
    await (await started.value).save_as(bundle)
    return bundle


async def awizo_verify(site: Site, bundle: Path) -> str:
    """The last line that `awizo verify` says of the bundle under the log's own keys."""
    vkeys = bundle.with_name("vkey.txt")
    vkeys.write_text((await site.client.get("/log/vkey")).text)
    awizo = Path(sys.executable).with_name("awizo")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(awizo, "verify", bundle, "--vkey", vkeys, stdout=pipe)
    out, _ = await process.communicate()
    return out.decode().splitlines()[-1]


async def changes_hours_and_language(person: Person, language: str) -> None:
    there = datetime.now(zone(DEFAULT_TIME_ZONE))
    await person.opens("/quiet", "Quiet hours")
    await person.page.locator("#rule-own").check()
    for field, hours in (("#from", 6), ("#to", 7)):
        await person.page.locator(field).fill(f"{there + timedelta(hours=hours):%H:%M}")
    await person.presses("Save quiet hours", "Quiet hours")
    await person.is_told("Saved")
    await person.opens("/wording", "How we write to you")
    await person.page.locator(f"#language-{language}").check()
    await person.page.get_by_role("button", name=person.say("Save how we write")).click()
    person.language = language
    await person.met("How we write to you")


async def pauses_and_resumes(person: Person) -> None:
    await person.opens("/pause", "Pause")
    day = person.page.locator("#until")
    await day.fill(await day.get_attribute("max") or "")
    await person.presses("Pause until that day", "Pause")
    assert await reasons(person.site, "00759007734123450002") == {("suppressed", "paused")}
    await person.presses("End the pause now", "Pause")
    await person.is_told("The pause has ended. Messages are sent again.")


async def leaves(person: Person) -> None:
    await person.opens("/messages", "What we send you")
    for box in ("sms.delivery", "email.delivery"):
        await person.page.locator(f'[id="{box}"]').uncheck()
    await person.presses("Save what we send", "What we send you")
    assert await reasons(person.site, "00759007734123450003") == {("suppressed", "opted_out")}


async def returns(person: Person) -> None:
    await agrees(person, "sms.delivery")
    told = await person.site.post("returned", shipment="00759007734123450004")
    assert told["sms"]["status"] == "queued"
    await arrived(person.site, "00759007734123450004")


async def reasons(site: Site, shipment: str) -> set[tuple[str, str]]:
    """What becomes of a notice that is left now, on each channel, and why."""
    told = await site.post(shipment, shipment=shipment)
    return {(each["status"], each["reason"]) for each in told.values()}


async def is_erased(person: Person) -> None:
    await person.opens("/erase", "Erase everything about you")
    await person.page.get_by_label(person.say("I am sure: erase everything about me")).check()
    await person.presses("Erase", "Everything about you is erased")


async def answers_to(person: Person, contact: str) -> list[str]:
    """All that the pages say to who asks for a code there and types one in that is none."""
    await person.opens("", SETTINGS)
    await person.page.locator("#contact").fill(contact)
    await person.presses("Send me a code", "Type in the code")
    said = [await person.page.content()]
    await person.page.locator("#code").fill("12")
    await person.presses("Go on", "Type in the code")
    said.append(await person.page.content())
    return [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", each) for each in said]


@pytest.mark.parametrize(
    ("screen", "language", "other", "java_script_enabled"),
    [("phone", "pl", "en", True), ("desktop", "en", "uk", True), ("phone", "uk", "pl", False)],
    ids=["phone", "desktop", "phone-no-javascript"],
)
async def test_somebody_joins_is_told_changes_leaves_returns_and_is_forgotten(
    browser: Browser, site: Site, tmp_path: Path, screen: str, language: str, other: str, *, java_script_enabled: bool
) -> None:
    options = {"viewport": SCREENS[screen], "java_script_enabled": java_script_enabled, "locale": language}
    async with visiting(browser, site.origins, reduced_motion="reduce", **options) as page:
        person = Person(page=page, site=site, language=language, sees_barriers=java_script_enabled)
        await joins(person)
        await agrees(person, "sms.delivery")
        await adds_an_address(person)
        await person.opens("/messages", "What we send you")
        await agrees(person, "email.delivery")
        await is_never_quiet(person)
        await shows_a_code(person)

        told = await site.post()
        assert {each["status"] for each in told.values()} == {"queued"}
        await arrived(site, "00759007734123456789")
        await sign_in(page, site, PHONE)
        await person.met(SETTINGS)
        await changes_hours_and_language(person, other)
        await pauses_and_resumes(person)
        await reports_that_no_slip_came(person)
        await leaves(person)
        await returns(person)
        bundle = await downloads_a_proof(person, tmp_path)
        assert await awizo_verify(site, bundle) == "VERIFIED under a key you gave."
        await is_erased(person)
        person.language = language  # which is that of the browser, for nobody knows them now
        assert await answers_to(person, PHONE) == await answers_to(person, STRANGER)


async def test_by_keyboard_alone_somebody_joins_and_agrees_to_something(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins, locale="pl", viewport=NARROWEST) as page:
        person = Person(page=page, site=site, language="pl", sees_barriers=True)
        await person.opens("", SETTINGS)
        await tab_to(page, 'a[href="/preferences/join"]')
        await page.keyboard.press("Enter")
        await person.met("New here?")
        await tab_to(page, "#contact")
        await page.keyboard.type(PHONE)
        await tab_to(page, "#language-pl")
        await page.keyboard.press("ArrowDown")  # English
        await page.keyboard.press("Enter")
        await person.met("Type in the code")
        await tab_to(page, "#code")
        await page.keyboard.type(await new_code(site, PHONE, known=0))
        await page.keyboard.press("Enter")
        person.language = "en"
        await person.met("What we send you")
        await tab_to(page, '[id="sms.delivery"]')
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await person.met("What you agree to")
        await tab_to(page, 'form[action="/preferences/agree"] button')
        await page.keyboard.press("Enter")
        await person.is_told("Saved")


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that element has the focus; where the focus is must always be seen."""
    wanted = page.locator(selector).first
    for _ in range(40):
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").evaluate("(one) => getComputedStyle(one).outlineStyle") == "solid"
        if await wanted.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {selector}")


async def test_the_code_for_an_operator_stands_alone_on_paper(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins, locale="pl", color_scheme="dark") as page:
        person = Person(page=page, site=site, language="pl", sees_barriers=True)
        await joins(person)
        await person.opens("/bind-code", "Show my code to the operator")
        await person.presses("Make a code", "Your code for the operator")
        size = "(one) => parseFloat(getComputedStyle(one).fontSize)"
        sizes = [await page.locator(what).evaluate(size) for what in ("main .to-show", "h1")]
        assert sizes[0] > 1.5 * sizes[1]  # it is read from the other side of a counter
        await page.emulate_media(media="print")
        await expect(page.locator("main .to-show")).to_be_visible()
        await expect(page.get_by_role("button")).to_have_count(0)
        assert await page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"

"""The day that is demonstrated, told over HTTP as the operator's systems and one recipient would live it.

Every answer is compared with what the samples say must follow; the first difference ends the demonstration.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from app.demo.samples import EMAIL_LEFT, OPERATOR, SMS_ARRIVED, Day, Sample, people
from app.demo.screen import Screen
from app.demo.stage import Stage
from app.demo.surprise import Surprise, expect
from app.domain.calendar import DEFAULT_TIME_ZONE, zone
from app.domain.reminder import REMINDER_KINDS
from app.domain.service_message import SERVICE_KINDS

SETTLED_SECONDS, LOOK_SECONDS = 20.0, 0.1

# A notification of the demonstration, known from outside: the shipment, the kind and the channel.
Place = tuple[str, str, str]

CHANNELS = {"sms": "SMS", "email": "e-mail"}

_WHY = {
    "suppressed no_consent": "never agreed to it",
    "suppressed opted_out": "one-click unsubscribe",
    "suppressed unverified": "address not confirmed",
    "suppressed no_contact_point": "no e-mail address known",
    "suppressed stale": "old news: was collected",
    "cancelled collected": "collected before it left",
}


@dataclass(slots=True, kw_only=True)
class Story:
    """The acts of the day, in the order in which they are defined."""

    stage: Stage
    screen: Screen
    day: Day
    _expected: dict[Place, str] = field(default_factory=dict)
    _found: dict[Place, Mapping[str, Any]] = field(default_factory=dict)
    _asked_to_confirm: int = 0
    _sms_shown: int = 0
    _emails_shown: int = 0

    async def tell(self) -> None:
        """All of it."""
        await self.register_people()
        await self.first_events()
        self.show_messages()
        await self.show_plan()
        await self.warn_ahead()
        self.show_messages()
        await self.unsubscribe()
        await self.later_events()
        self.show_messages()
        self.show_unsent()

    async def register_people(self) -> None:
        """PUT each person; nobody is told anything without consent and a confirmed contact."""
        self.screen.chapter("Six people are registered")
        for person in people(self.day.now):
            path = f"/v1/recipients/{OPERATOR}/{person.name}"
            answer = await self.stage.call("PUT", path, key=self.stage.keys.register, json=person.body)
            _expect_status(answer, 201, f"registering {person.name}")
            expect(answer.json()["ignored"] == [], f"Something about {person.name} was not applied.")
            self.screen.step(f"{person.name}: {person.about}")

    async def first_events(self) -> None:
        """All three ways to post an event, and everything that is not accepted."""
        self.screen.chapter("The day begins: events arrive")
        first = await self._post_structured(self.day.first_notice())
        await self._post_binary(self.day.parcel_in_locker())
        await self._post_batch(self.day.batch())
        again = await self._post(self.day.first_notice(), answer="duplicate")
        ids = [[n["id"] for n in answer["notifications"]] for answer in (first, again)]
        expect(ids[0] == ids[1] and first["event"] == again["event"], "A repeated event was given other ids.")
        self.screen.step("the first event once more", detail="202 duplicate, the same ids, nothing is sent twice")
        await self._refused(self.day.first_notice_altered(), 409)
        await self._refused(self.day.foreign_event(), 403)
        await self._settle()

    async def unsubscribe(self) -> None:
        """Do what a mail program does when somebody presses its “unsubscribe”: one POST (RFC 8058)."""
        self.screen.chapter("One click")
        letter = next((mail for mail in self.stage.sandbox.emails if mail.to.startswith("martin@")), None)
        if letter is None:
            raise Surprise("customer-4712 got no e-mail to unsubscribe with.")
        headers = message_from_bytes(letter.raw)
        link = "".join(str(headers["List-Unsubscribe"]).split()).strip("<>")
        expect(headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", "The e-mail offers no one-click POST.")
        expect(link.startswith(f"{self.stage.public_url}/u/"), "The unsubscribe link leads somewhere else.")
        answer = await self.stage.http.post(link, data={"List-Unsubscribe": "One-Click"})
        _expect_status(answer, 200, "the one-click POST")
        self.screen.step("customer-4712 presses “unsubscribe” in the mail program", detail="POST /u/… 200")
        answer = await self.stage.call("GET", f"/v1/recipients/{OPERATOR}/customer-4712", key=self.stage.keys.register)
        left = [c for c in answer.json()["consents"] if c["channel"] == "email" and c["granted"]]
        expect(left == [], "A consent to e-mail outlived the click.")
        self.screen.step("the consent to e-mail has ended; text messages go on")

    async def later_events(self) -> None:
        """What is collected, reported late, or meets the withdrawn consent."""
        self.screen.chapter("The day goes on")
        for sample in self.day.later():
            await self._post_structured(sample)
        await self._settle()

    def show_messages(self) -> None:
        """Every message that left since this was last called, as the providers got it."""
        self.screen.chapter("Every SMS and e-mail that left, word for word")
        texts, letters = self.stage.sandbox.sms, self.stage.sandbox.emails
        for sms in sorted(texts[self._sms_shown :], key=lambda each: each.to):
            answered = [report.answered for report in sms.reports]
            expect(answered == [204, 204], "A report about an SMS was not taken.")
            self.screen.sms(sms)
        for email in letters[self._emails_shown :]:
            self.screen.email(email)
        self._sms_shown, self._emails_shown = len(texts), len(letters)
        told = list(self._expected.items())
        expect(len(texts) == sum(_is_sent(place, "sms", state) for place, state in told), "Not every SMS left once.")
        expected = sum(_is_sent(place, "email", state) for place, state in told) + self._asked_to_confirm
        expect(len(letters) == expected, "Not every e-mail left once.")

    def show_unsent(self) -> None:
        """Every message that was not sent, with the reason that the evidence log keeps."""
        self.screen.chapter("What was not sent, and why")
        rows = [
            (str(view["recipient"]), f"{_in_words(kind)}, {CHANNELS[channel]}", str(view["status"]), _why(view))
            for (_, kind, channel), view in sorted(self._found.items(), key=lambda item: str(item[1]["recipient"]))
            if not view["attempts"]
        ]
        self.screen.table(("whom", "message", "status", "why"), rows)
        states = {_standing(view) for view in self._found.values()}
        missing = (_WHY.keys() | {"held"}) - states
        expect(not missing, f"Nothing was {', '.join(sorted(missing))}.")
        self.screen.step(f"{len(rows)} messages were not sent; each is a sealed fact as well")

    async def show_plan(self) -> None:
        """What support sees of the first letter: until when it is safe to come, and which reminders follow."""
        self.screen.chapter("What still comes of the first letter")
        shipment = self.day.first_notice().shipment
        answer = await self.stage.call("GET", f"/v1/shipments/{OPERATOR}/{shipment}", key=self.stage.keys.support)
        _expect_status(answer, 200, "the shipment")
        known = answer.json()
        safe = known["deadlines"]["safe_collect_by"]
        expect(known["state"] == "notice_left" and safe is not None, "The letter does not wait until a safe day.")
        self.screen.step(f"last safe day: {safe}", detail=f"storage ends {known['deadlines']['end_strict']} (kpa)")
        rows = [(each["on"], each["kind"].replace("_", " "), CHANNELS[each["channel"]]) for each in known["plan"]]
        expect(bool(rows), "Nobody is to be reminded of the letter.")
        self.screen.table(("on", "what", "how"), rows)
        self.screen.step("all of it ends by itself once the letter is collected")

    async def warn_ahead(self) -> None:
        """An incident of an office: everybody with something waiting there is told once, or it is kept why not."""
        self.screen.chapter("A warning ahead")
        closure = self.day.closure()
        response = await self._send("application/cloudevents+json", closure.event)
        _expect_status(response, 202, closure.told)
        answer = response.json()
        expect(answer["plan"]["state"] == "running", "Nobody is being told of the closed office.")
        self.screen.step(closure.told, detail=f"{answer['status']}: people are told in the background")
        for shipment, channels in closure.outcome.items():
            for channel, state in channels.items():
                self._expected[shipment, "facility_unavailable", channel] = state
        await self._settle()
        path = f"/v1/events/{answer['event']}"
        plan = (await self.stage.call("GET", path, key=self.stage.keys.logistics)).json()["plan"]
        expect(plan["state"] == "done", "Not everybody was told of the closed office.")
        self.screen.step("done", detail=f"{plan['people']} people looked at, {plan['planned']} messages decided")

    def proved_notification(self) -> UUID:
        """The SMS about the first paper notice."""
        sample = self.day.first_notice()
        return UUID(self._found[sample.shipment, sample.kind, "sms"]["id"])

    async def _post_structured(self, sample: Sample) -> dict[str, Any]:
        body = await self._post(sample, answer=sample.answer)
        self._told(sample, body, "structured")
        return body

    async def _post(self, sample: Sample, *, answer: str) -> dict[str, Any]:
        response = await self._send_structured(sample)
        _expect_status(response, 202, sample.told)
        body: dict[str, Any] = response.json()
        expect(body["status"] == answer, f"{sample.told}: {body['status']} came instead of {answer}.")
        return body

    async def _send_structured(self, sample: Sample) -> httpx.Response:
        return await self._send("application/cloudevents+json", sample.event)

    async def _send(self, media_type: str, content: object, **headers: str) -> httpx.Response:
        return await self.stage.call(
            "POST",
            "/v1/events",
            key=self.stage.keys.logistics,
            content=json.dumps(content),
            headers={"Content-Type": media_type, **headers},
        )

    async def _post_binary(self, sample: Sample) -> None:
        """Attributes in headers, percent-encoded (CloudEvents HTTP binding §3.1.3.2); the body is `data` alone."""
        attributes = {
            f"ce-{name}": quote(str(value), safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~")
            for name, value in sample.event.items()
            if name not in {"data", "datacontenttype"}
        }
        response = await self._send("application/json", sample.event["data"], **attributes)
        _expect_status(response, 202, sample.told)
        self._told(sample, response.json(), "binary")

    async def _post_batch(self, samples: Sequence[Sample]) -> None:
        response = await self._send("application/cloudevents-batch+json", [sample.event for sample in samples])
        _expect_status(response, 202, "the batch")
        results = response.json()["results"]
        expect([result["index"] for result in results] == list(range(len(samples))), "The batch came back in disorder.")
        for sample, result in zip(samples, results, strict=True):
            self._told(sample, result, "batch")

    async def _refused(self, sample: Sample, status: int) -> None:
        response = await self._send_structured(sample)
        _expect_status(response, status, sample.told)
        problem = response.json()
        self.screen.step(sample.told, detail=f"{status} {problem['detail']}")

    def _told(self, sample: Sample, body: Mapping[str, Any], mode: str) -> None:
        """Compare the answer with the sample, say it, and remember how its notifications must stand at the end."""
        expect(body["status"] == sample.answer, f"{sample.told}: {body['status']} came instead of {sample.answer}.")
        planned = {n["channel"]: _standing(n) for n in body.get("notifications", ())}
        expect(planned.keys() == sample.outcome.keys(), f"{sample.told}: other channels were planned.")
        self.screen.step(f"{sample.told} ({mode})", detail=_answered(body))
        for channel, state in sample.outcome.items():
            self._expected[sample.shipment, sample.kind, channel] = state
        if sample.overtakes:
            self._expected[sample.shipment, sample.overtakes, "sms"] = "cancelled collected"

    async def _settle(self) -> None:
        """Wait until every notification stands as it must, by what the API says."""
        with self.screen.waiting("Messages leave, and providers report …"):
            difference = await self._difference()
            deadline = self.screen.seconds + SETTLED_SECONDS
            while difference is not None and self.screen.seconds < deadline:
                await asyncio.sleep(LOOK_SECONDS)
                difference = await self._difference()
        expect(difference is None, difference or "")
        self.screen.step("all messages have left, and the providers' reports are in")

    async def _difference(self) -> str | None:
        """The first notification that does not stand as expected, in a sentence; None when all do."""
        if self.stage.sandbox.reports_pending:
            return "The providers' reports about SMS did not all arrive."
        path = f"/v1/notifications?operator={OPERATOR}&limit=200"
        answer = await self.stage.call("GET", path, key=self.stage.keys.auditor)
        _expect_status(answer, 200, "listing notifications")
        listed = answer.json()["items"]
        confirmations = [n for n in listed if n["kind"] in SERVICE_KINDS]
        self._asked_to_confirm = len(confirmations)
        if any(n["status"] != EMAIL_LEFT for n in confirmations):
            return "Who has to confirm an address was not asked to."
        # Reminders wait for days that the demonstration does not see.
        news = [n for n in listed if n["kind"] not in REMINDER_KINDS | SERVICE_KINDS]
        self._found = {(n["shipments"][0], n["kind"], n["channel"]): n for n in news}
        if self._found.keys() != self._expected.keys() or len(news) != len(self._expected):
            return f"There are {len(news)} notifications instead of {len(self._expected)}."
        for place, state in self._expected.items():
            stands = _standing(self._found[place])
            if stands != state:
                shipment, kind, channel = place
                return f"The {CHANNELS[channel]} about {kind} of ..{shipment[-4:]} is {stands} instead of {state}."
        return None


def _in_words(kind: str) -> str:
    """Short enough for a column."""
    return "closed office" if kind == "facility_unavailable" else kind.replace("_", " ")


def _standing(view: Mapping[str, Any]) -> str:
    return f"{view['status']} {view['reason']}" if view["reason"] else str(view["status"])


def _answered(body: Mapping[str, Any]) -> str:
    """The answer to an event in a line: its status, and what was planned or what is wrong."""
    faults = [f"{fault['pointer']} {fault['detail']}" for fault in body.get("problem", {}).get("errors", ())]
    planned = [f"{CHANNELS[n['channel']]} {_standing(n)}" for n in body.get("notifications", ())]
    return f"{body['status']}: {', '.join([*faults, *planned])}" if faults or planned else str(body["status"])


def _is_sent(place: Place, channel: str, state: str) -> bool:
    return place[2] == channel and state in {SMS_ARRIVED, EMAIL_LEFT}


def _why(view: Mapping[str, Any]) -> str:
    if view["status"] == "held":
        until = datetime.fromisoformat(view["not_before"]).astimezone(zone(DEFAULT_TIME_ZONE))
        return f"quiet hours until {until:%H:%M}"
    return _WHY[_standing(view)]


def _expect_status(answer: httpx.Response, status: int, what: str) -> None:
    expect(
        answer.status_code == status, f"{what[:1].upper()}{what[1:]} was answered {answer.status_code}, not {status}."
    )


def now_in_seconds() -> datetime:
    """This moment, to the second: what a logistics system would write."""
    return datetime.now(UTC).replace(microsecond=0)

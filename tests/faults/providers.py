"""Providers that misbehave by chance, call back as Twilio does, and remember every message that came to them."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from email import message_from_bytes
from typing import Self
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import aiohttp
from twilio.request_validator import RequestValidator

from tests.doubles.sms_gateway import (
    Accept,
    AcceptThenHang,
    Answer,
    Behaviour,
    Close,
    Raw,
    ReceivedSms,
    Reset,
    SmsGateway,
    refusal,
)
from tests.doubles.smtp_server import Action, Drop, Hang, Letter, Say, SmtpServer
from tests.faults.asking import Asking, AwayError
from tests.faults.journals import Copy, Journals, Report
from tests.faults.service import TWILIO_TOKEN

# What an SMS gateway may do, how often among a hundred of its faults, and whether it took the message all the same.
SMS_FAULTS: list[tuple[str, Behaviour, bool]] = [
    ("hang", AcceptThenHang(), True),
    ("reset after", Reset(after_body=True), True),
    ("reset before", Reset(after_body=False), False),
    ("close", Close(), True),
    ("500", Answer(status=500, body=b"<html>no", taken=True), True),
    ("garbage", Raw(payload=b"\x00\xff not HTTP\r\n\r\n"), True),
    ("garbled 201", Answer(status=201, body=b'{"sid": 5', taken=True), True),
    ("429", refusal(429, 20429, Retry_After="1"), False),
    ("refused", refusal(400, 21211), False),
]
SMTP_FAULTS: list[tuple[str, str, Action, bool]] = [
    ("greeting hangs", "connect", Hang(), False),
    ("421 greeting", "connect", Say(reply="421 4.3.2 no", then_close=True), False),
    ("mail tempfails", "mail", Say(reply="451 4.3.0 later"), False),
    ("rcpt tempfails", "rcpt", Say(reply="450 4.2.0 later"), False),
    ("rcpt hangs", "rcpt", Hang(), False),
    ("drop before the dot", "body", Drop(), False),
    ("dot tempfails", "dot", Say(reply="451 4.3.0 later"), False),
    ("drop after the dot", "dot", Drop(), True),
    ("close after the dot", "dot", Drop(orderly=True), True),
    ("hang after the dot", "dot", Hang(), True),
    ("one byte a second", "dot", Say(reply="250 2.0.0 Ok: queued as SLOW", seconds_per_byte=1.0), True),
]
_REPORTED, _EARLY, _STRAYS = 0.9, 0.2, 0.05


class Chance:
    """How often providers are at fault: `rate` of all messages; 0 makes them well-behaved."""

    def __init__(self, source: random.Random, rate: float) -> None:
        self.source = source
        self.rate = rate

    def strikes(self) -> bool:
        return self.source.random() < self.rate


class Gateway(SmsGateway):
    """An SMS gateway that looks, before it answers, whether the attempt was committed, and reports afterwards."""

    def __init__(self, journals: Journals, chance: Chance) -> None:
        super().__init__(self._choose)
        self.script: deque[str] = deque()  # names of faults that come first, "accept" for none
        self.delays = [0.0, 0.0, 0.01, 0.05]
        self.reports_of: Callable[[], list[tuple[float, str]]] = self._some_reports
        self._journals = journals
        self._chance = chance
        self._named: dict[int, tuple[str, bool]] = {}
        self._validator = RequestValidator(TWILIO_TOKEN)
        self._client: aiohttp.ClientSession | None = None
        self._reporting: set[asyncio.Task[None]] = set()
        self.asking: Asking | None = None

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        return await super().__aenter__()

    async def __aexit__(self, *error: object) -> None:
        for task in self._reporting:
            task.cancel()
        await asyncio.gather(*self._reporting, return_exceptions=True)
        assert self._client is not None
        await self._client.close()
        await super().__aexit__(*error)

    @property
    def reporting(self) -> int:
        """How many reports are still to be answered."""
        return len(self._reporting)

    def _choose(self, number: int) -> Behaviour:
        planned = self.script.popleft() if self.script else None
        if planned == "accept" or (planned is None and not self._chance.strikes()):
            self._named[number] = ("accept", True)
            return Accept(delay=self._chance.source.choice(self.delays))
        known = [fault for fault in SMS_FAULTS if planned in {fault[0], None}]
        name, behaviour, taken = self._chance.source.choice(known)
        self._named[number] = (name, taken)
        self._journals.counts[f"sms: {name}"] += 1
        return behaviour

    async def _answer(self, behaviour: Behaviour, request: ReceivedSms, writer: asyncio.StreamWriter) -> bool:
        name, taken = self._named.pop(request.number)
        callback = request.form["StatusCallback"]
        attempt = UUID(parse_qs(urlsplit(callback).query)["a"][0])
        at = asyncio.get_running_loop().time()
        self._journals.copies.append(
            Copy(
                at=at,
                channel="sms",
                attempt=attempt,
                to=request.form["To"],
                behaviour=name,
                taken=taken,
                committed=await is_started(self.asking, attempt),
                provider_id=request.sid,
            )
        )
        if taken and self._chance.source.random() < _REPORTED:
            for wait, status in self.reports_of():
                self._spawn(self._call_back(callback, Report(attempt=attempt, status=status), request.sid, wait))
        if self._chance.source.random() < _STRAYS:
            self._stray(callback, attempt)
        return await super()._answer(behaviour, request, writer)

    def _some_reports(self) -> list[tuple[float, str]]:
        """Delivered or not, in order or not, once or twice; after how many seconds each, at times before the answer."""
        chance = self._chance.source
        statuses = ["sent", chance.choices(["delivered", "undelivered"], [9, 1])[0]]
        if chance.random() < 0.1:
            statuses.reverse()
        if chance.random() < 0.2:
            statuses.append(chance.choice(statuses))
        if chance.random() < 0.02:
            statuses.append("failed")
        early = chance.random() < _EARLY
        return [(chance.uniform(0, 0.02) if early else chance.expovariate(1.0), status) for status in statuses]

    def _stray(self, callback: str, attempt: UUID) -> None:
        """A report about an attempt that nobody made, under the MAC of another."""
        nobody = UUID(int=attempt.int ^ self._chance.source.getrandbits(62))
        report = Report(attempt=nobody, status="delivered", genuine=False)
        self._spawn(self._call_back(callback.replace(str(attempt), str(nobody)), report, "SM" + "f" * 32, 0.0))

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    async def _call_back(self, url: str, report: Report, sid: str, wait: float) -> None:
        await asyncio.sleep(wait)
        self._journals.reports.append(report)
        form = {"MessageSid": sid, "MessageStatus": report.status, "AccountSid": "AC0"}
        headers = {"X-Twilio-Signature": self._validator.compute_signature(url, form)}
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                assert self._client is not None
                async with self._client.post(url, data=form, headers=headers) as answer:
                    report.answered = answer.status
                    if answer.status != 503:
                        return
            await asyncio.sleep(0.5)


class MailServer(SmtpServer):
    """The same for e-mail. The attempt is the ENVID that the relay is given (RFC 3461 §4.4)."""

    def __init__(self, journals: Journals, chance: Chance) -> None:
        super().__init__(self._act)
        self._journals = journals
        self._chance = chance
        self._planned: dict[int, tuple[str, str, Action, bool]] = {}
        self.asking: Asking | None = None
        self._checks: set[asyncio.Task[None]] = set()

    async def __aexit__(self, *error: object) -> None:
        await asyncio.gather(*self._checks, return_exceptions=True)
        await super().__aexit__(*error)

    def _act(self, stage: str, connection: int) -> Action | None:
        if stage in {"connect", "mail"} and self._chance.strikes():
            self._planned[connection] = self._chance.source.choice(SMTP_FAULTS)
        planned = self._planned.get(connection)
        struck = planned is not None and planned[1] == stage
        if planned is not None and struck:
            self._journals.counts[f"smtp: {planned[0]}"] += 1
            del self._planned[connection]
        if stage == "dot":
            name, taken = (planned[0], planned[3]) if planned is not None and struck else ("accept", True)
            self._remember(self.journal[-1], name, taken)
        return planned[2] if planned is not None and struck else None

    def _remember(self, letter: Letter, name: str, taken: bool) -> None:
        at = asyncio.get_running_loop().time()
        task = asyncio.create_task(self._check(letter, name, taken, at))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _check(self, letter: Letter, name: str, taken: bool, at: float) -> None:
        attempt = UUID(letter.mail.partition("ENVID=")[2].partition(".")[0])
        self._journals.copies.append(
            Copy(
                at=at,
                channel="email",
                attempt=attempt,
                to=message_from_bytes(letter.mime)["To"],
                behaviour=name,
                taken=taken,
                committed=await is_started(self.asking, attempt),
            )
        )


async def is_started(asking: Asking | None, attempt: UUID) -> bool | None:
    """Whether the database holds the attempt and the fact that it was started; None when it cannot be asked."""
    if asking is None:
        return None
    query = (
        "SELECT COUNT(*) AS facts, MAX(a.number) AS needed FROM attempts a"
        " JOIN facts f ON f.notification_id = a.notification_id WHERE a.id = $1 AND f.type = 'attempt.started'"
    )
    try:
        (row,) = await asking.rows(query, attempt)
    except AwayError:
        return None
    return row["needed"] is not None and row["facts"] >= row["needed"]

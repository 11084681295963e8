"""A producer of events, an operator who keeps people's consents, and senders of poison: a deployment's callers.

A producer posts until it is answered, as any must, and sends some events twice and some in the wrong order.
"""

import asyncio
import itertools
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from tests.builders import FACILITY, OPERATOR, area_cloud_event, cloud_event
from tests.faults.journals import Journals, OptOut, Posted
from tests.poison import POISON
from tests.wire import BATCH, STRUCTURED

PEOPLE = 40
_MINDS = 3
_DUPLICATES, _REORDERED = 0.2, 0.1
_BATCHES, _BATCH_MAX = 0.2, 12
_INCIDENT_EVERY = 30  # stories; each touches everybody for whom something waits
_SCOPES: Sequence[dict[str, Any]] = (
    {"facilities": [FACILITY["id"]]},
    {"post_codes": ["03-7*"]},
    {"operator_wide": True},
)
_LONG_OPT_OUTS, _LONG_SECONDS = 0.3, 8.0
# The client writes header fields in UTF-8; what is wrong with other bytes is tried elsewhere.
_SENDABLE = [case for case in POISON if all(value.isascii() for _, value in case.headers)]
_SECONDS_BETWEEN_TRIES = 0.3
_AWAY = (aiohttp.ClientError, TimeoutError, ConnectionError)
# No answer of 503 or 429 says what became of an event; its producer asks again.
_ASK_AGAIN = {429, 503}


def person(number: int) -> str:
    return f"person-{number:04d}"


def phone(name: str) -> str:
    return f"+4860000{name[-4:]}"


def email(name: str) -> str:
    return f"{name}@example.com"


class Producer:
    """Posts to `url` until `over`. Every moment that it tells lies a day and more back, so that no clock is behind."""

    def __init__(self, url: str, token: str, journals: Journals, chance: random.Random, *, pace: float) -> None:
        self._url = url
        self._journals = journals
        self._chance = chance
        self._pace = pace
        self._headers = {"Authorization": f"Bearer {token}"}
        self._moments = _moments()
        self._stories = self._tell()
        self._told = itertools.count()
        self._poison = itertools.cycle(chance.sample(_SENDABLE, len(_SENDABLE)))
        self._tasks: list[asyncio.Task[None]] = []
        self._over = asyncio.Event()
        self._opted_out: set[tuple[str, str]] = set()
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))

    async def register(self) -> None:
        """Everybody, with both contact points and consents."""
        for number in range(PEOPLE):
            name = person(number)
            await self._put(name, self._record(name, [("sms", True), ("email", True)]))

    async def tell(self, *stories: list[str], batch: bool = False, bad: bool = False) -> list[Posted]:
        """Post these kinds of events, each list about a shipment and a person of its own; all at once if a batch."""
        told = []
        for story in stories:
            number, name = 10**9 + next(self._told), person(self._chance.randrange(PEOPLE))
            told += [self._event(kind, number, name) for kind in story]
        self._journals.events |= {posted.key: posted for posted in told}
        if batch:
            await self._post_batch(told, bad=0 if bad else None)
        else:
            for posted in told:
                await self._post_single(posted, until_answered=True)
        return told

    async def shut(self, *, revision: int = 1) -> Posted:
        """Post that the facility is shut at which everything waits."""
        posted = self._revision(10**9 + next(self._told), revision, "facility_unavailable", _SCOPES[0])
        self._journals.events[posted.key] = posted
        await self._post_single(posted, until_answered=True)
        return posted

    async def repeat(self, told: Sequence[Posted]) -> None:
        """Post these once more."""
        for posted in told:
            await self._post_single(posted, until_answered=True)

    async def opt_out(self, name: str, channel: str) -> None:
        """Withdraw that consent, for good."""
        act = OptOut(person=name, channel=channel)
        self._journals.opt_outs.append(act)
        await self._put(name, self._record(name, [(channel, False)]))
        act.acked = asyncio.get_running_loop().time()

    def start(self, *, connections: int = 6) -> None:
        """Begin to post."""
        works = [*(self._post_on() for _ in range(connections)), self._poison_on()]
        works += [self._change_minds() for _ in range(_MINDS)]
        self._tasks = [asyncio.create_task(work) for work in works]

    async def finish(self) -> None:
        """Begin nothing new, and ask for the answers that are still open."""
        self._over.set()
        await asyncio.gather(*self._tasks)
        open_ones = [each for each in self._journals.events.values() if not each.answers and not each.given_up]
        for posted in open_ones:
            await self._post_single(posted, until_answered=True)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    # --- events ---

    def _tell(self) -> Iterator[Posted]:
        """Events without end: a notice, and now and then what overtakes it."""
        for number in itertools.count():
            name = person(self._chance.randrange(PEOPLE))
            story = [self._event("notice_left", number, name)]
            draw = self._chance.random()
            if draw < 0.2:
                story.append(self._event("notice_left", number, name, ordinal=2))
            elif draw < 0.5:
                story.append(self._event("delivered", number, name))
            elif draw < 0.6:
                story.append(self._event("in_transit", number, name))
            if self._chance.random() < _REORDERED:
                story.reverse()
            yield from story
            if number % _INCIDENT_EVERY == _INCIDENT_EVERY // 2:
                yield from self._incident(number)

    def _incident(self, number: int) -> Iterator[Posted]:
        """Revisions of an incident, not always in order, and perhaps its end."""
        kind = self._chance.choice(["facility_unavailable", "facility_unavailable", "service_disruption"])
        last = self._chance.randint(1, 3)
        revisions = [self._revision(number, each, kind, self._chance.choice(_SCOPES)) for each in range(1, last + 1)]
        if self._chance.random() < 0.5:
            revisions.append(self._revision(number, last + 1, "resolved", _SCOPES[0]))
        if self._chance.random() < _REORDERED:
            revisions.reverse()
        yield from revisions

    def _revision(self, number: int, revision: int, kind: str, scope: dict[str, Any]) -> Posted:
        at = next(self._moments)
        key = f"{kind}-{number}-{revision}"
        data: dict[str, Any] = {"incident": f"I-{number}", "scope": scope}
        if kind != "resolved":
            data["until"] = (at + timedelta(days=3 + revision)).isoformat()
        body = area_cloud_event(kind, revision=revision, at=at, id=key, data=data)
        return Posted(key=key, body=body, kind=kind, person="", shipment="", told=False, is_told_later=True)

    def _event(self, kind: str, number: int, name: str, *, ordinal: int = 1) -> Posted:
        at = next(self._moments)
        shipment = f"{number:020d}"
        key = f"{kind}-{ordinal}-{number}"
        body = cloud_event(
            kind,
            at=at,
            id=key,
            subject=f"shipment/{shipment}",
            data={"operator": OPERATOR, "shipment": shipment, "recipient": name},
        )
        if kind == "notice_left":
            body["data"]["notice"]["ordinal"] = ordinal
        return Posted(
            key=key, body=body, kind=kind, person=name, shipment=shipment, told=kind in {"notice_left", "delivered"}
        )

    def _next(self) -> Posted:
        known = self._journals.events
        if known and self._chance.random() < _DUPLICATES:
            return known[self._chance.choice(list(itertools.islice(reversed(known), 200)))]
        posted = next(self._stories)
        known[posted.key] = posted
        return posted

    async def _post_on(self) -> None:
        while not self._over.is_set():
            if self._chance.random() < _BATCHES:
                events = [self._next() for _ in range(self._chance.randint(2, _BATCH_MAX))]
                with_bad = self._chance.random() < 0.2
                await self._post_batch(events, bad=self._chance.randrange(len(events) + 1) if with_bad else None)
            else:
                posted = self._next()
                await self._post_single(posted, until_answered=self._chance.random() > 0.02)
            await asyncio.sleep(self._chance.expovariate(self._pace))

    async def _post_single(self, posted: Posted, *, until_answered: bool) -> None:
        """Ask until there is an answer, or once: some producers forget."""
        body = json.dumps(posted.body).encode()
        while True:
            posted.posts += 1
            answer = await self._ask("POST", "/v1/events", body, STRUCTURED)
            if answer is not None and answer[0] == 202:
                posted.answers.append(json.loads(answer[1]))
                return
            if answer is not None and answer[0] not in _ASK_AGAIN:
                self._surprise(f"event {posted.key}", answer)
                return
            if not until_answered:
                posted.given_up = not posted.answers
                return
            posted.given_up = False
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)

    async def _post_batch(self, events: Sequence[Posted], *, bad: int | None) -> None:
        """A batch, with something that is no event at the place `bad`."""
        bodies: list[Any] = [each.body for each in events]
        if bad is not None:
            bodies.insert(bad, {"specversion": "1.0", "id": "bad"})
        while True:
            for posted in events:
                posted.posts += 1
            answer = await self._ask("POST", "/v1/events", json.dumps(bodies).encode(), BATCH)
            if answer is not None and answer[0] not in _ASK_AGAIN:
                break
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
        status, raw = answer
        results = json.loads(raw)["results"] if status == 202 else []
        if [result.get("index") for result in results] != list(range(len(bodies))):
            self._surprise("a batch", answer, invariant="1" if bad is None else "13")
            return
        if bad is not None:
            if results.pop(bad)["status"] != "rejected":
                self._surprise("what is no event, in a batch", answer, invariant="13")
            self._journals.poisoned["in a batch"] += 1
        for posted, result in zip(events, results, strict=True):
            if result["status"] == "rejected":
                self._surprise(f"event {posted.key}, in a batch", (status, json.dumps(result).encode()))
            else:
                posted.answers.append(result)

    # --- poison ---

    async def _poison_on(self) -> None:
        while not self._over.is_set():
            case = next(self._poison)
            answer = await self._ask("POST", "/v1/events", case.body, None, case.headers)
            if answer is not None and answer[0] not in _ASK_AGAIN:
                self._journals.poisoned[str(answer[0])] += 1
                if answer[0] != case.status:
                    self._surprise(f"poison ({case.name})", answer, invariant="13")
            await asyncio.sleep(self._chance.expovariate(self._pace))

    # --- people ---

    async def _change_minds(self) -> None:
        while not self._over.is_set():
            name, channel = person(self._chance.randrange(PEOPLE)), self._chance.choice(["sms", "email"])
            if (name, channel) in self._opted_out:  # one change of mind after the other, or nobody could tell
                await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
                continue
            self._opted_out.add((name, channel))
            act = OptOut(person=name, channel=channel)
            self._journals.opt_outs.append(act)
            await self._put(name, self._record(name, [(channel, False)]))
            act.acked = asyncio.get_running_loop().time()
            long = self._chance.random() < _LONG_OPT_OUTS
            await asyncio.sleep(_LONG_SECONDS if long else self._chance.uniform(0.1, 1.5))
            act.regranted = asyncio.get_running_loop().time()
            await self._put(name, self._record(name, [(channel, True)]))
            self._opted_out.remove((name, channel))

    def _record(self, name: str, consents: Sequence[tuple[str, bool]]) -> dict[str, Any]:
        contacts = {"sms": phone(name), "email": email(name)}
        at = next(self._moments).isoformat()
        return {
            "quiet_hours": None,
            "contact_points": [
                {"channel": channel, "value": value, "verified": True, "method": "counter"}
                for channel, value in contacts.items()
            ],
            "consents": [
                {
                    "channel": channel,
                    "purpose": purpose,
                    "granted": granted,
                    "at": at,
                    "method": "counter",
                    "text_version": "1",
                }
                for channel, granted in consents
                for purpose in ("delivery", "incident")
            ],
        }

    async def _put(self, name: str, record: dict[str, Any]) -> None:
        while True:
            answer = await self._ask("PUT", f"/v1/recipients/{OPERATOR}/{name}", json.dumps(record).encode(), None)
            if answer is not None and answer[0] in {200, 201}:
                return
            if answer is not None and answer[0] not in _ASK_AGAIN:
                self._surprise(f"PUT of {name}", answer)
                return
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)

    # --- HTTP ---

    async def _ask(
        self, method: str, path: str, body: bytes, media_type: bytes | None, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> tuple[int, bytes] | None:
        """Status and body of an answer that arrived whole; None when there was none."""
        given = [
            *self._headers.items(),
            *((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers),
        ]
        if media_type is not None:
            given.append(("Content-Type", media_type.decode()))
        elif method == "PUT":
            given.append(("Content-Type", "application/json"))
        with suppress(*_AWAY):
            async with self._client.request(
                method, self._url + path, data=body, headers=given, skip_auto_headers=("Content-Type",)
            ) as answer:
                return answer.status, await answer.read()
        return None

    def _surprise(self, what: str, answer: tuple[int, bytes], *, invariant: str = "1") -> None:
        self._journals.surprises.append((invariant, f"{what} was answered {answer[0]} {answer[1][:200]!r}"))


def _moments() -> Iterator[datetime]:
    """Later and later, two days back: in the past of every process, whatever clock it has."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    return (start + timedelta(seconds=0.5 * n) for n in itertools.count())

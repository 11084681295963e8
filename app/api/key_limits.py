"""How much one key may ask of this process: a token bucket for requests and one for events, told in every answer.

The fields are those of draft-ietf-httpapi-ratelimit-headers-11. Buckets are in memory: each process has its own, and a
restart fills them. They are there so that one caller in a loop does not take what all others need, not to sell.
"""

import heapq
import math
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import Problem
from app.domain.key_rate import KeyRate, Quota

# How many callers with less than their whole quota are remembered; beyond, those that used least are forgotten.
CALLERS_MAX = 10_000

_IN_SCOPE = "awizo.rate_limit"


class Buckets:
    """The buckets of all callers under one policy.

    Of each is known only when it will be full again (the generic cell rate algorithm): nobody need refill it.
    """

    def __init__(self, name: str, quota: Quota, *, more: str = "", monotonic: Callable[[], float]) -> None:
        self._name = name
        self._quota = quota
        self._monotonic = monotonic
        self._full_at: dict[str, float] = {}
        self.policy = f'"{name}";q={quota.units};w={quota.seconds}{more}'

    def take(self, caller: str, units: int) -> tuple[str, int]:
        """Take so many units: what the field RateLimit says afterwards, and 0, or in how many seconds to try again.

        What is refused takes nothing.
        """
        now = self._monotonic()
        empty = max(self._full_at.get(caller, now), now) - now  # in seconds until it would be full
        after = empty + units * self._quota.cost
        wait = max(0, math.ceil(after - self._quota.seconds - 1e-9))
        if not wait:
            self._remember(caller, now + after, now)
            empty = after
        left = int((self._quota.seconds - empty) / self._quota.cost + 1e-6)
        return f'"{self._name}";r={max(0, left)};t={wait or math.ceil(empty)}', wait

    def _remember(self, caller: str, full_at: float, now: float) -> None:
        if len(self._full_at) >= CALLERS_MAX and caller not in self._full_at:
            emptiest = heapq.nlargest(CALLERS_MAX // 2, self._full_at.items(), key=lambda each: each[1])
            self._full_at = {each: at for each, at in emptiest if at > now}
        self._full_at[caller] = full_at


class KeyLimits:
    """The limits of every key that calls this process."""

    def __init__(self, rate: KeyRate, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._requests = Buckets("requests", rate.requests, monotonic=monotonic) if rate.requests else None
        # The draft knows no unit of this kind: what is not one of its own is said with the name of who says it.
        unit = ';awizo-unit="events"'
        self._events = Buckets("events", rate.events, more=unit, monotonic=monotonic) if rate.events else None

    def take_request(self, scope: Scope, key_id: str) -> None:
        """Count a request of this key. Raises Problem 429 when it has none left."""
        if self._requests is not None:
            _take(scope, self._requests, key_id, 1, "This key sends too many requests")

    def take_events(self, scope: Scope, key_id: str, events: int) -> None:
        """Count the events of a request. Raises Problem 429, and all of them count as not sent."""
        if self._events is not None and events:
            _take(scope, self._events, key_id, events, "This key posts too many events; none of these was kept")


def _take(scope: Scope, buckets: Buckets, key_id: str, units: int, detail: str) -> None:
    said, wait = buckets.take(key_id, units)
    policies, limits = scope.get(_IN_SCOPE, ((), ()))
    scope[_IN_SCOPE] = (*policies, buckets.policy), (*limits, said)
    if wait:
        raise Problem(429, f"{detail}; try again in {wait} s", headers={"Retry-After": str(wait)})


class RateLimitFields:
    """ASGI middleware: what was counted for a request stands in its answer, whatever that is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the fields to what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def telling_send(message: Message) -> None:
            if message["type"] == "http.response.start" and _IN_SCOPE in scope:
                policies, limits = scope[_IN_SCOPE]
                message["headers"] = [
                    *message["headers"],
                    (b"ratelimit-policy", ", ".join(policies).encode()),
                    (b"ratelimit", ", ".join(limits).encode()),
                ]
            await send(message)

        await self._app(scope, receive, telling_send)

"""Status callbacks, a while after a message was taken."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from app.sandbox.inbox import Inbox, Report, SandboxSms
from app.sandbox.magic import MagicNumber, magic_number

_ORDINARY = MagicNumber(ending="", says="delivered")
_PENDING_MAX = 10_000
_CONNECTIONS_MAX = 16

# The request with which a provider reports a status and, for a failure, an error code. Raises ValueError or
# httpx.InvalidURL when the address cannot be called.
Callback = Callable[[SandboxSms, str, int | None], httpx.Request]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The one account that the sandbox knows."""

    sid: str
    token: str


class Reporter:
    """Reports `sent`, then `delivered` (or what a magic number says), each after its delay in seconds.

    `callbacks` holds one for each provider that the sandbox stands in for.
    """

    def __init__(
        self, inbox: Inbox, callbacks: Mapping[str, Callback], *, sent_after: float, final_after: float
    ) -> None:
        self._inbox = inbox
        self._callbacks = callbacks
        self._delays = (sent_after, final_after)
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    @property
    def pending(self) -> int:
        """How many messages are not yet reported to the end."""
        return len(self._tasks)

    def schedule(self, sms: SandboxSms) -> None:
        """Reports about `sms` in the background; beyond 10,000 messages under way it stays `queued`."""
        if len(self._tasks) < _PENDING_MAX:
            task = asyncio.create_task(self._report(sms))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drops what has not been reported."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _report(self, sms: SandboxSms) -> None:
        for delay, status, error_code in self._due(sms):
            await asyncio.sleep(delay)
            answered = await self._call_back(sms, status, error_code)
            self._inbox.record_report(sms.sid, Report(status=status, answered=answered), error_code)

    def _due(self, sms: SandboxSms) -> list[tuple[float, str, int | None]]:
        """What is to be reported of it: after how many more seconds, which status, which error code."""
        magic = magic_number(sms.to) or _ORDINARY
        if magic.final is None:
            return []
        sent_after, final_after = self._delays
        code = None if magic.final == "delivered" else magic.code
        return [(sent_after, "sent", None), (final_after * magic.report_delay, magic.final, code)]

    async def _call_back(self, sms: SandboxSms, status: str, error_code: int | None) -> int | None:
        """The HTTP status of the answer, or None when there was none or nobody asked to be called."""
        if sms.status_callback is None:
            return None
        try:
            answer = await self._http().send(self._callbacks[sms.provider](sms, status, error_code))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):  # ValueError: a host name that IDNA forbids
            return None
        return answer.status_code

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=_CONNECTIONS_MAX)
            self._client = httpx.AsyncClient(timeout=10.0, limits=limits, trust_env=False)
        return self._client

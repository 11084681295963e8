"""Calls endpoints of other systems at addresses of the public internet, and at no others."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import Any

import httpx

from app.domain.public_address import is_public
from app.domain.webhook import WebhookFailure, status_failure
from app.domain.webhook_address import PORTS, WebhookAddress, WebhookAddressError, parse_webhook_address
from app.ports import WebhookAnswer

CALL_SECONDS = 5.0
_CONNECT_SECONDS = 2.0
_RESOLVE_SECONDS = 2.0
_ANSWER_BYTES_MAX = 64 * 1024
_ADDRESSES_MAX = 3
_RESOLVERS = 16

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_Found = Sequence[tuple[Any, ...]]


class _Refused(Exception):  # noqa: N818 – what came of a call, not a fault of the program
    """Nothing was called, or nothing usable came back."""

    def __init__(self, failure: WebhookFailure) -> None:
        self.failure = failure


class WebhookHttp:
    """`app.ports.WebhookCaller` over HTTPS with the certificate authorities that httpx brings.

    A name is resolved once for each call, and once for those that wait for it together. When any of its addresses is
    not public nothing is called; else the connection goes to one of the very addresses that were looked at, with the
    name in SNI and certificate. Redirects are not followed, proxies of the environment not used, connections not kept.
    `resolve` (host, port → addresses), `is_allowed`, `ports` and `authorities` are there for tests, which have no
    public address.
    """

    def __init__(
        self,
        *,
        resolve: Resolve | None = None,
        is_allowed: Callable[[str], bool] = is_public,
        ports: Collection[int] = PORTS,
        authorities: ssl.SSLContext | None = None,
        seconds: float = CALL_SECONDS,
    ) -> None:
        self._resolve = resolve or self._look_up
        self._is_allowed = is_allowed
        self._ports = ports
        self._authorities = authorities
        self._seconds = seconds
        # Threads of its own, and one at most for a name: those that nobody answers for keep nothing else waiting.
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="webhook-names")
        self._asking: dict[tuple[str, int], Future[_Found]] = {}

    def __repr__(self) -> str:
        return "WebhookHttp()"

    async def refuses(self, url: str) -> str | None:
        """Why that address would not be called; see `app.ports.WebhookCaller`."""
        try:
            address = parse_webhook_address(url, ports=self._ports)
            async with asyncio.timeout(_RESOLVE_SECONDS):
                await self._addresses(address)
        except WebhookAddressError as error:
            return str(error)
        except TimeoutError:
            return None
        except _Refused as refused:
            if refused.failure is WebhookFailure.ADDRESS:
                return "has a name that leads to an address which is not public"
        return None

    async def call(self, url: str, *, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """POST once; see `app.ports.WebhookCaller`."""
        try:
            async with asyncio.timeout(self._seconds):
                status = await self._call(parse_webhook_address(url, ports=self._ports), headers, body)
        except WebhookAddressError:
            return WebhookAnswer(failure=WebhookFailure.ADDRESS)
        except _Refused as refused:
            return WebhookAnswer(failure=refused.failure)
        except (TimeoutError, httpx.TimeoutException):
            return WebhookAnswer(failure=WebhookFailure.TIMEOUT)
        except httpx.ProtocolError:
            return WebhookAnswer(failure=WebhookFailure.PROTOCOL)
        except Exception as error:  # noqa: BLE001 – the port promises answers, whatever the network does
            return WebhookAnswer(failure=_certificate_or_connection(error))
        return WebhookAnswer(failure=None if 200 <= status < 300 else status_failure(status))

    async def close(self) -> None:
        """Let the threads go that resolve names; those that wait for an answer end by themselves."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _call(self, address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the first of its addresses that takes a connection."""
        checked = (await self._addresses(address))[:_ADDRESSES_MAX]
        for place in checked[:-1]:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._post(address, place, headers, body)
        return await self._post(address, checked[-1], headers, body)

    async def _addresses(self, address: WebhookAddress) -> list[str]:
        try:
            found = list(dict.fromkeys(await self._resolve(address.host, address.port)))
        except (OSError, UnicodeError):
            raise _Refused(WebhookFailure.UNRESOLVED) from None
        if not found:
            raise _Refused(WebhookFailure.UNRESOLVED)
        if not all(map(self._is_allowed, found)):
            raise _Refused(WebhookFailure.ADDRESS)
        return found

    async def _look_up(self, host: str, port: int) -> list[str]:
        """What the system's resolver says. Raises OSError when it knows no such name."""
        asking = self._asking.get((host, port))
        if asking is None:
            try:
                # The dot at the end keeps the resolver from appending the search domains of this machine.
                asking = self._resolvers.submit(getaddrinfo, f"{host}.", port, type=SOCK_STREAM)
            except RuntimeError:  # closed meanwhile
                raise gaierror from None
            self._asking[host, port] = asking
            asking.add_done_callback(lambda _: self._asking.pop((host, port)))
        found = await asyncio.shield(asyncio.wrap_future(asking))
        return [str(sockaddr[0]) for *_, sockaddr in found]

    async def _post(self, address: WebhookAddress, place: str, headers: Mapping[str, str], body: bytes) -> int:
        shown = address.host if address.port == 443 else f"{address.host}:{address.port}"
        async with (
            # A client for each call: a connection that was made for one name must never be used for another.
            httpx.AsyncClient(
                verify=self._trusted,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(self._seconds, connect=_CONNECT_SECONDS),
            ) as client,
            client.stream(
                "POST",
                httpx.URL(scheme="https", host=place, port=address.port, raw_path=address.target.encode()),
                content=body,
                headers={"User-Agent": "awizo", "Accept-Encoding": "identity", **headers, "Host": shown},
                extensions={"sni_hostname": address.host},
            ) as response,
        ):
            await _read_some(response)
            return response.status_code

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return self._authorities or httpx.create_ssl_context(trust_env=False)


async def _read_some(response: httpx.Response) -> None:
    """Read the beginning of the answer, so that its sender sees no broken connection; it is kept nowhere."""
    read = 0
    with contextlib.suppress(httpx.HTTPError):
        async for chunk in response.aiter_raw(8 * 1024):
            read += len(chunk)
            if read >= _ANSWER_BYTES_MAX:
                return


def _certificate_or_connection(error: BaseException) -> WebhookFailure:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return WebhookFailure.CERTIFICATE
        cause = cause.__cause__ or cause.__context__
    return WebhookFailure.UNREACHABLE

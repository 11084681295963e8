"""Reads an issuer's metadata and keys over HTTP (OpenID Connect Discovery 1.0 §4, RFC 8414 §3, RFC 7517 §5)."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from app.domain.issuer_address import is_plain_on_this_machine
from app.ports import NoKeys, PublishedKeys

_ANSWER_SECONDS = 5.0
_ANSWER_BYTES_MAX = 128 * 1024


class _NoAnswer(Exception):  # noqa: N818 - what an issuer did, not a fault of the program
    """Nothing usable came back; the text is a clause without addresses."""


def issuer_client(tls_context: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """A client for `OidcIssuer`: it trusts whom the system trusts, and follows no redirect."""
    # Compressed answers are refused: how long they are would be known only after they have been unpacked.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "awizo"}
    context = tls_context or ssl.create_default_context()
    return httpx.AsyncClient(verify=context, follow_redirects=False, trust_env=False, headers=headers)


class OidcIssuer:
    """`app.ports.TokenIssuer` for the issuer of that identifier, an address that `is_issuer_address` accepts.

    It takes over `client`. Answers of more than 128 KiB are not read to their end, and metadata and keys together take
    `seconds` at most. What the metadata says about anything but the keys is not looked at.
    """

    def __init__(self, identifier: str, *, client: httpx.AsyncClient, seconds: float = _ANSWER_SECONDS) -> None:
        self.identifier = identifier
        self._client = client
        self._seconds = seconds

    async def published_keys(self) -> PublishedKeys | NoKeys:
        """See `app.ports.TokenIssuer`."""
        try:
            async with asyncio.timeout(self._seconds):
                metadata = await self._metadata()
                return PublishedKeys(keys=_keys(await self._object(self._keys_address(metadata))))
        except (TimeoutError, httpx.TimeoutException):
            return NoKeys(reason="it did not answer in time")
        except _NoAnswer as reason:
            return NoKeys(reason=str(reason))
        except Exception as error:  # noqa: BLE001 - the port promises answers, whatever the network does
            return NoKeys(reason=f"it could not be asked ({type(error).__name__})")

    async def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        await self._client.aclose()

    async def _metadata(self) -> Mapping[str, object]:
        """Where OpenID providers put it, else where other authorization servers do."""
        parts = urlsplit(self.identifier)
        path = parts.path.rstrip("/")
        try:
            metadata = await self._object(f"{self.identifier.rstrip('/')}/.well-known/openid-configuration")
        except _NoAnswer:
            metadata = await self._object(
                f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}"
            )
        if metadata.get("issuer") != self.identifier:  # RFC 8414 §3.3
            raise _NoAnswer("its metadata names another issuer")
        return metadata

    def _keys_address(self, metadata: Mapping[str, object]) -> str:
        address = metadata.get("jwks_uri")
        is_plain = isinstance(address, str) and is_plain_on_this_machine(address)
        if not isinstance(address, str) or not (address.startswith("https://") or is_plain):
            raise _NoAnswer("its metadata has no address of keys that could be trusted")
        if is_plain and not is_plain_on_this_machine(self.identifier):
            raise _NoAnswer("its metadata has an address of keys on our own machine")
        return address

    async def _object(self, address: str) -> Mapping[str, object]:
        try:
            value = json.loads(await self._get(address))
        except (ValueError, RecursionError):
            raise _NoAnswer("it answered with something else than JSON") from None
        if not isinstance(value, dict):
            raise _NoAnswer("it answered with something else than an object")
        return value

    async def _get(self, address: str) -> bytes:
        async with self._client.stream("GET", address) as response:
            if response.status_code != httpx.codes.OK:
                raise _NoAnswer(f"it answered {response.status_code}")
            if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
                raise _NoAnswer("it answered with a content coding that was not asked for")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _ANSWER_BYTES_MAX:
                    raise _NoAnswer("its answer is too long")
            return bytes(body)


def _keys(answer: Mapping[str, object]) -> tuple[Mapping[str, object], ...]:
    keys = answer.get("keys")
    if not isinstance(keys, list):
        raise _NoAnswer("it answered with something else than keys")
    return tuple(key for key in keys if isinstance(key, dict))

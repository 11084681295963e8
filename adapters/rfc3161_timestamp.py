"""Time stamps by an authority that speaks RFC 3161 over HTTP (§3.4)."""

import asyncio
import ssl
from pathlib import Path

import httpx
from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from app.domain.time_stamp import TimeStampError, read_time_stamp
from app.ports import NotStamped, Stamped

ANSWER_BYTES_MAX = 64 * 2**10
_HEADERS = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
    "Accept-Encoding": "identity",  # a compressed answer could unpack to any size
}


class Rfc3161Timestamper:
    """`app.ports.Timestamper` for the authority at `url`.

    `ca_certificates` (PEM, up to a self-signed root): with them a stamp that they do not vouch for is refused; without,
    only that it covers what was asked. `client_certificate` and `client_key` (PEM files, the key perhaps in the
    former) say who asks. `tls_context` replaces the system's trust in web servers.

    Raises ValueError when `ca_certificates` holds none, OSError or ssl.SSLError when a file cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        ca_certificates: bytes | None = None,
        client_certificate: Path | None = None,
        client_key: Path | None = None,
        tls_context: ssl.SSLContext | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        self._url = url
        self._roots = x509.load_pem_x509_certificates(ca_certificates) if ca_certificates is not None else []
        self._timeout_seconds = timeout_seconds
        context = tls_context or ssl.create_default_context()
        if client_certificate is not None:
            context.load_cert_chain(client_certificate, client_key, password="")  # an encrypted key is never asked for
        self._client = httpx.AsyncClient(
            verify=context, timeout=timeout_seconds, follow_redirects=False, trust_env=False, headers=_HEADERS
        )

    async def stamp(self, data: bytes) -> Stamped | NotStamped:
        """See `app.ports.Timestamper`."""
        request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._post(request.as_bytes())
        except TimeoutError:
            return NotStamped(reason="the authority did not answer in time")
        except Exception as error:  # noqa: BLE001 – the port promises answers, whatever the network does
            return NotStamped(reason=f"the authority cannot be reached ({type(error).__name__})")
        if isinstance(answer, NotStamped):
            return answer
        try:
            read_time_stamp(answer, data=data, nonce=request.nonce, roots=self._roots)
        except TimeStampError as error:
            return NotStamped(reason=f"the authority's answer is of no use: {error}")
        return Stamped(response=answer)

    async def _post(self, request: bytes) -> bytes | NotStamped:
        async with self._client.stream("POST", self._url, content=request) as response:
            if response.status_code != httpx.codes.OK:
                return NotStamped(reason=f"the authority answered with HTTP status {response.status_code}")
            answer = bytearray()
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > ANSWER_BYTES_MAX:
                    return NotStamped(reason="the authority's answer is too long")
        return bytes(answer)

    async def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        await self._client.aclose()

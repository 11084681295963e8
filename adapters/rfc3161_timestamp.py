"""Time stamps by an authority that speaks RFC 3161 over HTTP (§3.4)."""

import asyncio
import ssl
from pathlib import Path

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

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
        objection = objection_to(answer, request, self._roots)
        return Stamped(response=answer) if objection is None else NotStamped(reason=objection)

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


def objection_to(answer: bytes, request: TimeStampRequest, roots: list[x509.Certificate]) -> str | None:
    """Why `answer` is not the stamp that `request` asked for (RFC 3161 §2.2), in one clause; None when it is.

    The signature is judged only under `roots`; without any, everything else is.
    """
    try:
        response = decode_timestamp_response(answer)
        if response.status != PKIStatus.GRANTED:
            return f"the authority refused with status {response.status}"
        return _mismatch(response, request) or _distrust(response, request, roots)
    except ValueError:  # what the library says of anything malformed, here or further inside
        return "the authority's answer is no time stamp response"


def _mismatch(response: TimeStampResponse, request: TimeStampRequest) -> str | None:
    stamped, asked = response.tst_info.message_imprint, request.message_imprint
    if (stamped.hash_algorithm, stamped.message) != (asked.hash_algorithm, asked.message):
        return "the time stamp is on something else"
    if response.tst_info.nonce != request.nonce:
        return "the time stamp was made for another request"
    if not response.signed_data.certificates:
        return "the time stamp comes without the certificate that it was asked to bring"
    return None


def _distrust(response: TimeStampResponse, request: TimeStampRequest, roots: list[x509.Certificate]) -> str | None:
    if not roots:
        return None
    verifier = VerifierBuilder(roots=roots).build()
    try:
        verifier.verify(response, request.message_imprint.message)
    except VerificationError:
        return "the given certificates do not vouch for the time stamp"
    return None

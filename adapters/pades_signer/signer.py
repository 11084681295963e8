"""Signing off the event loop, stamping on it."""

import asyncio
from typing import TYPE_CHECKING

from adapters.pades_signer.credentials import Credentials
from app.domain.time_stamp import token_of
from app.ports import NotStamped, Timestamper

if TYPE_CHECKING:
    from adapters.pades_signer.embedding import Prepared

_STAMP_BYTES_MAX = 12 * 1024


class PadesSigner:
    """`app.ports.DocumentSigner` with one certificate; `timestamper` stamps the signatures, where there is one."""

    def __init__(self, credentials: Credentials, *, timestamper: Timestamper | None = None) -> None:
        self.holder = credentials.holder
        self.fingerprint = credentials.fingerprint
        self.is_self_signed = credentials.is_self_signed
        self.stamps = timestamper is not None
        self._credentials = credentials
        self._timestamper = timestamper

    def __repr__(self) -> str:
        return f"PadesSigner({self.fingerprint!r})"

    async def sign(self, document: bytes) -> bytes:
        """See `app.ports.DocumentSigner`."""
        return await asyncio.to_thread(_sign, document, self._credentials)

    async def sign_and_stamp(self, document: bytes) -> bytes | NotStamped:
        """See `app.ports.DocumentSigner`."""
        if self._timestamper is None:
            return NotStamped(reason="there is no authority")
        prepared = await asyncio.to_thread(_prepare, document, self._credentials)
        answer = await self._timestamper.stamp(prepared.signature)
        if isinstance(answer, NotStamped):
            return answer
        token = token_of(answer.response)
        if len(token) > _STAMP_BYTES_MAX:
            return NotStamped(reason="the authority's stamp is too long")
        return prepared.finished(token)

    async def close(self) -> None:
        """Closes what the timestamper holds."""
        if self._timestamper is not None:
            await self._timestamper.close()


def _sign(document: bytes, credentials: Credentials) -> bytes:
    from adapters.pades_signer.embedding import prepare  # noqa: PLC0415 – half a second, for those who sign alone

    return prepare(document, credentials, space=0).finished()


def _prepare(document: bytes, credentials: Credentials) -> "Prepared":
    from adapters.pades_signer.embedding import prepare  # noqa: PLC0415 – as above

    return prepare(document, credentials, space=_STAMP_BYTES_MAX)

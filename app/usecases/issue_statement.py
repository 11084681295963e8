"""Issue statements of notification: what a proof bundle tells, as a signed PDF."""

import asyncio

from app.ports import DocumentSigner, NotStamped
from app.rendering.statement_pdf.seal import Seal, Stamp

LANGUAGES = ("pl", "en")


class StatementIssuer:
    """Has statements signed that it draws off the event loop, one after another: each takes a core for itself."""

    def __init__(self, signer: DocumentSigner) -> None:
        self._signer = signer
        self._turns = asyncio.Semaphore(1)

    async def issue(self, bundle: bytes, language: str) -> bytes:
        """The signed statement that a sound bundle makes, in one of LANGUAGES; the bundle is attached as it is.

        Where a time stamp was to be had and is not, the pages say so. Raises UnsoundBundleError for any other bundle.
        """
        if not self._signer.stamps:
            return await self._signer.sign(await self._draw(bundle, language, Stamp.NONE_ASKED))
        signed = await self._signer.sign_and_stamp(await self._draw(bundle, language, Stamp.CARRIED))
        if isinstance(signed, NotStamped):
            return await self._signer.sign(await self._draw(bundle, language, Stamp.NOT_TO_BE_HAD))
        return signed

    async def close(self) -> None:
        """Closes what the signer holds."""
        await self._signer.close()

    async def _draw(self, bundle: bytes, language: str, stamp: Stamp) -> bytes:
        # fpdf2, and what it imports, costs a third of a second: no process pays for it that draws nothing.
        from app.rendering.statement_pdf.document import render_statement  # noqa: PLC0415 – see above

        signer = self._signer
        seal = Seal(
            holder=signer.holder,
            fingerprint=signer.fingerprint,
            is_self_signed=signer.is_self_signed,
            stamp=stamp,
        )
        async with self._turns:
            return await asyncio.to_thread(render_statement, bundle, language, seal)

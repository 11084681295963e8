"""Issue statements of notification: what a proof bundle tells, as a signed PDF."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from app.ports import DocumentSigner, NotStamped
from app.rendering.statement_pdf.seal import Seal, Stamp
from app.usecases.share_commits import OverloadedError

LANGUAGES = ("pl", "en")

# So many wait to be drawn, each with its bundle in memory; the next is told to come again.
WAITING_MAX = 16


class StatementIssuer:
    """Has statements signed that it draws off the event loop, one after another: each takes a core for itself."""

    def __init__(self, signer: DocumentSigner) -> None:
        self._signer = signer
        # A thread of its own: whoever hangs up does not let the next one begin while theirs is still drawn.
        self._artist = ThreadPoolExecutor(max_workers=1, thread_name_prefix="statements")
        self._waiting = 0

    async def issue(self, bundle: bytes, language: str) -> bytes:
        """The signed statement that a sound bundle makes, in one of LANGUAGES; the bundle is attached as it is.

        Where a time stamp was to be had and is not, the pages say so. Raises UnsoundBundleError for any other bundle,
        OverloadedError when WAITING_MAX others are being made.
        """
        if self._waiting >= WAITING_MAX:
            raise OverloadedError
        self._waiting += 1
        try:
            return await self._issue(bundle, language)
        finally:
            self._waiting -= 1

    async def _issue(self, bundle: bytes, language: str) -> bytes:
        if not self._signer.stamps:
            return await self._signer.sign(await self._draw(bundle, language, Stamp.NONE_ASKED))
        signed = await self._signer.sign_and_stamp(await self._draw(bundle, language, Stamp.CARRIED))
        if isinstance(signed, NotStamped):
            return await self._signer.sign(await self._draw(bundle, language, Stamp.NOT_TO_BE_HAD))
        return signed

    async def close(self) -> None:
        """Closes what the signer holds."""
        self._artist.shutdown(wait=False, cancel_futures=True)
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
        draw = partial(render_statement, bundle, language, seal)
        return await asyncio.get_running_loop().run_in_executor(self._artist, draw)

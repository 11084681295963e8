"""A statement says of its signature what is true of it."""

import asyncio
import io

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from app.rendering.statement_pdf import document
from app.rendering.statement_pdf.account import UnsoundBundleError
from app.rendering.statement_pdf.seal import Seal, Stamp
from app.usecases.issue_statement import WAITING_MAX, StatementIssuer
from app.usecases.share_commits import OverloadedError
from tests.doubles.document_signer import NotingSigner
from tests.unit.rendering.statement.stories import delivered


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Stamp]:
    """What each statement that is drawn from now on says of its time stamp."""
    stamps: list[Stamp] = []
    render = document.render_statement

    def noting(bundle: bytes, language: str, seal: Seal) -> bytes:
        stamps.append(seal.stamp)
        return render(bundle, language, seal)

    monkeypatch.setattr(document, "render_statement", noting)
    return stamps


@pytest.mark.parametrize(
    ("signer", "said", "begins"),
    [
        (NotingSigner(), [Stamp.NONE_ASKED], b"signed:"),
        (NotingSigner(stamps=True), [Stamp.CARRIED], b"stamped:"),
        (NotingSigner(stamps=True, unreachable=True), [Stamp.CARRIED, Stamp.NOT_TO_BE_HAD], b"signed:"),
    ],
)
async def test_the_pages_say_whether_the_signature_is_stamped(
    signer: NotingSigner, said: list[Stamp], begins: bytes, drawn: list[Stamp]
) -> None:
    issued = await StatementIssuer(signer).issue(delivered().bundle(), "pl")
    assert drawn == said
    assert issued == begins + signer.seen[-1]


async def test_the_language_is_that_which_was_asked_for() -> None:
    signer = NotingSigner()
    await StatementIssuer(signer).issue(delivered().bundle(), "en")
    assert PdfFileReader(io.BytesIO(signer.seen[0])).root["/Lang"] == "en"


async def test_nothing_is_signed_for_a_bundle_that_is_not_sound() -> None:
    signer = NotingSigner()
    with pytest.raises(UnsoundBundleError):
        await StatementIssuer(signer).issue(b"{}", "pl")
    assert signer.seen == []


async def test_who_comes_when_enough_wait_is_told_to_come_again() -> None:
    issuer = StatementIssuer(NotingSigner())
    bundle = delivered().bundle()
    issued = await asyncio.gather(*(issuer.issue(bundle, "pl") for _ in range(WAITING_MAX + 2)), return_exceptions=True)
    assert [type(each) for each in issued] == [bytes] * WAITING_MAX + [OverloadedError] * 2
    assert await issuer.issue(bundle, "pl")


async def test_closing_closes_the_signer() -> None:
    signer = NotingSigner()
    await StatementIssuer(signer).close()
    assert signer.closed

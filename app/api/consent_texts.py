"""`GET /v1/consent-texts`: what people are asked to agree to, for whoever asks them. Public, no personal data."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from app.api.answer_schemas import reference
from app.api.openapi import answers
from app.domain.consent_texts import ConsentText, published_texts

router = APIRouter(prefix="/v1/consent-texts", tags=["recipients"])

# A published text never changes, but a release may add a version. Pages of any origin may show the very text.
_HEADERS = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}


@router.get(
    "",
    summary="Every text that people can agree to, by version, language, channel and purpose",
    responses=answers(200, schema=reference("ConsentTexts")),
)
async def consent_texts() -> Response:
    """Show one exactly as it stands here, and name its version as `text_version` of the consent.

    The fact of the consent then holds the digest of that text in the person's language. A deployment that shows texts
    of its own names versions of its own, whose digest nobody here can know.
    """
    published = published_texts()
    items = [_view(text) for text in published.texts]
    return JSONResponse({"newest": published.newest, "items": items}, headers=_HEADERS)


def _view(text: ConsentText) -> dict[str, str]:
    return {
        "version": text.version,
        "language": text.language,
        "channel": text.channel,
        "purpose": text.purpose,
        "text": text.text,
        "digest": text.digest,
    }

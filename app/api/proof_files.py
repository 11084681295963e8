"""A proof in the form that a request asks for: the bundle, the court pack, or the statement on paper."""

from uuid import UUID

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from app.api.negotiation import preferred, preferred_language
from app.api.problems import Problem
from app.evidence.court_pack import court_pack
from app.usecases.issue_statement import LANGUAGES, StatementIssuer

BUNDLE, PACK, STATEMENT = "application/json", "application/zip", "application/pdf"


def wanted_form(request: Request) -> str:
    """Which of the three is wanted; raises a 406 when none of them is."""
    media_type = preferred(request.headers.getlist("accept"), (BUNDLE, PACK, STATEMENT))
    if media_type is None:
        raise Problem(406)
    return media_type


async def proof_file(
    request: Request, form: str, bundle: bytes, notification: UUID, issuer: StatementIssuer
) -> Response:
    """The answer with the bundle in that form; a statement, in the court pack, too, is in the language asked for."""
    if form == BUNDLE:
        return Response(bundle, media_type=BUNDLE, headers={"Vary": "Accept"})
    language = preferred_language(request.headers.getlist("accept-language"), LANGUAGES)
    statement = await issuer.issue(bundle, language)
    headers = {"Vary": "Accept, Accept-Language"}
    if form == STATEMENT:
        headers |= _named(f"{notification}.pdf") | {"Content-Language": language}
        return Response(statement, media_type=STATEMENT, headers=headers)
    pack = await run_in_threadpool(court_pack, bundle, statement=statement)
    return Response(pack, media_type=PACK, headers=headers | _named(f"{notification}.zip"))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="awizo-{name}"'}

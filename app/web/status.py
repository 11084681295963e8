"""`/status`: figures that anybody may know and check, and when the service could not do its work. No key, no names."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from app.domain.calendar import local_day
from app.domain.duty import Downtime
from app.domain.figures import PublicFigures
from app.rendering.catalog import marked
from app.rendering.words import OPERATORS
from app.storage.database import DatabaseUnavailableError, Tx
from app.usecases.read_downtimes import ongoing, recent_downtimes
from app.usecases.read_figures import counted_operators, public_figures
from app.web.charts import BASE_EM, COLUMNS_EM, ROW_EM, TOP_EM
from app.web.pages import message_page, page, page_language
from app.web.services import services_of
from app.web.status_view import status_view

router = APIRouter(include_in_schema=False)

DAYS = 30
# The same for everybody who reads the language, and figures change within minutes only.
_HEADERS = {"Cache-Control": "public, max-age=60", "Vary": "Accept-Language", "X-Robots-Tag": "all"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database says for one look at the page."""

    operators: tuple[str, ...]
    figures: PublicFigures
    ended: tuple[Downtime, ...]
    ongoing: tuple[Downtime, ...]


@router.api_route("/status", methods=["GET", "HEAD"])
async def status(request: Request, operator: str | None = None) -> Response:
    """The figures of all operators, or of the one that is named; of one that nothing is counted of, a page says so."""
    services = services_of(request)
    if services.log_watch.fault is not None:
        return _unavailable(request, retry_after=60)
    now = services.surroundings.clock()
    try:
        async with services.database.read() as tx:
            known = await _known(tx, operator, now)
    except DatabaseUnavailableError:
        return _unavailable(request, retry_after=2)
    if known is None:
        return _nobody(request)
    return _page(request, known, now)


async def _known(tx: Tx, operator: str | None, now: datetime) -> Known | None:
    """None when nothing is counted of that operator."""
    operators = tuple(await counted_operators(tx))
    if operator is not None and operator not in operators:
        return None
    return Known(
        operators=operators,
        figures=await public_figures(tx, operator=operator, today=local_day(now)),
        ended=await recent_downtimes(tx, since=now - timedelta(days=DAYS)),
        ongoing=await ongoing(tx, now=now),
    )


def _page(request: Request, known: Known, now: datetime) -> Response:
    operator = known.figures.operator
    names = operator_names(known.operators)
    return page(
        request,
        "status.html",
        headers=_HEADERS,
        view=status_view(known.figures, known.ended, known.ongoing, now=now, language=page_language(request)),
        operators=sorted(names.items(), key=lambda each: each[1].casefold()),
        operator=operator,
        operator_name=names[operator] if operator is not None else None,
        log_public=services_of(request).log_public,
        top_em=TOP_EM,
        base_em=BASE_EM,
        columns_em=COLUMNS_EM,
        row_em=ROW_EM,
    )


def operator_names(codes: Sequence[str]) -> dict[str, str]:
    """What people call each operator; its code beside it where two would be called the same."""
    names = {code: OPERATORS.get(code, code) for code in codes}
    often = Counter(names.values())
    return {code: name if often[name] == 1 else f"{name} ({code})" for code, name in names.items()}


def _nobody(request: Request) -> Response:
    return message_page(
        request,
        404,
        marked("There are no figures of this operator"),
        marked("Its name may be misspelt in the address, or nothing of it is counted yet."),
    )


def _unavailable(request: Request, *, retry_after: int) -> Response:
    return message_page(
        request,
        503,
        marked("We cannot show the figures right now"),
        marked("Our records are out of reach at the moment. Try again in a few minutes."),
        headers={"Retry-After": str(retry_after)},
    )

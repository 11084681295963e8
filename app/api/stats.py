"""`GET /v1/stats`: what an operator may know of its own figures, computed from the published log."""

import base64
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Response

from app.api.answer_schemas import reference
from app.api.dependencies import ServicesDep, require
from app.api.event_fields import LocalDate
from app.api.openapi import answers
from app.api.problems import Fault, Problem
from app.api.views import moment
from app.domain.access import Caller, Scope
from app.domain.calendar import local_day
from app.domain.figures import LAG_BOUNDS, MORE, RECONCILED, CountedUpTo, Lags, Measure, Tally
from app.domain.names import NAME_PATTERN
from app.usecases.read_figures import By, Stats, StatsQuery, read_stats

router = APIRouter(prefix="/v1/stats", tags=["stats"])

DAYS = 30
DAYS_MAX = 366
LIMIT_MAX = 1000

_PLAIN = (Measure.PLANNED, Measure.HELD, Measure.EXPIRED, Measure.DELIVERED, Measure.UNKNOWN, Measure.UNRESOLVED)
_BY_CODE = (Measure.SUPPRESSED, Measure.CANCELLED, Measure.FAILED, Measure.STATEMENTS)


@router.get(
    "",
    summary="How late notices became known, what did not fit together, and what became of messages",
    responses=answers(200, 401, 403, 404, 422, 503, schema=reference("Stats")),
)
async def get_stats(
    services: ServicesDep,
    caller: Annotated[Caller, Depends(require(Scope.SHIPMENTS_READ))],
    operator: Annotated[str, Query(pattern=NAME_PATTERN)],
    first: Annotated[LocalDate | None, Query(alias="from", description="Default: 29 days before `to`")] = None,
    last: Annotated[LocalDate | None, Query(alias="to", description="That day counts, too; default: today")] = None,
    by: By = By.DAY,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = DAYS_MAX,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """Figures of local days (Europe/Warsaw), at most 366 of them, by day, facility or courier.

    They are counted from the facts of the published log and can be counted again from them. Couriers' codes are shown
    to their operator only, and taken off figures once personal values are too old to be kept.
    """
    if not caller.may_act_for(operator):
        raise Problem(404)
    last = last or local_day(services.surroundings.clock())
    first = first or last - timedelta(days=DAYS - 1)
    _require_period(first, last)
    query = StatsQuery(operator=operator, first=first, last=last, by=by, after=_position(cursor), limit=limit)
    async with services.database.read() as tx:
        found = await read_stats(tx, query)
    return Response(orjson.dumps(_answer(query, found)), media_type="application/json")


def _require_period(first: date, last: date) -> None:
    if last < first:
        raise Problem(422, errors=[Fault(pointer="/query/to", detail="Must not be before from")])
    if (last - first).days >= DAYS_MAX:
        raise Problem(422, errors=[Fault(pointer="/query/from", detail=f"At most {DAYS_MAX} days are shown at once")])


def _answer(query: StatsQuery, found: Stats) -> dict[str, Any]:
    return {
        "operator": query.operator,
        "from": query.first.isoformat(),
        "to": query.last.isoformat(),
        "checkpoint": _checkpoint(found.counted) if found.counted else None,
        "figures": [
            {query.by.value: name or None, **(_of_day(tally) if query.by is By.DAY else _of_place(tally))}
            for name, tally in found.groups.items()
        ],
        "next": _cursor(found.following) if found.following is not None else None,
    }


def _checkpoint(counted: CountedUpTo) -> dict[str, Any]:
    return {"origin": counted.origin, "size": counted.size, "counted_at": moment(counted.counted_at)}


def _of_day(tally: Tally) -> dict[str, Any]:
    return {
        **_of_place(tally),
        "events": tally.events,
        "outcomes": {channel: _outcomes(counts) for channel, counts in tally.outcomes.items()},
    }


def _of_place(tally: Tally) -> dict[str, Any]:
    return {"notices": _notices(tally.lags), "anomalies": tally.anomalies}


def _notices(lags: Lags) -> dict[str, Any]:
    bounds = {str(bound): bound for bound in LAG_BOUNDS} | {MORE: None}
    return {
        "count": lags.notices,
        "median_lag_seconds": lags.median_seconds,
        "lag": [
            {"up_to_seconds": bound, "count": lags.counts[name]}
            for name, bound in bounds.items()
            if name in lags.counts
        ],
    }


def _outcomes(counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    sent = counts.get(Measure.SENT, {})
    return {
        **{measure.value: sum(counts.get(measure, {}).values()) for measure in _PLAIN},
        "sent": sum(sent.values()),
        "reconciled": sent.get(RECONCILED, 0),
        **{measure.value: counts.get(measure, {}) for measure in _BY_CODE},
    }


def _cursor(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).rstrip(b"=").decode()


def _position(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        position = base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode()
    except ValueError:
        position = "\0"
    if "\0" in position or _cursor(position) != cursor:
        raise Problem(422, errors=[Fault(pointer="/query/cursor", detail="Is not a cursor that was given out")])
    return position

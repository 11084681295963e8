"""What a legal hold is asked for with, and how one is shown."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic import ValidationInfo as Info
from pydantic_core import PydanticCustomError

from app.api.event_fields import Instant
from app.api.problems import OWN_ERROR, Fault, faults_of
from app.api.search_models import Reason
from app.domain.hold import HOLD_YEARS_MAX, Hold
from app.domain.retention import months_later


def _within_ten_years(until: datetime, info: Info) -> datetime:
    context: dict[str, datetime] = info.context or {}
    now = context["now"]
    if until <= now:
        raise PydanticCustomError(OWN_ERROR, "Must lie in the future")
    if until > months_later(now, 12 * HOLD_YEARS_MAX):
        raise PydanticCustomError(OWN_ERROR, "Must lie within ten years")
    return until.astimezone(UTC)


class HoldData(BaseModel):
    """The body of a `PUT`: why, for those who must know, and when the hold ends by itself."""

    model_config = ConfigDict(strict=True, extra="forbid")

    reason: Reason
    until: Annotated[Instant, AfterValidator(_within_ten_years)]


class HoldView(BaseModel):
    """A hold as it stands. `erasure_asked_at`: since when an erasure waits for its end, or null."""

    reason: str
    until: datetime
    placed_at: datetime
    placed_by: str
    erasure_asked_at: datetime | None


def read_hold(body: object, *, now: datetime) -> HoldData | tuple[Fault, ...]:
    """Check the JSON value of a body, or list every fault."""
    try:
        return HoldData.model_validate(body, context={"now": now})
    except ValidationError as error:
        return faults_of(error.errors(include_url=False, include_input=False, include_context=False))


def hold_schema() -> dict[str, Any]:
    """The JSON Schema of a `PUT` body."""
    return HoldData.model_json_schema()


def shown(hold: Hold, erasure_asked_at: datetime | None) -> HoldView:
    """The hold as the API shows it."""
    return HoldView(
        reason=hold.reason,
        until=hold.until,
        placed_at=hold.placed_at,
        placed_by=hold.placed_by,
        erasure_asked_at=erasure_asked_at,
    )

"""What events of several types have inside: facilities, times for collecting, notices, the operator's own record."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.api.event_fields import (
    DayHours,
    Instant,
    LocalDate,
    Moment,
    Name,
    Ordinal,
    PostCode,
    Text,
    VerbatimText,
    parse_hours,
)
from app.api.problems import OWN_ERROR
from app.domain.event import Closure, Facility, OpeningInterval, OperatorRecord, PaperNotice, Pickup, Window

PICKUP_HOURS_MAX = 2160


class Whole(BaseModel):
    """A structure of our own: nothing but its members."""

    model_config = ConfigDict(strict=True, extra="forbid")


class HoursData(Whole):
    """Opening hours of a week: every day is stated, null means closed. A day left out would have to be guessed."""

    mon: DayHours | None
    tue: DayHours | None
    wed: DayHours | None
    thu: DayHours | None
    fri: DayHours | None
    sat: DayHours | None
    sun: DayHours | None


class ClosureData(Whole):
    """Days on which a facility stays shut, both included."""

    first_on: LocalDate = Field(alias="from")
    last_on: LocalDate = Field(alias="until")
    reason: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_on < self.first_on:
            raise wrong("`until` lies before `from`")
        return self


class FacilityData(Whole):
    """A post office, collection point or locker."""

    id: Name
    name: Text
    street: Text | None = None
    post_code: PostCode | None = None
    city: Text | None = None
    hours: HoursData | None = None
    closures: Annotated[list[ClosureData], Field(max_length=400)] = []


class PickupData(Whole):
    """From when until when an item can be collected: dates where days count, date-times where hours do."""

    starts: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None
    hours: Annotated[int, Field(ge=1, le=PICKUP_HOURS_MAX)] | None = Field(
        default=None,
        description="In place of `until`: so many hours pass from `from`, a date-time, or else from when it happened",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_order(self.starts, self.until)
        if self.hours is not None and self.until is not None:
            raise wrong("Has `hours` and `until`: one of them says when it ends")
        if self.hours is not None and self.starts is not None and not isinstance(self.starts, datetime):
            raise wrong("Has `hours`, which are counted from a date-time, and a date as `from`")
        return self


class NoticeData(Whole):
    """The paper notice that was left: the first (1) or the repeat (2)."""

    ordinal: Ordinal
    left_at: Instant
    place: Text | None = None
    courier: Text | None = None


class WindowData(Whole):
    """The stretch of time in which the courier means to come."""

    starts: Instant = Field(alias="from")
    until: Instant

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_order(self.starts, self.until)
        return self


class CorrectsData(Whole):
    """The event that is taken back: `source` and `id` as it was posted with, or the operator's own code alone.

    By `code` it is the shipment's newest event that has this code in its `raw` and was not taken back; the code is of
    the vocabulary of the correction's own `raw`, or else of the one that is called as the operator.
    """

    source: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None
    id: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    code: VerbatimText | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.code is None) != (self.source is not None and self.id is not None) or (
            (self.source is None) != (self.id is None)
        ):
            raise wrong("Must have either source and id, or code")
        return self


class RawData(BaseModel):
    """The operator's own record, kept verbatim with whatever else it brings."""

    model_config = ConfigDict(strict=True, extra="ignore")

    vocabulary: VerbatimText = Field(description="Whose codes these are, as `poczta-polska`, `inpost`, `upu`")
    code: VerbatimText
    name: VerbatimText | None = None
    time: VerbatimText | None = Field(default=None, description="As the operator wrote it; evidence only")
    notice_left: Any = Field(default=None, description="true: the record says that a paper notice was left")
    notice: Any = Field(default=None, description="true: the same as `notice_left`")
    canceled: Any = Field(default=None, description="true: the record takes itself back")
    cancelled: Any = Field(default=None, description="true: the same as `canceled`")


def wrong(message: str) -> PydanticCustomError:
    """A fault of our own, whose message holds nothing of the input."""
    return PydanticCustomError(OWN_ERROR, message)


def check_order(starts: date | datetime | None, until: date | datetime | None) -> None:
    """Refuse a reversed period; a date and a date-time are compared by the local date as written."""
    if starts is None or until is None:
        return
    if isinstance(starts, datetime) and isinstance(until, datetime):
        reversed_ = until < starts
    else:
        reversed_ = _day(until) < _day(starts)
    if reversed_:
        raise wrong("`until` lies before `from`")


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def facility_of(data: FacilityData) -> Facility:
    """The facility as the domain knows it."""
    hours = data.hours
    return Facility(
        id=data.id,
        name=data.name,
        street=data.street,
        post_code=data.post_code,
        city=data.city,
        hours=_week(hours.mon, hours.tue, hours.wed, hours.thu, hours.fri, hours.sat, hours.sun) if hours else None,
        closures=tuple(
            Closure(first_on=each.first_on, last_on=each.last_on, reason=each.reason) for each in data.closures
        ),
    )


@lru_cache(maxsize=1024)
def _week(*days: str | None) -> tuple[tuple[OpeningInterval, ...], ...]:
    """The hours of seven days; few weeks differ."""
    return tuple(parse_hours(day) if day else () for day in days)


def pickup_of(data: PickupData, happened_at: datetime) -> Pickup:
    """When it can be collected; hours that pass are counted from its beginning, or else from `happened_at`."""
    starts = in_utc(data.starts)
    if data.hours is None:
        return Pickup(starts=starts, until=in_utc(data.until))
    counted_from = starts if isinstance(starts, datetime) else happened_at
    return Pickup(starts=starts, until=counted_from + timedelta(hours=data.hours))


def notice_of(data: NoticeData) -> PaperNotice:
    """The paper notice as the domain knows it."""
    return PaperNotice(
        ordinal=data.ordinal, left_at=data.left_at.astimezone(UTC), place=data.place, courier=data.courier
    )


def window_of(data: WindowData) -> Window:
    """The window in UTC."""
    return Window(starts=data.starts.astimezone(UTC), until=data.until.astimezone(UTC))


def record_of(data: RawData) -> OperatorRecord:
    """What of the operator's own record is acted upon."""
    return OperatorRecord(
        vocabulary=data.vocabulary,
        code=data.code,
        time=data.time,
        notice_said=data.notice_left is True or data.notice is True,
        cancelled=data.canceled is True or data.cancelled is True,
    )


def in_utc(moment: date | datetime | None) -> date | datetime | None:
    """A moment in UTC; a date is a date everywhere."""
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment

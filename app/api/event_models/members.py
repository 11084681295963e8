"""The members of a shipment's events, by what they say: each group that some types have is a class of its own.

A group's `own` gives what it says by the names of the event's fields; a type has the groups that it inherits.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, TypedDict

from pydantic import BeforeValidator, Field, Strict

from app.api.event_fields import Code, Instant, LastChance, LocalDate, Moment, Name, Text, parse_moment
from app.api.event_models.structures import (
    CorrectsData,
    FacilityData,
    NoticeData,
    PickupData,
    RawData,
    Whole,
    WindowData,
    in_utc,
    notice_of,
    window_of,
    wrong,
)
from app.domain.calendar import local_day, working_day_after
from app.domain.event import Correction, Handover, LegalRegime, PaperNotice, Window, code_with_vocabulary

_NEXT_DAYS = ("same_day", "next_day", "next_working_day")


class Own(TypedDict, total=False):
    """Fields of an event that only some types have."""

    notice: PaperNotice | None
    handover: Handover | None
    stage: str | None
    window: Window | None
    next_attempt: date | datetime | None
    change: str | None
    place: str | None
    last_chance: bool | date | datetime | None
    severity: str | None
    new_eta: date | datetime | None
    action_until: date | datetime | None
    correction: Correction | None


class ShipmentMembers(Whole):
    """What every event about one shipment may say."""

    operator: Name
    shipment: Name
    recipient: Name | None = Field(default=None, description="The operator's own name for whom it is for")
    service: Code | None = Field(default=None, description="What kind of item it is, as `registered_letter`, `parcel`")
    legal_regime: Annotated[LegalRegime, Strict(strict=False)] | None = Field(
        default=None, description="Which law or terms govern its storage"
    )
    facility: FacilityData | None = None
    pickup: PickupData | None = None
    reason: Text | None = None
    raw: RawData | None = None

    def happened_at(self) -> datetime | None:
        """When it happened, in UTC, where the data says so and not only the envelope."""
        return None

    def own(self, _happened_at: datetime, /) -> Own:
        """What only this type says, given when (UTC) it happened."""
        return {}


class StageMembers(ShipmentMembers):
    """How far it has come."""

    stage: Code | None = Field(default=None, description="As `pre_advice`, `accepted`, `at_delivery_office`, `started`")

    def own(self, happened_at: datetime, /) -> Own:
        return {**super().own(happened_at), "stage": self.stage}


class PostingMembers(StageMembers):
    """How far it has come, and since when it is under way."""

    posted_on: LocalDate | None = Field(default=None, description="The local day on which the sender posted it")


class WindowMembers(ShipmentMembers):
    """When the courier means to come."""

    window: WindowData | None = None

    def own(self, happened_at: datetime, /) -> Own:
        return {**super().own(happened_at), "window": window_of(self.window) if self.window else None}


def _parse_next_attempt(value: object) -> object:
    if isinstance(value, str) and value in _NEXT_DAYS:
        return value
    if isinstance(value, str) and value[:1].isdigit():
        return parse_moment(value)
    raise wrong(f"Must be one of {', '.join(_NEXT_DAYS)}, a date, or a date-time with offset")


class NextAttemptMembers(ShipmentMembers):
    """When the courier comes again."""

    next_attempt: (
        Annotated[
            Literal["same_day", "next_day", "next_working_day"] | date | datetime, BeforeValidator(_parse_next_attempt)
        ]
        | None
    ) = Field(default=None, description="A day counted from the local day of this attempt, a date, or a date-time")

    def own(self, happened_at: datetime, /) -> Own:
        return {**super().own(happened_at), "next_attempt": self._next_attempt(local_day(happened_at))}

    def _next_attempt(self, today: date) -> date | datetime | None:
        match self.next_attempt:
            case "same_day":
                return today
            case "next_day":
                return today + timedelta(days=1)
            case "next_working_day":
                return working_day_after(today)
            case said:
                return in_utc(said)


class NoticeMembers(ShipmentMembers):
    """The slip."""

    notice: NoticeData | None = None

    def happened_at(self) -> datetime | None:
        return self.notice.left_at.astimezone(UTC) if self.notice else super().happened_at()

    def own(self, happened_at: datetime, /) -> Own:
        return {**super().own(happened_at), "notice": notice_of(self.notice) if self.notice else None}


class PlaceMembers(ShipmentMembers):
    """What kind of place it waits in."""

    place: Literal["locker", "point", "po_box", "branch"] | None = None

    def own(self, happened_at: datetime, /) -> Own:
        return {**super().own(happened_at), "place": self.place}


class HandoverMembers(ShipmentMembers):
    """How it changed hands; `receiver_role` is a code, so that no name gets in."""

    mode: Code | None = Field(default=None, description="As `counter`, `collected`, `handed_over`, `locker`")
    delivered_at: Instant | None = None
    receiver_role: Code | None = Field(default=None, description="As `addressee`, `household_member`; never a name")

    def happened_at(self) -> datetime | None:
        return self.delivered_at.astimezone(UTC) if self.delivered_at else super().happened_at()

    def own(self, happened_at: datetime, /) -> Own:
        return {**super().own(happened_at), "handover": self.handover() if self.says_handover() else None}

    def says_handover(self) -> bool:
        """Whether anything is said of how it changed hands."""
        return not (self.mode is None and self.delivered_at is None and self.receiver_role is None)

    def handover(self) -> Handover:
        """How it changed hands, as far as said."""
        return Handover(
            mode=self.mode,
            delivered_at=self.delivered_at.astimezone(UTC) if self.delivered_at else None,
            receiver_role=self.receiver_role,
        )


class LastChanceMembers(ShipmentMembers):
    """Whether an item that goes back can still be had."""

    last_chance: LastChance | None = Field(default=None, description="Whether, or until when, it can still be had")

    def own(self, happened_at: datetime, /) -> Own:
        last_chance = self.last_chance
        said = last_chance if isinstance(last_chance, bool) else in_utc(last_chance)
        return {**super().own(happened_at), "last_chance": said}


class ChangeMembers(ShipmentMembers):
    """What became different about where or when it can be had."""

    change: Code | None = Field(
        default=None, description="As `redirect_point`, `redirect_address`, `date`, `extended`, `place_changed`"
    )

    def own(self, happened_at: datetime, /) -> Own:
        return {**super().own(happened_at), "change": self.change}


class OperatorNoticeMembers(ShipmentMembers):
    """How the operator told the person by itself: kept as evidence."""

    channel: Code | None = Field(default=None, description="As `sms`, `email`, `app`")
    about: Code | None = Field(default=None, description="As `waiting`, `collected`, `returned`")


class IncidentMembers(ShipmentMembers):
    """How bad it is, and what comes next."""

    severity: Code | None = None
    new_eta: Moment | None = Field(default=None, description="When it is expected now")
    action_until: Moment | None = Field(default=None, description="Until when somebody must do something about it")

    def own(self, happened_at: datetime, /) -> Own:
        return {
            **super().own(happened_at),
            "severity": self.severity,
            "new_eta": in_utc(self.new_eta),
            "action_until": in_utc(self.action_until),
        }


class CorrectionMembers(ShipmentMembers):
    """Which earlier event is taken back, and whether something stands in its place."""

    corrects: CorrectsData | None = None
    action: Literal["cancel", "replace"] | None = Field(
        default=None, description="`cancel`: it did not happen; `replace`: it happened as this event says"
    )

    def own(self, happened_at: datetime, /) -> Own:
        return {**super().own(happened_at), "correction": self._correction()}

    def _correction(self) -> Correction | None:
        said = self.corrects
        if said is None or self.action is None:
            return None
        vocabulary = self.raw.vocabulary if self.raw else self.operator
        code = None if said.code is None else code_with_vocabulary(vocabulary, said.code)
        return Correction(action=self.action, source=said.source, id=said.id, code=code)

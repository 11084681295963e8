"""What acts of support are asked with, how their outcomes are shown, and why something was not done."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic import ValidationInfo as Info
from pydantic_core import PydanticCustomError

from app.api.event_fields import LocalDate, Name
from app.api.problems import OWN_ERROR, Problem
from app.api.recipient_models import ChannelName, Code, RecipientView, normalised_for_channel
from app.api.search_models import Reason, faulty
from app.domain.channel import Channel
from app.domain.complaint import Complaint
from app.domain.correction_of_contact import ContactCorrection
from app.domain.merge import WantedContact
from app.usecases.release_restored import RELEASED_MAX, Release

Model = TypeVar("Model", bound=BaseModel)
_Status = Literal[
    "held", "queued", "sending", "sent", "delivered", "failed", "unknown", "expired", "cancelled", "suppressed"
]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


def _example(**members: Any) -> ConfigDict:
    return ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [members]})


def _not_to_come(day: date, info: Info) -> date:
    context: dict[str, date] = info.context or {}
    if day > context["today"]:
        raise PydanticCustomError(OWN_ERROR, "Must not lie in the future")
    return day


_Contact = Annotated[str, StringConstraints(max_length=320), AfterValidator(normalised_for_channel)]
_Past = Annotated[LocalDate, AfterValidator(_not_to_come)]


class ResendData(_Strict):
    """Why it is sent once more: at most 1,000 characters, sealed in the log and shown nowhere."""

    model_config = _example(reason="The carrier's SMS centre was down on Monday; the addressee asked by phone")

    reason: Reason


class CorrectionData(_Strict):
    """`from` gives way to `to`, both of `channel`; `verified` and `method` are the operator's claim about `to`."""

    model_config = _example(
        **{"channel": "sms", "from": "+48600100200", "to": "+48600100201", "reason": "Digits mistyped at the counter"}
    )

    channel: ChannelName
    wrong: Annotated[_Contact, Field(alias="from")]
    right: Annotated[_Contact, Field(alias="to")]
    verified: bool = False
    method: Code | None = None
    reason: Reason

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.wrong == self.right:
            raise PydanticCustomError(OWN_ERROR, "Names the same contact twice")
        return self

    def correction(self) -> ContactCorrection:
        """The value that was read."""
        channel = Channel(self.channel)
        right = WantedContact(channel=channel, value=self.right, verified=self.verified, method=self.method)
        return ContactCorrection(wrong=self.wrong, right=right)


class ComplaintData(_Strict):
    """`received_on` is the local day on which the complaint came: from the day after it on, 30 days count.

    `recipient` names whose complaint it is where a shipment has several people; left out, its newest.
    """

    model_config = _example(reference="RK-2026-00417", received_on="2026-11-24", reason="No slip was in the letterbox")

    reference: Name
    received_on: _Past
    recipient: Name | None = None
    reason: Reason


class AnswerData(_Strict):
    """`answered_on` is the local day on which the answer was sent, which is what counts."""

    model_config = _example(answered_on="2026-12-18", reason="Accepted; the answer went by registered letter")

    answered_on: _Past
    reason: Reason


class ReleaseData(_Strict):
    """Up to 500 notifications that a recovery made unknown, and why they are sent although they may have been."""

    model_config = _example(
        ids=["01936c1e-6d7a-7f02-9d3e-5a6b7c8d9e0f"], reason="The provider's list of that hour does not have them"
    )

    ids: Annotated[list[Annotated[UUID, Field(strict=False)]], Field(min_length=1, max_length=RELEASED_MAX)]
    reason: Reason


class ResentView(BaseModel):
    """The notification that was made, and the one in whose place it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "notification": "01936c9a-11d0-7c33-b1a4-0f1e2d3c4b5a",
                    "resends": "01936c1e-6d7a-7f02-9d3e-5a6b7c8d9e0f",
                    "channel": "sms",
                    "kind": "notice_left",
                    "status": "queued",
                    "not_before": None,
                }
            ]
        }
    )

    notification: UUID
    resends: UUID
    channel: ChannelName
    kind: str
    status: _Status
    not_before: datetime | None


class CorrectedView(BaseModel):
    """`corrected` is false when the record stood so before; `record` is as `GET` shows it, with what was `ignored`."""

    corrected: bool
    record: RecipientView


class ComplaintView(BaseModel):
    """A complaint and its clock. Days are local ones in Poland. `recipient` is null where nobody registered one.

    `answer_due_on` is the 30th day after the day of receipt, `answer_due_on_rolled` the same moved past Saturdays,
    Sundays and days off; `days_left` counts to the former, is negative after it, and null once it was answered.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "operator": "poczta-polska",
                    "shipment": "00759007734123456789",
                    "reference": "RK-2026-00417",
                    "recipient": "customer-4711",
                    "state": "open",
                    "received_on": "2026-11-24",
                    "answer_due_on": "2026-12-24",
                    "answer_due_on_rolled": "2026-12-28",
                    "days_left": 30,
                    "answered_on": None,
                    "attached_at": "2026-11-24T09:14:02.113000Z",
                }
            ]
        }
    )

    operator: str
    shipment: str
    reference: str
    recipient: str | None
    state: Literal["open", "due", "answered"]
    received_on: date
    answer_due_on: date
    answer_due_on_rolled: date
    days_left: int | None
    answered_on: date | None
    attached_at: datetime


class ComplaintPage(BaseModel):
    """Complaints, the earliest last day first; `next` is the cursor of the following page, null at the end."""

    items: list[ComplaintView]
    next: str | None


class ReleaseView(BaseModel):
    """What became of one of those that were named; `reason` is null unless it was refused."""

    id: UUID
    outcome: Literal["released", "released_before", "refused"]
    reason: str | None


class ReleasedView(BaseModel):
    """One item for each id, in the order in which they were named."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"id": "01936c1e-6d7a-7f02-9d3e-5a6b7c8d9e0f", "outcome": "released", "reason": None},
                        {"id": "01936c1e-6d7b-7c40-8a1e-2b3c4d5e6f70", "outcome": "refused", "reason": "collected"},
                    ]
                }
            ]
        }
    )

    items: list[ReleaseView]


def read_as(model: type[Model], body: object, *, today: date) -> Model:
    """Check the JSON value of a body. Raises a Problem that lists every fault."""
    try:
        return model.model_validate(body, context={"today": today})
    except ValidationError as error:
        raise faulty(error) from None


def complaint_view(complaint: Complaint, today: date) -> ComplaintView:
    """A complaint as it stands on that day."""
    return ComplaintView(
        operator=complaint.operator,
        shipment=complaint.shipment,
        reference=complaint.reference,
        recipient=complaint.whose,
        state=complaint.state(today).value,
        received_on=complaint.received_on,
        answer_due_on=complaint.answer_due_on,
        answer_due_on_rolled=complaint.answer_due_on_rolled,
        days_left=complaint.days_left(today),
        answered_on=complaint.answered_on,
        attached_at=complaint.attached_at,
    )


def release_view(done: Release) -> ReleaseView:
    """What became of one notification."""
    return ReleaseView(id=done.id, outcome=done.outcome, reason=done.reason)


def refused(code: str, words: Mapping[str, str]) -> Problem:
    """A 409 that says why not: in `type` by its code, in `detail` in words."""
    return Problem(409, words.get(code, "What is known by now speaks against it"), kind=code.replace("_", "-"))


# Why a notification is not sent once more.
NOT_RESENT: Mapping[str, str] = {
    "service_message": "Codes and messages about contact data are not sent again: a new code is asked for on the pages",
    "under_way": "It has not ended: it is being sent, or waits for its time",
    "told": "A provider has it, or the same news is told at every contact point of this channel that is in use",
    "unknown": "Nobody can tell whether a provider took it: another copy might be the second",
    "merged": "Another notification speaks for it, and that one did not fail",
    "expired": "What it tells is over: it has expired",
    "erased": "The person was erased, or is to be",
    "collected": "The item was collected",
    "superseded": "Newer news of the item took its place",
    "terms_changed": "The item waits elsewhere or until another day by now, and that was told by itself",
    "stale": "It is no news any more",
    "duplicate_content": "The same news of the same day was told already",
    "destination_not_allowed": "This deployment sends nothing to such a number",
    "no_contact_point": "The person has no contact point on this channel: correct or add one first",
    "contact_disabled": "The contact point was disabled because messages failed there: correct it first",
    "unverified": "The contact point is not confirmed",
    "no_consent": "The person never agreed to such messages on this channel",
    "opted_out": "The person does not want such messages there, or said that this item is not for them",
    "paused": "The person wants no messages for now",
    "rate_limited": "As many messages as may be were sent about this item",
}

_WITHHELD = "This person is to be erased; a legal hold defers it, and nothing new is taken in until then"

# Why a contact point is not corrected.
NOT_CORRECTED: dict[str, str] = {
    "no_such_contact": "The person has no such contact point as `from`",
    "only_the_person": "The person gave or confirmed that contact point themselves: only they change it, on their page",
    "removed_by_the_person": "The person took away what `to` names: only they bring it back, on their page",
    "withheld": _WITHHELD,
}

# Why a complaint is not attached.
NOT_ATTACHED: dict[str, str] = {
    "received_on_another_day": "A complaint of that reference is attached, and was received on another day",
    "of_somebody_else": "A complaint of that reference is attached, and is somebody else's",
    "withheld": _WITHHELD,
}

# Why a complaint is not closed.
NOT_ANSWERED: dict[str, str] = {
    "answered_on_another_day": "It was answered on another day",
    "answered_before_it_came": "The answer cannot have been sent before the complaint was received",
}

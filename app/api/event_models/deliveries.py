"""The data of each event type about one shipment. All refuse members that they do not know."""

from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import model_validator

from app.api.event_fields import Code
from app.api.event_models.members import (
    ChangeMembers,
    CorrectionMembers,
    HandoverMembers,
    IncidentMembers,
    LastChanceMembers,
    NextAttemptMembers,
    NoticeMembers,
    OperatorNoticeMembers,
    Own,
    PlaceMembers,
    PostingMembers,
    ShipmentMembers,
    StageMembers,
    WindowMembers,
)
from app.api.event_models.structures import CorrectsData, NoticeData, RawData, notice_of, wrong


class RegisteredData(PostingMembers):
    """`delivery.registered`: announced or accepted. Nobody is told."""


class InTransitData(PostingMembers):
    """`delivery.in_transit`: it moves. Nobody is told."""


class OutForDeliveryData(WindowMembers):
    """`delivery.out_for_delivery`: with the courier today."""


class AttemptFailedData(NextAttemptMembers):
    """`delivery.attempt_failed`: it could not be handed over, and no paper notice was left."""


class NoticeLeftData(ShipmentMembers):
    """`delivery.notice_left`: a paper notice was left; without a facility people are told in general words."""

    notice: NoticeData

    def happened_at(self) -> datetime:
        return self.notice.left_at.astimezone(UTC)

    def own(self, _happened_at: datetime, /) -> Own:
        return {"notice": notice_of(self.notice)}


class ReadyForPickupData(PlaceMembers):
    """`delivery.ready_for_pickup`: it is really there; without a facility people are told in general words."""


class TermsChangedData(ChangeMembers):
    """`delivery.terms_changed`: redirected, extended, another place."""

    change: Code


class DeliveredData(HandoverMembers):
    """`delivery.delivered`: handed over or collected."""

    def says_handover(self) -> bool:
        return True


class RefusedData(LastChanceMembers):
    """`delivery.refused`: the addressee did not take it."""


class PickupExpiredData(LastChanceMembers):
    """`delivery.pickup_expired`: nobody collected it in time."""


class ReturnedData(LastChanceMembers, StageMembers):
    """`delivery.returned`: it goes, or went, back to the sender."""


class OperatorNotifiedData(OperatorNoticeMembers):
    """`delivery.operator_notified`: the operator's own SMS or e-mail. Nobody is told; it is evidence."""


class CorrectedData(CorrectionMembers, NoticeMembers, HandoverMembers):
    """`delivery.corrected`: takes an earlier event back; those who were told it are told so.

    With `replace`, what it says of the notice, the facility, the time for collecting, the regime and the handing over
    stands in place of what the earlier event said; with `cancel` it says nothing of these.
    """

    corrects: CorrectsData
    action: Literal["cancel", "replace"]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.action == "cancel" and (
            self.notice or self.facility or self.pickup or self.legal_regime or self.says_handover()
        ):
            raise wrong("Cancels, and brings something to stand in place of what it cancels")
        if self.pickup and self.pickup.hours is not None and self.pickup.starts is None:
            raise wrong("Has `pickup.hours` without `pickup.from`: a correction is no beginning to count from")
        return self

    def happened_at(self) -> None:
        """A correction happens when it is made; the times that it brings are those of what it corrects."""


class DelayedData(IncidentMembers):
    """`incident.delayed`: it comes later than expected."""


class DamagedData(IncidentMembers):
    """`incident.damaged`: it was damaged."""


class LostData(IncidentMembers):
    """`incident.lost`: it cannot be found."""


class AddressProblemData(IncidentMembers):
    """`incident.address_problem`: the address is wrong or incomplete."""


class ItemHeldData(IncidentMembers):
    """`incident.item_held`: somebody must decide before it moves on."""


class TrackingData(
    PostingMembers,
    WindowMembers,
    NextAttemptMembers,
    NoticeMembers,
    PlaceMembers,
    ChangeMembers,
    HandoverMembers,
    LastChanceMembers,
    OperatorNoticeMembers,
    IncidentMembers,
    CorrectionMembers,
):
    """`tracking`: the operator's own code in `raw`, to be mapped, and whatever else is known."""

    raw: RawData

    @model_validator(mode="after")
    def _whole_correction(self) -> Self:
        if (self.corrects is None) != (self.action is None):
            raise wrong("Must have both corrects and action, or none of them")
        return self

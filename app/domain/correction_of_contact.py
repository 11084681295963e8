"""Support puts a mistyped contact point right, and undoes nothing that the person did. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from app.domain.channel import Channel
from app.domain.merge import ContactRemoved, Merged, RecipientPatch, WantedContact, Withdrawn, merge
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient

CORRECTED = "corrected"
_IN_USE = frozenset({ContactState.ACTIVE, ContactState.UNCONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCorrection:
    """`wrong` gives way to `right`, which is of the same channel; values are normalised, and differ."""

    wrong: str = field(repr=False)
    right: WantedContact

    @property
    def channel(self) -> Channel:
        """The channel of both."""
        return self.right.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCorrected:
    """Why nothing was changed, in one code.

    `no_such_contact`; `only_the_person`: they gave or confirmed the contact point themselves; `removed_by_the_person`:
    they, or their erasure, took away what would come in its place.
    """

    code: str


def correct_contact(
    current: Recipient,
    correction: ContactCorrection,
    *,
    now: datetime,
    operator_verified: bool,
    new_id: Callable[[], UUID],
    withdrawn: Withdrawn = MappingProxyType({}),
) -> Merged | NotCorrected:
    """The person with the wrong contact point removed and the right one as a `PUT` would add it (`merge`).

    What was corrected comes back only unconfirmed, and only the person confirms it then: no nightly copy of the old
    record undoes this. A correction that was made already changes nothing.
    """
    known = {(c.channel, c.value): c for c in current.contact_points}
    wrong = known.get((correction.channel, correction.wrong))
    right = known.get((correction.channel, correction.right.value))
    if wrong is None:
        return NotCorrected(code="no_such_contact")
    if wrong.state is ContactState.REMOVED:
        is_done = right is not None and right.state is not ContactState.REMOVED
        return Merged(recipient=current) if is_done else NotCorrected(code="no_such_contact")
    if wrong.changed_by is Actor.PERSON and wrong.state in _IN_USE:
        return NotCorrected(code="only_the_person")
    if _was_taken_away(right) or (correction.channel, correction.right.value) in withdrawn:
        return NotCorrected(code="removed_by_the_person")
    removed = replace(wrong, state=ContactState.REMOVED, method=CORRECTED, changed_at=now, changed_by=Actor.PERSON)
    contacts = tuple(removed if each is wrong else each for each in current.contact_points)
    merged = merge(
        replace(current, contact_points=contacts),
        RecipientPatch(contact_points=(correction.right,)),
        now=now,
        operator_verified=operator_verified,
        new_id=new_id,
        withdrawn=withdrawn,
    )
    return replace(merged, acts=(ContactRemoved(contact=removed), *merged.acts))


def _was_taken_away(contact: ContactPoint | None) -> bool:
    """Whether the person removed it; what support removed by mistake may come back."""
    if contact is None or contact.state is not ContactState.REMOVED:
        return False
    return contact.changed_by is Actor.PERSON and contact.method != CORRECTED

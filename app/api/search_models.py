"""What a search of notifications is asked with."""

import base64
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote_to_bytes
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic import ValidationInfo as Info
from pydantic_core import PydanticCustomError

from app.api.event_fields import Instant, Name, Text
from app.api.problems import OWN_ERROR, Fault, Problem, faults_of
from app.api.recipient_models import ChannelName, normalised_email, whole_schema
from app.domain.access import Caller
from app.domain.channel import Channel
from app.domain.contact_value import NumberFault, mobile_number
from app.domain.notification import Status
from app.domain.reason import REASON_MAX, is_reason
from app.evidence.catalogue import GRADE_WORDS, SEALED_NAMES
from app.storage.search import Search

LIMIT_MAX = 200


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError(OWN_ERROR, message)


def _is_sealed_name(name: str) -> str:
    if name not in SEALED_NAMES:
        raise _wrong("Names a field that no fact has")
    return name


def _is_plain_reason(text: str) -> str:
    if not is_reason(text):
        raise _wrong("Has control characters, or characters that turn the direction of what follows")
    return text


_Word = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,64}$")]
Reason = Annotated[
    str, StringConstraints(min_length=1, max_length=REASON_MAX, pattern=r"\S"), AfterValidator(_is_plain_reason)
]
SealedName = Annotated[str, AfterValidator(_is_sealed_name)]
StatusName = Literal[
    "held", "queued", "sending", "sent", "delivered", "failed", "unknown", "expired", "cancelled", "suppressed"
]


def _normalised(value: str, info: Info) -> str:
    if info.data.get("channel") == "email":
        return normalised_email(value)
    number = mobile_number(value)
    if isinstance(number, NumberFault):
        raise _wrong(number.value)
    return number


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class ContactWanted(_Strict):
    """A phone number (E.164, mobile) or an e-mail address, normalised as a `PUT` of a recipient does."""

    channel: ChannelName
    value: Annotated[str, StringConstraints(max_length=320), AfterValidator(_normalised)]


class FilterData(_Strict):
    """What notifications are looked for. `shipment`, `recipient`, `contact`, `facility`, `courier` need `operator`.

    `facility` is the id of the place that the news names, `courier` whose notice it tells of; `grade` what the facts of
    a notification show at best. `status_reason` is the `reason` of a notification (`no_consent`); `reason` says why the
    auditor asks, is sealed in the log as `access.read`, and is needed with `recipient`, `contact` and `courier`. `from`
    and `to` bound `created_at`.
    """

    operator: Name | None = None
    shipment: Name | None = None
    recipient: Name | None = None
    contact: ContactWanted | None = None
    facility: Name | None = None
    courier: Text | None = None
    kind: _Word | None = None
    channel: ChannelName | None = None
    status: StatusName | None = None
    status_reason: _Word | None = None
    grade: Annotated[int, Field(ge=0, lt=len(GRADE_WORDS))] | None = None
    created_from: Annotated[Instant | None, Field(alias="from")] = None
    created_to: Annotated[Instant | None, Field(alias="to")] = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _is_answerable(self) -> Self:
        if self.operator is None and any((self.shipment, *self._people, self.facility)):
            raise _wrong("Needs operator: the names of shipments, people, contacts and facilities are an operator's")
        if self.reason is None and any(self._people):
            raise _wrong("Needs reason: whoever asks after a person or a contact says why")
        return self

    @property
    def _people(self) -> tuple[object, ...]:
        return self.recipient, self.contact, self.courier

    def search(self, caller: Caller) -> Search:
        """What is to be looked for; of all operators those of the caller."""
        operators = None if caller.operators is None else tuple(sorted(caller.operators))
        return Search(
            operators=operators if self.operator is None else (self.operator,),
            shipment=self.shipment,
            recipient=self.recipient,
            contact=(Channel(self.contact.channel), self.contact.value) if self.contact else None,
            facility=self.facility,
            courier=self.courier,
            kind=self.kind,
            channel=Channel(self.channel) if self.channel else None,
            status=Status(self.status) if self.status else None,
            status_reason=self.status_reason,
            grade=self.grade,
            created_from=self.created_from,
            created_to=self.created_to,
        )


class SearchData(FilterData):
    """The body of a search: the filter, and which page of what it finds."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 50
    cursor: Annotated[str, StringConstraints(max_length=100)] | None = None


def read_search(body: object) -> SearchData:
    """Check the JSON value of a body. Raises a Problem that lists every fault."""
    try:
        return SearchData.model_validate(body)
    except ValidationError as error:
        raise faulty(error) from None


def faulty(error: ValidationError) -> Problem:
    """The problem that lists every fault, without the input."""
    return Problem(422, errors=faults_of(error.errors(include_url=False, include_input=False, include_context=False)))


def cursor_of(last: UUID) -> str:
    """The cursor of what follows that notification."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def position_of(cursor: str | None) -> UUID | None:
    """Where a cursor goes on. Raises a Problem for anything that is not the form of one that was given out."""
    if cursor is None:
        return None
    try:
        position = UUID(bytes=base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except ValueError:
        position = None
    if position is None or cursor_of(position) != cursor:
        raise Problem(422, errors=[Fault(pointer="/cursor", detail="Is not a cursor that was given out")])
    return position


def reason_in(header: str | None) -> str | None:
    """What the header Awizo-Reason says: percent-encoded UTF-8. Raises a Problem when it is no reason."""
    if header is None:
        return None
    try:
        reason = unquote_to_bytes(header.encode("latin-1")).decode()
    except ValueError:
        reason = ""
    if not is_reason(reason):
        detail = (
            f"Must be percent-encoded UTF-8 of at most {REASON_MAX} characters, with something visible in it and no "
            "control characters"
        )
        raise Problem(422, errors=[Fault(pointer="/header/Awizo-Reason", detail=detail)])
    return reason


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """What openapi.yaml says of a body that is read by hand."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole_schema(model)}}}}

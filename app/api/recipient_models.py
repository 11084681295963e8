"""What a `PUT` on a recipient may say, and how a record is shown (contract: recipients)."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic import ValidationInfo as Info
from pydantic_core import PydanticCustomError

from app.api.event_fields import Instant, PostCode
from app.api.problems import OWN_ERROR, Fault, faults_of
from app.domain.channel import Channel, Purpose
from app.domain.contact_value import NumberFault, masked, mobile_number
from app.domain.email_address import email_address
from app.domain.merge import CONTACT_POINTS_MAX, ConsentAct, Ignored, RecipientPatch, WantedContact
from app.domain.quiet_hours import NEVER_QUIET, QuietHours, QuietRule
from app.domain.recipient import Consent, ContactPoint, ContactState, Letters, Recipient
from app.rendering.safety_phrase import PhraseFault, safety_phrase

CONSENTS_MAX = 60
POST_CODES_MAX = 50


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError(OWN_ERROR, message)


def normalised_email(text: str) -> str:
    """The address as app.domain.email_address has it. Raises PydanticCustomError."""
    address = email_address(text)
    if address is None:
        raise _wrong("Must be an e-mail address, as jan@example.com")
    return address


@cache
def _time_zones() -> frozenset[str]:
    # IANA's own list: the system's directory also holds names that mean something else on each machine (localtime).
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def _check_time_zone(name: str) -> str:
    if name not in _time_zones():
        raise _wrong("Must be an IANA time zone, as Europe/Warsaw")
    return name


def _check_phrase(text: str) -> str:
    phrase = safety_phrase(text)
    if isinstance(phrase, PhraseFault):
        raise _wrong(phrase.value)
    return phrase


def normalised_for_channel(value: str, info: Info) -> str:
    """A validator of contact values that stand after their `channel`: the number, or the address, as it is kept."""
    match info.data.get("channel"):
        case "sms":
            number = mobile_number(value)
            if isinstance(number, NumberFault):
                raise _wrong(number.value)
            return number
        case "email":
            return normalised_email(value)
        case _:  # the channel is at fault already
            return value


def _not_in_the_future(at: datetime, info: Info) -> datetime:
    context: dict[str, datetime] = info.context or {}
    if at > context["now"]:
        raise _wrong("Lies in the future")
    return at.astimezone(UTC)


# Codes stand in documents that outlive an erasure: nothing that could be a sentence about somebody.
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_check_time_zone)]
SafetyPhrase = Annotated[
    str, AfterValidator(_check_phrase), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 20})
]
Language = Literal["pl", "en", "uk"]
LettersName = Literal["plain", "native"]
ChannelName = Literal["sms", "email"]
PurposeName = Literal["delivery", "progress", "incident"]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class ContactPointData(_Strict):
    """A phone number (E.164, mobile) or an e-mail address; `verified` is the operator's claim, made by `method`."""

    channel: ChannelName
    value: Annotated[str, StringConstraints(max_length=320), AfterValidator(normalised_for_channel)]
    verified: bool = False
    method: Code | None = None


class ConsentData(_Strict):
    """One act of agreeing (`granted: true`) or withdrawing."""

    channel: ChannelName
    purpose: PurposeName
    granted: bool
    at: Annotated[Instant, AfterValidator(_not_in_the_future)]
    method: Code
    text_version: Code | None = None


class QuietHoursData(_Strict):
    """Local wall-clock times; `from` later than `to` spans midnight."""

    starts: ClockTime = Field(alias="from")
    ends: ClockTime = Field(alias="to")

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.starts == self.ends:
            raise _wrong("`from` and `to` are the same; say null for no quiet hours")
        return self


class RecipientData(_Strict):
    """The body of a `PUT`. What is left out stays as it is; `quiet_hours` and `safety_phrase`: null means none.

    `letters`: whether SMS are spelt in `plain` letters, which fit most into one, or in the `native` ones of the
    language. `safety_phrase`: words of the person's own that stand in each message; no link, no code.
    """

    language: Language | None = None
    time_zone: TimeZone | None = None
    post_codes: Annotated[list[PostCode], Field(max_length=POST_CODES_MAX)] | None = None
    contact_points: Annotated[list[ContactPointData], Field(max_length=CONTACT_POINTS_MAX)] = []
    consents: Annotated[list[ConsentData], Field(max_length=CONSENTS_MAX)] = []
    quiet_hours: QuietHoursData | None = None
    letters: LettersName | None = None
    safety_phrase: SafetyPhrase | None = None


class ContactPointView(BaseModel):
    """A contact point as kept; `verified` says the same as `state: active`."""

    channel: ChannelName
    value: str
    verified: bool
    method: str | None
    state: Literal["active", "unconfirmed", "disabled", "removed"]


class ConsentView(BaseModel):
    """The latest act on one channel and purpose; `version` counts grants, 0 before the first."""

    channel: ChannelName
    purpose: PurposeName
    granted: bool
    at: datetime
    method: str
    text_version: str | None
    version: int


class IgnoredView(BaseModel):
    """Something of the request that was not applied: where it stands (JSON Pointer) and why."""

    pointer: str
    reason: str


class RecipientView(BaseModel):
    """The record. What is as by default is left out of the last settings, so that a copy sent back chooses nothing.

    `paused_until`: the person wants no messages before that moment. Only they set it, on their page.
    """

    operator: str
    recipient: str
    language: str
    time_zone: str
    post_codes: list[str]
    contact_points: list[ContactPointView]
    consents: list[ConsentView]
    quiet_hours: QuietHoursData | None = None
    letters: LettersName | None = None
    safety_phrase: str | None = None
    paused_until: datetime | None = None
    ignored: list[IgnoredView]


class DeferredView(BaseModel):
    """Erasure was asked for; a legal hold defers it until then, at the latest."""

    erasure: Literal["deferred"]
    until: datetime


def read_recipient(body: object, *, now: datetime) -> RecipientPatch | tuple[Fault, ...]:
    """Check the JSON value of a body, whose acts lie not after `now`, or list every fault.

    What is said twice is looked for once everything else is right.
    """
    try:
        data = RecipientData.model_validate(body, context={"now": now})
    except ValidationError as error:
        return faults_of(error.errors(include_url=False, include_input=False, include_context=False))
    return _repetitions(data) or _patch(data)


def _repetitions(data: RecipientData) -> tuple[Fault, ...]:
    lists: tuple[tuple[str, Iterable[object], str], ...] = (
        ("post_codes", data.post_codes or (), "Names a post code a second time"),
        ("contact_points", [(c.channel, c.value) for c in data.contact_points], "Names a contact point a second time"),
        (
            "consents",
            [(c.channel, c.purpose, c.at) for c in data.consents],
            "Is a second act on the same channel and purpose at the same moment",
        ),
    )
    faults = []
    for member, keys, detail in lists:
        seen: set[object] = set()
        for place, key in enumerate(keys):
            if key in seen:
                faults.append(Fault(pointer=f"/{member}/{place}", detail=detail))
            seen.add(key)
    return tuple(faults)


def _patch(data: RecipientData) -> RecipientPatch:
    return RecipientPatch(
        language=data.language,
        time_zone=data.time_zone,
        post_codes=None if data.post_codes is None else tuple(data.post_codes),
        quiet_hours=_quiet_hours(data.quiet_hours) if "quiet_hours" in data.model_fields_set else None,
        letters=Letters(data.letters) if data.letters else None,
        safety_phrase=(data.safety_phrase or "") if "safety_phrase" in data.model_fields_set else None,
        contact_points=tuple(
            WantedContact(channel=Channel(c.channel), value=c.value, verified=c.verified, method=c.method)
            for c in data.contact_points
        ),
        consents=tuple(
            ConsentAct(
                channel=Channel(c.channel),
                purpose=Purpose(c.purpose),
                granted=c.granted,
                at=c.at,
                method=c.method,
                text_version=c.text_version,
            )
            for c in data.consents
        ),
    )


def _quiet_hours(data: QuietHoursData | None) -> QuietHours:
    if data is None:
        return NEVER_QUIET
    return QuietHours(rule=QuietRule.OWN, starts=time.fromisoformat(data.starts), ends=time.fromisoformat(data.ends))


def shown(recipient: Recipient, *, ignored: Iterable[Ignored] = (), values: bool = True) -> RecipientView:
    """The record as the API shows it; without `values` phone numbers, addresses and the safety phrase are masked."""
    record = RecipientView(
        operator=recipient.operator,
        recipient=recipient.name,
        language=recipient.language,
        time_zone=recipient.time_zone,
        post_codes=list(recipient.post_codes),
        contact_points=[_contact_point(c, values=values) for c in recipient.contact_points],
        consents=[_consent(c) for c in recipient.consents],
        ignored=[IgnoredView(pointer=each.pointer, reason=each.reason) for each in ignored],
    )
    if recipient.letters is not Letters.PLAIN:
        record.letters = "native"
    if recipient.safety_phrase is not None:
        record.safety_phrase = recipient.safety_phrase if values else "***"
    if recipient.paused_until is not None:
        record.paused_until = recipient.paused_until
    hours = recipient.quiet_hours
    match hours.rule:
        case QuietRule.OWN:
            ends = {"from": hours.starts.isoformat("minutes"), "to": hours.ends.isoformat("minutes")}
            record.quiet_hours = QuietHoursData.model_validate(ends)
        case QuietRule.NONE:
            record.quiet_hours = None
        case QuietRule.DEFAULT:
            pass
    return record


def _contact_point(contact: ContactPoint, *, values: bool) -> ContactPointView:
    return ContactPointView(
        channel=contact.channel.value,
        value=contact.value if values else masked(contact.channel, contact.value),
        verified=contact.state is ContactState.ACTIVE,
        method=contact.method,
        state=contact.state.value,
    )


def _consent(consent: Consent) -> ConsentView:
    return ConsentView.model_validate(
        {
            "channel": consent.channel.value,
            "purpose": consent.purpose.value,
            "granted": consent.granted,
            "at": consent.at,
            "method": consent.method,
            "text_version": consent.text_version,
            "version": consent.version,
        }
    )


def request_schema() -> dict[str, Any]:
    """The JSON Schema of a `PUT` body."""
    return whole_schema(RecipientData)


def whole_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model, whole: nothing in it points to a definition elsewhere."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolved(definitions[node["$ref"].rpartition("/")[2]])
        return {key: resolved(value) for key, value in node.items()}

    whole: dict[str, Any] = resolved(schema)
    return whole

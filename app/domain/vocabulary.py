"""What an operator's own codes mean: the event that a record stands for. Pure.

Names of vocabularies are the same in either case, codes are not; blanks around either are none of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.domain.calendar import local_day, working_day_after
from app.domain.event import (
    Correction,
    Event,
    Handover,
    LegalRegime,
    OperatorRecord,
    PaperNotice,
    Pickup,
    code_with_vocabulary,
    kind_of,
    vocabulary_name,
)
from app.domain.shipment import Milestone, code_of, standing
from app.domain.vocabulary_row import Guard, Reading
from app.domain.vocabulary_table import Sheet, Table, TableFault, missing_aims, read_sheet, table_of

# Why an event is kept aside: its code waits to be understood, nobody has such a table, the table has no such code.
UNMAPPED = "unmapped_code"
UNKNOWN_VOCABULARY = "unknown_vocabulary"
UNKNOWN_CODE = "unknown_code"

CORRECTED = "pl.awizo.delivery.corrected.v1"


class VocabularyError(Exception):
    """A table that cannot be used: `vocabulary`, and the `fault` that comes first in it."""

    def __init__(self, vocabulary: str, fault: TableFault) -> None:
        super().__init__(f"{vocabulary}, line {fault.line}: {fault.detail}")
        self.vocabulary = vocabulary
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabularies:
    """The tables of a deployment by the names of their vocabularies, in small letters."""

    tables: Mapping[str, Table]

    def interpret(self, event: Event, *, returned_before: bool) -> Event:
        """The event as its operator's code has it; one that names its type itself stays as it is.

        `returned_before`: its shipment already had a return event or state. The event's own fields win over what the
        code says. A code that is ignored is understood and tells nobody (`mapped_type` None). A record that takes
        itself back is a correction of the newest event with the same code. What no table has is set aside as
        `unknown_vocabulary` or `unknown_code`.
        """
        record = event.record
        if record is None or event.quarantine != UNMAPPED:
            return event
        table = self.tables.get(vocabulary_name(record.vocabulary))
        if table is None:
            return replace(event, quarantine=UNKNOWN_VOCABULARY)
        row = table.meaning(record.code.strip())
        if row is None:
            return replace(event, quarantine=UNKNOWN_CODE)
        if record.cancelled and (row.type or row.says_returned):
            taken_back = event.correction or Correction(action="cancel", code=code_of(event))
            return replace(event, quarantine=None, mapped_type=CORRECTED, correction=taken_back)
        notice_said = record.notice_said or event.notice is not None
        reading = row.reading(returned_before=returned_before, notice_said=notice_said)
        return _filled(event, reading, record.vocabulary) if reading else replace(event, quarantine=None)

    def may_correct(self, event: Event) -> bool:
        """Whether the event, or what its code means, takes another one back."""
        return self.interpret(event, returned_before=False).correction is not None

    def returned_before(self, event: Event, known: Iterable[Milestone]) -> bool:
        """Whether, of what is `known` of its shipment, something says that the item already travelled back.

        Only what still stands counts, and what is no later than the event: a return event, or a state of return.
        Always False for codes that do not need it.
        """
        if event.record is None or not self._depends_on_returns(event, event.record):
            return False
        vocabulary = vocabulary_name(event.record.vocabulary)
        earlier = (one for one in standing(known) if one.effective_at <= event.effective_at)
        return any(one.kind == "returned" or self._is_return_state(vocabulary, one.code) for one in earlier)

    def _is_return_state(self, vocabulary: str, code: str | None) -> bool:
        name, _, own = (code or "").partition(":")
        row = self.tables[vocabulary].meaning(own) if name == vocabulary else None
        return row is not None and row.says_returned

    def _depends_on_returns(self, event: Event, record: OperatorRecord) -> bool:
        table = self.tables.get(vocabulary_name(record.vocabulary))
        if table is None or event.quarantine != UNMAPPED or record.cancelled:
            return False
        row = table.meaning(record.code.strip())
        return row is not None and row.guard is Guard.RETURNED_BEFORE


def read_vocabularies(built_in: Mapping[str, bytes], own: Mapping[str, bytes] | None = None) -> Vocabularies:
    """The built-in tables, with what a deployment's `own` replace in them or add. Keys are names in small letters.

    Raises VocabularyError at the first fault.
    """
    sheets: dict[str, list[Sheet]] = {name: [_sound(name, data)] for name, data in built_in.items()}
    for name, data in (own or {}).items():
        sheets.setdefault(name, []).append(_sound(name, data))
    tables = {name: table_of(*parts) for name, parts in sheets.items()}
    for name, table in tables.items():
        if fault := next(missing_aims(table, table.rows.values()), None):
            raise VocabularyError(name, fault)
    return Vocabularies(tables=tables)


def _sound(name: str, data: bytes) -> Sheet:
    sheet = read_sheet(data)
    if sheet.faults:
        raise VocabularyError(name, sheet.faults[0])
    return sheet


def _filled(event: Event, reading: Reading, vocabulary: str) -> Event:
    """The event with what the reading says where the event itself says nothing."""
    fields, day = reading.fields, local_day(event.effective_at)
    regime = fields.get("legal_regime")
    return replace(
        event,
        quarantine=None,
        mapped_type=reading.type,
        notice=event.notice or _notice(event, fields),
        legal_regime=event.legal_regime or (LegalRegime(regime) if regime else None),
        stage=event.stage or fields.get("stage"),
        reason=event.reason or fields.get("reason"),
        change=event.change or fields.get("change"),
        place=event.place or fields.get("place"),
        next_attempt=event.next_attempt or _next_attempt(day, fields.get("next_attempt")),
        pickup=_pickup(event.pickup, day, fields),
        handover=_handover(event.handover, reading),
        correction=event.correction or _correction(vocabulary, fields),
    )


def _notice(event: Event, fields: Mapping[str, str]) -> PaperNotice | None:
    return PaperNotice(ordinal=int(fields["ordinal"]), left_at=event.effective_at) if "ordinal" in fields else None


def _next_attempt(day: date, when: str | None) -> date | None:
    match when:
        case "same_day":
            return day
        case "next_day":
            return day + timedelta(days=1)
        case "next_working_day":
            return working_day_after(day)
        case _:
            return None


def _pickup(own: Pickup | None, day: date, fields: Mapping[str, str]) -> Pickup | None:
    """The event's own, with a last day counted from the first on which the item can be had, if it brings none."""
    days, working_days = fields.get("pickup_days"), fields.get("pickup_working_days")
    if (own and own.until) or not (days or working_days):
        return own
    starts = own.starts if own else None
    if starts:
        day = max(day, local_day(starts) if isinstance(starts, datetime) else starts)
    until = day + timedelta(days=int(days or 0))
    for _ in range(int(working_days or 0)):
        until = working_day_after(until)
    return Pickup(starts=starts, until=until)


def _handover(own: Handover | None, reading: Reading) -> Handover | None:
    if kind_of(reading.type) != "delivered":
        return own
    mode = reading.fields.get("mode")
    return replace(own, mode=own.mode or mode) if own else Handover(mode=mode)


def _correction(vocabulary: str, fields: Mapping[str, str]) -> Correction | None:
    """Without an aim in the row the correction aims at nothing; whoever keeps it raises an alarm."""
    if "action" not in fields:
        return None
    code = fields.get("corrects")
    return Correction(
        action=fields["action"],
        code=code_with_vocabulary(vocabulary, code) if code else None,
        kind=fields.get("corrects_kind"),
    )

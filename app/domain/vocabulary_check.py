"""What a table would do to the built-in vocabularies, before a deployment takes it. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.domain.event import vocabulary_name
from app.domain.vocabulary_row import IGNORE, Row
from app.domain.vocabulary_table import Table, TableFault, missing_aims, read_sheet, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A code that would be read otherwise than the built-in table reads it: by `before`, None where it is unknown."""

    before: Row | None
    after: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCheck:
    """What was found: `faults` keep the table from being used, `cautions` do not.

    `version` is that of the vocabulary with this table in it, `is_new` says that no built-in table has its name.
    """

    vocabulary: str
    version: str
    is_new: bool
    rows: tuple[Row, ...]
    faults: tuple[TableFault, ...]
    cautions: tuple[TableFault, ...]
    changes: tuple[Change, ...]

    @property
    def types(self) -> dict[str, int]:
        """How many codes stand for each type, `ignore` among them, the most frequent first."""
        return dict(Counter(row.type or IGNORE for row in self.rows).most_common())


def check_table(data: bytes, *, vocabulary: str, built_in: Mapping[str, bytes]) -> TableCheck:
    """Check a table that a deployment would use under that name of a vocabulary. Never raises."""
    name = vocabulary_name(vocabulary)
    sheet = read_sheet(data)
    base = read_sheet(built_in[name]) if name in built_in else None
    whole = table_of(*([base] if base else []), sheet)
    known = table_of(base) if base else None
    return TableCheck(
        vocabulary=name,
        version=whole.version,
        is_new=base is None,
        rows=sheet.rows,
        faults=sheet.faults or tuple(missing_aims(whole, sheet.rows)),
        cautions=tuple(caution for row in sheet.rows for caution in _cautions(row)),
        changes=tuple(change for row in sheet.rows if known and (change := _change(known, row))),
    )


def _cautions(row: Row) -> Iterator[TableFault]:
    if "action" in row.fields and not row.fields.keys() & {"corrects", "corrects_kind"}:
        detail = f"{row.code} corrects nothing that it names: give corrects or corrects_kind, or each raises an alarm"
        yield TableFault(line=row.line, detail=detail)
    if not row.is_sure:
        yield TableFault(line=row.line, detail=f"{row.code} is of low confidence: ask the operator what it means")


def _change(known: Table, row: Row) -> Change | None:
    before = known.rows.get(row.code) or known.meaning(row.code.removesuffix("*"))
    if before and row.code.endswith("*") and not before.code.endswith("*"):
        before = None  # that one is read by its own row, as before
    return None if before and _meaning(before) == _meaning(row) else Change(before=before, after=row)


def _meaning(row: Row) -> tuple[object, ...]:
    return row.type, row.fields, row.guard

"""The form in which vocabularies are written: a CSV table (RFC 4180) of codes, and the look-up in it. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from app.domain.vocabulary_row import IGNORE, SHIPMENT_TYPES, Guard, Row, row_faults

COLUMNS = ("code", "operator_meaning", "type", "set", "guard", "confidence", "note")
_VERSION_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TableFault:
    """What is wrong in one line of a table: a clause without a full stop."""

    line: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a file says, and everything that is wrong with it in the order of its lines. Rows at fault are left out."""

    rows: tuple[Row, ...]
    faults: tuple[TableFault, ...]
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A vocabulary: its rows by code as written. `version` is a digest of the files that it was read from."""

    version: str
    rows: Mapping[str, Row]
    prefixes: tuple[str, ...]

    def meaning(self, code: str) -> Row | None:
        """The row of that code, else that of the longest prefix; None: nobody knows it."""
        if code in self.rows:
            return self.rows[code]
        prefix = next((each for each in self.prefixes if code.startswith(each)), None)
        return None if prefix is None else self.rows[f"{prefix}*"]


def table_of(*sheets: Sheet) -> Table:
    """The rows of these files together; what a later one says of a code replaces what an earlier one says."""
    rows = {row.code: row for sheet in sheets for row in sheet.rows}
    prefixes = sorted((code[:-1] for code in rows if code.endswith("*")), key=len, reverse=True)
    version = sha256(b"".join(sheet.digest for sheet in sheets)).hexdigest()[:_VERSION_LENGTH]
    return Table(version=version, rows=rows, prefixes=tuple(prefixes))


def read_sheet(data: bytes) -> Sheet:
    """Read a table. Never raises: whatever is wrong is told by its line."""
    rows: dict[str, Row] = {}
    faults: list[TableFault] = []
    for line, cells in _records(data, faults):
        row = _row(line, cells, faults)
        if row is None:
            continue
        if row.code in rows:
            faults.append(TableFault(line=line, detail=f"{row.code} has a row before, in line {rows[row.code].line}"))
        else:
            rows[row.code] = row
    if not rows and not faults:
        faults.append(TableFault(line=1, detail="there is no row with a code"))
    return Sheet(rows=tuple(rows.values()), faults=tuple(sorted(faults)), digest=sha256(data).digest())


def missing_aims(table: Table, rows: Iterable[Row]) -> Iterator[TableFault]:
    """Faults of those `rows` that correct a code which the whole table does not have."""
    for row in rows:
        aim = row.fields.get("corrects")
        if aim is not None and table.meaning(aim) is None:
            yield TableFault(line=row.line, detail=f"{row.code} corrects {aim}, which has no row")


def _records(data: bytes, faults: list[TableFault]) -> Iterator[tuple[int, list[str]]]:
    """Each record after the header with the line on which it begins; blank lines are none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(TableFault(line=data[: error.start].count(b"\n") + 1, detail="this is no UTF-8"))
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    has_header = False
    try:
        for cells in reader:
            if not has_header:
                has_header = True
                if tuple(cells) != COLUMNS:
                    faults.append(TableFault(line=1, detail=f"the first line must be {','.join(COLUMNS)}"))
                    return
            elif any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        faults.append(TableFault(line=line, detail="this is no CSV: look at the quotation marks"))


def _row(line: int, cells: list[str], faults: list[TableFault]) -> Row | None:
    if len(cells) != len(COLUMNS):
        detail = f"there are {len(cells)} columns instead of {len(COLUMNS)}; a value with a comma needs quotation marks"
        faults.append(TableFault(line=line, detail=detail))
        return None
    code, _, type_, set_, guard, confidence, _ = (cell.strip() for cell in cells)
    found = [*_cell_faults(code, type_, guard, confidence)]
    fields, set_faults = _fields(set_)
    found += set_faults
    row = None
    if not found:
        row = Row(
            code=code,
            type=None if type_ == IGNORE else type_,
            fields=fields,
            guard=Guard(guard) if guard else None,
            is_sure=confidence != "low",
            line=line,
        )
        found += row_faults(row)
    faults += (TableFault(line=line, detail=each) for each in found)
    return None if found else row


def _cell_faults(code: str, type_: str, guard: str, confidence: str) -> Iterator[str]:
    if not code.isprintable() or not code.removesuffix("*") or "*" in code[:-1]:
        yield "the code must be printable, with no * but one at its end, behind what it begins with"
    if type_ != IGNORE and type_ not in SHIPMENT_TYPES:
        yield f"the type must be {IGNORE} or that of an event about a shipment, such as pl.awizo.delivery.delivered.v1"
    if guard and guard not in set(Guard):
        yield f"the guard must be empty, {' or '.join(Guard)}"
    if confidence not in {"normal", "low"}:
        yield "the confidence must be normal or low"


def _fields(text: str) -> tuple[dict[str, str], list[str]]:
    """`key=value;…` as a mapping, and what is wrong with it."""
    fields: dict[str, str] = {}
    faults = [] if text.isprintable() else ["the fields must be printable"]
    for each in filter(None, (part.strip() for part in text.split(";"))):
        key, equals, value = (part.strip() for part in each.partition("="))
        if not (key and equals and value):
            faults.append("the fields must be key=value, with ; between them")
        elif key in fields:
            faults.append(f"{key} is given twice")
        else:
            fields[key] = value
    return fields, faults

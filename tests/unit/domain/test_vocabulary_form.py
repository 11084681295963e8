"""The form of vocabularies: what a table may say, and what is told of one that may not be used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.vocabularies import built_in
from app.domain.vocabulary_check import check_table
from app.domain.vocabulary_row import Guard
from app.domain.vocabulary_table import COLUMNS, Sheet, read_sheet
from tests.unit.domain.coded import VOCABULARIES

HEADER = ",".join(COLUMNS)
DELIVERY = "pl.awizo.delivery"


def sheet(*rows: str) -> Sheet:
    return read_sheet("\n".join([HEADER, *rows, ""]).encode())


def fault(row: str) -> str:
    """What is wrong with a row that has one fault."""
    (found,) = sheet(row).faults
    assert found.line == 2
    return found.detail


@pytest.mark.parametrize("vocabulary", sorted(built_in()))
def test_a_built_in_table_has_no_fault_and_leaves_no_correction_without_an_aim(vocabulary: str) -> None:
    found = check_table(built_in()[vocabulary], vocabulary=vocabulary, built_in=built_in())
    assert (found.faults, found.changes, found.is_new) == ((), (), False)
    assert {caution.detail.partition(" ")[2] for caution in found.cautions} <= {
        "is of low confidence: ask the operator what it means"
    }


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (f",,{DELIVERY}.delivered.v1,,,normal,", "the code must be printable"),
        (f"*,,{DELIVERY}.delivered.v1,,,normal,", "the code must be printable"),
        (f"A*B,,{DELIVERY}.delivered.v1,,,normal,", "the code must be printable"),
        (f"A**,,{DELIVERY}.delivered.v1,,,normal,", "the code must be printable"),
        (f"A\x07,,{DELIVERY}.delivered.v1,,,normal,", "the code must be printable"),
        ("X,,delivered,,,normal,", "the type must be ignore or that of an event about a shipment"),
        ("X,,,,,normal,", "the type must be ignore or"),
        ("X,,pl.awizo.incident.facility_unavailable.v1,,,normal,", "the type must be ignore or"),
        ("X,,pl.awizo.tracking.v1,,,normal,", "the type must be ignore or"),
        (f"X,,{DELIVERY}.delivered.v1,,always,normal,", "the guard must be empty, returned_before or notice_said"),
        (f"X,,{DELIVERY}.delivered.v1,,,,", "the confidence must be normal or low"),
        (f"X,,{DELIVERY}.delivered.v1,mode,,normal,", "the fields must be key=value"),
        (f"X,,{DELIVERY}.delivered.v1,mode=,,normal,", "the fields must be key=value"),
        (f"X,,{DELIVERY}.delivered.v1,=locker,,normal,", "the fields must be key=value"),
        (f"X,,{DELIVERY}.delivered.v1,mode=locker;mode=locker,,normal,", "mode is given twice"),
        (f"X,,{DELIVERY}.delivered.v1,mo\x07de=locker,,normal,", "the fields must be printable"),
        (f"X,,{DELIVERY}.delivered.v1,colour=red,,normal,", "no field is called colour"),
        (f"X,,{DELIVERY}.delivered.v1,ordinal=1,,normal,", f"an event of the type {DELIVERY}.delivered.v1 takes no"),
        ("X,,pl.awizo.incident.lost.v1,stage=started,,normal,", "an event of the type pl.awizo.incident.lost.v1 takes"),
        (f"X,,{DELIVERY}.delivered.v1,mode=thrown,,normal,", "mode must be one of collected, collected_by_"),
        (f"X,,{DELIVERY}.notice_left.v1,ordinal=3,,normal,", "ordinal must be one of 1, 2"),
        (f"X,,{DELIVERY}.notice_left.v1,,,normal,", f"an event of the type {DELIVERY}.notice_left.v1 needs ordinal"),
        (
            f"X,,{DELIVERY}.corrected.v1,corrects=Y,,normal,",
            "an event of the type pl.awizo.delivery.corrected.v1 needs",
        ),
        (f"X,,{DELIVERY}.corrected.v1,corrects=Y*;action=cancel,,normal,", "corrects must be a whole code"),
        (f"X,,{DELIVERY}.corrected.v1,corrects_kind=lots;action=cancel,,normal,", "corrects_kind must be one of"),
        (
            f"X,,{DELIVERY}.corrected.v1,corrects=Y;corrects_kind=returned;action=cancel,,normal,",
            "corrects and corrects",
        ),
        (f"X,,{DELIVERY}.returned.v1,reason=Not here,,normal,", "reason must be small letters, digits and _"),
        (f"X,,{DELIVERY}.ready_for_pickup.v1,pickup_days=0,,normal,", "pickup_days must be a number from 1 to 99"),
        (f"X,,{DELIVERY}.ready_for_pickup.v1,pickup_days=٣,,normal,", "pickup_days must be a number from 1 to 99"),
        (f"X,,{DELIVERY}.ready_for_pickup.v1,pickup_days=3;pickup_working_days=3,,normal,", "pickup_days and pickup_w"),
        (
            f"X,,{DELIVERY}.delivered.v1,state=returned,,normal,",
            f"an event of the type {DELIVERY}.delivered.v1 takes no",
        ),
        ("X,,ignore,state=lost,,normal,", "state must be one of returned"),
        (f"X,,{DELIVERY}.in_transit.v1,,returned_before,normal,", "the guard returned_before changes nothing about"),
        (f"X,,{DELIVERY}.notice_left.v1,ordinal=1,notice_said,normal,", "the guard notice_said changes nothing"),
        (f"X,,{DELIVERY}.returned.v1,,returned_before,normal,", "the guard returned_before changes nothing about"),
        (
            f"X,,{DELIVERY}.corrected.v1,action=cancel,notice_said,normal,",
            "the guard notice_said changes nothing about",
        ),
        ("X,,ignore,reason=none,,normal,", "an ignored code takes no reason"),
        ("X,,ignore,,returned_before,normal,", "an ignored code tells nobody, so that no guard"),
        ("X,,ignore,,normal,", "there are 6 columns instead of 7; a value with a comma needs quotation marks"),
        ("X,one, two,ignore,,,normal,", "there are 8 columns instead of 7"),
    ],
)
def test_a_fault_is_told_by_its_line(row: str, told: str) -> None:
    assert fault(row).startswith(told)


def test_every_fault_is_told_and_sound_rows_are_kept() -> None:
    found = sheet("A,,ignore,,,normal,", "B,,wrong,,always,normal,", "", "C,,ignore,x=1,,normal,", "D,,ignore,,,low,")
    assert [row.code for row in found.rows] == ["A", "D"]
    assert [each.line for each in found.faults] == [3, 3, 5]


def test_a_code_that_comes_twice_names_the_line_before() -> None:
    found = sheet("A,,ignore,,,normal,", "A*,,ignore,,,normal,", " A ,,ignore,,,normal,")
    assert [(each.line, each.detail) for each in found.faults] == [(4, "A has a row before, in line 2")]


def test_a_record_of_several_lines_is_told_by_its_first() -> None:
    found = sheet('A,,ignore,,,normal,"a note', 'of two lines"', "B,,wrong,,,normal,")
    assert [row.line for row in found.rows] == [2]
    assert [each.line for each in found.faults] == [4]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_table_may_come_from_any_editor(ends: str) -> None:
    text = ends.join([HEADER, "A,Awizo ęą,ignore,,,normal,", ""])
    found = read_sheet(text.encode("utf-8-sig"))
    assert ([row.code for row in found.rows], found.faults) == (["A"], ())


@pytest.mark.parametrize(
    ("data", "line", "told"),
    [
        (b"", 1, "there is no row with a code"),
        (HEADER.encode(), 1, "there is no row with a code"),
        (HEADER.replace(",", ";").encode(), 1, f"the first line must be {HEADER}"),
        (b"code,type\nA,ignore\n", 1, f"the first line must be {HEADER}"),
        (f"{HEADER}\nA,Odbi\xf3r,ignore,,,normal,\n".encode("latin-1"), 2, "this is no UTF-8"),
        (f'{HEADER}\nA,,ignore,,,normal,"b"c\n'.encode(), 2, "this is no CSV: look at the quotation marks"),
        (f'{HEADER}\nA,,ignore,,,normal,\nB,,ignore,,,normal,"\n\n'.encode(), 3, "this is no CSV: look at"),
    ],
)
def test_what_is_no_such_table_is_told_where_it_begins(data: bytes, line: int, told: str) -> None:
    (found,) = read_sheet(data).faults
    assert (found.line, found.detail.startswith(told)) == (line, True)


def test_an_empty_guard_and_both_names_are_all_that_a_guard_can_be() -> None:
    rows = [f"{name},,{DELIVERY}.attempt_failed.v1,,{name},normal," for name in Guard]
    assert [row.guard for row in sheet(*rows, f"X,,{DELIVERY}.delivered.v1,,,normal,").rows] == [*Guard, None]


def changes(*rows: str) -> list[tuple[str, str | None]]:
    """The codes that these rows change in DHL's table, with the code whose row read them before."""
    data = "\n".join([HEADER, *rows]).encode()
    found = check_table(data, vocabulary="DHL24-PL", built_in=built_in())
    return [(change.after.code, change.before.code if change.before else None) for change in found.changes]


def test_a_row_that_says_the_same_changes_nothing() -> None:
    assert changes(f"LK,other words,{DELIVERY}.out_for_delivery.v1,,,low,a note") == []
    assert changes(f"DOR_X,,{DELIVERY}.delivered.v1,,,normal,") == []


def test_a_row_that_says_something_else_names_the_one_that_it_replaces() -> None:
    assert changes(f"LK,,{DELIVERY}.in_transit.v1,,,normal,") == [("LK", "LK")]
    assert changes(f"DOR_X,,{DELIVERY}.delivered.v1,mode=locker,,normal,") == [("DOR_X", "DOR*")]
    assert changes(f"DOR_*,,{DELIVERY}.refused.v1,,,normal,") == [("DOR_*", "DOR*")]


def test_a_row_for_what_was_unknown_replaces_none() -> None:
    assert changes(f"NEW,,{DELIVERY}.delivered.v1,,,normal,") == [("NEW", None)]
    assert changes(f"LK*,,{DELIVERY}.out_for_delivery.v1,,,normal,") == [("LK*", None)]


def test_a_vocabulary_of_ones_own_changes_nothing_built_in() -> None:
    found = check_table(f"{HEADER}\nA,,ignore,,,normal,\n".encode(), vocabulary="dpd", built_in=built_in())
    assert (found.is_new, found.changes, found.types) == (True, (), {"ignore": 1})


def test_a_correction_without_an_aim_is_a_caution() -> None:
    row = f"{HEADER}\nA_K,,{DELIVERY}.corrected.v1,action=replace,,normal,\n"
    found = check_table(row.encode(), vocabulary="dpd", built_in=built_in())
    assert (found.faults, [caution.line for caution in found.cautions]) == ((), [2])
    assert "corrects nothing that it names" in found.cautions[0].detail


def test_an_aim_may_be_in_the_built_in_table() -> None:
    row = f"{HEADER}\nLK_K,,{DELIVERY}.corrected.v1,corrects=LK;action=cancel,,normal,\n".encode()
    assert check_table(row, vocabulary="dhl24-pl", built_in=built_in()).faults == ()
    assert [each.line for each in check_table(row, vocabulary="upu", built_in=built_in()).faults] == [2]


def test_what_is_checked_has_the_version_that_a_deployment_with_it_has() -> None:
    own = built_in()["upu"]
    assert check_table(own, vocabulary="dpd", built_in={}).version == VOCABULARIES.tables["upu"].version


@given(st.binary() | st.text().map(lambda text: f"{HEADER}\n{text}".encode(errors="replace")))
def test_no_file_raises_and_what_has_no_fault_has_rows(data: bytes) -> None:
    found = check_table(data, vocabulary="upu", built_in=built_in())
    assert found.faults or found.rows

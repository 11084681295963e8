"""What auditors type and see, without a database: the readings of a term, the axis of time, words for every fact."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel
from app.domain.support import Act
from app.evidence.catalogue import CATALOGUE, CONSENT_FACTS, EVENT_FACTS, GRADE_WORDS, SEALED_NAMES, Chain
from app.web.audit.axis import Moment, picture
from app.web.audit.browser_script import SCRIPT, TEXTS
from app.web.audit.terms import Term, read_term
from app.web.audit.view import grouped
from app.web.audit.words import ACTS, FACTS, FIELDS, GRADES, LANES, WORTH, lane_of
from app.web.verify_page import verify_page

WARSAW = ZoneInfo("Europe/Warsaw")
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
LEAF = "0a" * 32
NOTIFICATION = "01a20056-46a6-7777-b896-71029894000f"


@pytest.mark.parametrize(
    ("typed", "term"),
    [
        ("0075 9007 7341 2345 6789", Term(name="00759007734123456789")),
        ("customer-4711", Term(name="customer-4711")),
        ("+48 600 100 200", Term(contact=(Channel.SMS, "+48600100200"))),
        ("600 100 200", Term(name="600100200", contact=(Channel.SMS, "+48600100200"))),
        (" Jan@Example.com ", Term(contact=(Channel.EMAIL, "jan@example.com"))),
        (LEAF.upper(), Term(leaf=bytes.fromhex(LEAF))),
        (NOTIFICATION.upper(), Term(id=UUID(NOTIFICATION), name=NOTIFICATION.upper())),
        ("", Term()),
        ("Jan Kowalski/../x", Term()),
        ("x" * 129, Term()),
    ],
)
def test_a_term_is_read_in_every_way_that_it_can_be(typed: str, term: Term) -> None:
    read = read_term(typed)
    if term.contact and term.contact[0] is Channel.EMAIL:
        assert read.contact is not None
        assert read.contact[1].lower() == term.contact[1]
        return
    assert read == term


@given(st.text())
def test_whatever_is_typed_is_read_without_an_error(typed: str) -> None:
    read_term(typed)


def test_only_ids_and_hashes_need_no_operator() -> None:
    needy = {typed: read_term(typed).needs_operator for typed in (LEAF, NOTIFICATION, "customer-4711", "+48600100200")}
    assert needy == {LEAF: False, NOTIFICATION: False, "customer-4711": True, "+48600100200": True}


def test_long_numbers_stand_in_groups_and_names_as_they_are() -> None:
    assert grouped("00759007734123456789") == "0075 9007 7341 2345 6789"
    assert grouped("600100200") == "600100200"
    assert grouped("KURIER-00759007734123456789") == "KURIER-00759007734123456789"


def moment(number: int, known: float, claimed: float | None = None, lane: int = 0) -> Moment:
    return Moment(
        number=number,
        lane=lane,
        tone="",
        claimed=None if claimed is None else NOON + timedelta(seconds=claimed),
        known=NOON + timedelta(seconds=known),
    )


def em(height: str) -> float:
    return float(height.removesuffix("em"))


def test_a_claim_stands_above_what_we_knew_and_a_line_joins_both() -> None:
    drawn = picture([moment(1, 60, claimed=0), moment(2, 30)], WARSAW)
    assert [(mark.number, mark.is_claimed, mark.is_known) for mark in drawn.marks] == [
        (1, True, False),
        (2, True, True),
        (1, False, True),
    ]
    (link,) = drawn.links
    assert (link.y1, link.y2) == (drawn.marks[0].y, drawn.marks[2].y)


def test_a_claim_about_the_future_stands_below_what_we_knew() -> None:
    drawn = picture([moment(1, 0, claimed=3600)], WARSAW)
    assert [mark.is_known for mark in drawn.marks] == [True, False]


def test_each_day_is_named_once_by_the_clock_of_the_place() -> None:
    drawn = picture([moment(1, 0, claimed=-86_400), moment(2, 43_000), moment(3, 43_200)], WARSAW)
    assert [str(day) for _, day in drawn.days] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert [text for _, text in drawn.times][:2] == ["12:00:00", "12:00:00"]


instants = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)


@given(st.lists(st.tuples(instants, st.none() | instants, st.integers(0, 3)), max_size=40))
def test_the_axis_never_runs_backwards_and_holds_every_mark(facts: list[tuple[float, float | None, int]]) -> None:
    moments = [moment(n, known, claimed, lane) for n, (known, claimed, lane) in enumerate(facts, start=1)]
    drawn = picture(moments, WARSAW)
    heights = [em(mark.y) for mark in drawn.marks]
    assert heights == sorted(heights)
    assert len(set(heights)) == len(heights)
    assert all(height < em(drawn.height) for height in heights)
    assert {mark.number for mark in drawn.marks if mark.is_known} == {each.number for each in moments}
    assert {mark.number for mark in drawn.marks if mark.is_claimed} == {each.number for each in moments}


def test_every_fact_that_a_proof_can_hold_has_words_and_a_lane() -> None:
    chained = {name for name, row in CATALOGUE.items() if row.chain is not Chain.NEVER}
    assert set(FACTS) == chained | EVENT_FACTS | CONSENT_FACTS | {"support.acted"}
    assert set(ACTS) == set(Act)
    assert {lane_of(name, by="person") for name in FACTS} == set(range(len(LANES)))
    assert set(FIELDS) == SEALED_NAMES
    assert GRADES == GRADE_WORDS
    assert all(CATALOGUE["receipt.delivered"].data["signature"].accepts(word) for word in WORTH)


def test_who_agreed_stands_in_the_lane_of_whoever_says_so() -> None:
    assert lane_of("consent.granted", by="person") != lane_of("consent.granted", by="operator")


def test_the_pages_verifier_is_that_of_the_verify_page_byte_for_byte() -> None:
    theirs = verify_page().html.decode()
    begins, ends = SCRIPT.index("/**"), SCRIPT.index("/**\n * A story's page")
    assert SCRIPT[begins:ends].strip() in theirs


def test_no_two_parts_of_the_script_have_the_same_name() -> None:
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", SCRIPT, re.MULTILINE)
    assert sorted(names) == sorted(set(names))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", SCRIPT)


@pytest.mark.parametrize("language", ["pl", "uk"])
def test_the_script_says_everything_in_every_language(language: str) -> None:
    own = SCRIPT[SCRIPT.index("/**\n * A story's page") :]
    said = {json.loads(text) for text in re.findall(r'\bmessage\(\s*("(?:[^"\\]|\\.)*")', own)}
    constants = dict(re.findall(r"^const (\w+) = (.*);$", SCRIPT, re.MULTILINE))
    texts = json.loads(constants["TEXTS"])[language]
    assert said <= texts.keys()
    assert TEXTS[language].keys() <= said
    for english in said:
        assert set(re.findall(r"\{\w+\}", texts[english])) == set(re.findall(r"\{\w+\}", english))


def test_a_time_at_the_end_of_the_calendar_has_a_place_too() -> None:
    drawn = picture([replace(moment(1, 0), claimed=datetime.max.replace(tzinfo=UTC))], WARSAW)
    assert len(drawn.marks) == 2

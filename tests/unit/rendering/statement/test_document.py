"""The document itself: what is attached and said about it, that nothing runs out of its place, and its bounds."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from app.rendering.catalog import speaker_of
from app.rendering.statement_pdf.document import render_statement
from app.rendering.statement_pdf.records_table import ROW_LONGEST, details
from app.rendering.statement_pdf.seal import Seal, Stamp
from app.rendering.statement_pdf.sheet import FLOOR, LEFT, WIDTH, Sheet, Style
from tests.unit.evidence.builder import Log
from tests.unit.rendering.statement.stories import (
    Attempt,
    accepted,
    account,
    closing,
    delivered,
    ended,
    reported,
    started,
    story,
    suppressed,
)

SEAL = Seal(holder="awizo, awizo.test", fingerprint="ab" * 32, is_self_signed=True, stamp=Stamp.NONE_ASKED)
A4_HEIGHT = 297


@dataclass(frozen=True, slots=True)
class Line:
    page: int
    text: str
    x: float
    y: float
    right: float


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    """Every line of text that is put on a page from now on."""
    written: list[Line] = []
    put = Sheet.put

    def noting(sheet: Sheet, text: str, style: Style, *, x: float, y: float) -> None:
        put(sheet, text, style, x=x, y=y)
        written.append(Line(sheet.page, text, x, y, x + sheet.width_of(text, style)))

    monkeypatch.setattr(Sheet, "put", noting)
    return written


def text_of(lines: list[Line]) -> str:
    return " ".join(line.text for line in lines).replace("\u00a0", " ")


def read(document: bytes) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(document))


def test_the_bundle_is_attached_as_it_was() -> None:
    bundle = delivered().bundle()
    root = read(render_statement(bundle, "pl", SEAL)).root
    names = root["/Names"]["/EmbeddedFiles"]["/Names"]
    name, file = names[0], names[1]
    assert str(name) == "awizo-0198c0de-0000-7000-8000-00000000a11c.json"
    assert file["/EF"]["/F"].data == bundle
    assert file["/AFRelationship"] == "/Source"
    assert [each.get_object() for each in root["/AF"]] == [file]


def test_it_is_pdf_a_3b_and_names_its_language_title_and_time() -> None:
    reader = read(render_statement(delivered().bundle(), "pl", SEAL))
    metadata = reader.root["/Metadata"].data.decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert "Poświadczenie powiadomienia" in metadata
    assert reader.root["/Lang"] == "pl"
    assert reader.root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert 'xmp:CreateDate="2026-11-23T11:42:03+00:00"' in metadata


def test_each_page_carries_its_number_and_the_reference_short_and_whole(lines: list[Line]) -> None:
    known = account(delivered())
    render_statement(delivered().bundle(), "en", SEAL)
    pages = max(line.page for line in lines)
    for page in range(1, pages + 1):
        words = [line.text for line in lines if line.page == page]
        assert f"page {page} of {pages}" in words
        assert known.digest in words
        assert any(f"proof {known.digest[:4]} {known.digest[4:8]}" in each for each in words)


def test_the_first_page_says_what_how_sure_and_what_not(lines: list[Line]) -> None:
    render_statement(delivered().bundle(), "pl", SEAL)
    first = text_of([line for line in lines if line.page == 1])
    for words in (
        "Poświadczenie powiadomienia",
        "Jak pewne to jest",
        "Czego ten dokument nie pokazuje",
        "+48600100200",
    ):
        assert words in first


def test_the_last_page_says_how_to_check_and_what_the_certificate_is_worth(lines: list[Line]) -> None:
    render_statement(delivered().bundle(), "en", SEAL)
    words = text_of(lines)
    assert "pdfdetach -save 1 -o proof.json" in words
    assert "The holder issued this certificate to itself, and nobody else vouches for it" in words
    assert "carries no time stamp" in words


@pytest.mark.parametrize(
    ("stamp", "words"),
    [(Stamp.CARRIED, "carries a time stamp of an authority"), (Stamp.NOT_TO_BE_HAD, "authority could not be reached")],
)
def test_it_says_whether_its_signature_is_stamped(stamp: Stamp, words: str, lines: list[Line]) -> None:
    render_statement(
        delivered().bundle(), "en", Seal(holder="Court", fingerprint="cd" * 32, is_self_signed=False, stamp=stamp)
    )
    assert words in text_of(lines)
    assert "nobody else vouches" not in text_of(lines)


def test_every_record_is_in_the_table_with_its_grade_in_words(lines: list[Line]) -> None:
    render_statement(story(started(), accepted(), reported("delivered")).bundle(), "en", SEAL)
    words = text_of(lines)
    for grade in (
        "grade 0: our own record",
        "grade 1: a provider or mail server took it over",
        "grade 5: an act of the",
    ):
        assert grade in words


def hostile() -> Log:
    text = "A\u202e\x00 {nb} %(x)s {{7*7}} **b** " + "W" * 900 + "漢字\n\n\U0001f600"
    return story(
        started(content=text.encode()),
        accepted(),
        kind="k" * 900,
        reason="r" * 9000,
        recipient=text.encode(),
        contact=b"\xff\x00" * 500,
        shipment="\n".join(["9" * 300] * 50).encode(),
    )


@pytest.mark.parametrize("log", [delivered, partial(suppressed, "no_consent"), hostile])
@pytest.mark.parametrize("language", ["pl", "en"])
def test_no_line_runs_out_of_its_page(log: Callable[[], Log], language: str, lines: list[Line]) -> None:
    render_statement(log().bundle(), language, SEAL)
    outside = [line for line in lines if line.x < LEFT - 0.01 or line.right > LEFT + WIDTH + 0.01 or line.y > A4_HEIGHT]
    assert outside == []
    below = [line for line in lines if FLOOR < line.y < FLOOR + 6]
    assert below == []


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is(lines: list[Line]) -> None:
    render_statement(story(started(content=b"{nb} %(x)s {{7*7}}"), accepted()).bundle(), "en", SEAL)
    assert "{nb} %(x)s {{7*7}}" in text_of(lines)


@pytest.mark.parametrize("language", ["pl", "en"])
def test_the_limits_stand_on_the_first_page_whatever_else_does(language: str, lines: list[Line]) -> None:
    render_statement(hostile().bundle(), language, SEAL)
    heads = ("Czego ten dokument nie pokazuje", "What this document does not show")
    assert [line.page for line in lines if line.text in heads] == [1]


def test_a_bundle_of_a_thousand_records_gives_few_pages_that_say_what_they_leave_out(lines: list[Line]) -> None:
    facts: list[Attempt] = list(
        chain.from_iterable((started(n, content=b"x" * 3000), ended("not_sent", n)) for n in range(1, 501))
    )
    render_statement(story(*facts).bundle(), "en", SEAL)
    assert max(line.page for line in lines) <= 30
    words = text_of(lines)
    assert "943 records are left out here; the attached proof has them." in words
    assert "Only the first and the last of many records are drawn." in words
    assert "… and characters more: 2520" in words


def test_the_details_of_a_record_are_bounded() -> None:
    known = account(story(started(content=b"\n" * 5000), shipment=b"\n".join([b"S" * 128] * 300)))
    say = speaker_of("app.rendering.statement_pdf", "statement", "en")
    for record in known.records:
        told = details(record, say)
        assert sum(map(len, told)) <= ROW_LONGEST + 100
        assert len(told) < 20


def test_closed_fields_are_named_and_said_to_be_closed(lines: list[Line]) -> None:
    bundle = closing(delivered().bundle(), ("contact", "content", "recipient", "shipment"))
    render_statement(bundle, "en", SEAL)
    words = text_of(lines)
    assert "Sealed, not shown in this document: Phone number or e-mail address, Text of the message" in words
    assert "600100" not in words


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(max_size=200), recipient=st.text(min_size=1, max_size=80))
def test_any_text_can_be_shown(content: str, recipient: str) -> None:
    content, recipient = (text.encode("utf-8", "replace").decode() for text in (content, recipient))
    log = story(started(content=content.encode()), accepted(), recipient=recipient.encode())
    assert render_statement(log.bundle(), "pl", SEAL).startswith(b"%PDF-1.7")

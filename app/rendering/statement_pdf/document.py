"""Puts a statement of notification together: `render_statement`."""

from app.rendering.catalog import Say, speaker_of
from app.rendering.statement_pdf.account import Account, account_of
from app.rendering.statement_pdf.closing import attachment_name, draw_closing
from app.rendering.statement_pdf.fate import Ending
from app.rendering.statement_pdf.frame import draw_limits
from app.rendering.statement_pdf.moments import in_full
from app.rendering.statement_pdf.records_table import draw_records
from app.rendering.statement_pdf.seal import Seal
from app.rendering.statement_pdf.sheet import (
    ACTION,
    BODY,
    LEFT,
    NOTE,
    NOTE_BOLD,
    PROBLEM,
    SMALL_BOLD,
    SMALL_SOFT,
    SOON,
    TOP,
    VERIFIED,
    WIDTH,
    Colour,
    Sheet,
    Style,
    short_reference,
)
from app.rendering.statement_pdf.summary import summary
from app.rendering.statement_pdf.telling import headline, paragraph, sureness
from app.rendering.statement_pdf.timeline import draw_timeline, is_whole

_CODE = 27.0
_LABEL = 39.0
_TITLE = Style(size=23, is_bold=True)
_MAKER = Style(size=11, is_bold=True, colour=ACTION)
_HEADLINE = Style(size=14.5, is_bold=True)
_COLOURS: dict[Ending, Colour] = {
    Ending.DELIVERED: VERIFIED,
    Ending.TAKEN_OVER: ACTION,
    Ending.UNKNOWN: SOON,
    Ending.FAILED: PROBLEM,
    Ending.NOT_SENT: PROBLEM,
    Ending.CALLED_OFF: PROBLEM,
    Ending.EXPIRED: PROBLEM,
}


def render_statement(bundle: bytes, language: str, seal: Seal) -> bytes:
    """The statement that a proof bundle makes, as a PDF/A-3b with the bundle's very bytes attached, not signed yet.

    `language` is pl or en. Nothing but the bundle is told, and the same bundle gives the same pages. However large the
    bundle, there are some thirty pages at most, and what they leave out is said. Raises UnsoundBundleError when the
    bundle is not sound under the keys that it names itself.
    """
    account, say = account_of(bundle), speaker_of("app.rendering.statement_pdf", "statement", language)
    title = say("Statement of notification")
    sheet = Sheet(title=title, digest=account.digest, language=language, made_at=account.issued_at, say=say)
    sheet.embed_file(
        bytes=bundle,
        basename=attachment_name(account),
        desc=say("The proof that this document tells of"),
        mime_type="application/json",
        modification_date=account.issued_at,
        associated_file_relationship="Source",
        compress=True,
        checksum=True,
    )
    sheet.add_page()
    _draw_top(sheet, account, title, language, say)
    _draw_story(sheet, account, language, say)
    draw_limits(sheet, account.downtimes, say)
    _draw_summary(sheet, account, language, say)
    _draw_records(sheet, account, say)
    draw_closing(sheet, account, seal, say)
    return sheet.finish()


def _draw_top(sheet: Sheet, account: Account, title: str, language: str, say: Say) -> None:
    """Who made it, what it is, when; at the right the reference of the proof as a code to scan."""
    code_x = LEFT + WIDTH - _CODE
    sheet.code(f"awizo-proof/v1:{account.digest}", x=code_x, y=TOP, size=_CODE)
    for text, style, y in (
        (say("Proof reference"), SMALL_SOFT, _CODE + 2.8),
        (short_reference(account.digest), SMALL_BOLD, _CODE + 6.6),
    ):
        sheet.put(text, style, x=LEFT + WIDTH - sheet.width_of(text, style), y=TOP + y)
    sheet.put("awizo", _MAKER, x=LEFT, y=TOP - 1)
    sheet.set_y(TOP + 7)
    sheet.flow(title, _TITLE, width=WIDTH - _CODE - 8, after=1)
    issued = say("Proof issued on %(when)s", when=in_full(account.issued_at, language))
    sheet.flow(issued, NOTE, width=WIDTH - _CODE - 8)
    sheet.flow(say("Notification %(id)s", id=account.notification), NOTE, width=WIDTH - _CODE - 8)
    sheet.set_y(TOP + _CODE + 13)


def _draw_story(sheet: Sheet, account: Account, language: str, say: Say) -> None:
    """The headline beside a bar of its colour, one paragraph, and how sure it is."""
    top = sheet.y
    sheet.flow(headline(account, say), _HEADLINE, x=LEFT + 5, width=WIDTH - 5)
    sheet.set_fill_color(*_COLOURS.get(account.fate.ending, SOON))
    sheet.rect(LEFT, top, 1.8, sheet.y - top, style="F")
    sheet.set_y(sheet.y + 2.5)
    sheet.flow(sheet.prose(paragraph(account, language, say)), BODY, after=2)
    sheet.flow(say("How sure that is"), NOTE_BOLD)
    sheet.flow(sheet.prose(sureness(account, say)), BODY, after=3.5)


def _draw_summary(sheet: Sheet, account: Account, language: str, say: Say) -> None:
    sheet.set_y(sheet.y + 5)
    sheet.rule()
    for label, text in summary(account, language, say):
        lines = [line for part in text for line in sheet.lines(part, NOTE, WIDTH - _LABEL)]
        sheet.make_room(NOTE.leading * len(lines) + 3)
        top = sheet.y + 1.3
        sheet.put(label, NOTE_BOLD, x=LEFT, y=top)
        for number, line in enumerate(lines):
            sheet.put(line, NOTE, x=LEFT + _LABEL, y=top + number * NOTE.leading)
        sheet.set_y(top + NOTE.leading * len(lines) + 1.3)
        sheet.rule()


def _draw_records(sheet: Sheet, account: Account, say: Say) -> None:
    sheet.add_page()
    sheet.set_y(TOP)
    sheet.heading(say("The course of it"))
    draw_timeline(sheet, account.records, say)
    if not is_whole(account.records):
        sheet.flow(say("Only the first and the last of many records are drawn."), NOTE, after=2)
    sheet.heading(say("The records"))
    sheet.flow(
        say(
            "Each stands in the log as it is given here; the number is that of the picture. Characters that the "
            "typeface lacks are written by their number, as ‹U+1F4E6›."
        ),
        NOTE,
        after=2,
    )
    draw_records(sheet, account, say)
    sheet.set_y(sheet.y + 6)

"""An A4 document with the project's typeface: pages that carry the proof's reference, and a few ways to set text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import segno
from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from app.rendering.catalog import Say
from app.rendering.statement_pdf.letters import grouped

Colour = tuple[int, int, int]

INK: Colour = (0x16, 0x20, 0x2E)
SOFT: Colour = (0x4C, 0x5A, 0x6D)
LINE: Colour = (0xCF, 0xD6, 0xDF)
WASH: Colour = (0xF3, 0xF5, 0xF8)
ACTION: Colour = (0x17, 0x3F, 0x8A)
SOON: Colour = (0x85, 0x52, 0x00)
PROBLEM: Colour = (0xA5, 0x1D, 0x24)
VERIFIED: Colour = (0x14, 0x69, 0x3A)

# In millimetres.
LEFT, RIGHT, TOP, BOTTOM = 20.0, 18.0, 18.0, 24.0
WIDTH = 210.0 - LEFT - RIGHT
FLOOR = 297.0 - BOTTOM
_LEADING = 1.42
_POINT = 25.4 / 72
_SHORT = 16
_ONE_LETTER = re.compile(r"(?<![^\s(])([aiouwzAIOUWZ]) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a piece of text is set: size in points, weight and colour."""

    size: float
    is_bold: bool = False
    colour: Colour = INK

    @property
    def leading(self) -> float:
        """From one line to the next, in millimetres."""
        return self.size * _POINT * _LEADING


BODY = Style(size=10.5)
BOLD = Style(size=10.5, is_bold=True)
NOTE = Style(size=9.2)
NOTE_BOLD = Style(size=9.2, is_bold=True)
SMALL = Style(size=8)
SMALL_SOFT = Style(size=8, colour=SOFT)
SMALL_BOLD = Style(size=8, is_bold=True)
TINY = Style(size=7, colour=SOFT)
HEADING = Style(size=13, is_bold=True)


def short_reference(digest: str) -> str:
    """The beginning of a proof's digest, as people compare it."""
    return grouped(digest[:_SHORT])


class Sheet(FPDF):
    """A4 pages as PDF/A-3b (ISO 19005-3), each with the document's name, its number and the proof's digest."""

    def __init__(self, *, title: str, digest: str, language: str, made_at: datetime, say: Say) -> None:
        super().__init__(format="A4", unit="mm", enforce_compliance="PDF/A-3B")
        self._named, self._digest, self.language, self.say = title, digest, language, say
        for weight, style in (("400", ""), ("600", "B")):
            self.add_font("Inter", style, str(files(__package__) / f"inter-{weight}.ttf"))
        self.set_margins(LEFT, TOP, RIGHT)
        self.set_auto_page_break(auto=False)
        self.alias_nb_pages("")  # else {nb} in a value would become the number of pages
        self.c_margin = 0
        self.set_title(title)
        self.set_subject(say("Proof %(digest)s", digest=digest))
        self.set_creator("awizo")
        self.set_producer("awizo")
        self.set_lang(language)
        self.set_creation_date(made_at)

    def finish(self) -> bytes:
        """The document; each page gets its foot now that their number is known."""
        pages = self.pages_count
        for number in range(1, pages + 1):
            self.page = number
            self.set_font("Inter", "", 1)  # so that the next one is set anew: this page ended with any
            self._draw_foot(self.say("page %(page)s of %(pages)s", page=str(number), pages=str(pages)))
        return bytes(self.output())

    def _draw_foot(self, page: str) -> None:
        """The name of the document, its page, and the reference of the proof, short and whole."""
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        self.line(LEFT, FLOOR + 5, LEFT + WIDTH, FLOOR + 5)
        reference = self.say("proof %(reference)s", reference=short_reference(self._digest))
        self.put(f"{self._named}  ·  {reference}", TINY, x=LEFT, y=FLOOR + 6.5)
        self.put(self._digest, TINY, x=LEFT, y=FLOOR + 10.5)
        self.put(page, SMALL_BOLD, x=LEFT + WIDTH - self.width_of(page, SMALL_BOLD), y=FLOOR + 6.5)

    def use(self, style: Style) -> None:
        """Set what follows in that style."""
        self.set_font("Inter", "B" if style.is_bold else "", style.size)
        self.set_text_color(*style.colour)

    def put(self, text: str, style: Style, *, x: float, y: float) -> None:
        """One line of text whose box begins there."""
        self.use(style)
        self.set_xy(x, y)
        self.cell(0, style.leading, text)

    def width_of(self, text: str, style: Style) -> float:
        """How wide a line of text is."""
        self.use(style)
        return float(self.get_string_width(text))

    def lines(self, text: str, style: Style, width: float) -> Sequence[str]:
        """The lines into which the text breaks at that width."""
        self.use(style)
        broken = self.multi_cell(width, style.leading, text, align="L", dry_run=True, output=MethodReturnValue.LINES)
        return [str(line) for line in broken] if isinstance(broken, list) else [text]

    def prose(self, text: str) -> str:
        """The sentences that we write, with no Polish word of one letter left at the end of a line."""
        return _ONE_LETTER.sub("\\1\u00a0", text) if self.language == "pl" else text

    def flow(self, text: str, style: Style, *, x: float = LEFT, width: float = WIDTH, after: float = 0) -> None:
        """A paragraph at the present height, going on overleaf where the page ends."""
        for line in self.lines(text, style, width):
            self.make_room(style.leading)
            self.put(line, style, x=x, y=self.y)
            self.set_y(self.y + style.leading)
        self.set_y(self.y + after)

    def heading(self, text: str) -> None:
        """A heading that does not stand alone at the foot of a page."""
        self.make_room(HEADING.leading + 24)
        self.flow(text, HEADING, after=2)

    def make_room(self, height: float) -> None:
        """Go to the next page unless so much is left on this one."""
        if self.y + height > FLOOR:
            self.add_page()
            self.set_y(TOP)

    def rule(self, *, colour: Colour = LINE, width: float = 0.2) -> None:
        """A line across at the present height."""
        self.set_draw_color(*colour)
        self.set_line_width(width)
        self.line(LEFT, self.y, LEFT + WIDTH, self.y)

    def code(self, text: str, *, x: float, y: float, size: float) -> None:
        """A QR code (ISO/IEC 18004, level M) of that size; its quiet zone must be left free around it."""
        matrix = segno.make(text, error="m", micro=False, boost_error=False).matrix
        module = size / len(matrix)
        self.set_fill_color(0, 0, 0)
        for row, bits in enumerate(matrix):
            start = 0
            while start < len(bits):
                end = start
                while end < len(bits) and bits[end]:
                    end += 1
                if end > start:
                    self.rect(x + start * module, y + row * module, (end - start) * module, module * 1.02, style="F")
                start = max(end, start) + 1

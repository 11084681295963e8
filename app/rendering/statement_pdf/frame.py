"""The limits of a statement, in a frame on its first page."""

import re
from datetime import datetime

from app.domain.duty import Duty
from app.rendering.catalog import Say, marked
from app.rendering.statement_pdf.letters import printable, shortened
from app.rendering.statement_pdf.moments import in_table
from app.rendering.statement_pdf.sheet import LEFT, NOTE, NOTE_BOLD, SOON, WIDTH, Sheet

_LIMITS = (
    marked(
        "This is a statement of notification. It is no proof of delivery of the item itself, nor that anybody read the "
        "message."
    ),
    marked(
        "Such a message only informs. It neither replaces the paper notice nor moves any deadline: the paper notice is "
        "the one that counts."
    ),
    marked(
        "Each record shows no more than its grade says: 0, our own record; 1, a provider or mail server took the "
        "message over; 2, a provider's report; 3, a handset's report; 4, a mail server's signed report; 5, an act of "
        "the person. A report signed with a key that we share with the provider proves nothing to others."
    ),
    marked(
        "That no further record exists follows only from the log's statement of completeness, and only for those who "
        "have the key that signed it from elsewhere."
    ),
    marked(
        "Times are those of awizo's clock. A state of the log without a witness's signature or a time stamp shows what "
        "came first, not when."
    ),
)
_FAILING = {
    Duty.ACCEPT.failing: marked("reports could not be accepted"),
    Duty.SMS.failing: marked("SMS could not be sent"),
    Duty.EMAIL.failing: marked("e-mails could not be sent"),
    Duty.SEAL.failing: marked("records could not be sealed"),
}
# One downtime as app.evidence.limits has it.
_DOWNTIME = re.compile(r"([a-z ]+) from (\S{24}) to (\S{24}) \((?:not sealed yet|sealed in shard \S+ at index \d+)\)")
_MORE = re.compile(r"(\d{1,9}) more, which the log holds as well")
_DOWNTIMES_NAMED = 5
_VERBATIM_LONGEST = 600
_INSET = 4.0


def limits_in_words(downtimes: str, say: Say) -> list[str]:
    """Each limit in a sentence or two; the last one, if any, is about the service's own downtimes."""
    told = [say(each) for each in _LIMITS]
    if downtimes:
        told.append(_downtimes(downtimes, say))
    return told


def draw_limits(sheet: Sheet, downtimes: str, say: Say) -> None:
    """The frame at the present height, never parted."""
    inner = WIDTH - 2 * _INSET
    paragraphs = [sheet.lines(sheet.prose(text), NOTE, inner - 4) for text in limits_in_words(downtimes, say)]
    height = NOTE_BOLD.leading * 1.3 + sum(len(lines) * NOTE.leading + 1.1 for lines in paragraphs) + 2 * _INSET - 1
    sheet.make_room(height)
    top = sheet.y
    sheet.set_draw_color(*SOON)
    sheet.set_line_width(0.6)
    sheet.rect(LEFT, top, WIDTH, height, style="D")
    sheet.put(say("What this document does not show"), NOTE_BOLD, x=LEFT + _INSET, y=top + _INSET - 0.5)
    y = top + _INSET + NOTE_BOLD.leading * 1.3 - 0.5
    for lines in paragraphs:
        sheet.put("–", NOTE, x=LEFT + _INSET, y=y)
        for line in lines:
            sheet.put(line, NOTE, x=LEFT + _INSET + 4, y=y)
            y += NOTE.leading
        y += 1.1
    sheet.set_y(top + height)


def _downtimes(text: str, say: Say) -> str:
    """The downtimes that a bundle names; in its own words where they are not of the form that it has from us."""
    parts = text.partition(": ")[2].rstrip(".").split("; ")
    named = [_downtime(part, say) for part in parts]
    if not all(named):
        shown, more = shortened(printable(text), _VERBATIM_LONGEST)
        return shown + (" …" if more else "")
    left = "; …" if len(named) > _DOWNTIMES_NAMED else ""
    listed = "; ".join(named[:_DOWNTIMES_NAMED]) + left
    return say("In the time of these records the service could not always do its work: %(when)s.", when=listed)


def _downtime(part: str, say: Say) -> str:
    if more := _MORE.fullmatch(part):
        return say("others, which the log holds: %(count)s", count=more[1])
    found = _DOWNTIME.fullmatch(part)
    if found is None or found[1] not in _FAILING:
        return ""
    began, ended = (" ".join(in_table(datetime.fromisoformat(found[place]))) for place in (2, 3))
    return say("%(what)s from %(start)s to %(end)s", what=say(_FAILING[found[1]]), start=began, end=ended)

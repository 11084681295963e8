"""SMS about incidents of areas: one of them, or several of the same day."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.domain.event import AREA_INCIDENT_KINDS
from app.rendering.notice import IncidentNews, Notice
from app.rendering.sms.area_sentences import Detail, Telling, is_change, sentences
from app.rendering.sms.fitting import PARTS_MAX, Limit
from app.rendering.sms.voice import Voice, voice

_FULL = Detail()
# Whatever of these fits says all that must be said of each incident.
_SOUND = (
    _FULL,
    replace(_FULL, numbers=False),
    replace(_FULL, numbers=False, hours=False),
    replace(_FULL, numbers=False, hours=False, street=False),
    replace(_FULL, numbers=False, hours=False, street=False, reason=False),
    replace(_FULL, numbers=False, hours=False, street=False, reason=False, whole=False),
)
# A second part is not worth a whole number.
_IN_ONE_PART = _SOUND[:2]
_BRIEF = replace(_SOUND[-1], named=False)
_BARE = (
    _BRIEF,
    *(replace(_BRIEF, room=room, places=places) for room in (40, 24) for places in (3, 2, 1)),
    *(replace(_BRIEF, room=room, places=1, outcomes=outcomes) for outcomes in (2, 1) for room in (24, 14, 10, 7)),
    *(replace(_BRIEF, room=room, places=1, outcomes=0) for room in (40, 24, 14, 10, 7)),
)


def is_of_areas(notice: Notice) -> bool:
    """Whether the notice is to be told in the words of this module."""
    return notice.kind in AREA_INCIDENT_KINDS and bool(notice.incidents)


def text_of(notice: Notice, speaking: Voice, phrase: str) -> str:
    """The first of ever shorter texts that takes no more than two parts; one, where shorter numbers do for that.

    Numbers shrink first, then hours go, streets, reasons, weekdays; then the person's `phrase`, which makes room for
    all that again; then items are counted, names shortened, and at last only the first incident told.
    """
    for detail in _IN_ONE_PART:
        text = _text(notice.incidents, detail, notice, speaking, phrase)
        if not Limit(letters=notice.letters).excess(text):
            return text
    limit = _limit(notice)
    text = ""
    for text in _ever_shorter(notice, speaking, phrase):
        if not limit.excess(text):
            break
    return text


def speaks_for_all(notice: Notice) -> bool:
    """Whether one SMS of at most two parts can tell each of the notice's incidents: where, when, and until what day.

    With the person's phrase, if they have one.
    """
    speaking = voice(notice.language, notice.letters)
    phrase = speaking.phrase(notice.safety_phrase)
    limit = _limit(notice)
    return any(not limit.excess(_text(notice.incidents, detail, notice, speaking, phrase)) for detail in _SOUND)


def _limit(notice: Notice) -> Limit:
    return Limit(letters=notice.letters, gsm7_parts=PARTS_MAX)


def _ever_shorter(notice: Notice, speaking: Voice, phrase: str) -> Iterator[str]:
    for kept in (phrase, "") if phrase else ("",):
        for detail in _SOUND:
            yield _text(notice.incidents, detail, notice, speaking, kept)
    for count in range(len(notice.incidents), 0, -1):
        for detail in _BARE if count == 1 else _BARE[:1]:
            yield _text(notice.incidents[:count], detail, notice, speaking, "")


def _text(told: Sequence[IncidentNews], detail: Detail, notice: Notice, speaking: Voice, phrase: str) -> str:
    say = speaking.say
    body = " ".join(
        sentence
        for news in told
        for sentence in sentences(Telling(news=news, notice=notice, voice=speaking, detail=detail))
    )
    more = len(notice.incidents) - len(told)
    rest = say.plural("%(count)s more incident.", "%(count)s more incidents.", more) if more else ""
    changed = all(is_change(news) for news in told)
    lead = say("AWIZO change: %(item)s", item=body) if changed else say("AWIZO: %(news)s", news=body)
    return " ".join(part for part in (lead, rest, phrase, say("No links, no fees.")) if part)

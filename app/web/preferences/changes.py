"""What was just changed, in words, and the form that takes it back: a POST of the former value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from app.domain.recipient import Letters, Recipient
from app.rendering.catalog import Say
from app.rendering.dates import full_date
from app.web.catalog import speaker
from app.web.pages import LANGUAGE_NAMES
from app.web.preferences.cookies import Change
from app.web.preferences.settings import quiet_typed
from app.web.preferences.words import LETTERS, boxes_in_words, boxes_named, quiet_in_words

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBox:
    """What was changed; `undo` is where `fields` are posted to take it back, empty where that cannot be done."""

    lines: tuple[str, ...] = field(repr=False)
    undo: str
    fields: Fields = field(repr=False)


def change_box(change: Change, person: Recipient, language: str) -> ChangeBox | None:
    """The change in the page's language; None for what is no change that we know."""
    known = _KNOWN.get(change.what)
    if known is None:
        return None
    path, told = known
    try:
        lines = told(change, person, speaker(language), language)
    except (KeyError, ValueError):  # a cookie that none of our pages has set
        return None
    return ChangeBox(lines=lines, undo=path if change.was else "", fields=change.was) if lines else None


def _messages(change: Change, _person: Recipient, say: Say, _language: str) -> tuple[str, ...]:
    now, was = (set(boxes_named(fields["on"].split())) for fields in (change.now, change.was))
    ended, begun = was - now, now - was
    lines = []
    if ended:
        lines.append(say("Switched off: %(what)s. Nothing more of it is sent.", what=boxes_in_words(ended, say)))
    if begun:
        lines.append(say("Switched on: %(what)s.", what=boxes_in_words(begun, say)))
    return tuple(lines)


def _quiet(change: Change, _person: Recipient, say: Say, _language: str) -> tuple[str, ...]:
    hours = quiet_typed(change.now["rule"], change.now.get("from", ""), change.now.get("to", ""))
    return (say("Quiet hours: %(hours)s.", hours=quiet_in_words(hours, say)),) if hours else ()


def _pause(change: Change, _person: Recipient, say: Say, language: str) -> tuple[str, ...]:
    if not change.now["until"]:
        return (say("The pause has ended. Messages are sent again."),)
    day = full_date(date.fromisoformat(change.now["until"]), language)
    return (say("No messages before %(day)s.", day=day),)


def _wording(change: Change, _person: Recipient, say: Say, _language: str) -> tuple[str, ...]:
    language, letters, phrase = (change.now[name] for name in ("language", "letters", "phrase"))
    lines = []
    if "language" in change.was:
        lines.append(say("Language of messages: %(language)s.", language=LANGUAGE_NAMES[language]))
    if "letters" in change.was:
        lines.append(say("SMS are written: %(letters)s.", letters=say(LETTERS[Letters(letters)])))
    if "phrase" in change.was:
        lines.append(
            say("Your safety phrase: %(phrase)s.", phrase=phrase) if phrase else say("There is no safety phrase now.")
        )
    return tuple(lines)


def _contact(change: Change, _person: Recipient, say: Say, _language: str) -> tuple[str, ...]:
    shown = change.now["shown"]
    if change.now["act"] == "removed":
        return (say("%(contact)s was removed. Nothing more is sent there.", contact=shown),)
    return (say("%(contact)s is confirmed and in use.", contact=shown),)


Told = Callable[[Change, Recipient, Say, str], tuple[str, ...]]
_KNOWN: Mapping[str, tuple[str, Told]] = {
    "messages": ("/preferences/messages", _messages),
    "quiet": ("/preferences/quiet", _quiet),
    "pause": ("/preferences/pause", _pause),
    "wording": ("/preferences/wording", _wording),
    "removed": ("/preferences/contacts/return", _contact),
    "confirmed": ("/preferences/contacts/remove", _contact),
}

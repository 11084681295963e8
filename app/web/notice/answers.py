"""What can be said on the page of a notice, and what it means that it was said, in messages of the catalogs."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.event import AREA_INCIDENT_KINDS
from app.domain.statement import Statement, StatementKind
from app.rendering.catalog import marked
from app.usecases.read_notice import NoticeNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Of one answer: the words of its button, what it does, what it means once it is recorded."""

    button: str
    does: str
    recorded: str
    means: tuple[str, ...]


WORDINGS: Mapping[StatementKind, Wording] = {
    StatementKind.DISPUTED: Wording(
        button=marked("I have no paper notice"),
        does=marked("The paper notice is not in your letterbox? We record that you say so. No deadline changes."),
        recorded=marked("Recorded: you have no paper notice"),
        means=(
            marked("We recorded that you say there is no paper notice, and when you said it."),
            marked("The operator sees it, together with this reference."),
            marked("No deadline changes: do collect the item by the day that your notice names."),
            marked("If you complain to the operator, give this reference."),
        ),
    ),
    StatementKind.MISDIRECTED: Wording(
        button=marked("Not for me"),
        does=marked("You are not the one whom this item is for? We send nothing more about it to this e-mail address."),
        recorded=marked("Recorded: it is not for you"),
        means=(
            marked("We recorded that you say it is not for you, and when you said it."),
            marked("We send nothing more about this item to the e-mail address that got this message."),
            marked("The operator sees it, together with this reference."),
        ),
    ),
    StatementKind.ACKNOWLEDGED: Wording(
        button=marked("Got it"),
        does=marked("We record that the message reached you. That collects nothing and changes no deadline."),
        recorded=marked("Recorded: the message reached you"),
        means=(
            marked("We recorded that the message reached you, and when you said so."),
            marked("That collects nothing and changes no deadline."),
            marked("The operator sees it, together with this reference."),
        ),
    ),
}

_NEWS_OF_A_PLACE = Wording(
    button=WORDINGS[StatementKind.MISDIRECTED].button,
    does=marked("This news does not concern you? We record that you say so."),
    recorded=WORDINGS[StatementKind.MISDIRECTED].recorded,
    means=(WORDINGS[StatementKind.MISDIRECTED].means[0],),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: what it is called and what it does, and `said` where it was given already."""

    kind: StatementKind
    wording: Wording
    said: Statement | None


def wording_of(kind: StatementKind, notification_kind: str) -> Wording:
    """The words of an answer about a notification of that kind."""
    about_a_place = notification_kind in AREA_INCIDENT_KINDS
    return _NEWS_OF_A_PLACE if about_a_place and kind is StatementKind.MISDIRECTED else WORDINGS[kind]


def answers_of(found: NoticeNow) -> tuple[Answer, ...]:
    """Every answer that there is, given or not."""
    return tuple(
        Answer(kind=kind, wording=wording_of(kind, found.notification.kind), said=found.said.get(kind))
        for kind in found.answers
    )

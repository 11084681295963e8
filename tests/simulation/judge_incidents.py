"""What the judge asks of news of shut places: told once, to those whom it concerns, and to all of them."""

from collections import defaultdict
from datetime import datetime, timedelta

from tests.simulation import texts
from tests.simulation.hearing import Shut, shut_by
from tests.simulation.journal import Journal
from tests.simulation.judge import HOUR, Court, Told
from tests.simulation.second_plan import is_quiet

_AT_ONCE = timedelta(hours=26)
_CLOSURE = "facility_unavailable"


def judge_incidents(court: Court, journal: Journal, spoken: set[str]) -> None:
    """Every message about incidents, and every person for whom something waits at a shut place."""
    shut = shut_by(journal.posted)
    offices = {each.name: each.office for each in shut}
    for told in court.of_incidents:
        _words(court, told, spoken)
        if told.row.kind == _CLOSURE and not _concerns(court, told, offices):
            court.verdict.fault("unconcerned", str(told))
    _once(court)
    for each in shut:
        if each.days is not None and not _is_overtaken(each, shut):
            _reached(court, each)


def _words(court: Court, told: Told, spoken: set[str]) -> None:
    if not told.person.agreed(told.sent.channel, "incident"):
        court.verdict.fault("unconsented", str(told))
    wanted = told.person.language if told.person.language in spoken else "pl"
    is_sms, text = told.sent.channel == "sms", told.sent.text
    if (texts.language_of(text) if is_sms else told.sent.language) != wanted:
        court.verdict.fault("language", f"{told}: {text[:160]}")
    if not is_sms:
        return
    encoding, parts = texts.parts(text)
    if parts > 2 or (encoding != "gsm7" and not told.person.native):
        court.verdict.fault("too_long", f"{told}: {text}")
    if texts.LINK.search(text):
        court.verdict.fault("link", f"{told}: {text}")
    if is_quiet(told.person.quiet, told.at):
        court.verdict.apart["SMS about a shut place in quiet hours, the last opening before they end"] += 1


def _concerns(court: Court, told: Told, offices: dict[str, str]) -> bool:
    """Whether something of theirs waits at a place that it is about, or one of those for which it speaks."""
    rows = [told.row, *court.books.spoken_for.get(told.row.id, ())]
    places = {offices[row.incident[0]] for row in rows if row.incident is not None}
    return any(
        where is not None and where.waits and where.office in places
        for number in _items_of(court, told.person.name)
        if (where := court.standing(number, told.at)) is not None
    )


def _items_of(court: Court, person: str) -> list[str]:
    if not court.owned:
        for item in court.items.values():
            court.owned[item.operator, item.recipient].append(item.number)
    return court.owned["poczta-polska", person]


def _once(court: Court) -> None:
    told_of: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for told in sorted(court.of_incidents, key=lambda each: each.at):
        for row in (told.row, *court.books.spoken_for.get(told.row.id, ())):
            if row.incident is None:
                continue
            name, revision = row.incident
            before = told_of[name, told.sent.to]
            is_odd = row.kind == "resolved" and (not before or before[-1][1] == "resolved")
            if is_odd or revision in {number for number, _ in before}:
                court.verdict.fault("told_twice", str(told))
            before.append((revision, row.kind))


def _is_overtaken(one: Shut, shut: list[Shut]) -> bool:
    """Whether another revision counted more when it came, or came before everybody was told."""
    mine = [each for each in shut if each.name == one.name and each is not one]
    return any(each.order >= one.order and each.at <= one.at + _AT_ONCE for each in mine)


def _reached(court: Court, one: Shut) -> None:
    told = {
        (row.incident[0], each.sent.to)
        for each in court.of_incidents
        for row in (each.row, *court.books.spoken_for.get(each.row.id, ()))
        if row.incident is not None and each.at <= one.at + _AT_ONCE
    }
    if any(court.stood(one.at + HOUR * n) for n in range(27)):
        court.verdict.apart["shut places told of while no worker ran"] += 1
        return
    for person in court.story.people:
        if person.operator != one.operator or not person.agreed("email", "incident") or person.email is None:
            continue
        waits = any(
            _waits(court, number, one, one.at) and _waits(court, number, one, one.at + _AT_ONCE)
            for number in _items_of(court, person.name)
        )
        if waits and (one.name, person.email) in told:
            court.verdict.apart["people told of a shut place by e-mail"] += 1
        elif waits:
            court.verdict.fault("untold", f"{person.name} of {one}")


def _waits(court: Court, number: str, one: Shut, at: datetime) -> bool:
    where = court.standing(number, at)
    return where is not None and where.waits and where.office == one.office

"""What the judge asks of each message by itself: its words, its days, its hour, its length, and its right to leave."""

from datetime import date
from itertools import pairwise

from tests.simulation import texts
from tests.simulation.hearing import Standing
from tests.simulation.judge import Court, Told, local_day
from tests.simulation.second_plan import Days, days_of, is_open, is_quiet, quiet_end

_OF_WAITING = {"notice_left", "ready_for_pickup", "terms_changed", "reminder", "last_day"}
_INCIDENTS = {"delayed", "damaged", "lost", "address_problem", "item_held"}
SMS_MAX = 4


def judge_messages(court: Court, spoken: set[str]) -> None:
    """Every message in turn; `spoken` are the languages that there are texts in."""
    for told in court.told:
        _owner(court, told)
        _language(court, told, spoken)
        if told.sent.channel == "sms":
            _sms(court, told)
        else:
            _letter(court, told, spoken)
    for number in court.items:
        _budget(court, number)


def _owner(court: Court, told: Told) -> None:
    whose = {(court.items[number].operator, court.items[number].recipient) for number in told.numbers}
    if whose != {(told.person.operator, told.person.name)}:
        court.verdict.fault("words", f"{told}: sent to somebody else")
    if not told.person.agreed(told.sent.channel, told.purpose):
        court.verdict.fault("unconsented", str(told))


def _language(court: Court, told: Told, spoken: set[str]) -> None:
    wanted = _language_of(told, spoken)
    said = texts.language_of(told.sent.text) if told.sent.channel == "sms" else told.sent.language
    if said != wanted:
        court.verdict.fault("language", f"{told}: {said} for {wanted}: {told.sent.text[:160]}")


def _language_of(told: Told, spoken: set[str]) -> str:
    return told.person.language if told.person.language in spoken else "pl"


def _sms(court: Court, told: Told) -> None:
    text = told.sent.text
    encoding, parts = texts.parts(text)
    is_long = told.person.native or told.row.kind in _INCIDENTS
    if parts > (2 if is_long else 1) or (encoding != "gsm7" and not told.person.native):
        court.verdict.fault("too_long", f"{told}: {parts} parts of {encoding}: {text}")
    if texts.LINK.search(text):
        court.verdict.fault("link", f"{told}: {text}")
    named = texts.numbers(text)
    if not named <= {number[-6:] for number in told.numbers} or (len(told.numbers) == 1 and not named):
        court.verdict.fault("words", f"{told}: {text}")
    if texts.reminds(text) != told.is_reminder:
        court.verdict.fault("words", f"{told}: {text}")
    if told.row.kind in _OF_WAITING:
        for day in texts.dates(text, local_day(told.at)):
            _named_day(court, told, day)
    _quiet(court, told)


def _letter(court: Court, told: Told, spoken: set[str]) -> None:
    text = texts.squeezed(told.sent.text)
    for number in told.numbers:
        if number not in text:
            court.verdict.fault("words", f"{told}: {number} is not named")
    if told.row.kind not in _OF_WAITING:
        return
    days = _days(court, told, told.numbers[0])
    if days and days.safe and not texts.names_in_full(told.sent.text, days.safe, _language_of(told, spoken)):
        court.verdict.fault("wrong_day", f"{told}: {days.safe} is not named")


def _named_day(court: Court, told: Told, day: date) -> None:
    """Every day in an SMS is the safe one of the item that speaks, and too late for none of the others."""
    for number in told.numbers:
        where, days = court.standing(number, told.at), _days(court, told, number)
        if where is None or days is None:
            continue
        if days.safe is None and day == days.operators:
            court.verdict.apart["the operator's own day named, where no safe one is left"] += 1
        elif any(limit and day > limit for limit in (days.end_strict, days.operators)):
            court.verdict.fault("too_late_day", f"{told}: {day}, but {days}")
        if is_open(where, day) or not days.safe:
            continue
        if number == told.numbers[0]:
            court.verdict.fault("shut_safe_day", f"{told}: {day} at {where.office}")
        else:
            court.verdict.apart["a place closed on the day named, as was said with another item only"] += 1
    days = _days(court, told, told.numbers[0])
    if days and days.safe and day != days.safe:
        court.verdict.fault("wrong_day", f"{told}: {day} for {days.safe}: {told.sent.text}")


def _days(court: Court, told: Told, number: str) -> Days | None:
    where = court.standing(number, told.at)
    return days_of(where, local_day(told.at)) if where is not None and where.waits else None


def _quiet(court: Court, told: Told) -> None:
    if not is_quiet(told.person.quiet, told.at):
        return
    days = _days(court, told, told.numbers[0])
    end = quiet_end(told.person.quiet, told.at)
    if days and days.last_moment and told.at < days.last_moment <= end:
        court.verdict.apart["SMS in quiet hours, the last opening before they end"] += 1
    else:
        court.verdict.fault("quiet", str(told))


def _budget(court: Court, number: str) -> None:
    """No more than four SMS to one number while the item waited; news that it does not wait any more is none."""
    told_by_phone: dict[str, list[Told]] = {}
    for told in court.about(number):
        if told.sent.channel == "sms" and told.row.kind in _OF_WAITING and _waited(court.standing(number, told.at)):
            told_by_phone.setdefault(told.sent.to, []).append(told)
    for told_to in told_by_phone.values():
        if len(told_to) > SMS_MAX:
            kinds = ", ".join(f"{each.row.kind} {each.at:%m-%d %H}" for each in told_to)
            court.verdict.fault("too_many_sms", f"{number}: {kinds}")
    for one, other in pairwise(sorted(court.about(number), key=lambda each: (each.sent.notification, each.at))):
        if one.sent.notification == other.sent.notification:
            court.verdict.fault("books", f"sent twice: {one}")


def _waited(where: Standing | None) -> bool:
    return where is not None and where.waits

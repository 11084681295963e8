"""The first page's words: what was told to whom, when, and how sure that is."""

from typing import assert_never

from app.evidence.catalogue import GRADE_WORDS
from app.rendering.catalog import Say, marked
from app.rendering.statement_pdf.account import Account
from app.rendering.statement_pdf.fact_words import CHANNELS, FAILURES, GRADES, NEWS, REASONS
from app.rendering.statement_pdf.fate import Ending, Fate
from app.rendering.statement_pdf.letters import grouped, printable, shortened
from app.rendering.statement_pdf.moments import in_sentence, same_day, time_only
from app.rendering.statement_pdf.record import Record
from app.rendering.words import OPERATORS

_ITEMS_NAMED = 5
_VALUE_LONGEST, _NAME_LONGEST, _ITEM_LONGEST = 120, 60, 40
_GROUPED_FROM = 12
_HIGHEST = str(len(GRADE_WORDS) - 1)

_HEADLINES = {
    Ending.DELIVERED: marked("Sent and reported as delivered (%(message)s)"),
    Ending.TAKEN_OVER: marked("Sent, no report of delivery (%(message)s)"),
    Ending.UNKNOWN: marked("It is not known whether it was sent (%(message)s)"),
    Ending.FAILED: marked("Not delivered (%(message)s)"),
    Ending.NOT_SENT: marked("Not sent (%(message)s)"),
    Ending.CALLED_OFF: marked("Called off before it was sent (%(message)s)"),
    Ending.EXPIRED: marked("Not sent, its time had run out (%(message)s)"),
    Ending.WAITING: marked("Not sent yet (%(message)s)"),
    Ending.UNDER_WAY: marked("Being sent, the outcome is not in this document (%(message)s)"),
    Ending.NOT_YET: marked("Not sent so far (%(message)s)"),
}
_UNTRIED = frozenset({Ending.NOT_SENT, Ending.CALLED_OFF, Ending.EXPIRED, Ending.WAITING})
_SIGNED = {
    "none": marked("The report carries no signature."),
    "shared_key": marked(
        "The report is signed with a key that the provider shares with us: to anybody else that proves nothing."
    ),
    "public_key": marked("The report is signed with the provider's own key."),
    "dkim": marked("The report is signed by the mail server (DKIM)."),
}
_DECIDED = marked("The decision and its reason were written down then, and have not been changed since.")
_CAVEATS = {
    Ending.DELIVERED: marked("It does not show whether anybody read the message."),
    Ending.TAKEN_OVER: marked("Whether the message arrived, nobody has said."),
    Ending.UNKNOWN: marked("Nothing follows from this: neither that the person was told nor that they were not."),
    Ending.FAILED: marked("What the provider answered stands among the records."),
    Ending.NOT_SENT: _DECIDED,
    Ending.CALLED_OFF: _DECIDED,
    Ending.EXPIRED: _DECIDED,
}
_SAYINGS = {
    "recipient.acknowledged": marked("The person confirmed the message %(when)s."),
    "recipient.disputed": marked("The person objected to it %(when)s."),
    "recipient.misdirected": marked("Somebody said %(when)s that the message was not for them."),
}


def message_word(account: Account, say: Say) -> str:
    """`SMS` or `e-mail`."""
    channel = account.opening.data["channel"] or ""
    return say(CHANNELS[channel]) if channel in CHANNELS else _shown(channel, _NAME_LONGEST)


def operator_name(account: Account) -> str:
    """The operator by the name that people know, else by its code."""
    code = account.opening.data["operator"] or "–"
    return _shown(OPERATORS.get(code, code), _NAME_LONGEST)


def items(account: Account) -> tuple[str, ...]:
    """The numbers of the items it is about, long ones of digits in groups; none while that field is closed."""
    opened = account.opened("shipment") or ""
    return tuple(_number(_shown(each, _ITEM_LONGEST)) for each in opened.split("\n") if each)


def headline(account: Account, say: Say) -> str:
    """What became of the message, in one line."""
    return say(_HEADLINES[account.fate.ending], message=message_word(account, say))


def paragraph(account: Account, language: str, say: Say) -> str:
    """What was to be told to whom, what became of it, and what the person said."""
    sentences = [_subject(account, say), _items(account, say), *_course(account, language, say)]
    said = [
        say(_SAYINGS[record.type], when=in_sentence(record.known_at, language, say))
        for record in account.chain
        if record.type in _SAYINGS
    ]
    return " ".join(filter(None, [*sentences, *said[:3]]))


def sureness(account: Account, say: Say) -> str:
    """How sure the headline is, and what nobody may conclude from it."""
    fate = account.fate
    grade = say(
        "This rests on grade %(grade)s of %(highest)s: %(words)s.",
        grade=str(fate.by.grade),
        highest=_HIGHEST,
        words=say(GRADES[fate.by.grade]),
    )
    return " ".join([grade, *_caveats(fate, say), *_unpublished(account, say)])


def _subject(account: Account, say: Say) -> str:
    kind = account.opening.data["kind"] or ""
    return say(
        "The message (%(message)s; %(whom)s) was to tell that %(news)s.",
        message=message_word(account, say),
        whom=_whom(account, say),
        news=say(NEWS[kind])
        if kind in NEWS
        else say("something had happened (%(kind)s)", kind=_shown(kind, _NAME_LONGEST)),
    )


def _whom(account: Account, say: Say) -> str:
    """The number or address and the recipient, as far as they are open; closed ones are said to be closed."""
    named = [_contact(account, say)]
    if recipient := account.opened("recipient"):
        named.append(say("recipient %(value)s", value=_shown(recipient)))
    elif account.is_sealed("recipient"):
        named.append(say("a recipient who is sealed here"))
    return ", ".join(named)


def _contact(account: Account, say: Say) -> str:
    is_sms = account.opening.data["channel"] == "sms"
    contact = account.opened("contact")
    if contact is not None:
        shown = _shown(contact)
        return say("to the number %(value)s", value=shown) if is_sms else say("to the address %(value)s", value=shown)
    if account.is_sealed("contact"):
        return say("to a number that is sealed here") if is_sms else say("to an address that is sealed here")
    return say("no number known") if is_sms else say("no address known")


def _items(account: Account, say: Say) -> str:
    named = items(account)
    operator = operator_name(account)
    if not named and account.is_sealed("shipment"):
        return say("The number of the item is sealed here; its operator is %(operator)s.", operator=operator)
    if not named:
        return say("The operator is %(operator)s.", operator=operator)
    if len(named) == 1:
        return say("It was about item %(item)s; its operator is %(operator)s.", item=named[0], operator=operator)
    listed = ", ".join(named[:_ITEMS_NAMED]) + (" …" if len(named) > _ITEMS_NAMED else "")
    return say("It was about items %(items)s; their operator is %(operator)s.", items=listed, operator=operator)


def _course(account: Account, language: str, say: Say) -> list[str]:
    """What became of the message, in a sentence or two."""
    fate = account.fate
    tried = [] if fate.ending in _UNTRIED or fate.sent is None else [_tried(fate, fate.sent, language, say)]
    when = in_sentence(fate.by.known_at, language, say, after=fate.sent.known_at if tried and fate.sent else None)
    return [*tried, _outcome(account, when, language, say)]


def _outcome(account: Account, when: str, language: str, say: Say) -> str:
    fate = account.fate
    match fate.ending:
        case Ending.DELIVERED:
            said = _delivered(fate.by, when, language, say)
        case Ending.TAKEN_OVER:
            said = say("That the provider took it over was written down %(when)s.", when=when)
        case Ending.UNKNOWN:
            said = _unknown(fate.by, when, say)
        case Ending.FAILED:
            said = _failed(fate.by, when, say)
        case Ending.NOT_SENT | Ending.CALLED_OFF | Ending.EXPIRED:
            said = _not_sent(fate, when, say)
        case Ending.WAITING:
            said = say("That was decided %(when)s, and it has not been sent yet.", when=when)
        case Ending.UNDER_WAY:
            said = say("What came of it is not among the records of this document.")
        case Ending.NOT_YET:
            said = say("No attempt had succeeded, as was written down %(when)s.", when=when)
        case _:
            assert_never(fate.ending)
    return said


def _tried(fate: Fate, last: Record, language: str, say: Say) -> str:
    """When it was given, or was to be given, to whom."""
    provider, when = _shown(last.data["provider"] or "–", _NAME_LONGEST), in_sentence(last.known_at, language, say)
    if fate.attempts > 1:
        return say(
            "The service awizo tried to send it, the last time through %(provider)s %(when)s; attempts: %(count)s.",
            count=str(fate.attempts),
            provider=provider,
            when=when,
        )
    if fate.ending in {Ending.DELIVERED, Ending.TAKEN_OVER}:
        return say("The service awizo gave it to the provider (%(provider)s) %(when)s.", provider=provider, when=when)
    return say(
        "The service awizo tried to give it to the provider (%(provider)s) %(when)s.", provider=provider, when=when
    )


def _delivered(report: Record, when: str, language: str, say: Say) -> str:
    claimed = report.claimed_at
    if claimed is None:
        return say("A report that it was delivered came %(when)s.", when=when)
    named = time_only(claimed) if same_day(claimed, report.known_at) else in_sentence(claimed, language, say)
    return say(
        "A report that it was delivered came %(when)s; the time that it gives: %(claimed)s.", when=when, claimed=named
    )


def _unknown(record: Record, when: str, say: Say) -> str:
    if record.data.get("code") == "restored":
        return say(
            "The service was restored from a backup %(when)s, and nobody can tell whether it had been sent before.",
            when=when,
        )
    if record.type == "attempt.unresolved":
        return say(
            "Nothing was left by which to find out whether it had left; that was written down %(when)s.", when=when
        )
    return say("It was not known whether it had left, as was written down %(when)s.", when=when)


def _failed(record: Record, when: str, say: Say) -> str:
    if record.type == "receipt.failed":
        return say("A report that it was not delivered came %(when)s.", when=when)
    failure = record.data["failure"] or ""
    why = say(FAILURES[failure]) if failure in FAILURES else _shown(failure or "–", _NAME_LONGEST)
    return say("It was given up %(when)s: %(why)s.", when=when, why=why)


def _not_sent(fate: Fate, when: str, say: Say) -> str:
    reason = fate.by.data["reason"] or ""
    if fate.ending is Ending.EXPIRED:
        return say("It was not sent: its time had run out, as was written down %(when)s.", when=when)
    why = say(REASONS[reason]) if reason in REASONS else _shown(reason or "–", _NAME_LONGEST)
    if fate.ending is Ending.CALLED_OFF:
        return say("It was called off %(when)s, before it was sent: %(why)s.", when=when, why=why)
    return say("It was not sent. That was decided %(when)s: %(why)s.", when=when, why=why)


def _caveats(fate: Fate, say: Say) -> list[str]:
    """What the ending does not show."""
    signed = [say(_SIGNED[fate.by.data["signature"]])] if fate.by.type.startswith("receipt.") else []
    caveat = _CAVEATS.get(fate.ending)
    if fate.ending is Ending.FAILED and signed:
        caveat = None
    return [*signed, *([say(caveat)] if caveat else [])]


def _unpublished(account: Account, say: Say) -> list[str]:
    if not account.pending:
        return []
    text = say.plural(
        "%(count)s newer record was not published yet and may change this.",
        "%(count)s newer records were not published yet and may change this.",
        account.pending,
    )
    return [text]


def _number(item: str) -> str:
    return grouped(item) if item.isdigit() and len(item) >= _GROUPED_FROM else item


def _shown(value: str, longest: int = _VALUE_LONGEST) -> str:
    text, more = shortened(printable(value), longest)
    return f"{text} …" if more else text

"""The short table of the first page: the message itself, the consent, and what the records rest on."""

from app.rendering.catalog import Say
from app.rendering.statement_pdf.account import Account
from app.rendering.statement_pdf.fact_words import ACTORS, PURPOSES
from app.rendering.statement_pdf.letters import lines_of, printable, shortened
from app.rendering.statement_pdf.moments import in_sentence
from app.rendering.statement_pdf.record import Record

_MESSAGE_LONGEST, _NAME_LONGEST = 480, 60
_LINES_MAX = 8
_ORIGIN_LONGEST = 160
_SERVICE = "service"


def summary(account: Account, language: str, say: Say) -> list[tuple[str, list[str]]]:
    """Label and lines of each row."""
    return [
        (say("The message itself"), _message(account, say)),
        (say("On what ground"), [_ground(account, language, say)]),
        (say("The records"), [_log(account, say), _completeness(account, say)]),
        (say("Others' marks"), [_marks(account, say)]),
    ]


def _message(account: Account, say: Say) -> list[str]:
    """The text of an SMS; of an e-mail where it is; of what is closed or was never written, that."""
    written = [record for record in account.chain if "content" in record.opened or "content" in record.closed]
    if not written:
        return [say("No message was written.")]
    last = written[-1]
    if "content" not in last.opened:
        return [say("It is sealed here: its commitment stands in the proof, its text is not shown.")]
    value = last.opened["content"]
    if "content" in last.originals:
        return [say("The whole e-mail is in the attached proof; bytes: %(size)s.", size=str(len(value)))]
    return _cut(lines_of(value.decode("utf-8", "replace")))


def _cut(lines: list[str]) -> list[str]:
    """The first lines, as far as there is room for them."""
    room, shown = _MESSAGE_LONGEST, []
    for line in lines[:_LINES_MAX]:
        kept, more = shortened(line, room)
        shown.append(f"{kept} …" if more else kept)
        room -= len(kept)
        if more:
            return shown
    return [*shown, "…"] if len(lines) > _LINES_MAX else shown


def _ground(account: Account, language: str, say: Say) -> str:
    """The consent that the decision names, if any."""
    purpose = account.opening.data["purpose"] or ""
    if purpose == _SERVICE:
        return say(PURPOSES[_SERVICE])
    consent = next((record for record in account.records if record.type.startswith("consent.")), None)
    about = say(PURPOSES[purpose]) if purpose in PURPOSES else shortened(printable(purpose), _NAME_LONGEST)[0]
    if consent is None:
        return say("The decision names no consent (%(purpose)s).", purpose=about)
    return _consent(consent, about, language, say)


def _consent(consent: Record, about: str, language: str, say: Say) -> str:
    when = in_sentence(consent.claimed_at or consent.known_at, language, say)
    said_by = consent.data["by"] or ""
    by = say(ACTORS[said_by]) if said_by in ACTORS else "–"
    if consent.type == "consent.withdrawn":
        return say("Consent (%(purpose)s) was withdrawn %(when)s, as %(by)s said.", purpose=about, when=when, by=by)
    return say("Consent (%(purpose)s) was given %(when)s, as %(by)s said.", purpose=about, when=when, by=by)


def _log(account: Account, say: Say) -> str:
    origins = sorted({printable(record.origin) for record in account.records})
    named = ", ".join(shortened(origin, _ORIGIN_LONGEST)[0] for origin in origins[:3]) + (
        " …" if len(origins) > 3 else ""
    )
    return say.plural(
        "%(count)s record in the log %(logs)s.",
        "%(count)s records in the log %(logs)s.",
        len(account.records),
        logs=named,
    )


def _completeness(account: Account, say: Say) -> str:
    if not account.is_complete:
        return say("The log does not state that these are all: there may be others.")
    return say("The log states that no published record of this notification is missing.")


def _marks(account: Account, say: Say) -> str:
    if not account.witnesses and not account.stamps:
        return say("None: the log has neither a witness's signature nor a time stamp here.")
    return say(
        "Witnesses who signed the state of the log: %(witnesses)s. Time stamps on it: %(stamps)s. This document does "
        "not judge them; awizo verify does.",
        witnesses=str(account.witnesses),
        stamps=str(account.stamps),
    )

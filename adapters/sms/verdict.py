"""What a provider's refusal means, once its own table has said what its code means."""

from enum import StrEnum

from adapters.sms.exchange import Answer
from app.domain.outcome import NotSent, Permanence, Refused, Unknown


class Verdict(StrEnum):
    """How a provider's error is to be taken.

    `permanent`: no sender and no later time makes this message deliverable to this number; `hard`: nor any other to
    it, because it can never take an SMS. `temporary`: it speaks of the sender, of an account's setting or of load, and
    another provider may well succeed. `busy`: too much at once. `pause`: the account itself is broken, every message
    would be refused. `unknown`: it does not say whether the provider took the message.
    """

    PERMANENT = "permanent"
    HARD = "hard"
    TEMPORARY = "temporary"
    BUSY = "busy"
    PAUSE = "pause"
    UNKNOWN = "unknown"


def verdict_of(status: int, coded: Verdict | None) -> Verdict:
    """The verdict of an answer that is no acceptance; `coded` is what its error code says, None without one."""
    if status in {401, 403}:
        return Verdict.PAUSE
    if not 400 <= status < 500 or status == 408:
        return Verdict.UNKNOWN
    if status == 429 and coded is not Verdict.PAUSE:
        return Verdict.BUSY
    if coded is not None:
        return coded
    # Where not even the provider's own error comes back, the address of its API is wrong.
    return Verdict.PAUSE if status == 404 else Verdict.TEMPORARY


def outcome_of(verdict: Verdict, code: str, answer: Answer) -> Refused | NotSent | Unknown:
    """The outcome of such an answer; `code` is the provider's, or the HTTP status."""
    if verdict is Verdict.UNKNOWN:
        return Unknown(stage="response", code=code, reply=answer.raw)
    if verdict in {Verdict.BUSY, Verdict.PAUSE}:
        return NotSent(
            stage="auth" if verdict is Verdict.PAUSE else "response",
            code=code,
            reply=answer.raw,
            retry_after_seconds=answer.retry_after_seconds,
            pause=verdict is Verdict.PAUSE,
        )
    return Refused(
        permanence=Permanence.TEMPORARY if verdict is Verdict.TEMPORARY else Permanence.PERMANENT,
        stage="response",
        code=code,
        reply=answer.raw,
        retry_after_seconds=answer.retry_after_seconds,
        hard=verdict is Verdict.HARD,
    )

"""Why the log cannot go on: for good, until somebody recovers it, or for the moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.storage.log import DamagedHeadError


class LogFaultError(Exception):
    """The database does not hold the log that was signed. Nothing may be signed, sent or accepted.

    The text is one sentence for the operator; it names `awizo log recover`.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; nothing is signed, sent or accepted until `awizo log recover` was run")


class LogStuckError(Exception):
    """Nothing can be published for now; what is accepted meanwhile is sealed afterwards. One sentence."""


class MarkError(LogStuckError):
    """The mark cannot be written, so no checkpoint may be published."""


class MissingKeyError(LogStuckError):
    """The private half of a key that must sign is not on this machine."""


@asynccontextmanager
async def damage_is_a_fault() -> AsyncIterator[None]:
    """A damaged head of a tree raises LogFaultError: nobody can tell what was signed of it."""
    try:
        yield
    except DamagedHeadError as error:
        raise LogFaultError(f"The head of the log is damaged: {error}") from error

"""The `awizo` command. Commands import what they run, so that `--help` and `verify` start at once."""

import json

import typer

from app.cli import keys, log, log_keeping, quarantine, service, vocab, webhook, witness
from app.cli.terminal import EXIT_FAULT, fail
from app.cli.verify import verify

app = typer.Typer(
    name="awizo",
    help="Digital delivery notices with evidence that anyone can verify offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(keys.commands, name="keys")
log_keeping.add_to(log.commands)
app.add_typer(log.commands, name="log")
app.add_typer(quarantine.commands, name="quarantine")
app.add_typer(vocab.commands, name="vocab")
app.add_typer(webhook.commands, name="webhook")
app.add_typer(witness.commands, name="witness")
for command in (
    service.serve,
    service.migrate,
    verify,
    service.openapi,
    service.sandbox,
    service.run,
    service.demo,
):
    app.command()(command)


def main() -> None:
    """Run the command; expected failures are one sentence on stderr."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 – what no command expected ends here, without its message
        sentence = _sentence_of(error)
        if sentence is None:
            fail(_place_of(error), EXIT_FAULT)
        fail(sentence)


def _sentence_of(error: Exception) -> str | None:
    """What to tell the operator; None for a fault of the program."""
    from app.serving import ListenError
    from app.settings import SettingsError
    from app.storage.database import DatabaseUnavailableError
    from app.storage.schema import SchemaError
    from app.usecases.log_fault import LogFaultError, LogStuckError
    from app.usecases.read_copy import CopyError

    if isinstance(error, SettingsError | SchemaError | CopyError | ListenError | LogFaultError | LogStuckError):
        return str(error)
    if isinstance(error, UnicodeError):
        return "An argument is no valid text."
    if isinstance(error, DatabaseUnavailableError):
        return "The database cannot be reached; check AWIZO_DATABASE_URL."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}."
    return None


def _place_of(error: Exception) -> str:
    """Where the program is at fault. Its message is left out: it may hold a secret or somebody's data."""
    from app.api.problems import without_messages

    return json.dumps({"event": "unexpected_exception"} | without_messages(error))

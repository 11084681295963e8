"""`awizo webhook listen`: shows events as they come, and hands them to a program while somebody builds it."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from app.cli.terminal import EXIT_USAGE, fail, read

if TYPE_CHECKING:
    import httpx

POLL_SECONDS = 1.0
RETRY_SECONDS_MAX = 30.0
PAGE = 50
KEY_BYTES_MAX = 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# What is shown of an event besides its type, in this order, where it has it.
_SHOWN = ("kind", "channel", "purpose", "granted", "code", "reason", "failure", "statement", "recipient")

commands = typer.Typer(no_args_is_help=True, help="Events that go out to other systems.")


@commands.callback()
def webhook() -> None:
    """Events that go out to other systems."""


@commands.command()
def listen(
    url: Annotated[str, typer.Option(metavar="BASE", help="Where the service is: https, or http on this machine")],
    operator: Annotated[str, typer.Option(help="Whose events")],
    forward: Annotated[
        str | None, typer.Option(metavar="URL", help="POST each event there, signed with a secret that is printed")
    ] = None,
    events: Annotated[list[str] | None, typer.Option(help="Only of this type; may be repeated")] = None,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Begin behind it, and not with what is new")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="A file that holds the API key; without it AWIZO_API_KEY is read")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")] = False,
) -> None:
    """Print one line for each event until interrupted; the key needs the scope webhooks:write.

    Forwarded calls are made once: what a program misses can be had again with --after.
    """
    import httpx

    from app.usecases.sign_webhook import new_secret
    from app.wiring import real_surroundings

    _require_safe(url, "--url")
    if forward is not None:
        _require_safe(forward, "--forward")
    headers = {"Authorization": f"Bearer {_key(key_file)}"}
    with (
        httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=10.0) as service,
        httpx.Client(timeout=10.0, trust_env=False) as program,
    ):
        secret = new_secret(real_surroundings()) if forward is not None else ""
        listener = Listener(
            service=service, program=program, operator=operator, types=tuple(events or ()), forward=forward,
            secret=secret, show=_shown_as_json if as_json else _shown_on_terminal(), tell=_tell, wait=time.sleep,
        )  # fmt: skip
        if forward is not None:
            _tell(f"Forwarded calls are signed with {secret}")
        try:
            listener.run(after or "now")
        except KeyboardInterrupt:
            if listener.cursor:
                _tell(f"To go on from here: --after {listener.cursor}")


@dataclass(slots=True, kw_only=True)
class Listener:
    """Reads events by cursor, shows each, and forwards it if there is somewhere to.

    A service that is away is asked again after a growing wait; the cursor is kept, so that nothing is missed.
    """

    service: "httpx.Client" = field(repr=False)
    program: "httpx.Client" = field(repr=False)
    operator: str
    types: Sequence[str]
    forward: str | None
    secret: str = field(repr=False)
    show: Callable[[dict[str, Any], str | None], None]
    tell: Callable[[str], None]
    wait: Callable[[float], None]
    cursor: str = ""

    def run(self, begin: str) -> None:
        """Listen from that cursor on until somebody interrupts. Fails where asking again would not help."""
        self.cursor, pause = "" if begin == "now" else begin, 0.0
        while True:
            page = self._page(self.cursor or begin)
            if page is None:
                if not pause:
                    self.tell("The service cannot be reached; it is asked again until it answers.")
                pause = min(2 * (pause or POLL_SECONDS), RETRY_SECONDS_MAX)
                self.wait(pause)
                continue
            if pause:
                self.tell("The service answers again.")
            pause = 0.0
            for event in page["items"]:
                self.show(event, self._forwarded(event))
                self.cursor = event["data"]["cursor"]  # whoever is interrupted goes on behind what was shown
            if not self.cursor:
                self.tell("Listening; interrupt with Ctrl-C.")
            self.cursor = page["next"]
            if page["end"]:
                self.wait(POLL_SECONDS)

    def _page(self, after: str) -> dict[str, Any] | None:
        """The next events; None when the service does not answer just now."""
        import httpx

        asked = httpx.QueryParams({"operator": self.operator, "after": after, "limit": PAGE, "type": self.types})
        try:
            answer = self.service.get("/v1/webhooks/events", params=asked)
        except httpx.TransportError:
            return None
        if answer.status_code == 429 or answer.status_code >= 500:
            return None
        if answer.status_code != 200:
            fail(_refusal(answer.status_code), EXIT_USAGE)
        try:
            page = answer.json()
            _ = [(event["id"], event["type"], event["data"]["cursor"]) for event in page["items"]]
            _ = page["next"], page["end"]
        except (ValueError, KeyError, TypeError):
            fail("What answers at --url is not awizo, or another version of it.", EXIT_USAGE)
        checked: dict[str, Any] = page
        return checked

    def _forwarded(self, event: dict[str, Any]) -> str | None:
        """What the program answered, or why it did not; None without one."""
        import httpx
        import orjson

        from app.usecases.sign_webhook import signed_headers
        from app.wiring import real_surroundings

        if self.forward is None:
            return None
        body = orjson.dumps({name: event[name] for name in ("type", "timestamp", "data")})
        headers = signed_headers(event["id"], body, secrets=[self.secret], now=real_surroundings().clock())
        try:
            return str(self.program.post(self.forward, content=body, headers=headers).status_code)
        except httpx.TransportError as error:
            return type(error).__name__


def _refusal(status: int) -> str:
    return {
        401: "The key is none that the service knows.",
        403: "The key may not read that operator's events: it needs the scope webhooks:write, and the operator.",
        422: "The service knows no such operator name, event type or cursor.",
    }.get(status, f"The service answered {status}.")


def _require_safe(url: str, option: str) -> None:
    """A key and people's names go there: never in the clear through a network."""
    try:
        parts = urlsplit(url)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_safe = is_whole = False
    if not is_safe or not is_whole:
        fail(f"{option} must begin with https://, or with http:// and a name of this machine.", EXIT_USAGE)


def _key(file: Path | None) -> str:
    """The API key: never from the command line, where every process of the machine could read it."""
    try:
        text = read(file, KEY_BYTES_MAX).decode("ascii") if file is not None else os.environ.get("AWIZO_API_KEY", "")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.", EXIT_USAGE)
    except UnicodeDecodeError:
        fail(f"{file} holds no API key.", EXIT_USAGE)
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable():
        fail("Give an API key in AWIZO_API_KEY, or in a file with --key-file.", EXIT_USAGE)
    return key


def _tell(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _shown_as_json(event: dict[str, Any], forwarded: str | None) -> None:
    typer.echo(json.dumps(event | {"forwarded": forwarded}, ensure_ascii=False))


def _shown_on_terminal() -> Callable[[dict[str, Any], str | None], None]:
    from rich.console import Console
    from rich.text import Text

    console = Console()

    def show(event: dict[str, Any], forwarded: str | None) -> None:
        data = event["data"]
        words = [_word(data[name]) for name in _SHOWN if data.get(name) is not None]
        words += [_word(name) for name in data.get("shipments", ())]
        line = Text.assemble(
            (_word(event.get("timestamp", "")), "dim"),
            "  ",
            (f"{_word(event['type']):<24}", "bold"),
            " ",
            " ".join(words),
        )
        if forwarded is not None:
            line.append(f"  → {forwarded}", "green" if forwarded.startswith("2") else "red")
        console.print(line, soft_wrap=True)

    return show


def _word(value: object) -> str:
    """A value as it may stand on a terminal: nothing that would move its cursor."""
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return "".join(sign if sign.isprintable() else "�" for sign in text)

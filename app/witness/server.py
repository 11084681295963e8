"""Runs a witness: its state, its key, its HTTP server, until SIGINT or SIGTERM."""

import logging
import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import uvicorn

from app.bounded_http import BoundedHttp
from app.merkle.cosignature import CosignerKey, parse_cosigner_key
from app.merkle.note import is_key_name, parse_vkey
from app.merkle.policy import Policy
from app.ports import Signer
from app.wiring import real_surroundings, witness_signer
from app.witness.api import create_witness_app
from app.witness.cosigner import Cosigner, watched_logs
from app.witness.state import STATE_FILE, WitnessError, WitnessState, open_state

_CONNECTIONS_MAX = 512
_KEEP_ALIVE_SECONDS = 15
_SHUTDOWN_SECONDS = 10


def open_cosigner(directory: Path, *, name: str | None, policies: Iterable[Policy]) -> Cosigner:
    """The witness whose key and state lie in `directory`; made there at the first start, which needs its `name`.

    Raises WitnessError for a state that belongs to another name or key, and for a key without its state: who forgot
    what it cosigned could be led to cosign a fork.
    """
    key_file, state_file = directory / "keys" / "witness.key", directory / STATE_FILE
    if key_file.exists() and not state_file.exists():
        raise WitnessError(f"{key_file} has lost its state: bring back {state_file}, or move the key away.")
    _make_durably(directory)
    state = open_state(directory)
    try:
        signer, key = _identify(state, key_file, name)
    except BaseException:
        state.close()
        raise
    return Cosigner(state, key=key, sign=signer.sign, watched=watched_logs(policies), clock=real_surroundings().clock)


def _identify(state: WitnessState, key_file: Path, name: str | None) -> tuple[Signer, CosignerKey]:
    """The key, made when there is none, and the state claimed for it."""
    known = state.identity()
    name = name or (parse_cosigner_key(known).name if known is not None else "")
    if not is_key_name(name):
        raise WitnessError("A witness needs a --name without spaces and plus signs, such as witness.example/w1.")
    if known is not None and not key_file.exists():
        raise WitnessError(f"{key_file} is missing, and the state belongs to it.")
    try:
        signer = witness_signer(key_file, name)
    except ValueError as error:
        raise WitnessError(f"The witness has no usable key: {error}.") from None
    key = CosignerKey(name=name, public_key=parse_vkey(signer.vkey).public_key)
    if known not in {None, str(key)}:
        raise WitnessError("The state is that of a witness with another name or key; a new name needs a new directory.")
    state.claim(str(key))
    return signer, key


async def run_witness(
    cosigner: Cosigner, *, host: str, port: int, url: str | None, announce: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM. `announce` is told the lines that others can paste into a policy, once listening.

    `url` is the address under which others reach this witness, when that is not `host` and `port`. Raises OSError when
    these cannot be had.
    """
    # Its errors repeat ours, with tracebacks; the application logs them itself.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=_CONNECTIONS_MAX) as listener:
        bound = listener.getsockname()[1]
        announce(_introduction(cosigner, url or f"http://{f'[{host}]' if ':' in host else host}:{bound}"))
        await _server(cosigner).serve(sockets=[listener])


def _introduction(cosigner: Cosigner, url: str) -> str:
    watched = [f"# It watches {origin}." for origin in sorted(cosigner.watched)]
    lines = ["# For a trust policy (c2sp.org/tlog-policy):", f"witness {cosigner.key.name} {cosigner.key} {url}"]
    return "\n".join([*lines, "# For another awizo:", f"# AWIZO_WITNESSES={cosigner.key} {url}", *watched])


def _server(cosigner: Cosigner) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            create_witness_app(cosigner),
            http=BoundedHttp,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )


def _make_durably(directory: Path) -> None:
    """A directory that a power cut does not take away with what was signed in it."""
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    for made in missing:
        handle = os.open(made.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

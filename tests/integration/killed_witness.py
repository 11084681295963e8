"""A witness in a process of its own that dies beside its first COMMIT: `killed_witness.py DIRECTORY POLICY WHEN`.

WHEN is `before` or `after`. It prints what a witness prints when it listens.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import app.witness.server as witness_server
import app.witness.state as witness_state
from app.merkle.policy import parse_policy
from app.witness.state import Latest, WitnessState
from tests.integration.watched import WITNESS

WHEN = sys.argv[3]


class DyingState(WitnessState):
    """Ends the process by SIGKILL, which no code can see coming."""

    dies = False

    def hold(self, latest: Latest) -> None:
        super().hold(latest)
        self.dies = True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            self._die("before")
        self._die("after")

    def _die(self, when: str) -> None:
        if self.dies and when == WHEN:
            os.kill(os.getpid(), signal.SIGKILL)


witness_state.WitnessState = DyingState
asyncio.run(
    witness_server.run_witness(
        witness_server.open_cosigner(
            Path(sys.argv[1]), name=WITNESS, policies=[parse_policy(Path(sys.argv[2]).read_bytes())]
        ),
        host="127.0.0.1",
        port=0,
        url=None,
        announce=partial(print, flush=True),
    )
)

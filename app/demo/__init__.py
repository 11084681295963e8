"""`awizo demo`: a day of sample events on this machine alone, from the first event to a forged proof refused."""

import io
import sys

from rich.console import Console

from app.demo.screen import Screen
from app.demo.surprise import Surprise

__all__ = ["run_demo"]

AS_TOLD, SURPRISED = 0, 1


async def run_demo() -> int:
    """Tell the day on stdout. 0 when everything happened as told; 1 after one sentence about the first surprise.

    Nothing outside a temporary directory is written, nothing is left running, and only loopback is used.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Polish letters shows the rest
    screen = Screen(Console(file=sys.stdout, highlight=False))
    screen.title("A day of sample events, on SQLite and local providers; no network is used")
    with screen.waiting("The program is loaded …"):
        from app.demo.telling import tell  # noqa: PLC0415 – takes a few seconds, and something is shown meanwhile
    try:
        await tell(screen)
    except Surprise as surprise:
        screen.surprise(str(surprise))
        return SURPRISED
    screen.chapter(f"Everything happened as told, in {screen.seconds:.0f} seconds. What to do next")
    screen.quote(
        [
            "make run     service, worker, inbox page and a key, kept running",
            "README.md    how to send events of your own, and everything else",
        ]
    )
    return AS_TOLD

"""The order of it all: start, tell the day, take a proof away, stop, and verify what is left."""

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from app.demo.proof import check_whole_log, fetch_proof, verify_offline
from app.demo.samples import Day
from app.demo.screen import Screen
from app.demo.stage import open_stage
from app.demo.story import Story, now_in_seconds
from app.demo.surprise import Surprise
from app.logs import configure_logs
from app.settings import SettingsError


async def tell(screen: Screen) -> None:
    """Tell the whole demonstration. Raises Surprise for whatever does not happen as told; cleans up in any case."""
    configure_logs("error")
    try:
        with tempfile.TemporaryDirectory(prefix="awizo-demo-") as directory:
            await _tell(screen, Path(directory))
    except (httpx.HTTPError, OSError, SettingsError) as error:
        raise Surprise(f"The demonstration stopped: {str(error) or type(error).__name__}.") from error


async def _tell(screen: Screen, directory: Path) -> None:
    async with AsyncExitStack() as stack:
        screen.chapter("Everything is started")
        with screen.waiting("The database is made, the service starts …"):
            stage, settings = await stack.enter_async_context(open_stage(directory))
        screen.step("the service with its worker, on a new SQLite database", detail=stage.public_url)
        screen.step("local providers: SMS as Twilio takes them, an SMTP relay", detail=stage.sandbox.base_url)
        screen.step("four keys: logistics system, customer register, support, auditor")
        story = Story(stage=stage, screen=screen, day=Day(now=now_in_seconds()))
        await story.tell()
        files = await fetch_proof(stage, screen, story.proved_notification(), directory)
    await verify_offline(screen, files)
    await check_whole_log(screen, settings)

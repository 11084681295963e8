"""A worker in a process of its own, to be killed: `python killed_worker.py DATABASE_URL GATEWAY_URL DIRECTORY NOW`."""

import asyncio
import itertools
import random
import secrets
import sys
from datetime import datetime, timedelta
from pathlib import Path

from uuid_utils.compat import uuid7

from adapters.mark_file import MarkFile
from adapters.sms import TwilioSms
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.vault import Vault
from app.usecases.dispatch_notifications import Dispatcher, Provider
from app.usecases.watch_log import LogWatch
from app.usecases.watch_providers import ProviderWatch
from app.worker import Worker
from tests.conftest import ROOT_SECRET
from tests.integration.world import SENDER, sealer


async def work(database_url: str, gateway_url: str, directory: Path, now: datetime) -> None:
    """Seal and dispatch until killed."""
    database = Database(database_url, Vault(ROOT_SECRET))
    later = itertools.count(1)
    surroundings = Surroundings(
        clock=lambda: now + timedelta(milliseconds=next(later)),
        new_id=uuid7,
        entropy=secrets.token_bytes,
        jitter=random.random,
    )
    transport = TwilioSms(account_sid="AC0", auth_token="secret", sender="Awizo", base_url=gateway_url)
    own_sealer = sealer(database, MarkFile(directory / "mark"), surroundings)
    await own_sealer.start()
    worker = Worker(
        database,
        sealer=own_sealer,
        dispatchers=[
            Dispatcher(
                database,
                [Provider(transport=transport)],
                sender=SENDER,
                watch=ProviderWatch(database, ["twilio"], reporting=["twilio"], surroundings=surroundings),
                surroundings=surroundings,
            )
        ],
        log_watch=LogWatch(),
        surroundings=surroundings,
    )
    worker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], Path(sys.argv[3]), datetime.fromisoformat(sys.argv[4])))

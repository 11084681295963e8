"""A whole awizo for one test: database, sealer, dispatchers, and providers that keep a journal of their own."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.ed25519_signer import Ed25519Signer
from adapters.mark_file import MarkFile
from adapters.sms import TwilioSms
from adapters.smtp_email import SmtpEmail, SmtpRelay
from app.domain.channel import Channel, Purpose
from app.domain.event import Event
from app.domain.merge import ConsentAct, RecipientPatch, WantedContact
from app.domain.notification import Notification
from app.domain.quiet_hours import NEVER_QUIET
from app.ports import Signer, Surroundings
from app.storage import notifications as outbox
from app.storage.database import Database
from app.usecases.accept_events import Accepted, Answer, accept_events
from app.usecases.check_log import Difference, check_log
from app.usecases.dispatch_notifications import Dispatcher, Provider
from app.usecases.follow_unknown import Follower
from app.usecases.prove_notification import NothingPublished, prove_notification
from app.usecases.put_recipient import put_recipient
from app.usecases.remind import remind
from app.usecases.seal_log import Sealer
from app.usecases.start_attempt import Sender
from app.usecases.tell_incidents import tell_incidents
from app.usecases.watch_providers import ProviderWatch
from tests.builders import EMAIL, NOON, OPERATOR, PHONE, RECIPIENT
from tests.doubles.sms_gateway import SmsGateway
from tests.doubles.smtp_server import SmtpServer
from tests.second_verifier import verify
from tests.vocabularies import BUILT_IN

LOG_SEED, STATEMENT_SEED = bytes([1]) * 32, bytes([2]) * 32
ORIGIN_BASE = "awizo.test/log"
SENDER = Sender(public_url="https://awizo.test", email_from="awizo <notices@awizo.test>")


class SeededKeys:
    """app.ports.SigningKeys in memory. Seeds may be given, the oldest first; `rotate` adds one to them."""

    def __init__(self, log: Sequence[bytes] = (LOG_SEED,), statements: Sequence[bytes] = (STATEMENT_SEED,)) -> None:
        self._seeds = {"log": list(log), "statements": list(statements)}

    def all(self, name: str) -> list[Signer]:
        return [Ed25519Signer(name, seed) for seed in self._seeds[self._use(name)]]

    def newest(self, name: str) -> Signer:
        return self.all(name)[-1]

    def holding(self, vkey: str) -> Signer | None:
        return next((signer for signer in self.all(vkey.partition("+")[0]) if signer.vkey == vkey), None)

    def rotate(self, name: str) -> Signer:
        seeds = self._seeds[self._use(name)]
        seeds.append(bytes([100 + len(seeds)]) * 32)
        return self.newest(name)

    @staticmethod
    def _use(name: str) -> str:
        return "statements" if name.endswith("/statements") else "log"


KEYS = SeededKeys()


def signer_for(name: str) -> Signer:
    return KEYS.newest(name)


@dataclass(slots=True, kw_only=True)
class World:
    database: Database
    surroundings: Surroundings
    mark: MarkFile
    sealer: Sealer
    gateway: SmsGateway
    mail: SmtpServer
    watch: ProviderWatch
    sms: Dispatcher
    email: Dispatcher
    follower: Follower
    vkeys: list[str] = field(default_factory=list)

    async def register(
        self,
        name: str = RECIPIENT,
        *,
        channels: Sequence[Channel] = (Channel.SMS, Channel.EMAIL),
        consents: Sequence[Channel] = (Channel.SMS, Channel.EMAIL),
        purposes: Sequence[Purpose] = (Purpose.DELIVERY,),
        **changes: Any,
    ) -> None:
        """Somebody with verified contact points on `channels` who agreed to `purposes` on `consents`."""
        values = {Channel.SMS: PHONE, Channel.EMAIL: EMAIL}
        patch: dict[str, Any] = {
            "quiet_hours": NEVER_QUIET,
            "contact_points": tuple(
                WantedContact(channel=channel, value=values[channel], verified=True, method="counter")
                for channel in channels
            ),
            "consents": tuple(
                ConsentAct(channel=channel, purpose=purpose, granted=True, at=NOON, method="counter", text_version="1")
                for channel in consents
                for purpose in purposes
            ),
        }
        await self.put(name, **(patch | changes))

    async def put(self, name: str = RECIPIENT, **patch: Any) -> None:
        await self.database.transact(
            lambda tx: put_recipient(
                tx, OPERATOR, name, RecipientPatch(**patch), operator_verified=True, surroundings=self.surroundings
            )
        )

    async def post(self, *events: Event) -> list[Answer]:
        return await self.database.transact(
            lambda tx: accept_events(tx, events, surroundings=self.surroundings, vocabularies=BUILT_IN)
        )

    async def accepted(self, event: Event) -> Accepted:
        (answer,) = await self.post(event)
        assert isinstance(answer, Accepted)
        return answer

    async def dispatch(self) -> int:
        """One turn of both channels, settled."""
        claimed = await self.sms.turn() + await self.email.turn()
        await self.sms.settled()
        await self.email.settled()
        return claimed

    async def remind(self) -> None:
        """Look at every plan whose time has come."""
        while await self.database.transact(partial(remind, surroundings=self.surroundings)):
            pass

    async def tell(self, *, digest_seconds: int = 0) -> None:
        """Tell everybody of every incident that is known."""
        tell = partial(tell_incidents, surroundings=self.surroundings, digest_seconds=digest_seconds)
        while await self.database.transact(tell):
            pass

    async def follow(self) -> None:
        """Take every step about unknown attempts that is due by now."""
        while await self.follower.turn():
            pass

    async def seal(self) -> None:
        while await self.sealer.turn():
            pass

    async def notification(self, notification: UUID) -> Notification:
        async with self.database.read() as tx:
            found = await outbox.by_id(tx, notification)
        assert found is not None
        return found

    async def bundle(self, notification: UUID, opened: frozenset[str] | None = None) -> bytes:
        async with self.database.read() as tx:
            proof = await prove_notification(tx, notification, opened=opened, keys=KEYS, surroundings=self.surroundings)
        assert not isinstance(proof, NothingPublished)
        return proof.data

    async def facts(self, notification: UUID) -> list[dict[str, Any]]:
        """The documents of the chain, from a bundle that the second verifier accepts."""
        await self.seal()
        bundle = await self.bundle(notification)
        verdict = verify(bundle, self.vkeys)
        assert verdict.accepted, verdict.reason
        return [fact["document"] for fact in json.loads(bundle)["facts"]]

    async def fact_types(self, notification: UUID) -> list[str]:
        return [document["type"] for document in await self.facts(notification)]

    async def check_log(self) -> None:
        """Re-verify the whole log, as every test of this kind ends."""
        await self.seal()
        results = await check_log(
            self.database,
            keys=KEYS,
            mark=self.mark.read(),
            progress=lambda _count: None,
        )
        assert results
        assert not [result for result in results if isinstance(result, Difference)]


def sealer(database: Database, mark: MarkFile, surroundings: Surroundings) -> Sealer:
    return Sealer(database, origin_base=ORIGIN_BASE, keys=KEYS, mark=mark, surroundings=surroundings)


@asynccontextmanager
async def open_world(database: Database, surroundings: Surroundings, directory: Path) -> AsyncIterator[World]:
    mark = MarkFile(directory / "mark")
    own_sealer = sealer(database, mark, surroundings)
    await own_sealer.start()
    async with SmsGateway() as gateway, SmtpServer() as mail:
        sms = TwilioSms(
            account_sid="AC0", auth_token="secret", sender="Awizo", base_url=gateway.base_url,
            connect_timeout=20.0, total_timeout=30.0,
        )  # fmt: skip
        email = SmtpEmail(SmtpRelay.parse(mail.url), command_timeout=30.0, final_timeout=30.0)
        watch = ProviderWatch(database, ["twilio", "smtp"], reporting=["twilio"], surroundings=surroundings)
        await watch.turn()
        channels = [
            Dispatcher(database, [Provider(transport=each)], sender=SENDER, watch=watch, surroundings=surroundings)
            for each in (sms, email)
        ]
        world = World(
            database=database,
            surroundings=surroundings,
            mark=mark,
            sealer=own_sealer,
            gateway=gateway,
            mail=mail,
            watch=watch,
            sms=channels[0],
            email=channels[1],
            follower=Follower(database, channels, resends=frozenset(), surroundings=surroundings),
            vkeys=[signer_for(f"{ORIGIN_BASE}/2026h2").vkey, signer_for(f"{ORIGIN_BASE}/2026h2/statements").vkey],
        )
        try:
            yield world
            await world.check_log()
        finally:
            await sms.close()
            await email.close()

"""What the use cases ask of the outside world. Adapters implement these; only wiring knows which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.channel import Channel
from app.domain.look_up import LookUp, Sought
from app.domain.message import Outgoing
from app.domain.outcome import Outcome
from app.domain.receipt import InboundSms, MailReport, Receipt


class Clock(Protocol):
    """Says what time it is, in UTC with an offset."""

    def __call__(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Time, ids and chance, given to the use cases so that tests can hold them still.

    `new_id` gives UUIDv7s in rising order; `entropy(n)` gives n bytes of the system's generator; `jitter` a number
    in [0, 1).
    """

    clock: Clock
    new_id: Callable[[], UUID]
    entropy: Callable[[int], bytes]
    jitter: Callable[[], float]


class Transport(Protocol):
    """Hands messages of one channel to one provider.

    `send` never raises for anything the network or the provider does: whatever happens is an outcome, and what
    cannot be classified is `Unknown`. It tries once; retries belong to the outbox. `capacity` is how many sends
    may be in flight at the same time. `looks_up`: it can be asked later whether it took a message. `reports`: it
    reports the end of every message by itself. `has_keys`: it takes messages with the same key only once.
    """

    name: str
    channel: Channel
    capacity: int
    looks_up: bool
    reports: bool
    has_keys: bool

    async def send(self, message: Outgoing) -> Outcome: ...

    async def look_up(self, sought: Sought) -> LookUp:
        """Whether the provider has that message; never raises, and `Unclear` where `looks_up` is false."""
        ...

    async def close(self) -> None: ...


class ReceiptParser(Protocol):
    """Checks and reads one provider's status callback."""

    def parse(
        self, *, url: str, form: Mapping[str, str], signature: str, raw: bytes, attempt: UUID
    ) -> tuple[Receipt, ...]:
        """The receipts, in their order; none when the signature over `url` and `form` is not the provider's."""
        ...


class InboundParser(Protocol):
    """Checks and reads what a provider says that a person has sent to our number."""

    def read_inbound(self, *, url: str, form: Mapping[str, str], signature: str) -> InboundSms | None:
        """The message, or None when the signature over `url` and `form` is not the provider's, or it has no name."""
        ...


class ReportParser(Protocol):
    """Reads what mail servers send back: delivery status notifications and bounces."""

    def parse(self, message: bytes) -> MailReport | None:
        """What the raw message (RFC 5322) reports, or None when it reports nothing."""
        ...


class Signer(Protocol):
    """Signs note texts with one Ed25519 key whose name is the note's key name."""

    vkey: str

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature (RFC 8032) of `message`."""
        ...


class SigningKeys(Protocol):
    """The private keys of the log and of its statements that this machine holds."""

    def newest(self, name: str) -> Signer:
        """The newest key, under that key name: a name of statements gets a statements' key, all others the log's."""
        ...

    def all(self, name: str) -> Sequence[Signer]:
        """Every key for that use, the oldest first, under that key name."""
        ...

    def holding(self, vkey: str) -> Signer | None:
        """The signer of this very verifier key, or None when this machine does not hold it."""
        ...

    def rotate(self, name: str) -> Signer:
        """Make a new key for the use that `name` has; it is durable on return, and the newest from then on."""
        ...


class Mark(Protocol):
    """Remembers the last checkpoint that was signed, outside the database and its backups."""

    def read(self) -> bytes | None:
        """The signed note that was written last, or None before the first."""
        ...

    def claim(self) -> bytes | None:
        """The same; from now on nobody who claimed the mark earlier can write it."""
        ...

    def write(self, note: bytes) -> None:
        """Durable on return: file and directory are synced. Raises OSError when it was claimed since our own claim."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """The witness cosigned: its signature lines as it sent them, not verified yet."""

    lines: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The witness knows this log at another size than the request said: `size`, which it answered."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The witness refused, or could not be asked. `reason` is one clause, free of addresses and secrets."""

    reason: str


WitnessAnswer = Cosigned | Behind | Unanswered


class Witness(Protocol):
    """Somebody else's witness (c2sp.org/tlog-witness). It never raises for anything that the network does."""

    name: str

    async def add_checkpoint(self, body: bytes) -> WitnessAnswer:
        """Answer to an add-checkpoint request of app.merkle.witness_request, within ten seconds."""
        ...

    async def latest(self, origin: str) -> bytes | None:
        """The checkpoint of that log which it cosigned last; None when it has none or does not say."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A time stamp response (RFC 3161 §2.4.2, DER) that was granted and covers what was asked."""

    response: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStamped:
    """No time stamp. `reason` is one clause, free of addresses and secrets."""

    reason: str


class Timestamper(Protocol):
    """A time stamping authority (RFC 3161). It never raises for anything that the network does."""

    async def stamp(self, data: bytes) -> Stamped | NotStamped:
        """Ask for a stamp over the SHA-256 of `data`, which stays here, within ten seconds."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedKeys:
    """The keys that an issuer publishes now, as JWKs (RFC 7517 §4) that nobody looked at yet."""

    keys: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoKeys:
    """The issuer's keys could not be read. `reason` is one clause, free of addresses and secrets."""

    reason: str


class TokenIssuer(Protocol):
    """Who issues the access tokens that count here. It never raises for anything that the network does."""

    identifier: str

    async def published_keys(self) -> PublishedKeys | NoKeys:
        """Ask for its metadata and then for its keys, within five seconds together."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAnswer:
    """What came of calling an endpoint: `failure` is None after any 2xx.

    Else it is a `WebhookFailure`, or `status_<code>` after another answer.
    """

    failure: str | None


class WebhookCaller(Protocol):
    """Calls endpoints of other systems, on public addresses only; never raises for anything that the network does."""

    async def refuses(self, url: str) -> str | None:
        """Why this address would not be called, as one clause without the address; None when it would.

        A name that cannot be resolved now is no reason.
        """
        ...

    async def call(self, url: str, *, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """POST once, within five seconds; of an answer nothing but its status is kept."""
        ...

    async def close(self) -> None: ...


class DocumentSigner(Protocol):
    """Signs PDF documents with one certificate (PAdES, ETSI EN 319 142-1).

    `holder` is whose certificate it is, `fingerprint` the hex SHA-256 of its DER form; `is_self_signed`: nobody
    else vouches for it. `stamps`: there is an authority that can put a time stamp on signatures.
    """

    holder: str
    fingerprint: str
    is_self_signed: bool
    stamps: bool

    async def sign(self, document: bytes) -> bytes:
        """The document with a signature over all of it."""
        ...

    async def sign_and_stamp(self, document: bytes) -> bytes | NotStamped:
        """The same with a time stamp on the signature, or why there is none."""
        ...

    async def close(self) -> None: ...

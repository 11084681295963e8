"""A signer of documents that writes down what it was given, and signs nothing."""

from dataclasses import dataclass, field

from app.ports import NotStamped


@dataclass(slots=True, kw_only=True)
class NotingSigner:
    """`app.ports.DocumentSigner`; with `stamps`, `unreachable` says whether its authority answers."""

    holder: str = "awizo, awizo.test"
    fingerprint: str = "ab" * 32
    is_self_signed: bool = True
    stamps: bool = False
    unreachable: bool = False
    seen: list[bytes] = field(default_factory=list)
    closed: bool = False

    async def sign(self, document: bytes) -> bytes:
        self.seen.append(document)
        return b"signed:" + document

    async def sign_and_stamp(self, document: bytes) -> bytes | NotStamped:
        self.seen.append(document)
        return NotStamped(reason="the authority did not answer in time") if self.unreachable else b"stamped:" + document

    async def close(self) -> None:
        self.closed = True

"""An encoder of proof bundles for the second verifier's tests: small, slow, and used nowhere else.

It generates trees and proofs by the definitions of RFC 6962 §2.1 and shares no code with either verifier.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.second_documents import ROWS
from tests.second_verifier import verify

Json = Any
ORIGIN, OLD = "awizo.example/log/2026h2", "awizo.example/log/2026h1"
NOTIFICATION = "0b9f2a4e-6f0c-4a39-8d3a-0c7f8a9d1e22"
KEY, STATEMENT_KEY, WITNESS, OLD_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([i]) * 32) for i in range(4))


def digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def b64(raw: bytes) -> str:
    return b64encode(raw).decode()


def vkey(name: str, key: Ed25519PrivateKey) -> str:
    raw = b"\x01" + key.public_key().public_bytes_raw()
    return f"{name}+{digest(name.encode(), b'%c' % 10, raw)[:4].hex()}+{b64(raw)}"


def sign(text: str, *signing: tuple[str, Ed25519PrivateKey]) -> str:
    lines = []
    for name, key in signing:
        key_id = bytes.fromhex(vkey(name, key).split("+", 2)[1])
        lines.append(f"— {name} {b64(key_id + key.sign(text.encode()))}\n")
    return text + "\n" + "".join(lines)


def half(size: int) -> int:
    return max(1 << i for i in range(size.bit_length()) if 1 << i < size)


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = half(len(leaves))
    return digest(b"\x01", root(leaves[:k]), root(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = half(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), root(leaves[k:])]
    return [*path(m - k, leaves[k:]), root(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    k = half(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), root(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), root(leaves[:k])]


def document(number: int, kind: str, data: dict[str, Json], **link: Json) -> Json:
    keys = ROWS[kind][0] - {"substitutes_paper"}
    chain = {"notification": None, "n": None, "prev": None, "anchor": None, **link}
    return {
        "v": 1,
        "id": f"01936f00-0000-7000-8000-{number:012x}",
        "type": kind,
        "at": f"2026-11-23T10:42:{number:02d}.120Z",
        "data": {**dict.fromkeys(keys), **data, "substitutes_paper": False},
        **chain,
    }


def in_chain(n: int, prev: str | None, anchor: int | None = None) -> dict[str, Json]:
    return {"notification": NOTIFICATION, "n": n, "prev": prev, "anchor": anchor}


class Story:
    """Documents by the name of their place in the log; `@name` stands for a leaf hash, an int for an anchor."""

    def __init__(self) -> None:
        etsi = "http://uri.etsi.org/19522/Event/"
        event_id = "5c0e5c7e-0000-4000-8000-000000000001"
        names = {"event_facts": ["@event"], "consent_fact": "@consent", "consent_version": 3}
        started = {"attempt": 1, "provider": "twilio", "encoding": "gsm7", "parts": 1, "template_version": 1}
        report = {"attempt": 1, "claimed_at": "2026-11-23T10:42:09.000Z", "via": "callback", "signature": "none"}
        self.documents: dict[str, Json] = {
            "filler": document(1, "log.opened", {"origin": ORIGIN}),
            "event": document(2, "event.accepted", {"operator": "acme", "event": event_id}, anchor=1)
            | {"etsi": etsi + "SubmissionAcceptance"},
            "consent": document(3, "consent.granted", {"channel": "sms", "version": 3, "by": "person"}),
            "planned": document(4, "notification.planned", names, **in_chain(0, None, 3)),
            "started": document(5, "attempt.started", started, **in_chain(1, "@planned", 3)),
            "delivered": document(6, "receipt.delivered", report, **in_chain(2, "@started", 1))
            | {"etsi": etsi + "NotificationDelivered"},
            "more": document(7, "log.opened", {"origin": ORIGIN}),
        }
        self.values: dict[str, dict[str, bytes]] = {
            "event": {"event": b'{"id":"7"}', "shipment": b"P-1\nP-2"},
            "consent": {"statement": b'"yes"'},
            "planned": {"contact": b"+48600100200"},
            "started": {"contact": b"+48600100200", "content": "Zażółć".encode()},
            "delivered": {"receipt": b"\xff\x00raw"},
        }
        self.facts, self.context = ["planned", "started", "delivered"], ["event", "consent"]
        self.closed: set[tuple[str, str]] = {("planned", "contact")}
        self.log_key = KEY

    def salt(self, *of: str) -> bytes:
        return digest("/".join(of).encode())

    def grow(self) -> None:
        """Seal the documents in their order."""
        self.leaves: list[bytes] = []
        self.index: dict[str, int] = {}
        for name, unsealed in self.documents.items():
            sealed = {
                key: b64(digest(b"awizo/field/v1\0", bytes([len(key)]), key.encode(), self.salt(name, key), value))
                for key, value in self.values.get(name, {}).items()
            }
            resolved = self.resolve({"sealed": sealed, **unsealed})
            self.documents[name] = resolved
            body = digest(b"awizo/record/v1\0", self.salt(name), rfc8785.dumps(resolved))
            self.index[name] = len(self.leaves)
            self.leaves.append(digest(b"\0", b"awizo-leaf/v1\n", body))

    def resolve(self, value: Json) -> Json:
        match value:
            case dict():
                known = {key: self.resolve(each) for key, each in value.items()}
                if type(known.get("anchor")) is int:
                    size = known["anchor"]
                    known["anchor"] = {"origin": ORIGIN, "size": size, "root": b64(root(self.leaves[:size]))}
                return known
            case list():
                return [self.resolve(each) for each in value]
            case str() if value.startswith("@"):
                return self.leaves[self.index[value[1:]]].hex()
            case _:
                return value

    def text(self, size: int) -> str:
        return f"{ORIGIN}\n{size}\n{b64(root(self.leaves[:size]))}\n"

    def note(self, size: int) -> str:
        return sign(self.text(size), (ORIGIN, self.log_key), ("witness.example", WITNESS))

    def consistency(self, size: int) -> list[str]:
        return [b64(each) for each in subproof(size, self.leaves)]

    def entry(self, name: str) -> Json:
        hashes = "".join(f"{b64(each)}\n" for each in path(self.index[name], self.leaves))
        proof = f"c2sp.org/tlog-proof@v1\nindex {self.index[name]}\n{hashes}\n{self.note(len(self.leaves))}"
        openings = {
            key: {"salt": b64(self.salt(name, key)), "value": value.decode()}
            for key, value in self.values.get(name, {}).items()
            if key not in {"event", "receipt"} and (name, key) not in self.closed
        }
        body = {"document": self.documents[name], "salt": b64(self.salt(name))}
        return {**body, "openings": openings, "proof": proof}

    def original(self, name: str, key: str, media_type: str) -> Json:
        opened = {"salt": b64(self.salt(name, key)), "bytes": b64(self.values[name][key])}
        return {"fact": self.documents[name]["id"], "field": key, "media_type": media_type, **opened}

    def bundle(self) -> Json:
        self.grow()
        imprint = digest(self.text(5).encode())
        self.issued_at = "2026-11-24T00:00:00.000Z"
        last = self.leaves[self.index[self.facts[-1]]].hex()
        lines = ["awizo-statement/v1", NOTIFICATION, self.issued_at, len(self.facts), 0, last, len(self.leaves)]
        return {
            "format": "awizo-proof/v1",
            "notification": NOTIFICATION,
            "issued_at": self.issued_at,
            "pending": 0,
            "vkeys": [vkey(ORIGIN, KEY), vkey(f"{ORIGIN}/statements", STATEMENT_KEY)],
            "facts": [self.entry(name) for name in self.facts],
            "context": [self.entry(name) for name in self.context],
            "anchors": [{"note": self.note(size), "consistency": self.consistency(size)} for size in (1, 3)],
            "timestamps": [
                {"note": self.text(5), "tsr": b64(b"\x30\x04\x20" + imprint), "consistency": self.consistency(5)}
            ],
            "originals": [
                self.original("event", "event", "application/cloudevents+json"),
                self.original("delivered", "receipt", "text/plain"),
            ],
            "statement": sign("".join(f"{line}\n" for line in lines), (f"{ORIGIN}/statements", STATEMENT_KEY)),
            "witnesses": "",
            "limits": "what this shows",
        }


BROUGHT = [vkey(ORIGIN, KEY), vkey(f"{ORIGIN}/statements", STATEMENT_KEY)]


def encode(bundle: Json) -> bytes:
    rest = {key: value for key, value in bundle.items() if key != "digest"}
    return rfc8785.dumps({**rest, "digest": digest(rfc8785.dumps(rest)).hex()})


def reason(bundle: Json, vkeys: list[str] = BROUGHT) -> str:
    """The check that failed, or the empty string."""
    verdict = verify(encode(bundle), vkeys)
    assert verdict.accepted == (verdict.reason == "")
    return verdict.reason.split(":")[0]


def put(value: Json, *where: str | int) -> Callable[[Json], None]:
    """Set a member deep in a bundle."""

    def change(bundle: Json) -> None:
        for step in where[:-1]:
            bundle = bundle[step]
        bundle[where[-1]] = value(bundle[where[-1]]) if callable(value) else value

    return change


def tell(value: Json, *where: str) -> Callable[[Story], None]:
    """Set a member deep in a document before it is sealed."""
    return lambda story: put(value, *where)(story.documents)

"""Forging a whole log: other facts, a tree over them, signatures of one's own – everything but the log's key."""

from base64 import b64decode, b64encode
from hashlib import sha256
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.property.mutation import Note, Proof, Raw, jcs, note_of, proof_of, proven
from tests.property.rfc_tree import Tree


class ForgersKey:
    """A key pair that goes by the name of another."""

    def __init__(self, name: str, chance: Random) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        material = b"\x01" + self._private.public_key().public_bytes_raw()
        self._id = sha256(name.encode() + b"\n" + material).digest()[:4]
        self._name = name
        self.vkey = f"{name}+{self._id.hex()}+{b64encode(material).decode()}"

    def sign(self, lines: list[str]) -> str:
        """The lines as a note that this key signed."""
        message = "".join(f"{line}\n" for line in lines).encode()
        return Note(lines, [(self._name, self._id + self._private.sign(message))]).text()


def leaf_of(fact: Raw) -> bytes:
    """The leaf hash of a fact of a bundle."""
    salt = b64decode(fact["salt"])
    commitment = sha256(b"awizo/record/v1\0" + salt + jcs(fact["document"])).digest()
    return sha256(b"\0awizo-leaf/v1\n" + commitment).digest()


class _Forger:
    """Seals the facts of a bundle anew, in the order in which they were written, into trees of the same sizes."""

    def __init__(self, raw: Raw, chance: Random) -> None:
        self._raw, self._chance = raw, chance
        self._places = [_place(fact) for fact in proven(raw)]
        self._sizes = {origin: size for origin, size, _ in self._places}
        self._leaves = {origin: [chance.randbytes(32) for _ in range(size)] for origin, size in self._sizes.items()}
        self._renamed: dict[str, str] = {}
        self._roots: dict[tuple[str, int], str] = {}
        named = {fact["document"]["anchor"]["origin"] for fact in proven(raw) if fact["document"]["anchor"]}
        self._keys = {origin: ForgersKey(origin, chance) for origin in {*self._sizes, *named}}

    def forge(self) -> None:
        written = sorted(zip(proven(self._raw), self._places, strict=True), key=lambda each: _written(each[0]))
        for fact, (origin, _, index) in written:
            old = leaf_of(fact)
            _change(fact["document"], self._chance)
            self._rename(fact["document"])
            self._leaves[origin][index] = leaf_of(fact)
            self._renamed[old.hex()] = leaf_of(fact).hex()
        trees = {origin: Tree(leaves) for origin, leaves in self._leaves.items()}
        checkpoints = {origin: self._checkpoint(origin, size) for origin, size in self._sizes.items()}
        for fact, (origin, size, index) in zip(proven(self._raw), self._places, strict=True):
            path = [_text(item) for item in trees[origin].path(index, size)]
            fact["proof"] = Proof([*proof_of(fact).lines[:1], f"index {index}", *path], checkpoints[origin]).text()
        for anchor in self._raw["anchors"]:
            origin, size = _head(anchor["note"])
            anchor["note"] = self._checkpoint(origin, size)
            anchor["consistency"] = [_text(item) for item in self._path(trees.get(origin), origin, size)]
        self._state()

    def _path(self, tree: Tree | None, origin: str, size: int) -> tuple[bytes, ...]:
        return tree.proof(size, self._sizes[origin]) if tree else ()

    def _rename(self, document: Raw) -> None:
        """What the document names must be what was forged before it."""
        document["prev"] = self._renamed.get(document["prev"], document["prev"])
        data = document["data"]
        if data.get("event_facts"):
            data["event_facts"] = [self._renamed.get(leaf, leaf) for leaf in data["event_facts"]]
        if data.get("consent_fact"):
            data["consent_fact"] = self._renamed.get(data["consent_fact"], data["consent_fact"])
        if document["anchor"]:
            document["anchor"]["root"] = self._root(document["anchor"]["origin"], document["anchor"]["size"])

    def _root(self, origin: str, size: int) -> str:
        if origin not in self._leaves:
            return _text(sha256(origin.encode()).digest())
        return _text(Tree(self._leaves[origin]).root(size))

    def _checkpoint(self, origin: str, size: int) -> str:
        return self._keys[origin].sign([origin, str(size), self._root(origin, size)])

    def _state(self) -> None:
        last = self._raw["facts"][-1]
        origin = proof_of(last).note.split("\n")[0]
        key = ForgersKey(f"{origin}/statements", self._chance)
        lines = note_of(self._raw["statement"]).lines
        lines[5] = leaf_of(last).hex()
        self._raw["statement"] = key.sign(lines)
        self._raw["vkeys"] = [*(each.vkey for each in self._keys.values()), key.vkey]
        self._raw["timestamps"] = []


def forge(raw: Raw, chance: Random) -> None:
    """Make every fact say something else, and everything above it fit: leaves, chain, trees, anchors, statement.

    The keys are the forger's own, under the names of the log's.
    """
    _Forger(raw, chance).forge()


def _change(document: Raw, chance: Random) -> None:
    document["at"] = document["at"][:-4] + f"{chance.randrange(1000):03d}Z"


def _written(fact: Raw) -> tuple[str, int]:
    return fact["document"]["at"], proof_of(fact).index


def _place(fact: Raw) -> tuple[str, int, int]:
    proof = proof_of(fact)
    return (*_head(proof.note), proof.index)


def _head(note: str) -> tuple[str, int]:
    origin, size, *_ = note.split("\n")
    return origin, int(size)


def _text(data: bytes) -> str:
    return b64encode(data).decode()

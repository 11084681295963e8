"""A second reader of tiled logs, written from c2sp.org/tlog-tiles, tlog-checkpoint, signed-note and RFC 6962 alone.

It shares no code with the product. It reads everything into memory and recomputes every hash by its definition.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Get = Callable[[str], bytes | None]


def hash_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def tree_hash(leaves: tuple[bytes, ...]) -> bytes:
    """MTH of RFC 6962 §2.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + _whole(leaves[:split]) + tree_hash(leaves[split:])).digest()


@cache
def _whole(leaves: tuple[bytes, ...]) -> bytes:
    return tree_hash(leaves)


def index_path(n: int) -> str:
    digits = str(n)
    while len(digits) % 3:
        digits = "0" + digits
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join(["x" + group for group in groups[:-1]] + groups[-1:])


def partial_width(level: int, size: int) -> int:
    """`floor(s / 256**l) mod 256`."""
    return size // 256**level % 256


def tile_names(size: int) -> list[tuple[int, int, int]]:
    """Level, index and width of every tile of a tree of `size` entries."""
    names = []
    for level in range(64):
        hashes = size // 256**level
        if not hashes:
            break
        names += [(level, n, 256) for n in range(hashes // 256)]
        if partial_width(level, size):
            names.append((level, hashes // 256, partial_width(level, size)))
    return names


def path_of(level: str, n: int, width: int) -> str:
    return f"tile/{level}/{index_path(n)}" + (f".p/{width}" if width < 256 else "")


def read_checkpoint(note: bytes, vkey: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that the key signed."""
    text, _, signatures = note.decode().rpartition("\n\n")
    name, key_hash, key = vkey.split("+", 2)
    key_bytes = base64.b64decode(key)
    assert hashlib.sha256(name.encode() + b"\n" + key_bytes).digest()[:4].hex() == key_hash
    assert key_bytes[0] == 1
    good = 0
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        signature = base64.b64decode(blob)
        if dash == "—" and signer == name and signature[:4].hex() == key_hash:
            Ed25519PublicKey.from_public_bytes(key_bytes[1:]).verify(signature[4:], (text + "\n").encode())
            good += 1
    assert good == 1
    origin, size, root = text.split("\n")
    return origin, int(size), base64.b64decode(root)


def entries_in(bundle: bytes) -> list[bytes]:
    entries = []
    while bundle:
        length = bundle[0] << 8 | bundle[1]
        assert len(bundle) >= 2 + length
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return entries


def read_log(get: Get) -> tuple[list[bytes], set[str]]:
    """All entries of the log below a prefix, and the paths of all its files; AssertionError when something is wrong."""
    note, vkeys = get("checkpoint"), get("vkey")
    assert note is not None
    assert vkeys is not None
    _, size, root = read_checkpoint(note, vkeys.decode().splitlines()[0])
    paths = {"checkpoint", "vkey", "opening.json"}
    entries: list[bytes] = []
    for level, n, width in tile_names(size):
        if level:
            break
        path = path_of("entries", n, width)
        bundle = get(path)
        assert bundle is not None, path
        assert len(entries_in(bundle)) == width
        entries += entries_in(bundle)
        paths.add(path)
    leaves = tuple(hash_leaf(entry) for entry in entries)
    assert tree_hash(leaves) == root
    for level, n, width in tile_names(size):
        path, span = path_of(str(level), n, width), 256**level
        starts = [(n * 256 + i) * span for i in range(width)]
        assert get(path) == b"".join(tree_hash(leaves[start : start + span]) for start in starts), path
        paths.add(path)
    return entries, paths

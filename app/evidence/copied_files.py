"""The two kinds of files in a copy of the log that hold more than hashes: entry bundles, and what opened a shard."""

from dataclasses import dataclass, field

from app.evidence.commitment import commitment_of, entry_bytes
from app.evidence.verifier import strict_json
from app.evidence.verifier.documents import read_document
from app.evidence.verifier.report import Refusal
from app.merkle.note import NoteError, VKey, parse_vkey
from app.merkle.tree import HASH_BYTES

_ENTRY = entry_bytes(bytes(HASH_BYTES))
_HEADER = len(_ENTRY).to_bytes(2, "big") + _ENTRY[:-HASH_BYTES]
BUNDLED_ENTRY_BYTES = len(_HEADER) + HASH_BYTES


class MalformedError(ValueError):
    """A file is not of its kind; the message says why in one clause."""


def bundled_entries(data: bytes) -> list[bytes]:
    """The log entries in a bundle (c2sp.org/tlog-tiles); MalformedError, numbering from 0, when one is none of ours."""
    found = [data[at : at + BUNDLED_ENTRY_BYTES] for at in range(0, len(data), BUNDLED_ENTRY_BYTES)]
    for number, item in enumerate(found):
        if len(item) != BUNDLED_ENTRY_BYTES or not item.startswith(_HEADER):
            raise MalformedError(f"number {number} in the bundle is not an entry of this kind of log")
    return [item[2:] for item in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardOpening:
    """What `opening.json` says: the entry that it opens, the shard's first key, how the shard before it ended.

    `document` and `salt` are those of entry 0, as its commitment has them.
    """

    document: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    entry: bytes
    origin: str
    vkey: VKey
    previous_checkpoint: str | None


def read_opening(data: bytes) -> ShardOpening:
    """The opening whose canonical bytes `data` is; MalformedError for anything but a whole `log.opened` fact."""
    try:
        value = strict_json.members(strict_json.read_canonical(data), ("document", "salt"), "The opening")
        document = read_document(value["document"], "entry 0")
        salt = strict_json.base64_hash(value["salt"], "The salt of entry 0")
        origin = strict_json.text(document.data.get("origin"), "The origin that entry 0 names")
        vkey = parse_vkey(strict_json.text(document.data.get("vkey"), "The key that entry 0 names"))
    except (Refusal, NoteError) as error:
        raise MalformedError(str(error).rstrip(".")) from None
    if document.row.name != "log.opened":
        raise MalformedError("entry 0 is not the fact that opens a log")
    if vkey.name != origin:
        raise MalformedError("the key that entry 0 names is not one of its origin")
    canonical = strict_json.canonical_bytes(document.raw)
    return ShardOpening(
        document=canonical,
        salt=salt,
        entry=entry_bytes(commitment_of(canonical, salt)),
        origin=origin,
        vkey=vkey,
        previous_checkpoint=document.data["previous_checkpoint"],
    )

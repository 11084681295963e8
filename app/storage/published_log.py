"""What of the log is published: checkpoints, tiles and entry bundles (c2sp.org/tlog-tiles), openings, keys.

Nothing is given beyond the newest published checkpoint of a shard.
"""

from dataclasses import dataclass, field

from sqlalchemy import select

from app.evidence.commitment import entry_bytes
from app.merkle.checkpoint import parse_checkpoint
from app.merkle.encoding import encode_base64
from app.merkle.note import parse_note, parse_vkey
from app.merkle.tile_paths import TilePath
from app.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, entry_bundle
from app.merkle.tree import EMPTY_ROOT
from app.storage import cosignatures, log, log_keys
from app.storage.database import Tx
from app.storage.tables import facts, leaves, tree_heads


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedShard:
    """One shard as strangers see it. `note` is its newest checkpoint verbatim.

    The first `size` entries and their tiles are here, and `root` was signed for them. The checkpoint says the same, or
    more where a recovery cut the shard short: then `is_cut` is true, and its later entries are lost.
    """

    shard: str
    origin: str
    size: int
    root: bytes
    note: bytes = field(repr=False)
    is_cut: bool


async def published_shard(tx: Tx, shard: str | None = None) -> PublishedShard | None:
    """One shard, by default the newest of which something is published; None when nothing is, or it is unknown."""
    newest = await log.newest_checkpoint(tx, shard)
    name = newest.shard if newest else shard
    query = select(tree_heads.c.origin, tree_heads.c.final_note).where(tree_heads.c.shard == name)
    head = (await tx.execute(query)).one_or_none()
    if head is None:
        return None
    size, root, note = 0, EMPTY_ROOT, head.final_note
    if newest is not None:
        size, root = newest.size, newest.root
    is_cut = note is not None and _size_of(note) > size
    if newest is not None and not is_cut:
        note = (await cosignatures.cosigned(tx, newest)).note
    if name is None or note is None:
        return None
    return PublishedShard(shard=name, origin=head.origin, size=size, root=root, note=note, is_cut=is_cut)


def _size_of(note: bytes) -> int:
    return parse_checkpoint(parse_note(note).text).size


async def published_shards(tx: Tx) -> list[PublishedShard]:
    """All shards of which something is published, the oldest first."""
    names = (await tx.execute(select(tree_heads.c.shard).order_by(tree_heads.c.opened_at))).scalars()
    found = [await published_shard(tx, name) for name in list(names)]
    return [shard for shard in found if shard is not None]


async def published_tile(tx: Tx, shard: PublishedShard, tile: TilePath) -> bytes | None:
    """The bytes of a tile or an entry bundle; None when it is not published, or partial and by now full."""
    if not tile.is_within(shard.size):
        return None
    if tile.entries:
        return await entries(tx, shard.shard, tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width)
    grown = (tile.index * TILE_WIDTH + tile.width) << (TILE_HEIGHT * tile.level)
    return b"".join(await log.tile_hashes(tx, shard.shard, tile.level, tile.index, grown))


async def entries(tx: Tx, shard: str, start: int, end: int) -> bytes:
    """The bundle of entries [start, end)."""
    return entry_bundle(entry_bytes(commitment) for commitment in await log.commitments(tx, shard, start, end))


async def opening(tx: Tx, shard: str) -> bytes | None:
    """`opening.json`: document and salt of entry 0 in canonical JSON; None when its fact was lost."""
    query = (
        select(facts.c.document, facts.c.salt)
        .join(leaves, leaves.c.fact_id == facts.c.id)
        .where(leaves.c.shard == shard, leaves.c.leaf_index == 0)
    )
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return None
    document, salt = bytes(row.document), encode_base64(row.salt).encode()
    return b'{"document":' + document + b',"salt":"' + salt + b'"}'


async def vkey_file(tx: Tx, shard: PublishedShard) -> bytes:
    """`vkey`: the log's key, then that of statements of completeness, one a line (c2sp.org/signed-note).

    Of several keys the newest; the log's must have signed the shard's checkpoint, which a key that was made since its
    publication has not. After these two come the older keys of the shard: proofs from before a rotation need them.
    """
    keys = await log_keys.of_shard(tx, shard.shard)
    signers = {(signature.name, signature.key_id) for signature in parse_note(shard.note).signatures}
    signing = [vkey for vkey in keys.log if (parse_vkey(vkey).name, parse_vkey(vkey).id) in signers]
    older = [*signing[:-1], *keys.statements[:-1]]
    return "".join(f"{vkey}\n" for vkey in (*signing[-1:], *keys.statements[-1:], *older)).encode()

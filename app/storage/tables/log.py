"""Tables of the evidence log: facts, what waits to be sealed, leaves, tiles, checkpoints, signatures, stamps."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from app.storage.tables.base import metadata
from app.storage.types import Instant

facts = Table(
    "facts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), index=True),
    Column("notification_id", Uuid),
    Column("n", Integer),
    Column("document", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False, unique=True),
    Column("sealed", LargeBinary),  # openings, encrypted; NULL when nothing is sealed or once erased
    Column("event_id", Uuid),  # which event an event's fact is about, as its document says
    UniqueConstraint("notification_id", "n"),
)
_OF_EVENTS = text("event_id IS NOT NULL")
Index("ix_facts_event_id", facts.c.event_id, sqlite_where=_OF_EVENTS, postgresql_where=_OF_EVENTS)

# The order of sealing among entries that are visible together; never a cursor.
pending_entries = Table(
    "pending_entries",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("fact_id", Uuid, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

leaves = Table(
    "leaves",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("leaf_index", BigInteger, primary_key=True),
    Column("fact_id", Uuid, nullable=False, index=True),  # twice where a recovery had a fact sealed again
    Column("commitment", LargeBinary, nullable=False),
)

# Full tiles only; the partial ones follow from leaves and from the roots of the tiles below.
tiles = Table(
    "tiles",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("level", SmallInteger, primary_key=True),
    Column("tile_index", BigInteger, primary_key=True),
    Column("hashes", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
)

tree_heads = Table(
    "tree_heads",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("origin", Text, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("range", LargeBinary, nullable=False),  # roots of the perfect subtrees, largest first
    Column("epoch", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),  # no entry comes after
    Column("final_note", LargeBinary),  # the last signed checkpoint, where a recovery found fewer entries than that
    Column("losses_at", Instant),  # when a recovery found facts of this shard lost
)

# The verifier keys of a shard, of the log itself and of its statements, each from when it signs.
log_keys = Table(
    "log_keys",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("vkey", Text, primary_key=True),
    Column("use", String(16), nullable=False),  # log | statements
    Column("added_at", Instant, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("published_at", Instant, nullable=False),
)

# Signature lines of witnesses on published checkpoints.
cosignatures = Table(
    "cosignatures",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("witness", Text, primary_key=True),
    Column("line", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
)

# Time stamp responses (RFC 3161) over the texts of published checkpoints.
timestamps = Table(
    "timestamps",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("response", LargeBinary, nullable=False),
    Column("stamped_at", Instant, nullable=False),
)

# Entries that came back from the published log after the database had lost their facts.
lost_entries = Table(
    "lost_entries",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("leaf_index", BigInteger, primary_key=True),
    Column("found_at", Instant, nullable=False),
)

# Below this index the facts of a shard's entries may be gone, because they were older than skeletons are kept.
retired_entries = Table(
    "retired_entries",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("below_index", BigInteger, nullable=False),
)

# Kept so by triggers, which the migrations make.
APPEND_ONLY = (leaves, tiles, checkpoints)

"""Every table, once, for both databases. Rows are private to this package: other rooms see domain values.

Columns ending in `_index` are keyed blind indexes (HMAC) of names and addresses; `BLOB`s called `sealed` or
`profile`, and contact values, are encrypted with the key of the person they belong to.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from app.storage.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row: a MAC under the root secret, by which a process recognises that it holds the right one.
vault_roots = Table(
    "vault_roots",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("proof", LargeBinary, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("operators", Text),  # LF-joined; NULL means every operator (admin only)
    Column("scopes", Text, nullable=False),  # LF-joined
    Column("secret_hash", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

recipients = Table(
    "recipients",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("name_index", LargeBinary, unique=True),  # of operator and name; NULL once erased
    Column("registered_at", Instant),  # NULL: only named in events so far
    Column("language", String(8)),
    Column("time_zone", Text),
    Column("quiet_rule", String(8)),  # default | none | own
    Column("quiet_from", String(5)),
    Column("quiet_to", String(5)),
    Column("chosen_by_person", Text, nullable=False, server_default=""),  # LF-joined names of settings
    Column("profile", LargeBinary),  # name and post codes
    Column("created_at", Instant, nullable=False),
    Column("erasure_asked_at", Instant),  # set while a legal hold defers the erasure: nobody contacts this person
    Column("erasure_asked_by", String(32)),
    Column("erased_at", Instant),
)
_ERASURE_ASKED = text("erasure_asked_at IS NOT NULL")
Index(
    "ix_recipients_erasure_asked_at",
    recipients.c.erasure_asked_at,
    sqlite_where=_ERASURE_ASKED,
    postgresql_where=_ERASURE_ASKED,
)

# Apart from everything else, so that backups can leave it out or keep it for days only: without a key, what it
# protected is gone (erasure).
recipient_keys = Table(
    "recipient_keys",
    metadata,
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
)

contact_points = Table(
    "contact_points",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("value_index", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("method", Text),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(8), nullable=False),
    UniqueConstraint("recipient_id", "channel", "value_index"),
)

consents = Table(
    "consents",
    metadata,
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), primary_key=True),
    Column("channel", String(8), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("granted", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(8), nullable=False),
    Column("method", Text, nullable=False),
    Column("text_version", Text),
    Column("fact_leaf", LargeBinary, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("dedupe_key", LargeBinary, nullable=False, unique=True),
    Column("content_mac", LargeBinary, nullable=False),
    Column("type", Text, nullable=False),
    Column("mapped_type", Text),
    Column("kind", Text, nullable=False),
    Column("ordinal", SmallInteger),
    Column("status", String(16), nullable=False),
    Column("quarantine", Text),
    Column("effective_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("shipment_index", LargeBinary, index=True),
    Column("payload", LargeBinary),  # the canonical CloudEvent, encrypted; NULL once erased
    Column("decoded", LargeBinary),  # what rendering needs of it, encrypted
)
Index("ix_events_recipient_id", events.c.recipient_id, events.c.id)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("event_id", Uuid, ForeignKey("events.id")),
    Column("kind", Text, nullable=False),
    Column("channel", String(8), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("contact_id", Uuid),  # no foreign key: erasing a contact would look for its notifications
    Column("shipment_index", LargeBinary),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("failure", String(16)),
    Column("unresolved", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Instant, nullable=False),
    Column("not_before", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("due_at", Instant),  # when the worker must look next: send, expire a lease, close a chain
    Column("lease", Uuid),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("chain_length", Integer, nullable=False),
    Column("chain_leaf", LargeBinary, nullable=False),
)
# One index for each question the worker asks; all hold unfinished rows only.
WAITING_ROWS = text("status IN ('held', 'queued')")
_UNDER_WAY = text("due_at IS NOT NULL AND status IN ('sending', 'sent', 'unknown')")
Index(
    "ix_notifications_to_send",
    notifications.c.channel,
    notifications.c.due_at,
    sqlite_where=WAITING_ROWS,
    postgresql_where=WAITING_ROWS,
)
Index(
    "ix_notifications_to_expire", notifications.c.expires_at, sqlite_where=WAITING_ROWS, postgresql_where=WAITING_ROWS
)
Index(
    "ix_notifications_under_way",
    notifications.c.status,
    notifications.c.due_at,
    sqlite_where=_UNDER_WAY,
    postgresql_where=_UNDER_WAY,
)
Index("ix_notifications_event_id", notifications.c.event_id)
Index("ix_notifications_operator_id", notifications.c.operator, notifications.c.id)
Index("ix_notifications_shipment_index", notifications.c.shipment_index)
Index("ix_notifications_recipient_id", notifications.c.recipient_id)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("notification_id", Uuid, ForeignKey("notifications.id"), nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("provider", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("code", Text),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("notification_id", "number"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("attempt_id", Uuid, ForeignKey("attempts.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("code", Text, nullable=False),
    Column("via", String(16), nullable=False),
    Column("signature", String(16), nullable=False),
    Column("claimed_at", Instant),
    Column("received_at", Instant, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("applied", Boolean, nullable=False),
    Column("raw", LargeBinary),  # encrypted; NULL once the person was erased
    UniqueConstraint("attempt_id", "status", "code"),
)

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
    UniqueConstraint("notification_id", "n"),
)

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

# Contacts that somebody withdrew by being erased, as keyed hashes of operator, channel and value.
contact_marks = Table(
    "contact_marks",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("marked_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
)

# What must be kept although erasure was or may be asked for. The reason is encrypted with the person's key.
legal_holds = Table(
    "legal_holds",
    metadata,
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), primary_key=True),
    Column("reason", LargeBinary, nullable=False),
    Column("until", Instant, nullable=False, index=True),
    Column("placed_at", Instant, nullable=False),
    Column("placed_by", String(32), nullable=False),
)

# How far each kind of row has been gone through by age: all that is old enough, up to and with this id.
retention_cursors = Table(
    "retention_cursors",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("passed", Uuid, nullable=False),
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

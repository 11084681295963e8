"""Tables of what auditors take away: exports, what belongs into each, and the parts of its file."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, Uuid, text

from app.storage.tables.base import metadata
from app.storage.types import Instant

# One row for each export that was asked for, until it expires.
audit_exports = Table(
    "audit_exports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False, index=True),
    Column("actor", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # queued | running | done | failed
    Column("why", String(32)),  # it failed
    Column("wrapped_key", LargeBinary, nullable=False),  # its own: for what belongs to no one person
    Column("question", LargeBinary, nullable=False),  # what was asked for, and why; encrypted
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("passed", Uuid),  # the last notification that was looked at while they are listed
    Column("listed", Boolean, nullable=False, server_default=text("false")),
    Column("notifications", Integer, nullable=False, server_default="0"),
    Column("written", Integer, nullable=False, server_default="0"),
    Column("size", BigInteger, nullable=False, server_default="0"),  # of the file so far
    Column("digest", LargeBinary),  # of the manifest, once the file is whole
    Column("lease", Uuid),
    Column("lease_until", Instant),
)
UNFINISHED_ROWS = text("state IN ('queued', 'running')")
Index("ix_audit_exports_unfinished", audit_exports.c.id, sqlite_where=UNFINISHED_ROWS, postgresql_where=UNFINISHED_ROWS)

# The notifications of an export, and where the bundle of each stands in its file.
audit_export_items = Table(
    "audit_export_items",
    metadata,
    Column("export_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("notification_id", Uuid, nullable=False),
    Column("omitted", String(32)),  # why there is no bundle
    Column("digest", LargeBinary),  # of the bundle
    Column("crc", BigInteger),
    Column("size", BigInteger),
    Column("packed", BigInteger),
    Column("begins", BigInteger),
)

# The file itself, cut where one person's values end: each part is encrypted with the key of the person whom it is
# about, or the export's own; a person who is erased takes it along.
audit_export_parts = Table(
    "audit_export_parts",
    metadata,
    Column("export_id", Uuid, primary_key=True),
    Column("begins", BigInteger, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("recipient_id", Uuid),
    Column("data", LargeBinary, nullable=False),
)

"""Tables of what goes out to other systems: where to, how far each endpoint has come, and what is still to be sent.

Neither holds anything of a person: an event is read from the log and from encrypted rows when it is sent.
"""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, SmallInteger, String, Table, Text, Uuid

from app.storage.tables.base import metadata
from app.storage.types import Instant

# One row for each endpoint. All entries of the log before `position` of `shard` (and of older shards) were looked at.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False, index=True),
    Column("state", String(16), nullable=False),  # enabled | disabled
    Column("why", String(32)),  # it is disabled
    Column("events", Text),  # their types, a space between them; NULL: all
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # address, description and secrets, encrypted with that key
    Column("previous_until", Instant),  # so long the secret before signs as well
    Column("created_at", Instant, nullable=False),
    Column("shard", String(8), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("last_success_at", Instant),
    Column("last_failure_at", Instant),
    Column("last_failure", String(32)),
    Column("failing_since", Instant),  # nothing has arrived since
    Column("test_id", Uuid),
    Column("test_asked_at", Instant),
    Column("test_ended_at", Instant),
    Column("test_failure", String(32)),
    Column("lease", Uuid),
    Column("lease_until", Instant),
)

# One row for each entry of the log of which an endpoint must still be told.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", Uuid, primary_key=True),
    Column("shard", String(8), primary_key=True),
    Column("leaf_index", BigInteger, primary_key=True),
    Column("tries", SmallInteger, nullable=False, server_default="0"),
    Column("first_at", Instant),  # it was tried
    Column("due_at", Instant, nullable=False),
)
Index("ix_webhook_deliveries_due", webhook_deliveries.c.webhook_id, webhook_deliveries.c.due_at)

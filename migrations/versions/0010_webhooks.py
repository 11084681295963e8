"""Where other systems are told of what happened, and what they must still be told."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(32), nullable=True),
        sa.Column("events", sa.Text(), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("shard", sa.String(8), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("last_success_at", Instant(), nullable=True),
        sa.Column("last_failure_at", Instant(), nullable=True),
        sa.Column("last_failure", sa.String(32), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("test_id", sa.Uuid(), nullable=True),
        sa.Column("test_asked_at", Instant(), nullable=True),
        sa.Column("test_ended_at", Instant(), nullable=True),
        sa.Column("test_failure", sa.String(32), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_operator", "webhooks", ["operator"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("shard", sa.String(8), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("first_at", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", "shard", "leaf_index", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["webhook_id", "due_at"])


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhooks"):
        op.drop_table(table)

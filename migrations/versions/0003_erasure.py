"""What erasing people needs: do-not-contact marks, legal holds, and how far the retention has come."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CURSORS = ("event_values", "fact_values", "receipt_values", "notification_values", "recipients", "facts")


def upgrade() -> None:
    op.add_column("recipients", sa.Column("erasure_asked_at", Instant(), nullable=True))
    op.add_column("recipients", sa.Column("erasure_asked_by", sa.String(length=32), nullable=True))
    op.create_index(
        "ix_recipients_erasure_asked_at",
        "recipients",
        ["erasure_asked_at"],
        unique=False,
        sqlite_where=sa.text("erasure_asked_at IS NOT NULL"),
        postgresql_where=sa.text("erasure_asked_at IS NOT NULL"),
    )
    op.create_table(
        "contact_marks",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("marked_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_contact_marks")),
    )
    op.create_index(op.f("ix_contact_marks_ends_at"), "contact_marks", ["ends_at"], unique=False)
    op.create_table(
        "legal_holds",
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("placed_at", Instant(), nullable=False),
        sa.Column("placed_by", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipients.id"], name=op.f("fk_legal_holds_recipient_id")),
        sa.PrimaryKeyConstraint("recipient_id", name=op.f("pk_legal_holds")),
    )
    op.create_index(op.f("ix_legal_holds_until"), "legal_holds", ["until"], unique=False)
    cursors = op.create_table(
        "retention_cursors",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("passed", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_retention_cursors")),
    )
    op.bulk_insert(cursors, [{"name": name, "passed": UUID(int=0)} for name in CURSORS])
    op.create_table(
        "retired_entries",
        sa.Column("shard", sa.String(length=8), nullable=False),
        sa.Column("below_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_retired_entries")),
    )
    op.drop_index("ix_events_recipient_id", table_name="events")
    op.create_index("ix_events_recipient_id", "events", ["recipient_id", "id"], unique=False)
    _vacuum_destroyed_keys_soon(enabled=True)


def downgrade() -> None:
    _vacuum_destroyed_keys_soon(enabled=False)
    op.drop_index("ix_events_recipient_id", table_name="events")
    op.create_index("ix_events_recipient_id", "events", ["recipient_id"], unique=False)
    op.drop_table("retired_entries")
    op.drop_table("retention_cursors")
    op.drop_table("legal_holds")
    op.drop_table("contact_marks")
    op.drop_index("ix_recipients_erasure_asked_at", table_name="recipients")
    op.drop_column("recipients", "erasure_asked_by")
    op.drop_column("recipients", "erasure_asked_at")


def _vacuum_destroyed_keys_soon(*, enabled: bool) -> None:
    """PostgreSQL keeps deleted rows until a vacuum; of keys it shall keep none longer than the next round."""
    if op.get_bind().dialect.name != "postgresql":
        return
    if enabled:
        op.execute(
            "ALTER TABLE recipient_keys SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)"
        )
    else:
        op.execute("ALTER TABLE recipient_keys RESET (autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor)")

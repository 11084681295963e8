"""Whose turn it is when more waits than can leave: the lane of each notification, by its operator and its source."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_WAITING = sa.text("due_at IS NOT NULL AND status IN ('held', 'queued')")


def upgrade() -> None:
    op.add_column("notifications", sa.Column("lane", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_notifications_turns",
        "notifications",
        ["channel", "lane", "due_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    op.drop_index("ix_notifications_turns", "notifications")
    op.drop_column("notifications", "lane")

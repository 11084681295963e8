"""What auditors need: exports of proofs, kept where every node can serve them."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(32), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("passed", sa.Uuid(), nullable=True),
        sa.Column("listed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("notifications", sa.Integer(), server_default="0", nullable=False),
        sa.Column("written", sa.Integer(), server_default="0", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_exports")),
    )
    for column in ("operator", "expires_at"):
        op.create_index(f"ix_audit_exports_{column}", "audit_exports", [column])
    unfinished = sa.text("state IN ('queued', 'running')")
    op.create_index(
        "ix_audit_exports_unfinished", "audit_exports", ["id"], sqlite_where=unfinished, postgresql_where=unfinished
    )
    _keep_files()


def _keep_files() -> None:
    op.create_table(
        "audit_export_items",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("omitted", sa.String(32), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("crc", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("packed", sa.BigInteger(), nullable=True),
        sa.Column("begins", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("export_id", "position", name=op.f("pk_audit_export_items")),
    )
    op.create_table(
        "audit_export_parts",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("export_id", "begins", name=op.f("pk_audit_export_parts")),
    )


def downgrade() -> None:
    for table in ("audit_export_parts", "audit_export_items", "audit_exports"):
        op.drop_table(table)

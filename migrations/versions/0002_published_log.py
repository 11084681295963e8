"""What a log that strangers verify needs: an end for shards, keys that rotate, cosignatures, time stamps, losses."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tree_heads", sa.Column("closed_at", Instant(), nullable=True))
    op.add_column("tree_heads", sa.Column("final_note", sa.LargeBinary(), nullable=True))
    op.add_column("tree_heads", sa.Column("losses_at", Instant(), nullable=True))
    op.create_table(
        "log_keys",
        sa.Column("shard", sa.String(length=8), nullable=False),
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("use", sa.String(length=16), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "vkey", name=op.f("pk_log_keys")),
    )
    op.create_table(
        "cosignatures",
        sa.Column("shard", sa.String(length=8), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "size", "witness", name=op.f("pk_cosignatures")),
    )
    op.create_table(
        "timestamps",
        sa.Column("shard", sa.String(length=8), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("stamped_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "size", name=op.f("pk_timestamps")),
    )
    op.create_table(
        "lost_entries",
        sa.Column("shard", sa.String(length=8), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "leaf_index", name=op.f("pk_lost_entries")),
    )


def downgrade() -> None:
    op.drop_table("lost_entries")
    op.drop_table("timestamps")
    op.drop_table("cosignatures")
    op.drop_table("log_keys")
    op.drop_column("tree_heads", "losses_at")
    op.drop_column("tree_heads", "final_note")
    op.drop_column("tree_heads", "closed_at")

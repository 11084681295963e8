"""A fact whose entry can never be published, because a recovery ended its shard, is sealed again in the next one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ACTS = ("UPDATE", "DELETE")


def _lift_triggers() -> None:
    for act in ACTS:
        op.execute(f"DROP TRIGGER leaves_no_{act.lower()}")


def _set_triggers() -> None:
    for act in ACTS:
        op.execute(
            f"CREATE TRIGGER leaves_no_{act.lower()} BEFORE {act} ON leaves "
            "BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END"
        )


def _rebuild(unique: sa.UniqueConstraint | None) -> None:
    """SQLite cannot change a constraint: the table is written anew."""
    columns = "shard, leaf_index, fact_id, commitment"
    _lift_triggers()
    op.rename_table("leaves", "leaves_before")
    parts: list[sa.schema.SchemaItem] = [
        sa.Column("shard", sa.String(length=8), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "leaf_index", name=op.f("pk_leaves")),
    ]
    op.create_table("leaves", *parts, *([unique] if unique is not None else []))
    op.execute(f"INSERT INTO leaves ({columns}) SELECT {columns} FROM leaves_before")  # noqa: S608 – names from above
    op.drop_table("leaves_before")
    _set_triggers()


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("uq_leaves_fact_id"), "leaves", type_="unique")
    else:
        _rebuild(None)
    op.create_index(op.f("ix_leaves_fact_id"), "leaves", ["fact_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_leaves_fact_id"), table_name="leaves")
    if op.get_bind().dialect.name == "postgresql":
        op.create_unique_constraint(op.f("uq_leaves_fact_id"), "leaves", ["fact_id"])
    else:
        _rebuild(sa.UniqueConstraint("fact_id", name=op.f("uq_leaves_fact_id")))

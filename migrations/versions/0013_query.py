"""What auditors search by: where the news says to go, whose notice it tells of, and what the facts show at best."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SOUGHT = ("status", "reason", "facility", "courier_index", "grade")


def _known(column: str) -> dict[str, sa.TextClause]:
    rows = sa.text(f"{column} IS NOT NULL")
    return {} if column == "status" else {"sqlite_where": rows, "postgresql_where": rows}


def upgrade() -> None:
    op.add_column("notifications", sa.Column("facility", sa.Text(), nullable=True))
    op.add_column("notifications", sa.Column("courier_index", sa.LargeBinary(), nullable=True))
    op.add_column("notifications", sa.Column("grade", sa.SmallInteger(), nullable=True))
    for column in _SOUGHT:
        op.create_index(f"ix_notifications_{column}", "notifications", ["operator", column, "id"], **_known(column))


def downgrade() -> None:
    for column in _SOUGHT:
        op.drop_index(f"ix_notifications_{column}", "notifications")
    for column in ("grade", "courier_index", "facility"):
        op.drop_column("notifications", column)

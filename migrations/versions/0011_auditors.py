"""What lets auditors sign in to a page: the credentials of their session, which only its token opens."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("credentials", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("sessions", "credentials")

"""What support does beside its facts: acts that timelines show, and complaints with the day of their answer."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "support_acts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(32), nullable=False),
        sa.Column("done_at", Instant(), nullable=False),
        sa.Column("shipment_index", sa.LargeBinary(), nullable=True),
        sa.Column("notification_id", sa.Uuid(), nullable=True),
        sa.Column("made_id", sa.Uuid(), nullable=True),
        sa.Column("complaint_id", sa.Uuid(), nullable=True),
        sa.Column("fact_leaf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_support_acts_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_acts")),
    )
    op.create_index("ix_support_acts_shipment_index", "support_acts", ["shipment_index"])
    op.create_index("ix_support_acts_recipient_id", "support_acts", ["recipient_id", "id"])
    op.create_index("ix_support_acts_notification_id", "support_acts", ["notification_id"])
    made = sa.text("made_id IS NOT NULL")
    op.create_index("ix_support_acts_made_id", "support_acts", ["made_id"], sqlite_where=made, postgresql_where=made)
    resent = sa.text("act = 'resent'")
    op.create_index(
        "uq_support_acts_resent",
        "support_acts",
        ["notification_id"],
        unique=True,
        sqlite_where=resent,
        postgresql_where=resent,
    )
    _keep_complaints()


def _keep_complaints() -> None:
    op.create_table(
        "complaints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("shipment_index", sa.LargeBinary(), nullable=False),
        sa.Column("reference_index", sa.LargeBinary(), nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("answer_due_on", sa.Date(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("attached_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_complaints_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sa.UniqueConstraint("reference_index", name=op.f("uq_complaints_reference_index")),
    )
    for column in ("recipient_id", "shipment_index"):
        op.create_index(f"ix_complaints_{column}", "complaints", [column])
    op.create_index("ix_complaints_operator", "complaints", ["operator", "answer_due_on", "id"])
    unanswered = sa.text("answered_on IS NULL")
    op.create_index(
        "ix_complaints_unanswered",
        "complaints",
        ["operator", "answer_due_on", "id"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )


def downgrade() -> None:
    for table in ("complaints", "support_acts"):
        op.drop_table(table)

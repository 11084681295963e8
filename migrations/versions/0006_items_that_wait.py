"""What reminders need: items that wait, what was known of them before, anomalies, codes and corrections."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _remember_what_events_say()
    _keep_stays()
    _note_anomalies()
    _plan_reminders()


def _remember_what_events_say() -> None:
    op.add_column("events", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("corrects", sa.LargeBinary(), nullable=True))
    op.add_column("events", sa.Column("told", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    quarantined = sa.text("status = 'quarantined'")
    op.create_index("ix_events_quarantined", "events", ["id"], sqlite_where=quarantined, postgresql_where=quarantined)


def _keep_stays() -> None:
    op.create_table(
        "stays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("shipment_index", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_fact", sa.LargeBinary(), nullable=False),
        sa.Column("review_at", Instant(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("known", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipients.id"], name=op.f("fk_stays_recipient_id_recipients")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_stays_event_id_events")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stays")),
        sa.UniqueConstraint("shipment_index", "recipient_id", name=op.f("uq_stays_shipment_index_recipient_id")),
    )
    to_review = sa.text("review_at IS NOT NULL")
    op.create_index("ix_stays_review_at", "stays", ["review_at"], sqlite_where=to_review, postgresql_where=to_review)
    op.create_index("ix_stays_recipient_id", "stays", ["recipient_id"])
    op.create_index("ix_stays_event_id", "stays", ["event_id"])
    op.create_table(
        "former_stays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("known", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_former_stays_stay_id_stays")),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_former_stays_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_stays")),
    )
    op.create_index("ix_former_stays_stay_id", "former_stays", ["stay_id"])
    op.create_index("ix_former_stays_recipient_id", "former_stays", ["recipient_id"])


def _note_anomalies() -> None:
    op.create_table(
        "anomalies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("shipment_index", sa.LargeBinary(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("detected_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipients.id"], name=op.f("fk_anomalies_recipient_id_recipients")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_anomalies_event_id_events")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomalies")),
    )
    op.create_index("ix_anomalies_recipient_id", "anomalies", ["recipient_id"])
    op.create_index("ix_anomalies_shipment_index", "anomalies", ["shipment_index"])
    op.create_index("ix_anomalies_event_id", "anomalies", ["event_id"])


def _plan_reminders() -> None:
    op.add_column("notifications", sa.Column("step", sa.String(16), nullable=True))
    op.add_column("notifications", sa.Column("collect_by", sa.Date(), nullable=True))
    op.add_column("notifications", sa.Column("merged_into", sa.Uuid(), nullable=True))
    merged = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "ix_notifications_merged_into", "notifications", ["merged_into"], sqlite_where=merged, postgresql_where=merged
    )


def downgrade() -> None:
    op.drop_index("ix_notifications_merged_into", "notifications")
    for column in ("merged_into", "collect_by", "step"):
        op.drop_column("notifications", column)
    for table in ("anomalies", "former_stays", "stays"):
        op.drop_table(table)
    op.drop_index("ix_events_quarantined", "events")
    for column in ("told", "corrects", "code"):
        op.drop_column("events", column)

"""What warning ahead needs: incidents of areas and how far they were told, figures, and times without service."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant, Prefixed

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_REGISTERED = sa.text("registered_at IS NOT NULL AND erased_at IS NULL")
_RUNNING = sa.text("state = 'running'")
_WAITS = sa.text("waits")


def upgrade() -> None:
    _find_what_waits()
    _keep_incidents()
    _tell_of_several_items()
    _find_people()
    _count()
    _watch_duties()


def _find_what_waits() -> None:
    op.add_column("stays", sa.Column("waits", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("stays", sa.Column("facility", sa.Text(), nullable=True))
    op.add_column("stays", sa.Column("post_code", Prefixed, nullable=True))
    for place in ("facility", "post_code"):
        columns = ["operator", place, "recipient_id"]
        op.create_index(f"ix_stays_{place}", "stays", columns, sqlite_where=_WAITS, postgresql_where=_WAITS)
    # Where each item waits is written down when its plan is looked at, which is to be soon.
    stays = sa.table("stays", sa.column("review_at", Instant()))
    op.execute(stays.update().values(review_at=datetime.now(UTC)))


def _keep_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_fact", sa.LargeBinary(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts", Instant(), nullable=True),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("part", sa.Integer(), server_default="0", nullable=False),
        sa.Column("passed", sa.Text(), nullable=True),
        sa.Column("people", sa.Integer(), server_default="0", nullable=False),
        sa.Column("planned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("turn_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_incidents_event_id_events")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_name", "incidents", ["operator", "name"])
    op.create_index("ix_incidents_running", "incidents", ["turn_at"], sqlite_where=_RUNNING, postgresql_where=_RUNNING)
    op.create_table(
        "incident_areas",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("inherited", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["incidents.event_id"], name=op.f("fk_incident_areas_event_id_incidents")
        ),
        sa.PrimaryKeyConstraint("event_id", "position", name=op.f("pk_incident_areas")),
    )
    op.create_index("ix_incident_areas_value", "incident_areas", ["operator", "kind", "value"])


def _tell_of_several_items() -> None:
    op.create_table(
        "notification_items",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("shipment_index", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_notification_items_notification_id_notifications"),
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_notification_items_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("notification_id", "shipment_index", name=op.f("pk_notification_items")),
    )
    op.create_index("ix_notification_items_recipient_id", "notification_items", ["recipient_id"])
    op.create_index("ix_notification_items_shipment_index", "notification_items", ["shipment_index"])
    for column, second in (("event_id", "recipient_id"), ("recipient_id", "id")):
        op.drop_index(f"ix_notifications_{column}", "notifications")
        op.create_index(f"ix_notifications_{column}", "notifications", [column, second])


def _find_people() -> None:
    op.create_index(
        "ix_recipients_operator",
        "recipients",
        ["operator", "id"],
        sqlite_where=_REGISTERED,
        postgresql_where=_REGISTERED,
    )
    op.create_table(
        "recipient_areas",
        sa.Column("area_index", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_recipient_areas_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("area_index", "recipient_id", name=op.f("pk_recipient_areas")),
    )
    op.create_index("ix_recipient_areas_recipient_id", "recipient_areas", ["recipient_id"])


def _count() -> None:
    op.create_table(
        "figures",
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("measure", sa.String(24), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("courier", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "operator", "day", "measure", "facility", "courier", "channel", "bucket", name=op.f("pk_figures")
        ),
    )
    op.create_table(
        "figure_cursors",
        sa.Column("shard", sa.String(8), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_figure_cursors")),
    )


def _watch_duties() -> None:
    op.create_table(
        "duties",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("fine_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duties")),
    )
    op.create_table(
        "downtimes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("duty", sa.String(16), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=False),
        sa.Column("fact_leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downtimes")),
    )
    op.create_index("ix_downtimes_duty", "downtimes", ["duty", "ended_at"])
    op.create_index("ix_downtimes_ended_at", "downtimes", ["ended_at"])


def downgrade() -> None:
    for table in ("downtimes", "duties", "figure_cursors", "figures", "recipient_areas"):
        op.drop_table(table)
    op.drop_index("ix_recipients_operator", "recipients")
    for column in ("event_id", "recipient_id"):
        op.drop_index(f"ix_notifications_{column}", "notifications")
        op.create_index(f"ix_notifications_{column}", "notifications", [column])
    for table in ("notification_items", "incident_areas", "incidents"):
        op.drop_table(table)
    for place in ("facility", "post_code"):
        op.drop_index(f"ix_stays_{place}", "stays")
    for column in ("post_code", "facility", "waits"):
        op.drop_column("stays", column)

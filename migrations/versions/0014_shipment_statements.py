"""What statements about one shipment need: the fact of an event, and what no shipment's name leads to."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OF_EVENTS = "type IN ('event.accepted', 'event.quarantined', 'event.replayed')"
_NAMED = {
    "postgresql": "(convert_from(document, 'UTF8')::jsonb #>> '{data,event}')::uuid",
    "sqlite": "replace(json_extract(CAST(document AS TEXT), '$.data.event'), '-', '')",
}


def upgrade() -> None:
    op.add_column("facts", sa.Column("event_id", sa.Uuid(), nullable=True))
    op.execute(f"UPDATE facts SET event_id = {_NAMED[op.get_bind().dialect.name]} WHERE {_OF_EVENTS}")  # noqa: S608 – all of it is written here
    _index("ix_facts_event_id", "facts", ["event_id"], "event_id IS NOT NULL")
    _index("ix_events_unlinked", "events", ["operator", "id"], "shipment_index IS NULL")
    unlinked = "shipment_index IS NULL AND purpose <> 'service'"
    _index("ix_notifications_unlinked", "notifications", ["operator", "id"], unlinked)


def _index(name: str, table: str, columns: list[str], rows: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(rows), postgresql_where=sa.text(rows))


def downgrade() -> None:
    op.drop_index("ix_notifications_unlinked", "notifications")
    op.drop_index("ix_events_unlinked", "events")
    op.drop_index("ix_facts_event_id", "facts")
    op.drop_column("facts", "event_id")

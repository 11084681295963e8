"""Tables of what support does: its acts, and the complaints that it attaches to shipments."""

from sqlalchemy import Column, Date, ForeignKey, Index, LargeBinary, String, Table, Text, Uuid, text

from app.storage.tables.base import metadata
from app.storage.types import Instant

# One row for each act, beside its sealed fact, which alone holds the reason.
support_acts = Table(
    "support_acts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("act", String(32), nullable=False),
    Column("actor", String(32), nullable=False),  # the id of an API key, or `console`
    Column("done_at", Instant, nullable=False),
    Column("shipment_index", LargeBinary, index=True),  # NULL: about the person, whichever shipment it is
    # No foreign keys to what it was about: each goes at its own age.
    Column("notification_id", Uuid),
    Column("made_id", Uuid),  # the notification that it made
    Column("complaint_id", Uuid),
    Column("fact_leaf", LargeBinary, nullable=False),  # of its `support.acted`
)
Index("ix_support_acts_recipient_id", support_acts.c.recipient_id, support_acts.c.id)
_RESENT = text("act = 'resent'")
# A notification is resent once: what it made may be resent in its turn.
Index(
    "uq_support_acts_resent",
    support_acts.c.notification_id,
    unique=True,
    sqlite_where=_RESENT,
    postgresql_where=_RESENT,
)
Index("ix_support_acts_notification_id", support_acts.c.notification_id)
_MADE = text("made_id IS NOT NULL")
Index("ix_support_acts_made_id", support_acts.c.made_id, sqlite_where=_MADE, postgresql_where=_MADE)

# Complaints by the operator's own reference, with the day by which each is to be answered.
complaints = Table(
    "complaints",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False, index=True),
    Column("shipment_index", LargeBinary, nullable=False, index=True),
    Column("reference_index", LargeBinary, nullable=False, unique=True),  # of operator, shipment and reference
    Column("names", LargeBinary, nullable=False),  # shipment and reference, encrypted with the person's key
    Column("received_on", Date, nullable=False),
    Column("answer_due_on", Date, nullable=False),
    Column("answered_on", Date),
    Column("attached_at", Instant, nullable=False),
)
Index("ix_complaints_operator", complaints.c.operator, complaints.c.answer_due_on, complaints.c.id)
UNANSWERED_ROWS = text("answered_on IS NULL")
Index(
    "ix_complaints_unanswered",
    complaints.c.operator,
    complaints.c.answer_due_on,
    complaints.c.id,
    sqlite_where=UNANSWERED_ROWS,
    postgresql_where=UNANSWERED_ROWS,
)

"""Tables of what is told: events, notifications, attempts, receipts, and how the providers do."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from app.storage.tables.base import metadata
from app.storage.types import Instant, Prefixed

events = Table(
    "events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("dedupe_key", LargeBinary, nullable=False, unique=True),
    Column("content_mac", LargeBinary, nullable=False),
    Column("type", Text, nullable=False),
    Column("mapped_type", Text),  # what a vocabulary made of the operator's own code
    Column("kind", Text, nullable=False),
    Column("ordinal", SmallInteger),
    Column("status", String(16), nullable=False),
    Column("quarantine", Text),
    Column("effective_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("shipment_index", LargeBinary, index=True),
    Column("code", Text),  # the operator's own, after its vocabulary: what corrections by code look for
    Column("corrects", LargeBinary),  # the dedupe key of the event that this one takes back
    Column("told", Boolean, nullable=False, server_default=text("true")),  # whoever it names was registered
    Column("payload", LargeBinary),  # the canonical CloudEvent, encrypted; NULL once erased
    Column("decoded", LargeBinary),  # what rendering needs of it, encrypted
)
Index("ix_events_recipient_id", events.c.recipient_id, events.c.id)
QUARANTINED_ROWS = text("status = 'quarantined'")
Index("ix_events_quarantined", events.c.id, sqlite_where=QUARANTINED_ROWS, postgresql_where=QUARANTINED_ROWS)
# To no shipment's name lead events that were erased or are too old, those that nobody could read, and those of areas.
UNLINKED_EVENTS = text("shipment_index IS NULL")
Index(
    "ix_events_unlinked",
    events.c.operator,
    events.c.id,
    sqlite_where=UNLINKED_EVENTS,
    postgresql_where=UNLINKED_EVENTS,
)

# An item that waits, as one person is to be told of it: what its events say together, and when to look at it again.
stays = Table(
    "stays",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("shipment_index", LargeBinary, nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("event_id", Uuid, ForeignKey("events.id"), nullable=False, index=True),  # what reminders tell of
    Column("event_fact", LargeBinary, nullable=False),  # its leaf hash
    Column("review_at", Instant),  # when the plan is to be looked at; NULL: nothing more to come
    Column("changed_at", Instant, nullable=False),
    Column("known", LargeBinary, nullable=False),  # picture and deadlines, encrypted
    # Where it waits, for incidents to find it: a facility's id, and its post code as incidents compare them.
    Column("waits", Boolean, nullable=False, server_default=text("false")),
    Column("facility", Text),
    Column("post_code", Prefixed),
    UniqueConstraint("shipment_index", "recipient_id"),
)
_WAITS = text("waits")
for _place in ("facility", "post_code"):
    Index(
        f"ix_stays_{_place}",
        stays.c.operator,
        stays.c[_place],
        stays.c.recipient_id,
        sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    )
_TO_REVIEW = text("review_at IS NOT NULL")
Index("ix_stays_review_at", stays.c.review_at, sqlite_where=_TO_REVIEW, postgresql_where=_TO_REVIEW)
Index("ix_stays_recipient_id", stays.c.recipient_id)

# What a stay was before it changed: earlier deadlines with the rules and the inputs that they came from.
former_stays = Table(
    "former_stays",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("stay_id", Uuid, ForeignKey("stays.id"), nullable=False, index=True),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False, index=True),
    Column("changed_at", Instant, nullable=False),  # when it became so
    Column("known", LargeBinary, nullable=False),
)

# Incidents of areas, one row for each revision: an event, and how far the people whom it touches were gone through.
incidents = Table(
    "incidents",
    metadata,
    Column("event_id", Uuid, ForeignKey("events.id"), primary_key=True),
    Column("event_fact", LargeBinary, nullable=False),  # its leaf hash
    Column("operator", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("starts", Instant),
    Column("until", Instant),
    Column("reason", Text),
    Column("newest", Boolean, nullable=False),  # no higher revision is known
    Column("state", String(16), nullable=False),  # running | done | superseded
    Column("part", Integer, nullable=False, server_default="0"),  # which part of them is gone through
    Column("passed", Text),  # the last of that part
    Column("people", Integer, nullable=False, server_default="0"),  # how many were looked at
    Column("planned", Integer, nullable=False, server_default="0"),  # how many notifications were made
    Column("received_at", Instant, nullable=False),
    Column("turn_at", Instant, nullable=False),  # whose turn was longest ago is told next
    Column("ended_at", Instant),
)
Index("ix_incidents_name", incidents.c.operator, incidents.c.name)
RUNNING_ROWS = text("state = 'running'")
Index("ix_incidents_running", incidents.c.turn_at, sqlite_where=RUNNING_ROWS, postgresql_where=RUNNING_ROWS)

# Whom an incident touches: its areas, in the order in which they are gone through; then those of earlier revisions
# that are not its own, and whoever was told of these: something may be over for them.
incident_areas = Table(
    "incident_areas",
    metadata,
    Column("event_id", Uuid, ForeignKey("incidents.event_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("kind", String(16), nullable=False),  # shipment | facility | post_code | operator | told
    Column("value", Text, nullable=False),  # of a shipment its blind index in hexadecimal digits; told: an event's id
    Column("inherited", Boolean, nullable=False),
)
Index("ix_incident_areas_value", incident_areas.c.operator, incident_areas.c.kind, incident_areas.c.value)

# What does not fit together about a shipment; each is a sealed fact as well.
anomalies = Table(
    "anomalies",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False, index=True),
    Column("shipment_index", LargeBinary, index=True),
    Column("event_id", Uuid, ForeignKey("events.id"), index=True),
    Column("code", String(32), nullable=False),
    Column("detected_at", Instant, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("event_id", Uuid, ForeignKey("events.id")),
    Column("kind", Text, nullable=False),
    Column("channel", String(8), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("contact_id", Uuid),  # no foreign key: erasing a contact would look for its notifications
    Column("shipment_index", LargeBinary),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("failure", String(16)),
    Column("unresolved", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Instant, nullable=False),
    Column("not_before", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("due_at", Instant),  # when the worker must look next: send, expire a lease, close a chain
    Column("lane", BigInteger, nullable=False, server_default="0"),  # operator and source, for fair turns
    Column("lease", Uuid),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("looks", SmallInteger, nullable=False, server_default="0"),  # look-ups since the attempt became unknown
    Column("resent", Boolean, nullable=False, server_default=text("false")),  # the one authorised re-send was made
    Column("step", String(16)),  # which reminder of an item that waits
    Column("collect_by", Date),  # the safe day that it tells
    Column("merged_into", Uuid),  # the reminder that speaks for this one, too
    Column("chain_length", Integer, nullable=False),
    Column("chain_leaf", LargeBinary, nullable=False),
    # What searches look for; NULL in rows older than the column. A grade is only a hint where to look: it is derived.
    Column("facility", Text),
    Column("courier_index", LargeBinary),
    Column("grade", SmallInteger),
)
# One index for each question the worker asks; all hold unfinished rows only.
WAITING_ROWS = text("status IN ('held', 'queued')")
DUE_ROWS = text("due_at IS NOT NULL AND status IN ('held', 'queued')")  # or will be when their time has come
_UNDER_WAY = text("due_at IS NOT NULL AND status IN ('sending', 'sent', 'unknown')")
Index(
    "ix_notifications_to_send",
    notifications.c.channel,
    notifications.c.due_at,
    sqlite_where=WAITING_ROWS,
    postgresql_where=WAITING_ROWS,
)
Index(
    "ix_notifications_turns",
    notifications.c.channel,
    notifications.c.lane,
    notifications.c.due_at,
    sqlite_where=DUE_ROWS,
    postgresql_where=DUE_ROWS,
)
Index(
    "ix_notifications_to_expire", notifications.c.expires_at, sqlite_where=WAITING_ROWS, postgresql_where=WAITING_ROWS
)
Index(
    "ix_notifications_under_way",
    notifications.c.status,
    notifications.c.due_at,
    sqlite_where=_UNDER_WAY,
    postgresql_where=_UNDER_WAY,
)
_MERGED = text("merged_into IS NOT NULL")
Index("ix_notifications_merged_into", notifications.c.merged_into, sqlite_where=_MERGED, postgresql_where=_MERGED)
Index("ix_notifications_event_id", notifications.c.event_id, notifications.c.recipient_id)
Index("ix_notifications_operator_id", notifications.c.operator, notifications.c.id)
Index("ix_notifications_shipment_index", notifications.c.shipment_index)
Index("ix_notifications_recipient_id", notifications.c.recipient_id, notifications.c.id)
# Erased, too old, or about several shipments; service messages are about none.
UNLINKED_NOTIFICATIONS = text("shipment_index IS NULL AND purpose <> 'service'")
Index(
    "ix_notifications_unlinked",
    notifications.c.operator,
    notifications.c.id,
    sqlite_where=UNLINKED_NOTIFICATIONS,
    postgresql_where=UNLINKED_NOTIFICATIONS,
)
# One for each thing that auditors look for among the notifications of an operator, newest first.
Index("ix_notifications_status", notifications.c.operator, notifications.c.status, notifications.c.id)
for _sought in ("reason", "facility", "courier_index", "grade"):
    _known = text(f"{_sought} IS NOT NULL")
    Index(
        f"ix_notifications_{_sought}",
        notifications.c.operator,
        notifications.c[_sought],
        notifications.c.id,
        sqlite_where=_known,
        postgresql_where=_known,
    )

# The shipments of a message that tells of several at once; where it is one, the notification's row names it.
notification_items = Table(
    "notification_items",
    metadata,
    Column("notification_id", Uuid, ForeignKey("notifications.id"), primary_key=True),
    Column("shipment_index", LargeBinary, primary_key=True),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False, index=True),
)
Index("ix_notification_items_shipment_index", notification_items.c.shipment_index)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("notification_id", Uuid, ForeignKey("notifications.id"), nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("provider", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("code", Text),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("notification_id", "number"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("attempt_id", Uuid, ForeignKey("attempts.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("code", Text, nullable=False),
    Column("via", String(16), nullable=False),
    Column("signature", String(16), nullable=False),
    Column("claimed_at", Instant),
    Column("received_at", Instant, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("applied", Boolean, nullable=False),
    Column("raw", LargeBinary),  # encrypted; NULL once the person was erased
    UniqueConstraint("attempt_id", "status", "code"),
)

# Reports that name no attempt of ours. The raw bytes are encrypted with the key that belongs to nobody.
stray_receipts = Table(
    "stray_receipts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),  # keyed, of provider and raw bytes: once each
    Column("provider", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("code", Text, nullable=False),
    Column("via", String(16), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

# How each provider does, for all workers alike: how much of its weight is left, why it is not used now, and its tokens.
providers = Table(
    "providers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("health", SmallInteger, nullable=False, server_default="10"),  # tenths of its weight
    Column("judged_at", Instant, nullable=False),
    Column("rests_until", Instant),
    Column("rests_because", Text),  # a provider's code, or circuit_open
    Column("openings", SmallInteger, nullable=False, server_default="0"),  # of its circuit, since it last worked
    Column("tokens", Float, nullable=False, server_default="0"),
    Column("refilled_at", Instant),
)

# What became of attempts, by two seconds of their start and by process, so that none waits for another's row.
provider_figures = Table(
    "provider_figures",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("began_at", Instant, primary_key=True),
    Column("process", Uuid, primary_key=True),
    Column("accepted", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("not_sent", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("reported", Integer, nullable=False),  # final reports on attempts that started then
)
Index("ix_provider_figures_began_at", provider_figures.c.began_at)

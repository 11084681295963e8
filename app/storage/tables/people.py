"""Tables about people and about who may call: keys, recipients, their contacts and consents."""

from sqlalchemy import (
    Boolean,
    Column,
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
from app.storage.types import Instant

# One row: a MAC under the root secret, by which a process recognises that it holds the right one.
vault_roots = Table(
    "vault_roots",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("proof", LargeBinary, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("operators", Text),  # LF-joined; NULL means every operator (admin only)
    Column("scopes", Text, nullable=False),  # LF-joined
    Column("secret_hash", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

recipients = Table(
    "recipients",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("name_index", LargeBinary, unique=True),  # of operator and name; NULL once erased
    Column("registered_at", Instant),  # NULL: only named in events so far
    Column("language", String(8)),
    Column("time_zone", Text),
    Column("quiet_rule", String(8)),  # default | none | own
    Column("quiet_from", String(5)),
    Column("quiet_to", String(5)),
    Column("chosen_by_person", Text, nullable=False, server_default=""),  # LF-joined names of settings
    Column("paused_until", Instant),  # the person wants no messages before
    Column("profile", LargeBinary),  # name and post codes
    Column("created_at", Instant, nullable=False),
    Column("erasure_asked_at", Instant),  # set while a legal hold defers the erasure: nobody contacts this person
    Column("erasure_asked_by", String(32)),
    Column("erased_at", Instant),
)
_ERASURE_ASKED = text("erasure_asked_at IS NOT NULL")
Index(
    "ix_recipients_erasure_asked_at",
    recipients.c.erasure_asked_at,
    sqlite_where=_ERASURE_ASKED,
    postgresql_where=_ERASURE_ASKED,
)

_REGISTERED = text("registered_at IS NOT NULL AND erased_at IS NULL")
Index(
    "ix_recipients_operator",
    recipients.c.operator,
    recipients.c.id,
    sqlite_where=_REGISTERED,
    postgresql_where=_REGISTERED,
)

# In which areas people say that they live: a keyed blind index of operator and area for each that a post code lies in.
recipient_areas = Table(
    "recipient_areas",
    metadata,
    Column("area_index", LargeBinary, primary_key=True),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), primary_key=True, index=True),
)

# Apart from everything else, so that backups can leave it out or keep it for days only: without a key, what it
# protected is gone (erasure).
recipient_keys = Table(
    "recipient_keys",
    metadata,
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
)

contact_points = Table(
    "contact_points",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("value_index", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("method", Text),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(8), nullable=False),
    Column("asked_at", Instant),  # when the person was asked to confirm it once more
    UniqueConstraint("recipient_id", "channel", "value_index"),
)
Index("ix_contact_points_value_index", contact_points.c.value_index)
_PHONE_IN_USE = text("state = 'active' AND channel = 'sms'")
Index(
    "ix_contact_points_confirmed",
    contact_points.c.changed_at,
    sqlite_where=_PHONE_IN_USE,
    postgresql_where=_PHONE_IN_USE,
)

# Messages that could not be delivered for good, until what follows for the contact point was decided (`weighed`).
contact_failures = Table(
    "contact_failures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False, index=True),
    Column("contact_id", Uuid, nullable=False),
    Column("attempt_id", Uuid, nullable=False, unique=True),
    Column("bounced", Boolean, nullable=False),  # a hard bounce: one is enough
    Column("code", Text, nullable=False),
    Column("failed_at", Instant, nullable=False),
    Column("weighed", Boolean, nullable=False),
)
_NOT_WEIGHED = text("NOT weighed")
Index(
    "ix_contact_failures_not_weighed",
    contact_failures.c.id,
    sqlite_where=_NOT_WEIGHED,
    postgresql_where=_NOT_WEIGHED,
)

consents = Table(
    "consents",
    metadata,
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), primary_key=True),
    Column("channel", String(8), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("granted", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(8), nullable=False),
    Column("method", Text, nullable=False),
    Column("text_version", Text),
    Column("fact_leaf", LargeBinary, nullable=False),  # empty: no fact is about it
    Column("refused_at", Instant),  # by the person, after the act, when it was not granted
)

# One-time codes and links, by the id of the message that carries them; whoever nobody knows gets a row and no message.
# The code itself follows from the id and the root secret, and is nowhere.
codes = Table(
    "codes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("use", String(16), nullable=False),  # confirm | sign_in | step_up | link | bind
    Column("channel", String(8)),
    Column("contact_index", LargeBinary),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), index=True),
    Column("contact_id", Uuid),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("tries", SmallInteger, nullable=False, server_default="0"),
    Column("used_at", Instant),
    Column("handled_at", Instant),  # when it was sent, or nobody was found to send it to
)
_NOT_HANDLED = text("handled_at IS NULL")
Index("ix_codes_not_handled", codes.c.id, sqlite_where=_NOT_HANDLED, postgresql_where=_NOT_HANDLED)

# Who is signed in to the pages: a digest of the cookie's token, and with which contact point, as which person, or by
# which credentials (an auditor), which are encrypted with a key that only the token itself gives.
sessions = Table(
    "sessions",
    metadata,
    Column("token_digest", LargeBinary, primary_key=True),
    Column("channel", String(8)),
    Column("contact_index", LargeBinary),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), index=True),  # only that person
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False, index=True),
    Column("proven_at", Instant, nullable=False),  # when a code was given last
    Column("credentials", LargeBinary),
)

# How often something limited was done in a stretch of time; the key is a keyed index of what it is about.
quotas = Table(
    "quotas",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("began_at", Instant, primary_key=True),
    Column("used", Integer, nullable=False),
)
Index("ix_quotas_began_at", quotas.c.began_at)

# What people said of a message or its item: that they got it, have no paper notice, or that it is not for them.
statements = Table(
    "statements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("notification_id", Uuid, ForeignKey("notifications.id"), nullable=False, index=True),
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # acknowledged | disputed | misdirected
    Column("reference", String(16), nullable=False, unique=True),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("notification_id", "kind"),
)

# What people wrote to our numbers and was carried out: keyed hashes, so that nothing is carried out twice.
inbound_messages = Table(
    "inbound_messages",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("received_at", Instant, nullable=False, index=True),
)

# Contacts that somebody withdrew by being erased, as keyed hashes of operator, channel and value.
contact_marks = Table(
    "contact_marks",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("marked_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
)

# What must be kept although erasure was or may be asked for. The reason is encrypted with the person's key.
legal_holds = Table(
    "legal_holds",
    metadata,
    Column("recipient_id", Uuid, ForeignKey("recipients.id"), primary_key=True),
    Column("reason", LargeBinary, nullable=False),
    Column("until", Instant, nullable=False, index=True),
    Column("placed_at", Instant, nullable=False),
    Column("placed_by", String(32), nullable=False),
)

# How far each kind of row has been gone through by age: all that is old enough, up to and with this id.
retention_cursors = Table(
    "retention_cursors",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("passed", Uuid, nullable=False),
)

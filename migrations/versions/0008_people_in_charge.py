"""What people need to keep their own data: one-time codes, sessions, limits, statements, a pause."""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recipients", sa.Column("paused_until", Instant(), nullable=True))
    op.add_column("contact_points", sa.Column("asked_at", Instant(), nullable=True))
    in_use = sa.text("state = 'active' AND channel = 'sms'")
    op.create_index(
        "ix_contact_points_confirmed", "contact_points", ["changed_at"], sqlite_where=in_use, postgresql_where=in_use
    )
    _hand_out_codes()
    _keep_sessions()
    _keep_statements()


def _hand_out_codes() -> None:
    op.create_table(
        "codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("use", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(8), nullable=True),
        sa.Column("contact_index", sa.LargeBinary(), nullable=True),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("handled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipients.id"], name=op.f("fk_codes_recipient_id_recipients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
    )
    for column in ("recipient_id", "expires_at"):
        op.create_index(f"ix_codes_{column}", "codes", [column])
    not_handled = sa.text("handled_at IS NULL")
    op.create_index("ix_codes_not_handled", "codes", ["id"], sqlite_where=not_handled, postgresql_where=not_handled)
    op.create_table(
        "quotas",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "began_at", name=op.f("pk_quotas")),
    )
    op.create_index("ix_quotas_began_at", "quotas", ["began_at"])


def _keep_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String(8), nullable=True),
        sa.Column("contact_index", sa.LargeBinary(), nullable=True),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("proven_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipients.id"], name=op.f("fk_sessions_recipient_id_recipients")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_sessions")),
    )
    for column in ("recipient_id", "seen_at"):
        op.create_index(f"ix_sessions_{column}", "sessions", [column])


def _keep_statements() -> None:
    op.create_table(
        "statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("fk_statements_notification_id_notifications")
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_statements_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint("reference", name=op.f("uq_statements_reference")),
        sa.UniqueConstraint("notification_id", "kind", name=op.f("uq_statements_notification_id_kind")),
    )
    for column in ("notification_id", "recipient_id"):
        op.create_index(f"ix_statements_{column}", "statements", [column])


def downgrade() -> None:
    for table in ("statements", "sessions", "quotas", "codes"):
        op.drop_table(table)
    op.drop_index("ix_contact_points_confirmed", "contact_points")
    op.drop_column("contact_points", "asked_at")
    op.drop_column("recipients", "paused_until")

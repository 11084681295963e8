"""What dispatch needs when things fail, and when people answer.

Look-ups, the state of providers, stray reports, failures of contacts, refusals, and which answers were carried out.
"""

import sqlalchemy as sa
from alembic import op

from app.storage.types import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _follow_unknown_attempts()
    _watch_providers()
    _keep_stray_receipts()
    _weigh_failures()
    _remember_answers()


def _follow_unknown_attempts() -> None:
    op.add_column("notifications", sa.Column("looks", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("notifications", sa.Column("resent", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def _watch_providers() -> None:
    op.create_table(
        "providers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("health", sa.SmallInteger(), server_default="10", nullable=False),
        sa.Column("judged_at", Instant(), nullable=False),
        sa.Column("rests_until", Instant(), nullable=True),
        sa.Column("rests_because", sa.Text(), nullable=True),
        sa.Column("openings", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("tokens", sa.Float(), server_default="0", nullable=False),
        sa.Column("refilled_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_providers")),
    )
    op.create_table(
        "provider_figures",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("process", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("accepted", "refused", "not_sent", "unknown", "reported")
        ),
        sa.PrimaryKeyConstraint("provider", "began_at", "process", name=op.f("pk_provider_figures")),
    )
    op.create_index("ix_provider_figures_began_at", "provider_figures", ["began_at"], unique=False)


def _keep_stray_receipts() -> None:
    op.create_table(
        "stray_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipients.id"], name=op.f("fk_stray_receipts_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stray_receipts")),
        sa.UniqueConstraint("digest", name=op.f("uq_stray_receipts_digest")),
    )


def _weigh_failures() -> None:
    op.create_index("ix_contact_points_value_index", "contact_points", ["value_index"], unique=False)
    op.create_table(
        "contact_failures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("bounced", sa.Boolean(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("failed_at", Instant(), nullable=False),
        sa.Column("weighed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipients.id"], name=op.f("fk_contact_failures_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_failures")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_contact_failures_attempt_id")),
    )
    op.create_index(op.f("ix_contact_failures_recipient_id"), "contact_failures", ["recipient_id"], unique=False)
    op.create_index(
        "ix_contact_failures_not_weighed",
        "contact_failures",
        ["id"],
        unique=False,
        sqlite_where=sa.text("NOT weighed"),
        postgresql_where=sa.text("NOT weighed"),
    )


def _remember_answers() -> None:
    op.add_column("consents", sa.Column("refused_at", Instant(), nullable=True))
    op.create_table(
        "inbound_messages",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_inbound_messages")),
    )
    op.create_index(op.f("ix_inbound_messages_received_at"), "inbound_messages", ["received_at"], unique=False)


def downgrade() -> None:
    op.drop_table("inbound_messages")
    op.drop_column("consents", "refused_at")
    op.drop_table("contact_failures")
    op.drop_index("ix_contact_points_value_index", table_name="contact_points")
    op.drop_table("stray_receipts")
    op.drop_table("provider_figures")
    op.drop_table("providers")
    op.drop_column("notifications", "resent")
    op.drop_column("notifications", "looks")

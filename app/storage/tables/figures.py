"""Tables of figures that anybody may check against the log, and of when the service could not do its duties."""

from sqlalchemy import BigInteger, Column, Date, Index, LargeBinary, String, Table, Text, Uuid

from app.storage.tables.base import metadata
from app.storage.types import Instant

# How often something happened on a local day; what a figure is not told apart by is empty.
figures = Table(
    "figures",
    metadata,
    Column("operator", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("measure", String(24), primary_key=True),
    Column("facility", Text, primary_key=True),
    Column("courier", Text, primary_key=True),
    Column("channel", String(8), primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

# Up to which entry of each shard the facts are counted.
figure_cursors = Table(
    "figure_cursors",
    metadata,
    Column("shard", String(8), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("counted_at", Instant, nullable=False),
)

# When each duty (accept, sms, email, seal) was last done well by anybody.
duties = Table(
    "duties",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("fine_at", Instant, nullable=False),
)

# Stretches during which nobody did a duty; each is a sealed fact as well.
downtimes = Table(
    "downtimes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("duty", String(16), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False, index=True),
    Column("fact_leaf", LargeBinary, nullable=False),
)
Index("ix_downtimes_duty", downtimes.c.duty, downtimes.c.ended_at)

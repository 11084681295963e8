"""Every table, once, for both databases. Rows are private to this package: other rooms see domain values.

Columns ending in `_index` are keyed blind indexes (HMAC) of names and addresses; `BLOB`s called `sealed` or
`profile`, and contact values, are encrypted with the key of the person they belong to.
"""

from app.storage.tables.base import metadata
from app.storage.tables.log import (
    APPEND_ONLY,
    checkpoints,
    cosignatures,
    facts,
    leaves,
    log_keys,
    lost_entries,
    pending_entries,
    retired_entries,
    tiles,
    timestamps,
    tree_heads,
)
from app.storage.tables.outbox import (
    WAITING_ROWS,
    attempts,
    events,
    notifications,
    provider_figures,
    providers,
    receipts,
    stray_receipts,
)
from app.storage.tables.people import (
    api_keys,
    consents,
    contact_failures,
    contact_marks,
    contact_points,
    inbound_messages,
    legal_holds,
    recipient_keys,
    recipients,
    retention_cursors,
    vault_roots,
)

__all__ = [
    "APPEND_ONLY",
    "WAITING_ROWS",
    "api_keys",
    "attempts",
    "checkpoints",
    "consents",
    "contact_failures",
    "contact_marks",
    "contact_points",
    "cosignatures",
    "events",
    "facts",
    "inbound_messages",
    "leaves",
    "legal_holds",
    "log_keys",
    "lost_entries",
    "metadata",
    "notifications",
    "pending_entries",
    "provider_figures",
    "providers",
    "receipts",
    "recipient_keys",
    "recipients",
    "retention_cursors",
    "retired_entries",
    "stray_receipts",
    "tiles",
    "timestamps",
    "tree_heads",
    "vault_roots",
]

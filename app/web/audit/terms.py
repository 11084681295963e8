"""What somebody types into the one field: every way in which it can be read. Pure."""

import re
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.channel import Channel
from app.domain.names import is_name
from app.web.preferences.forms import contact_typed

_LEAF = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The readings of a term. Ids and hashes name records of ours, `name` an operator's shipment or recipient."""

    id: UUID | None = None
    leaf: bytes | None = None
    name: str | None = field(default=None, repr=False)
    contact: tuple[Channel, str] | None = field(default=None, repr=False)

    @property
    def is_anything(self) -> bool:
        """Whether it can be read at all."""
        return any((self.id, self.leaf, self.name, self.contact))

    @property
    def needs_operator(self) -> bool:
        """Whether it can be read only as one operator's name."""
        return self.id is None and self.leaf is None


def read_term(typed: str) -> Term:
    """The readings of what was typed; the blanks in `0075 9007 7341 2345 6789` are only for the eyes."""
    text = typed.strip()
    joined = "".join(text.split())
    if _LEAF.fullmatch(joined.lower()):
        return Term(leaf=bytes.fromhex(joined))
    return Term(
        id=_id(joined),
        name=joined if is_name(joined) else None,
        contact=contact_typed(text),
    )


def _id(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None

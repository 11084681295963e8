"""Read back what an attempt committed to: the contact and the exact bytes, from its sealed fact."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag

from app.domain.message import EmailContent, SmsText
from app.domain.notification import Attempt
from app.storage import facts as fact_store
from app.storage.database import Tx
from app.storage.vault import PersonKey
from app.usecases.start_attempt import Content, bytes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What may have been handed over, and to whom."""

    to: str = field(repr=False)
    content: Content = field(repr=False)

    @property
    def text(self) -> str:
        """The SMS text, or the e-mail's bytes, which are ASCII."""
        return bytes_of(self.content).decode()


async def read_sent(tx: Tx, attempts: Iterable[Attempt], keys: Mapping[UUID, PersonKey]) -> dict[UUID, Sent]:
    """What these attempts sent, by notification; nothing where a key or a fact is gone or damaged.

    `keys` has none of people who were erased.
    """
    found = {}
    for attempt in attempts:
        key = keys.get(attempt.notification)
        for fact in await fact_store.of_notification(tx, attempt.notification) if key else ():
            data = json.loads(fact.document)["data"]
            if fact.type == "attempt.started" and data["attempt"] == attempt.number:
                with suppress(InvalidTag, KeyError):
                    opened = fact.openings(key)
                    to = opened["contact"].value.decode()
                    found[attempt.notification] = Sent(to=to, content=_content(data, opened["content"].value))
    return found


def _content(data: Mapping[str, Any], value: bytes) -> Content:
    if data["encoding"] == "mime":
        return EmailContent(mime=value, template=data["template"], template_version=data["template_version"])
    return SmsText(
        text=value.decode(),
        encoding=data["encoding"],
        parts=data["parts"],
        template=data["template"],
        template_version=data["template_version"],
    )

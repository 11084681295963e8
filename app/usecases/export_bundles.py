"""Write the exports that auditors asked for: list the notifications, prove each, close the file; a step at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag

from app.evidence.zip_parts import packed_entry
from app.ports import SigningKeys, Surroundings
from app.storage import audit_exports as export_store
from app.storage import notifications as outbox
from app.storage import person_keys
from app.storage import search as search_store
from app.storage.audit_exports import AuditExport, ExportItem, ExportState, FilePart, LeaseLostError
from app.storage.database import Database, Tx
from app.storage.vault import PersonKey
from app.usecases.close_export import close_export, file_name
from app.usecases.export_question import ExportQuestion, read_question
from app.usecases.prove_notification import NothingPublished, prove_notification
from app.usecases.read_access import Reading, record_reading, seal_reading
from app.usecases.record_facts import new_fact_sheet

KEPT = timedelta(days=7)
LEASE = timedelta(seconds=60)
EXPORTS_MAX = 10
NOTIFICATIONS_MAX = 50_000
BYTES_MAX = 1 << 30
LISTED_A_STEP = 1_000
PROVEN_A_STEP = 20

NOT_PUBLISHED, UNPROVABLE = "not_published", "unprovable"
TOO_MANY, TOO_LARGE = "too_many_notifications", "too_large"

ACT = "audit_export"


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyExports:
    """The operator has as many exports as are kept at once; one must be deleted or expire."""


async def ask_for_export(
    tx: Tx, question: ExportQuestion, *, actor: str, surroundings: Surroundings
) -> UUID | TooManyExports:
    """The id of a new export, which a worker begins soon. That it was asked for, and why, is sealed with it."""
    now, operator = surroundings.clock(), question.search.operator
    if await export_store.count_of(tx, operator, now=now, limit=EXPORTS_MAX) >= EXPORTS_MAX:
        return TooManyExports()
    reading = Reading(actor=actor, act=ACT, reason=question.reason)
    people = await search_store.people(tx, question.search)
    await seal_reading(tx, operator=operator, people=people, reading=reading, surroundings=surroundings)
    export = surroundings.new_id()
    await export_store.add(
        tx,
        export=export,
        operator=operator,
        actor=actor,
        question=question.to_bytes(),
        now=now,
        expires_at=now + KEPT,
    )
    return export


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proven:
    """The bundle of one item, or why there is none. `owner`: the person whose values it may show."""

    item: ExportItem
    bundle: bytes | str = field(repr=False)
    owner: UUID | None


class Exporter:
    """Works on exports, beside any number of others: each step is one transaction, so a kill costs one step at most.

    `witnesses` and `quorum` are what proofs name, as in `prove_notification`.
    """

    def __init__(
        self,
        database: Database,
        *,
        keys: SigningKeys,
        surroundings: Surroundings,
        witnesses: str = "",
        quorum: int = 1,
    ) -> None:
        self._database = database
        self._keys = keys
        self._surroundings = surroundings
        self._prove = partial(
            prove_notification, keys=keys, surroundings=surroundings, witnesses=witnesses, quorum=quorum
        )

    async def turn(self) -> bool:
        """One step of one export; whether there was one to take."""
        export = await self._database.transact(self._claim)
        if export is None:
            return await self._database.transact(self._expire)
        try:
            if not export.listed:
                await self._database.transact(partial(self._list, export=export))
            elif export.written < export.notifications:
                await self._write(export)
            else:
                await self._database.transact(partial(self._close, export=export))
        except LeaseLostError:
            pass  # somebody else went on, or it was deleted: nothing of this step was kept
        return True

    async def _claim(self, tx: Tx) -> AuditExport | None:
        now = self._surroundings.clock()
        return await export_store.claim(tx, lease=self._surroundings.new_id(), now=now, until=now + LEASE)

    async def _expire(self, tx: Tx) -> bool:
        export = await export_store.expired(tx, now=self._surroundings.clock())
        if export is not None:
            await export_store.remove(tx, export)
        return export is not None

    async def _list(self, tx: Tx, *, export: AuditExport) -> None:
        """The next notifications that belong to it, newest first; none that were made after it was asked for."""
        await export_store.require_lease(tx, export)
        search, before = read_question(export.question).search, export.passed or export.id
        found = await search_store.page(tx, search, before=before, limit=LISTED_A_STEP)
        total = export.notifications + len(found.notifications)
        if total > NOTIFICATIONS_MAX:
            await export_store.save(tx, export, state=ExportState.FAILED, why=TOO_MANY)
            return
        items = [
            ExportItem(position=position, notification=each.id)
            for position, each in enumerate(found.notifications, start=export.notifications)
        ]
        await export_store.list_items(tx, export.id, items)
        await export_store.save(tx, export, notifications=total, passed=found.following, listed=found.following is None)

    async def _write(self, export: AuditExport) -> None:
        question = read_question(export.question)
        async with self._database.read() as tx:
            items = await export_store.items_from(tx, export.id, export.written, limit=PROVEN_A_STEP)
            owners = await _owners(tx, items)  # before the proofs: whoever is erased in between is missed below
            proven = [await self._proven(tx, item, question.opened, owners.get(item.notification)) for item in items]
        reading = (
            Reading(actor=export.actor, act=ACT, reason=question.reason) if question.opened != frozenset() else None
        )
        await self._database.transact(partial(self._keep, export=export, proven=proven, reading=reading))

    async def _proven(self, tx: Tx, item: ExportItem, opened: frozenset[str] | None, owner: UUID | None) -> _Proven:
        try:
            proof = await self._prove(tx, item.notification, opened=opened)
        except (LookupError, InvalidTag):  # damage that `awizo log check` names keeps nobody else's proof back
            return _Proven(item=item, bundle=UNPROVABLE, owner=None)
        return _Proven(
            item=item, bundle=NOT_PUBLISHED if isinstance(proof, NothingPublished) else proof.data, owner=owner
        )

    async def _keep(self, tx: Tx, *, export: AuditExport, proven: Sequence[_Proven], reading: Reading | None) -> None:
        """Write the bundles, each under the key of its person, and put on record whose values were opened.

        Raises LeaseLostError when somebody was erased after the proof: the step is then taken again.
        """
        await export_store.require_lease(tx, export)
        keys = await person_keys.of_notifications(tx, [each.item.notification for each in proven])
        items, parts, size = [], [], export.size
        for each in proven:
            if each.owner is not None and each.item.notification not in keys:
                raise LeaseLostError
            item, content = _packed(each, begins=size)
            items.append(item)
            if content:
                key = keys[item.notification] if each.owner else export.key
                parts.append(FilePart(begins=size, data=content, recipient=each.owner, key=key))
            size += len(content)
        if reading is not None:
            await self._record(tx, reading, {each.owner: keys[each.item.notification] for each in proven if each.owner})
        await export_store.save_items(tx, export.id, items)
        if size > BYTES_MAX:
            await export_store.drop_parts(tx, export.id)
            await export_store.save(tx, export, state=ExportState.FAILED, why=TOO_LARGE)
            return
        await export_store.add_parts(tx, export.id, parts)
        await export_store.save(tx, export, written=export.written + len(items), size=size)

    async def _record(self, tx: Tx, reading: Reading, people: Mapping[UUID, PersonKey]) -> None:
        sheet = await new_fact_sheet(tx, self._surroundings)
        for person, key in people.items():
            record_reading(sheet, person, key, reading, surroundings=self._surroundings)
        await sheet.write(tx)

    async def _close(self, tx: Tx, *, export: AuditExport) -> None:
        await export_store.require_lease(tx, export)
        closed = await close_export(tx, export, keys=self._keys, now=self._surroundings.clock())
        await export_store.save(tx, export, state=ExportState.DONE, size=closed.size, digest=closed.digest)


async def _owners(tx: Tx, items: Sequence[ExportItem]) -> dict[UUID, UUID]:
    """Whom each notification is to, without those who were erased."""
    found = await outbox.by_ids(tx, [item.notification for item in items])
    keys = await person_keys.of_people(tx, {each.recipient for each in found.values()})
    return {each.id: each.recipient for each in found.values() if each.recipient in keys}


def _packed(proven: _Proven, *, begins: int) -> tuple[ExportItem, bytes]:
    """The item as it is written, and its bytes in the zip, if it has any."""
    if isinstance(proven.bundle, str):
        return replace(proven.item, omitted=proven.bundle, digest=None), b""
    entry, content = packed_entry(file_name(proven.item), proven.bundle, begins=begins)
    written = replace(
        proven.item,
        omitted=None,
        digest=sha256(proven.bundle).digest(),
        crc=entry.crc,
        size=entry.size,
        packed=entry.packed,
        begins=begins,
    )
    return written, content

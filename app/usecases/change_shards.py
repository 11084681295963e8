"""Begin and end the shards of the log, each linked to the one before by its final checkpoint."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.domain.shard import half_year, shard_after
from app.evidence.statement import statement_key_name
from app.merkle.note import VKey, parse_vkey
from app.ports import Signer, SigningKeys, Surroundings
from app.storage import cosignatures, log, log_keys
from app.storage.database import Tx
from app.storage.log import PendingEntry, TreeHead
from app.storage.log_keys import ShardKeys
from app.usecases.log_fault import LogStuckError
from app.usecases.record_facts import new_fact_sheet
from app.usecases.sign_notes import held


async def open_first_shard(tx: Tx, origin_base: str, *, keys: SigningKeys, surroundings: Surroundings) -> None:
    """Open a log that has no shard yet, and give its first entry index 0."""
    now = surroundings.clock()
    shard = half_year(now)
    origin = f"{origin_base}/{shard}"
    await _open(
        tx,
        shard=shard,
        origin=origin,
        signers=(keys.newest(origin), keys.newest(statement_key_name(origin))),
        previous=None,
        detail=None,
        now=now,
        surroundings=surroundings,
    )


async def open_next_shard(
    tx: Tx, origin_base: str, *, keys: SigningKeys, surroundings: Surroundings, detail: str | None = None
) -> str | None:
    """Open the shard after one that is closed and wholly published; its name.

    None when somebody else did, or the closed one still waits for its last checkpoint. `detail` says why the one
    before ended, where it was not its time.
    """
    head = await log.current_head(tx, lock=True)
    if head is None or head.closed_at is None:
        return None
    final = await _final_note(tx, head)
    if final is None:
        return None
    now = max(surroundings.clock(), head.closed_at, head.opened_at + timedelta(milliseconds=1))
    shard = _successor(head.shard, now)
    origin = f"{origin_base}/{shard}"
    await _open(
        tx,
        shard=shard,
        origin=origin,
        signers=_same_keys(await log_keys.of_shard(tx, head.shard), origin, keys),
        previous=final,
        detail=detail,
        now=now,
        surroundings=surroundings,
    )
    return shard


def _successor(shard: str, now: datetime) -> str:
    try:
        return shard_after(shard, now)
    except ValueError as error:
        raise LogStuckError(f"No shard can follow {shard}: {error}") from None


async def _final_note(tx: Tx, head: TreeHead) -> bytes | None:
    if head.final_note is not None:
        return head.final_note
    newest = await log.newest_checkpoint(tx, head.shard)
    if newest is None or newest.size != head.range.size:
        return None
    return (await cosignatures.cosigned(tx, newest)).note


def _same_keys(known: ShardKeys, origin: str, keys: SigningKeys) -> tuple[Signer, Signer]:
    """The newest keys of the shard before, under the names that they have in this one."""
    return (
        _under_name(origin, known.log, keys),
        _under_name(statement_key_name(origin), known.statements, keys),
    )


def _under_name(name: str, vkeys: Sequence[str], keys: SigningKeys) -> Signer:
    if not vkeys:
        return keys.newest(name)
    return held(str(VKey(name=name, public_key=parse_vkey(vkeys[-1]).public_key)), keys)


async def _open(
    tx: Tx,
    *,
    shard: str,
    origin: str,
    signers: tuple[Signer, Signer],
    previous: bytes | None,
    detail: str | None,
    now: datetime,
    surroundings: Surroundings,
) -> None:
    head = await log.open_shard(tx, shard=shard, origin=origin, now=now)
    log_signer, statements_signer = signers
    await log_keys.add(tx, shard, use="log", vkey=log_signer.vkey, now=now)
    await log_keys.add(tx, shard, use="statements", vkey=statements_signer.vkey, now=now)
    sheet = await new_fact_sheet(tx, surroundings)
    opened = sheet.record(
        "log.opened",
        at=now,
        data={
            "origin": origin,
            "vkey": log_signer.vkey,
            "previous_checkpoint": previous.decode() if previous else None,
            "detail": detail,
        },
    )
    await sheet.write(tx)
    await log.sequence(tx, head, [await log.pending_of(tx, opened.id)])


async def ensure_keys(tx: Tx, head: TreeHead, keys: SigningKeys, *, now: datetime) -> None:
    """Write down which keys sign a shard that was opened before keys were written down."""
    known = await log_keys.of_shard(tx, head.shard)
    if not known.log:
        await log_keys.add(tx, head.shard, use="log", vkey=keys.newest(head.origin).vkey, now=now)
    if not known.statements:
        statements = keys.newest(statement_key_name(head.origin))
        await log_keys.add(tx, head.shard, use="statements", vkey=statements.vkey, now=now)


async def close_shard(
    tx: Tx, head: TreeHead, entries: Sequence[PendingEntry], *, detail: str, surroundings: Surroundings
) -> None:
    """Sequence `entries`, then the entry that says that none follows. The head's row is locked.

    What is pending besides goes into the next shard. Raises LogStuckError when none could follow.
    """
    now = surroundings.clock()
    _successor(head.shard, now)  # a shard that none can follow is not closed
    known = await log_keys.of_shard(tx, head.shard)
    sheet = await new_fact_sheet(tx, surroundings)
    sealed = sheet.record("log.sealed", at=now, data={"origin": head.origin, "vkey": known.log[-1], "detail": detail})
    await sheet.write(tx)
    await log.sequence(tx, head, [*entries, await log.pending_of(tx, sealed.id)])
    await log.close_shard(tx, head, now=now)

"""Rotate a key: from now on the old one and the new one both sign, until the shard ends; the next has the new alone.

Whoever trusts the old key learns of the new one from a fact under checkpoints that the old key signed.
"""

from app.evidence.statement import statement_key_name
from app.ports import SigningKeys, Surroundings
from app.storage import cosignatures, log, log_keys
from app.storage.database import Tx
from app.storage.log_keys import Use
from app.usecases.log_fault import LogStuckError
from app.usecases.record_facts import new_fact_sheet


async def rotate_key(tx: Tx, use: Use, *, keys: SigningKeys, surroundings: Surroundings) -> str:
    """Make a new key for the log or for its statements, and seal that; its verifier key in the present shard.

    A key that was made by a rotation which never came to its end is taken first. Raises LogStuckError while no shard
    is open.
    """
    head = await log.current_head(tx, lock=True)
    if head is None or head.closed_at is not None:
        raise LogStuckError("No shard of the log is open; start the service first")
    known = await log_keys.of_shard(tx, head.shard)
    name, listed = (head.origin, known.log) if use == "log" else (statement_key_name(head.origin), known.statements)
    signer = keys.newest(name)
    if signer.vkey in listed:
        signer = keys.rotate(name)
    now = surroundings.clock()
    await log_keys.add(tx, head.shard, use=use, vkey=signer.vkey, now=now)
    newest = await log.newest_checkpoint(tx, head.shard)
    previous = (await cosignatures.cosigned(tx, newest)).note.decode() if newest else None
    sheet = await new_fact_sheet(tx, surroundings)
    sheet.record(
        "log.key_rotated",
        at=now,
        data={"origin": head.origin, "vkey": signer.vkey, "previous_checkpoint": previous, "detail": use},
    )
    await sheet.write(tx)
    return signer.vkey

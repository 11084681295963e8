"""Let go of codes that ended, of old counts, and of people who joined and never confirmed that it was them."""

from datetime import timedelta

from app.domain.unbound import NO_OPERATOR
from app.ports import Surroundings
from app.storage import codes as code_store
from app.storage import confirmations, quotas
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.erase_recipient import erase_record

BATCH_MAX = 100
# So long an old code's page still knows what it was for, and sends another one.
_CODES_KEPT = timedelta(days=31)
# Longer than any stretch that is counted in.
_COUNTS_KEPT = timedelta(days=2)

ACTOR = "retention"
# What is not needed for its purpose is not kept (GDPR art. 5 (1) (e)).
_LEGAL_BASIS = "gdpr_5_1_e"


async def forget_codes(tx: Tx, *, surroundings: Surroundings) -> int:
    """Do up to a batch of each; how many there were."""
    now = surroundings.clock()
    strangers = await confirmations.never_confirmed(tx, operator=NO_OPERATOR, before=now, limit=BATCH_MAX)
    records, _ = await recipient_store.sound_by_ids(tx, strangers, lock=True, for_update=True, skip=True)
    # Once more, after the locks: somebody may just have given the code back.
    still = await confirmations.never_confirmed(tx, operator=NO_OPERATOR, before=now, limit=BATCH_MAX)
    erased = 0
    for person in records.keys() & set(still):
        await erase_record(tx, records[person], actor=ACTOR, legal_basis=_LEGAL_BASIS, surroundings=surroundings)
        erased += 1
    ended = await code_store.forget(tx, before=now - _CODES_KEPT, limit=BATCH_MAX)
    return erased + ended + await quotas.forget(tx, before=now - _COUNTS_KEPT, limit=BATCH_MAX)

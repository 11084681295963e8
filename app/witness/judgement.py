"""Whether a checkpoint may be cosigned beside the one that was cosigned before; no I/O (c2sp.org/tlog-witness)."""

from dataclasses import dataclass
from enum import StrEnum

from app.merkle.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from app.merkle.tree import EMPTY_ROOT
from app.merkle.verify import ProofError, verify_consistency
from app.merkle.witness_request import AddCheckpoint


class Offence(StrEnum):
    """What a signed checkpoint shows.

    `FORK`: the log contradicts itself, for it signed two roots of one size, or a root that no empty tree has; the
    notes prove it to anyone. `UNPROVEN`: the consistency proof does not hold; that may be a mistake of whoever sent
    it, since anybody can send a log's checkpoint.
    """

    FORK = "fork"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistent:
    """The checkpoint continues the one that is held: it may be cosigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The old size is not `size`, that of the checkpoint that is held. `offence` when a fork shows all the same."""

    size: int
    offence: Offence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconsistent:
    """The checkpoint is not shown to continue the one that is held."""

    offence: Offence


Judgement = Consistent | Conflict | Inconsistent


def read_head(text: str) -> Checkpoint:
    """The tree head that a checkpoint's text begins with; CheckpointError for anything else.

    Extension lines are cosigned with the rest and mean nothing here; they must not be empty (c2sp.org/tlog-checkpoint).
    """
    lines = text.split("\n")
    if "" in lines[:-1]:
        raise CheckpointError("a checkpoint has no empty line")
    return parse_checkpoint("".join(f"{line}\n" for line in lines[:-1][:3]))


def judge(request: AddCheckpoint, offered: Checkpoint, held: Checkpoint | None) -> Judgement:
    """What to do with `offered`, the request's checkpoint, given the last one that was cosigned for its log.

    The log's signature is verified and the request's old size is not above the checkpoint's.
    """
    size, root = (held.size, held.root) if held is not None else (0, EMPTY_ROOT)
    forked = (offered.size == size and offered.root != root) or (offered.size == 0 and offered.root != EMPTY_ROOT)
    if request.old_size != size:
        return Conflict(size=size, offence=Offence.FORK if forked else None)
    if forked:
        return Inconsistent(offence=Offence.FORK)
    try:
        verify_consistency(
            old_size=size, old_root=root, new_size=offered.size, new_root=offered.root, path=request.proof
        )
    except ProofError:
        return Inconsistent(offence=Offence.UNPROVEN)
    return Consistent()

"""Invariants 7, 8 and 9: one log, without gaps, that never showed two pasts, and proofs that stand alone."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.faults.reading import Broken, Reading
from tests.second_formats import Refused, check_checkpoint, sha256
from tests.second_verifier import verify

_BUNDLES_CHANGED = 8


def invariant_7_all_checkpoints_are_of_one_tree(reading: Reading) -> Iterator[Broken]:
    """Every checkpoint ever shown is a prefix of the tree that the leaves make; indexes have no gap."""
    roots: dict[str, list[bytes]] = {}
    for head in reading.heads:
        own = [leaf for leaf in reading.leaves if leaf["shard"] == head["shard"]]
        if [leaf["leaf_index"] for leaf in own] != list(range(head["size"])):
            yield Broken(invariant="7", what=f"{head['origin']} has {len(own)} leaves and the size {head['size']}")
        roots[head["origin"]] = roots_of([leaf["commitment"] for leaf in own])
    shown: dict[str, int] = defaultdict(int)
    for note in [*reading.journals.notes, *(row["note"] for row in reading.checkpoints)]:
        origin, size, root = _checked(note, reading.journals.vkeys)
        if size >= len(roots.get(origin, [])) or roots[origin][size] != root:
            yield Broken(invariant="7", what=f"a checkpoint of {origin} at {size} is of another tree")
    for note in reading.journals.notes:
        origin, size, _ = _checked(note, reading.journals.vkeys)
        if size < shown[origin]:
            yield Broken(invariant="7", what=f"{origin} was shown at {shown[origin]}, and then at {size}")
        shown[origin] = size
    held = Counter(leaf["fact_id"] for leaf in reading.leaves)
    if held and max(held.values()) > 1:
        yield Broken(invariant="7", what="a fact has two leaves")
    for leaf in reading.leaves:
        fact = reading.facts.get(leaf["fact_id"])
        if fact is None or fact.commitment != leaf["commitment"]:
            yield Broken(invariant="7", what=f"leaf {leaf['leaf_index']} is of no fact, or of another document")


def _checked(note: bytes, vkeys: set[str]) -> tuple[str, int, bytes]:
    """Origin, size and root of a note that one of the log's keys signed; of none: an origin that no log has."""
    name = note.decode().partition("\n")[0]
    for vkey in vkeys:
        if vkey.partition("+")[0] == name:
            try:
                return check_checkpoint(note, vkey)
            except Refused:
                continue
    return "signed by nobody", 0, b""


def roots_of(commitments: Sequence[bytes]) -> list[bytes]:
    """The root at every size from 0 (RFC 6962 §2.1), as the tree grows: perfect subtrees of one width merge."""
    found = [sha256(b"")]
    peaks: list[tuple[int, bytes]] = []
    for commitment in commitments:
        peaks.append((1, sha256(b"\0", b"awizo-leaf/v1\n", commitment)))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (width, right), (_, left) = peaks.pop(), peaks.pop()
            peaks.append((2 * width, sha256(b"\1", left, right)))
        root = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            root = sha256(b"\1", left, root)
        found.append(root)
    return found


def invariant_8_every_fact_is_published(reading: Reading) -> Iterator[Broken]:
    """Nothing waits, nothing is left out, what a fact builds on lies before it, and all of it is under a checkpoint."""
    if reading.pending:
        yield Broken(invariant="8", what=f"{reading.pending} facts still wait")
    left_out = sum(1 for fact in reading.facts.values() if fact.place is None)
    if left_out:
        yield Broken(invariant="8", what=f"{left_out} facts are not in the log")
    newest = {row["shard"]: row["size"] for row in reading.checkpoints}
    for head in reading.heads:
        if newest.get(head["shard"]) != head["size"]:
            yield Broken(invariant="8", what=f"{head['origin']} has {head['size']} entries and shows fewer")
    for notification, chain in reading.chains.items():
        places = [fact.place for fact in chain if fact.place is not None]
        if places != sorted(places) or [fact.document["n"] for fact in chain] != list(range(len(chain))):
            yield Broken(invariant="8", what=f"the facts of {notification} are out of order")


def invariant_9_proofs_stand_alone(reading: Reading) -> Iterator[Broken]:
    """Bundles verify with a second implementation, changed ones do not."""
    vkeys = sorted(reading.journals.vkeys)
    for number, bundle in enumerate(reading.journals.bundles):
        verdict = verify(bundle, vkeys)
        if not verdict.accepted:
            yield Broken(invariant="9", what=f"a proof does not verify: {verdict.reason}")
        if number < _BUNDLES_CHANGED:
            place = len(bundle) * (number + 1) // (_BUNDLES_CHANGED + 1)
            changed = bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :]
            if verify(changed, vkeys).accepted:
                yield Broken(invariant="9", what="a changed proof verifies")

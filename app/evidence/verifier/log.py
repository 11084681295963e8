"""The checks on checkpoints: anchors, the keys that signed, the statement of completeness, and stamps."""

from collections.abc import Iterable, Sequence

from app.evidence.statement import Statement, StatementError, parse_statement, statement_key_name
from app.evidence.verifier.model import Bundle, BundleTimestamp, Evidence
from app.evidence.verifier.report import Check, Outcome, Refusal
from app.evidence.verifier.stamps import StampChecker, judge_stamps
from app.merkle.checkpoint import Checkpoint
from app.merkle.note import NoKnownSignatureError, NoteError, VerifiedNote, VKey, verify_note
from app.merkle.verify import ProofError, verify_consistency


def check_anchors(bundle: Evidence) -> str:
    """The anchors are exactly those that facts name, each older than its facts and consistent with its shard."""
    named = _named_anchors(bundle)
    given = [(anchor.checkpoint.origin, anchor.checkpoint.size) for anchor in bundle.anchors]
    if given != sorted(named):
        raise Refusal("The anchors are not exactly those that the facts name, in order of shard and size.")
    checkpoints = bundle.checkpoints()
    for anchor in bundle.anchors:
        if named[anchor.checkpoint.origin, anchor.checkpoint.size] != anchor.checkpoint:
            raise Refusal(f"{anchor.where} has another root hash than the one that facts name.")
        newest = checkpoints.get(anchor.checkpoint.origin)
        if newest is not None:
            _verify_consistency(anchor.checkpoint, newest, anchor.consistency, anchor.where)
        elif anchor.consistency:
            raise Refusal(f"{anchor.where} has a consistency path, but its shard has no fact in the bundle.")
    if not given:
        return "The facts name no earlier checkpoint."
    return f"Each checkpoint that the facts name ({len(given)}) is a beginning of the log that proves them."


def _named_anchors(bundle: Evidence) -> dict[tuple[str, int], Checkpoint]:
    named: dict[tuple[str, int], Checkpoint] = {}
    for fact in bundle.proven():
        anchor = fact.document.anchor
        if anchor is None:
            continue
        if anchor.origin == fact.checkpoint.origin and anchor.size > fact.index:
            raise Refusal(f"The anchor of {fact.where} is younger than the fact's place in the log.")
        if named.setdefault((anchor.origin, anchor.size), anchor) != anchor:
            raise Refusal(f"The anchor of {fact.where} contradicts that of another fact: the log was forked.")
    return named


def check_checkpoints(bundle: Evidence) -> str:
    """Each checkpoint is signed by a key that the bundle itself names for its shard."""
    _, unsigned = _verify_checkpoints(bundle, bundle.vkeys, "named in the bundle")
    if unsigned:
        raise unsigned[0]
    return "Each checkpoint is signed by a key that the bundle names."


def check_signature(bundle: Evidence, vkeys: Sequence[VKey]) -> tuple[Check, tuple[VKey, ...]]:
    """Each checkpoint is signed by a key that the verifier brought; with it the keys that signed.

    An anchor of a shard that has facts is vouched for by its consistency with that shard's checkpoint, so that after
    a rotation of keys it may carry the retired key's signature alone. Of any other shard only the signature speaks.
    """
    if not vkeys:
        sentence = "No key was given: nobody vouches for who signed, only that the bundle fits its own keys."
        return Check(name="signature", outcome=Outcome.NOT_VOUCHED, sentence=sentence), ()
    signers, unsigned = _verify_checkpoints(bundle, vkeys, "given")
    proven = bundle.checkpoints()
    for refusal in unsigned:
        if refusal.origin not in proven:
            raise refusal
    sentence = "Each checkpoint is signed by a key that you gave."
    if unsigned:
        sentence = (
            "Each checkpoint that proves facts is signed by a key that you gave; of the anchors, "
            f"{len(unsigned)} by another key only, and vouched for by their consistency with these checkpoints."
        )
    return Check(name="signature", outcome=Outcome.HOLDS, sentence=sentence), signers


def _verify_checkpoints(
    bundle: Evidence, vkeys: Sequence[VKey], which: str
) -> tuple[tuple[VKey, ...], list["UnknownSigner"]]:
    """The keys that signed, and a refusal for each anchor that none of them signed."""
    signers: dict[VKey, None] = {}
    for where, note, checkpoint in bundle.proving_notes():
        signers.update(dict.fromkeys(signed(note, checkpoint.origin, vkeys, where, which).signers))
    unsigned = []
    for anchor in bundle.anchors:
        origin = anchor.checkpoint.origin
        try:
            signers.update(dict.fromkeys(signed(anchor.note, origin, vkeys, anchor.where, which).signers))
        except UnknownSigner as refusal:
            unsigned.append(refusal)
    return tuple(signers), unsigned


class UnknownSigner(Refusal):
    """None of the keys at hand signed a note of the shard `origin`."""

    def __init__(self, sentence: str, origin: str) -> None:
        super().__init__(sentence)
        self.origin = origin


def signed(note: bytes, name: str, vkeys: Iterable[VKey], where: str, which: str) -> VerifiedNote:
    """The note as one of `vkeys` that is called `name` signed it; UnknownSigner, else Refusal."""
    try:
        return verify_note(note, [vkey for vkey in vkeys if vkey.name == name])
    except NoKnownSignatureError:
        raise UnknownSigner(f"{where} is signed by none of the keys {which}.", name) from None
    except NoteError as error:
        raise Refusal(f"{where} is not well signed: {error}.") from None


def check_completeness(bundle: Bundle, vkeys: Sequence[VKey]) -> Check:
    """The statement of completeness, if any, is about this bundle; whether under a key that the verifier brought."""
    if bundle.statement is None:
        return _completeness(Outcome.NOT_VOUCHED, "There is no statement of completeness: more facts may exist.")
    last = bundle.facts[-1]
    name = statement_key_name(last.checkpoint.origin)
    note = signed(bundle.statement, name, bundle.vkeys, "The statement", "named in the bundle")
    expected = Statement(
        notification=bundle.notification,
        issued_at=bundle.issued_at,
        facts=len(bundle.facts),
        pending=bundle.pending,
        last_leaf=last.leaf,
        size=last.checkpoint.size,
    )
    try:
        stated = parse_statement(note.text)
    except StatementError as error:
        raise Refusal(f"The statement is not well-formed: {error}.") from None
    if stated != expected:
        raise Refusal("The statement of completeness is about something else than this bundle.")
    try:
        signed(bundle.statement, name, vkeys, "The statement", "given")
    except UnknownSigner:
        sentence = "The key of the statement of completeness was not given: more facts may exist."
        return _completeness(Outcome.NOT_VOUCHED, sentence)
    sentence = f"The log states under a key that you gave that these are all facts published by {bundle.issued_at}."
    return _completeness(Outcome.HOLDS, sentence)


def _completeness(outcome: Outcome, sentence: str) -> Check:
    return Check(name="completeness", outcome=outcome, sentence=sentence)


def check_pending(bundle: Evidence) -> Check:
    """Whether facts were waiting to be published when the bundle was issued."""
    if bundle.pending == 0:
        return Check(name="pending", outcome=Outcome.HOLDS, sentence="No fact was waiting to be published.")
    sentence = f"Facts not yet published, and so not in this proof: {bundle.pending}."
    return Check(name="pending", outcome=Outcome.WARNING, sentence=sentence)


def check_timestamps(bundle: Bundle, stamps: StampChecker | None) -> Check:
    """Each stamped checkpoint belongs to the history of the log, and `stamps`, if brought, trusts each stamp."""
    if not bundle.timestamps:
        sentence = "The bundle carries no time stamp: the checkpoints show order, not time."
        return Check(name="timestamps", outcome=Outcome.NOT_VOUCHED, sentence=sentence)
    proven = bundle.checkpoints()
    for stamp in bundle.timestamps:
        newest = proven.get(stamp.checkpoint.origin)
        if newest is None:
            _check_stamped_anchor(bundle, stamp)
        elif stamp.checkpoint.size < newest.size:
            _verify_consistency(stamp.checkpoint, newest, stamp.consistency, stamp.where)
        else:
            _verify_consistency(newest, stamp.checkpoint, stamp.consistency, stamp.where)
    if stamps is not None:
        return judge_stamps(bundle, stamps)
    sentence = (
        f"The stamped checkpoints belong to this log ({len(bundle.timestamps)}), but the time stamps on them were not "
        "checked: that takes the stamping authority's certificate and a tool such as openssl ts -verify."
    )
    return Check(name="timestamps", outcome=Outcome.NOT_VOUCHED, sentence=sentence)


def _check_stamped_anchor(bundle: Bundle, stamp: BundleTimestamp) -> None:
    if stamp.consistency or stamp.checkpoint not in [anchor.checkpoint for anchor in bundle.anchors]:
        raise Refusal(f"{stamp.where} is on a checkpoint that has nothing to do with this bundle.")


def _verify_consistency(old: Checkpoint, new: Checkpoint, path: tuple[bytes, ...], where: str) -> None:
    try:
        verify_consistency(old_size=old.size, old_root=old.root, new_size=new.size, new_root=new.root, path=path)
    except ProofError as error:
        raise Refusal(f"{where} is not consistent with the checkpoint of its shard: {error}.") from None

"""The checks on facts: what opens them, where they stand in the log, how they hang together."""

from app.evidence.catalogue import CONSENT_FACTS, EVENT_FACTS
from app.evidence.commitment import field_commitment
from app.evidence.originals import fixed_media_type, is_original
from app.evidence.verifier.model import Bundle, BundleFact, Evidence
from app.evidence.verifier.report import Refusal
from app.merkle.verify import ProofError, verify_inclusion


def check_openings(bundle: Evidence) -> str:
    """Each opened field is the one that its document commits to."""
    opened = 0
    for fact in bundle.proven():
        for opening in fact.openings:
            if field_commitment(opening.name, opening.salt, opening.value) != fact.document.sealed[opening.name]:
                raise Refusal(f"The opened {opening.name} of {fact.where} is not what was sealed.")
            opened += 1
    return f"{_plural(opened, 'opened field')} {_are(opened)} what was sealed."


def check_originals(bundle: Evidence) -> str:
    """Each original opens a field of a fact in the bundle, is of its kind, and they stand in order, none twice."""
    facts = {fact.document.id: fact.document for fact in bundle.proven()}
    places = [(original.fact, original.opened.name) for original in bundle.originals]
    if places != sorted(set(places)):
        raise Refusal("The originals are not in order of fact and field, each once.")
    for original in bundle.originals:
        document, name = facts.get(original.fact), original.opened.name
        if document is None or name not in document.sealed:
            raise Refusal(f"{original.where} belongs to no sealed field of a fact in the bundle.")
        if not is_original(name, document.data.get("encoding")):
            raise Refusal(f"{original.where} is of a field that is opened beside its fact.")
        if fixed_media_type(name) not in {None, original.media_type}:
            raise Refusal(f"{original.where} has another media type than its field.")
        if field_commitment(name, original.opened.salt, original.opened.value) != document.sealed[name]:
            raise Refusal(f"{original.where} is not what was sealed.")
    number = len(bundle.originals)
    return f"{_plural(number, 'original')} {_are(number)} what was sealed."


def check_inclusion(bundle: Evidence) -> str:
    """Each fact stands in the log, under one checkpoint a shard, at an index and with an id that no other has."""
    notes: dict[str, bytes] = {}
    places: set[tuple[str, int]] = set()
    ids: set[str] = set()
    for fact in bundle.proven():
        origin = fact.checkpoint.origin
        if notes.setdefault(origin, fact.note) != fact.note:
            raise Refusal(f"The checkpoint of {fact.where} is not the one that proves the other facts of its shard.")
        if (origin, fact.index) in places or fact.document.id in ids:
            raise Refusal(f"The index or the id of {fact.where} is that of another fact.")
        places.add((origin, fact.index))
        ids.add(fact.document.id)
        _verify_place(fact)
    number = len(places)
    return f"{_plural(number, 'fact')} {_stand(number)} in the log, unaltered."


def _verify_place(fact: BundleFact) -> None:
    checkpoint = fact.checkpoint
    try:
        verify_inclusion(leaf=fact.leaf, index=fact.index, size=checkpoint.size, path=fact.path, root=checkpoint.root)
    except ProofError as error:
        raise Refusal(f"The place of {fact.where} in the log is not proven: {error}.") from None


def check_chain(bundle: Bundle) -> str:
    """The facts are one notification's, numbered from 0 without a gap, each naming the one before it."""
    before: BundleFact | None = None
    ended = False
    for number, fact in enumerate(bundle.facts):
        document, row = fact.document, fact.document.row
        if document.notification != bundle.notification:
            raise Refusal(f"Not of this notification: {fact.where}.")
        if document.n != number:
            raise Refusal(f"The facts are not numbered from 0 without a gap: {fact.where}.")
        if document.prev != (None if before is None else before.leaf):
            raise Refusal(f"The fact before it is not the one that {fact.where} names.")
        if (number == 0 and not row.opens) or (number > 0 and row.only_opens):
            raise Refusal(f"By its type, {fact.where} cannot stand at this place of the chain.")
        if ended and not row.follows_end:
            raise Refusal(f"The chain had ended before {fact.where}, which cannot follow.")
        if before is not None:
            _check_order(before, fact)
        before, ended = fact, ended or row.ends
    return f"The chain of {_plural(len(bundle.facts), 'fact')} has no gap and begins with fact 0."


def check_context(bundle: Bundle) -> str:
    """The context is exactly the event and consent facts that facts name, in order of shard and index."""
    context = {fact.leaf: fact for fact in bundle.context}
    places = [(fact.checkpoint.origin, fact.index) for fact in bundle.context]
    if places != sorted(set(places)):
        raise Refusal("The context is not in order of shard and index, each fact once.")
    named: set[bytes] = set()
    for fact in bundle.facts:
        for leaf in fact.document.named_events:
            _check_named(context.get(leaf), EVENT_FACTS, fact, "An event fact")
        consent = fact.document.named_consent
        if consent is not None:
            _check_named(context.get(consent), CONSENT_FACTS, fact, "The consent fact")
        named.update(fact.document.named_events, () if consent is None else (consent,))
    if context.keys() - named:
        raise Refusal("The context holds a fact that no fact of the notification names.")
    number = len(context)
    return f"{_plural(number, 'event or consent fact')} that the facts name {_are(number)} present and proven."


def _check_named(named: BundleFact | None, types: frozenset[str], fact: BundleFact, noun: str) -> None:
    if named is None:
        raise Refusal(f"{noun} that {fact.where} names is not in the context.")
    if named.document.row.name not in types:
        raise Refusal(f"{noun} that {fact.where} names is of another type.")
    _check_order(named, fact)


def _check_order(earlier: BundleFact, later: BundleFact) -> None:
    # No entry is sealed before those that its document names; across shards only the hashes show the order.
    if earlier.checkpoint.origin == later.checkpoint.origin and earlier.index >= later.index:
        raise Refusal(f"The log has {later.where} before {earlier.where}, which it names.")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _stand(number: int) -> str:
    return "stands" if number == 1 else "stand"

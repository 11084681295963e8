"""`verify_shipment`: the checks on a statement about one shipment, in the order and the words of a bundle's."""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from app.evidence.catalogue import EVENT_FACTS
from app.evidence.shipment_statement import (
    FORMAT,
    ShipmentStatement,
    ShipmentStatementError,
    list_text,
    parse_shipment_statement,
    subject_commitment,
    subject_value,
)
from app.evidence.statement import statement_key_name
from app.evidence.verifier.facts import check_inclusion, check_openings, check_originals
from app.evidence.verifier.log import check_anchors, check_checkpoints, check_pending, signed
from app.evidence.verifier.report import (
    Check,
    DocumentRefusal,
    Outcome,
    Refusal,
    Report,
    ShipmentLine,
    Verdict,
    verdict_over,
)
from app.evidence.verifier.shipment_form import Shipment, read_shipment
from app.evidence.verifier.stamps import StampChecker
from app.evidence.verifier.verify import check_digest, fact_line, guarded, refused, signature_check, verify_bundle
from app.evidence.verifier.witnesses import check_witnesses
from app.merkle.note import VKey
from app.merkle.policy import Policy


class Named(NamedTuple):
    """Which shipment a verifier was told that a statement is about."""

    operator: str
    shipment: str


def verify_file(
    data: bytes,
    *,
    vkeys: Sequence[VKey] = (),
    policy: Policy | None = None,
    stamps: StampChecker | None = None,
    told: Named | None = None,
) -> Report:
    """Check a file of either kind, a bundle or a statement about one shipment, by what it says that it is.

    `told` names the shipment that the statement must be about; a bundle is about none and is refused then.
    """
    if _format_of(data) == FORMAT:
        return verify_shipment(data, vkeys=vkeys, policy=policy, told=told)
    if told is not None:
        return refused((_failed("subject", "The file is no statement about a shipment."),))
    return verify_bundle(data, vkeys=vkeys, policy=policy, stamps=stamps)


def _format_of(data: bytes) -> object:
    """What the file says of itself, whatever else is wrong with it."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value.get("format") if isinstance(value, dict) else None


def verify_shipment(
    data: bytes, *, vkeys: Sequence[VKey] = (), policy: Policy | None = None, told: Named | None = None
) -> Report:
    """Check a statement about one shipment under the keys that the verifier brings, as `verify_bundle` a bundle.

    Its signed note is what it is for, so a statement whose key was not among those given is refused. `told` is the
    shipment that it must be about; without it, and where its name is closed, nobody can know.
    """
    try:
        shipment = read_shipment(data)
    except Refusal as refusal:
        name = "documents" if isinstance(refusal, DocumentRefusal) else "form"
        return refused((_failed(name, str(refusal)),))
    keys = (*vkeys, *(policy.vkeys if policy is not None else ()))
    signature, signers = signature_check(shipment, keys)
    checks = (
        _held("form", lambda: "The statement is canonical JSON with exactly the members it must have."),
        _held("documents", lambda: "Each document is as the catalogue has its type."),
        _held("digest", lambda: check_digest(shipment)),
        _held("openings", lambda: check_openings(shipment)),
        _held("inclusion", lambda: check_inclusion(shipment)),
        _held("checkpoints", lambda: check_checkpoints(shipment)),
        signature,
        guarded("subject", lambda: check_subject(shipment, told)),
        _held("anchors", lambda: check_anchors(shipment)),
        _held("originals", lambda: check_originals(shipment)),
        guarded("completeness", lambda: check_shipment_statement(shipment, keys)),
        guarded("pending", lambda: check_pending(shipment)),
        guarded("witnesses", lambda: check_witnesses(shipment, policy)),
    )
    verdict = verdict_over(checks, keys_given=bool(keys))
    if verdict is Verdict.REFUSED:
        return refused(checks)
    return Report(
        verdict=verdict,
        checks=checks,
        notification=None,
        issued_at=shipment.issued_at,
        pending=shipment.pending,
        facts=tuple(fact_line(fact) for fact in shipment.facts),
        signers=tuple(str(vkey) for vkey in signers),
        shipment=_line(shipment),
    )


def check_subject(shipment: Shipment, told: Named | None) -> Check:
    """All of it is about one shipment: the one that the commitment names, and the verifier was told of."""
    _check_order(shipment)
    operators = {fact.document.data["operator"] for fact in shipment.facts}
    if len(operators) > 1:
        raise Refusal("The events are those of several operators.")
    named = _named(shipment, told)
    if named is None:
        sentence = "The name of the shipment is closed: whoever knows it can give it, and have it checked."
        return Check(name="subject", outcome=Outcome.NOT_VOUCHED, sentence=sentence)
    if operators - {named.operator}:
        raise Refusal("The events are not those of the operator whom the statement names.")
    closed = 0
    for fact in shipment.facts:
        shown = [opening.value for opening in fact.openings if opening.name == "shipment"]
        closed += not shown
        if shown and named.shipment.encode() not in shown[0].split(b"\n"):
            raise Refusal(f"The shipment that {fact.where} names is another one.")
    if closed:
        sentence = f"Of {closed} of {len(shipment.facts)} events the log alone says that they are about this shipment."
        return Check(name="subject", outcome=Outcome.NOT_VOUCHED, sentence=sentence)
    return Check(name="subject", outcome=Outcome.HOLDS, sentence="All of it is about the shipment that it names.")


def _check_order(shipment: Shipment) -> None:
    for fact in shipment.facts:
        if fact.document.row.name not in EVENT_FACTS:
            raise Refusal(f"The fact of an event is of another type: {fact.where}.")
        if fact.checkpoint.origin == shipment.rests_on.checkpoint.origin and fact.note != shipment.rests_on.note:
            raise Refusal(f"The checkpoint of {fact.where} is not the one that the statement rests on.")
    places = [(fact.checkpoint.origin, fact.index) for fact in shipment.facts]
    if places != sorted(places):
        raise Refusal("The events are not in order of shard and index.")
    ids = [each.notification for each in shipment.notifications]
    if ids != sorted(set(ids)) or not all(each.facts for each in shipment.notifications):
        raise Refusal("The notifications are not in order, each once and with a fact at least.")
    if not shipment.since <= shipment.until <= shipment.issued_at:
        raise Refusal("The statement does not begin before it ends, or ends after it was issued.")


def _named(shipment: Shipment, told: Named | None) -> Named | None:
    """The shipment that the statement shows, or that the verifier was told; Refusal unless the commitment is to it."""
    subject = shipment.subject
    if subject.value is not None:
        names = subject.value.split("\n")
        if len(names) != len(Named._fields) or not all(names):
            raise Refusal("The name of the shipment is not that of an operator and of a shipment.")
        shown = Named(*names)
        if not _commits(shipment, shown):
            raise Refusal("The name of the shipment is not the one that the statement commits to.")
        if told not in {None, shown}:
            raise Refusal("The statement is about another shipment than the one that you named.")
        return shown
    if told is not None and not _commits(shipment, told):
        raise Refusal("The statement is about another shipment than the one that you named.")
    return told


def _commits(shipment: Shipment, named: Named) -> bool:
    return subject_commitment(shipment.subject.salt, subject_value(*named)) == shipment.subject.commitment


def check_shipment_statement(shipment: Shipment, vkeys: Sequence[VKey]) -> Check:
    """The signed note is about exactly this file; what it says, once a key that the verifier brought signed it."""
    checkpoint = shipment.rests_on.checkpoint
    name = statement_key_name(checkpoint.origin)
    note = signed(shipment.statement, name, shipment.vkeys, "The statement", "named in the bundle")
    listed = list_text((fact.leaf for fact in shipment.facts), shipment.notifications)
    expected = ShipmentStatement(
        subject=shipment.subject.commitment,
        issued_at=shipment.issued_at,
        since=shipment.since,
        until=shipment.until,
        events=len(shipment.facts),
        notifications=len(shipment.notifications),
        pending=shipment.pending,
        unlinked=shipment.unlinked,
        listed=sha256(listed.encode()).digest(),
        origin=checkpoint.origin,
        size=checkpoint.size,
    )
    try:
        stated = parse_shipment_statement(note.text)
    except ShipmentStatementError as error:
        raise Refusal(f"The statement is not well-formed: {error}.") from None
    if stated != expected:
        raise Refusal("The signed statement is about something else than this file.")
    if not vkeys:
        sentence = "No key was given: nobody vouches that the log states so."
        return Check(name="completeness", outcome=Outcome.NOT_VOUCHED, sentence=sentence)
    signed(shipment.statement, name, vkeys, "The statement", "given")
    return Check(name="completeness", outcome=Outcome.HOLDS, sentence=_in_words(stated))


def _in_words(stated: ShipmentStatement) -> str:
    span = f"The log states under a key that you gave that from {stated.since} until {stated.until}"
    said = (
        f"{span} this is all about this shipment (events: {stated.events}, notifications: {stated.notifications})."
        if stated.events
        else f"{span} there was no event about this shipment (notifications: {stated.notifications})."
    )
    lost = stated.unlinked
    if not lost.events and not lost.notifications:
        return said
    return (
        f"{said} It cannot know of what no shipment's name leads to, and what may have been about this one (events of "
        f"the operator: {lost.events}, notifications: {lost.notifications})."
    )


def _line(shipment: Shipment) -> ShipmentLine:
    operator, _, name = (shipment.subject.value or "").partition("\n")
    return ShipmentLine(
        operator=operator or None,
        shipment=name or None,
        since=shipment.since,
        until=shipment.until,
        events=len(shipment.facts),
        notifications=tuple((each.notification, each.facts) for each in shipment.notifications),
        unlinked_events=shipment.unlinked.events,
        unlinked_notifications=shipment.unlinked.notifications,
    )


def _held(name: str, check: Callable[[], str]) -> Check:
    return guarded(name, lambda: Check(name=name, outcome=Outcome.HOLDS, sentence=check()))


def _failed(name: str, sentence: str) -> Check:
    return Check(name=name, outcome=Outcome.FAILS, sentence=sentence)

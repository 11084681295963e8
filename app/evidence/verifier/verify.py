"""`verify_bundle`: all checks in order, each on its own, and the report over them."""

from collections.abc import Callable, Sequence

from app.evidence.catalogue import GRADE_WORDS, grade_of
from app.evidence.verifier.facts import (
    check_chain,
    check_context,
    check_inclusion,
    check_openings,
    check_originals,
)
from app.evidence.verifier.form import read_bundle
from app.evidence.verifier.log import (
    check_anchors,
    check_checkpoints,
    check_completeness,
    check_pending,
    check_signature,
    check_timestamps,
)
from app.evidence.verifier.model import Bundle, BundleFact
from app.evidence.verifier.report import (
    Check,
    DocumentRefusal,
    FactLine,
    Outcome,
    Refusal,
    Report,
    Verdict,
    verdict_over,
)
from app.evidence.verifier.stamps import StampChecker
from app.evidence.verifier.witnesses import check_witnesses
from app.merkle.note import VKey
from app.merkle.policy import Policy


def verify_bundle(
    data: bytes, *, vkeys: Sequence[VKey] = (), policy: Policy | None = None, stamps: StampChecker | None = None
) -> Report:
    """Check a bundle, given as the bytes of its file, under the keys that the verifier brings.

    `policy` brings the keys of its logs beside `vkeys`, and the bundle must be cosigned as it asks; `stamps` judges
    time stamps by the authorities' certificates that the verifier trusts. What is not brought is not judged.

    Never raises for what is in `data`: whatever is wrong with it becomes a check that fails. Without keys a sound
    bundle is `SOUND_UNVOUCHED`: everything fits, but anybody could have signed it.
    """
    try:
        bundle = read_bundle(data)
    except Refusal as refusal:
        name = "documents" if isinstance(refusal, DocumentRefusal) else "form"
        return _refused((Check(name=name, outcome=Outcome.FAILS, sentence=str(refusal)),))
    keys = (*vkeys, *(policy.vkeys if policy is not None else ()))
    signed, signers = _signature(bundle, keys)
    checks = (
        _finding("form", lambda _: "The bundle is canonical JSON with exactly the members it must have.", bundle),
        _finding("documents", lambda _: "Each document is as the catalogue has its type.", bundle),
        _finding("digest", _check_digest, bundle),
        _finding("openings", check_openings, bundle),
        _finding("inclusion", check_inclusion, bundle),
        _finding("checkpoints", check_checkpoints, bundle),
        signed,
        _finding("chain", check_chain, bundle),
        _finding("context", check_context, bundle),
        _finding("anchors", check_anchors, bundle),
        _finding("originals", check_originals, bundle),
        _guarded("completeness", lambda: check_completeness(bundle, keys)),
        _guarded("pending", lambda: check_pending(bundle)),
        _guarded("witnesses", lambda: check_witnesses(bundle, policy)),
        _guarded("timestamps", lambda: check_timestamps(bundle, stamps)),
    )
    verdict = verdict_over(checks, keys_given=bool(keys))
    if verdict is Verdict.REFUSED:
        return _refused(checks)
    return Report(
        verdict=verdict,
        checks=checks,
        notification=bundle.notification,
        issued_at=bundle.issued_at,
        pending=bundle.pending,
        facts=tuple(_line(fact) for fact in bundle.proven()),
        signers=tuple(str(vkey) for vkey in signers),
    )


def _refused(checks: tuple[Check, ...]) -> Report:
    return Report(
        verdict=Verdict.REFUSED,
        checks=checks,
        notification=None,
        issued_at=None,
        pending=None,
        facts=(),
        signers=(),
    )


def _check_digest(bundle: Bundle) -> str:
    if bundle.digest != bundle.computed_digest:
        raise Refusal("The digest is not that of the bundle: it was damaged or changed.")
    return "The digest fits: the bundle was not damaged on its way."


def _signature(bundle: Bundle, vkeys: Sequence[VKey]) -> tuple[Check, tuple[VKey, ...]]:
    try:
        return check_signature(bundle, vkeys)
    except Refusal as refusal:
        return Check(name="signature", outcome=Outcome.FAILS, sentence=str(refusal)), ()


def _finding(name: str, check: Callable[[Bundle], str], bundle: Bundle) -> Check:
    return _guarded(name, lambda: Check(name=name, outcome=Outcome.HOLDS, sentence=check(bundle)))


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Refusal as refusal:
        return Check(name=name, outcome=Outcome.FAILS, sentence=str(refusal))


def _line(fact: BundleFact) -> FactLine:
    document = fact.document
    grade = grade_of(document.raw)
    return FactLine(
        section=fact.section,
        id=document.id,
        type=document.row.name,
        at=document.at,
        grade=grade,
        grade_words=GRADE_WORDS[grade],
        origin=fact.checkpoint.origin,
        index=fact.index,
    )

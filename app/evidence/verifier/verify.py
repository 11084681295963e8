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
from app.evidence.verifier.model import Bundle, BundleFact, Evidence
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
        return refused((Check(name=name, outcome=Outcome.FAILS, sentence=str(refusal)),))
    keys = (*vkeys, *(policy.vkeys if policy is not None else ()))
    signed, signers = signature_check(bundle, keys)
    checks = (
        _finding("form", lambda _: "The bundle is canonical JSON with exactly the members it must have.", bundle),
        _finding("documents", lambda _: "Each document is as the catalogue has its type.", bundle),
        _finding("digest", check_digest, bundle),
        _finding("openings", check_openings, bundle),
        _finding("inclusion", check_inclusion, bundle),
        _finding("checkpoints", check_checkpoints, bundle),
        signed,
        _finding("chain", check_chain, bundle),
        _finding("context", check_context, bundle),
        _finding("anchors", check_anchors, bundle),
        _finding("originals", check_originals, bundle),
        guarded("completeness", lambda: check_completeness(bundle, keys)),
        guarded("pending", lambda: check_pending(bundle)),
        guarded("witnesses", lambda: check_witnesses(bundle, policy)),
        guarded("timestamps", lambda: check_timestamps(bundle, stamps)),
    )
    verdict = verdict_over(checks, keys_given=bool(keys))
    if verdict is Verdict.REFUSED:
        return refused(checks)
    return Report(
        verdict=verdict,
        checks=checks,
        notification=bundle.notification,
        issued_at=bundle.issued_at,
        pending=bundle.pending,
        facts=tuple(fact_line(fact) for fact in bundle.proven()),
        signers=tuple(str(vkey) for vkey in signers),
    )


def refused(checks: tuple[Check, ...]) -> Report:
    """What is said of a file of which a check fails: nothing but the checks."""
    return Report(
        verdict=Verdict.REFUSED,
        checks=checks,
        notification=None,
        issued_at=None,
        pending=None,
        facts=(),
        signers=(),
    )


def check_digest(bundle: Evidence) -> str:
    """The file was not damaged."""
    if bundle.digest != bundle.computed_digest:
        raise Refusal("The digest is not that of the bundle: it was damaged or changed.")
    return "The digest fits: the bundle was not damaged on its way."


def signature_check(bundle: Evidence, vkeys: Sequence[VKey]) -> tuple[Check, tuple[VKey, ...]]:
    """Whether keys that were brought signed the checkpoints, and which."""
    try:
        return check_signature(bundle, vkeys)
    except Refusal as refusal:
        return Check(name="signature", outcome=Outcome.FAILS, sentence=str(refusal)), ()


def _finding(name: str, check: Callable[[Bundle], str], bundle: Bundle) -> Check:
    return guarded(name, lambda: Check(name=name, outcome=Outcome.HOLDS, sentence=check(bundle)))


def guarded(name: str, check: Callable[[], Check]) -> Check:
    """The check of that name; one that refuses has failed."""
    try:
        return check()
    except Refusal as refusal:
        return Check(name=name, outcome=Outcome.FAILS, sentence=str(refusal))


def fact_line(fact: BundleFact) -> FactLine:
    """A proven fact as a page would list it."""
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

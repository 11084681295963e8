"""Judging time stamps (RFC 3161), by means that the verifier brings: this package reads no CMS itself."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from app.evidence.verifier.model import Bundle, BundleFact, BundleTimestamp
from app.evidence.verifier.report import Check, Outcome, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class StampHolds:
    """A stamp that the verifier trusts: when (`YYYY-MM-DDTHH:MM:SS.mmmZ`) and by whom (its certificate's subject)."""

    at: str
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StampRefused:
    """One that it does not; `reason` is one clause that begins with `it`."""

    reason: str


StampFinding = StampHolds | StampRefused

# Given the stamped bytes and the TimeStampResp (DER), says whether that is a stamp on their SHA-256. Never raises.
StampChecker = Callable[[bytes, bytes], StampFinding]


def judge_stamps(bundle: Bundle, checker: StampChecker) -> Check:
    """By when the facts existed. Raises Refusal when a stamp does not hold.

    The stamped checkpoints are known to belong to the log's history.
    """
    holding = {stamp: _judge(stamp, checker) for stamp in bundle.timestamps}
    earliest = [_earliest(fact, holding) for fact in bundle.proven()]
    covered = [found for found in earliest if found is not None]
    if not covered:
        sentence = "The time stamps hold, but all facts are younger than what was stamped."
        return Check(name="timestamps", outcome=Outcome.NOT_VOUCHED, sentence=sentence)
    latest = max(covered, key=lambda found: found.at)
    if len(covered) < len(earliest):
        sentence = (
            f"The time stamps hold: {len(covered)} of {len(earliest)} facts existed at {latest.at}, says "
            f"{latest.authority}; the others are younger than what was stamped."
        )
        return Check(name="timestamps", outcome=Outcome.NOT_VOUCHED, sentence=sentence)
    sentence = f"All facts existed at {latest.at}, says {latest.authority} by a time stamp that you trust."
    return Check(name="timestamps", outcome=Outcome.HOLDS, sentence=sentence)


def _judge(stamp: BundleTimestamp, checker: StampChecker) -> StampHolds:
    finding = checker(stamp.checkpoint.text().encode(), stamp.token)
    match finding:
        case StampHolds():
            return finding
        case StampRefused():
            raise Refusal(f"{stamp.where} does not hold: {finding.reason}.")
        case _:
            assert_never(finding)


def _earliest(fact: BundleFact, holding: Mapping[BundleTimestamp, StampHolds]) -> StampHolds | None:
    """The earliest stamp on a tree that has the fact in it."""
    over: Iterable[StampHolds] = (
        finding
        for stamp, finding in holding.items()
        if stamp.checkpoint.origin == fact.checkpoint.origin and stamp.checkpoint.size > fact.index
    )
    return min(over, key=lambda finding: finding.at, default=None)

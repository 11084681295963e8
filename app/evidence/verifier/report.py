"""What a verification found: a list of named checks, each with one sentence, and a verdict over them all."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How one check came out; only `FAILS` refuses a bundle."""

    HOLDS = "holds"
    FAILS = "fails"
    WARNING = "warning"
    NOT_VOUCHED = "not_vouched"


class Verdict(StrEnum):
    """What a verification says in one word."""

    VERIFIED = "verified"
    REFUSED = "refused"
    SOUND_UNVOUCHED = "sound_unvouched"


EXIT_CODES = {Verdict.VERIFIED: 0, Verdict.REFUSED: 1, Verdict.SOUND_UNVOUCHED: 3}


class Refusal(Exception):  # noqa: N818 - it carries a finding, as an outcome; no caller sees it
    """A check does not hold; the text is its sentence. Never leaves the verifier."""


class DocumentRefusal(Refusal):
    """The same, about a fact's document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its name, which never changes, how it came out, and that in one sentence."""

    name: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """A proven fact as a page would list it. `grade` is 0 to 5 and `grade_words` says what that shows."""

    section: str
    id: str
    type: str
    at: str
    grade: int
    grade_words: str
    origin: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentLine:
    """What a statement about one shipment says; `operator` and `shipment` are None while its name is closed.

    `notifications` has the id and the number of facts of each. No name leads to the `unlinked` of the operator.
    """

    operator: str | None = field(repr=False)
    shipment: str | None = field(repr=False)
    since: str
    until: str
    events: int
    notifications: tuple[tuple[str, int], ...]
    unlinked_events: int
    unlinked_notifications: int

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "operator": self.operator,
            "shipment": self.shipment,
            "since": self.since,
            "until": self.until,
            "events": self.events,
            "notifications": [{"notification": each, "facts": facts} for each, facts in self.notifications],
            "unlinked": {"events": self.unlinked_events, "notifications": self.unlinked_notifications},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of `verify_bundle`, and of `verify_shipment`, which alone gives a `shipment`.

    `facts` lists the notification's facts, then the context; it and the fields before it are empty when the bundle
    is refused, for nothing in a refused bundle should be read. `signers` are those of the brought keys that signed.
    """

    verdict: Verdict
    checks: tuple[Check, ...]
    notification: str | None
    issued_at: str | None
    pending: int | None
    facts: tuple[FactLine, ...]
    signers: tuple[str, ...]
    shipment: ShipmentLine | None = None

    @property
    def exit_code(self) -> int:
        """0 verified, 1 refused, 3 sound but vouched for by nobody."""
        return EXIT_CODES[self.verdict]

    def with_outcome(self, *outcomes: Outcome) -> tuple[Check, ...]:
        """The checks that came out in one of these ways, in order."""
        return tuple(check for check in self.checks if check.outcome in outcomes)

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "verdict": self.verdict.value,
            "checks": [
                {"name": check.name, "outcome": check.outcome.value, "sentence": check.sentence}
                for check in self.checks
            ],
            "notification": self.notification,
            "issued_at": self.issued_at,
            "pending": self.pending,
            "facts": [
                {
                    "section": fact.section,
                    "id": fact.id,
                    "type": fact.type,
                    "at": fact.at,
                    "grade": fact.grade,
                    "grade_words": fact.grade_words,
                    "origin": fact.origin,
                    "index": fact.index,
                }
                for fact in self.facts
            ],
            "signers": list(self.signers),
            **({"shipment": self.shipment.as_json()} if self.shipment else {}),
        }


def verdict_over(checks: Iterable[Check], *, keys_given: bool) -> Verdict:
    """Refused when any check fails; else verified under the keys given, or sound when there were none."""
    if any(check.outcome is Outcome.FAILS for check in checks):
        return Verdict.REFUSED
    return Verdict.VERIFIED if keys_given else Verdict.SOUND_UNVOUCHED

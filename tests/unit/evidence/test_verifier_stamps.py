"""What a verifier says of time stamps when it brings the means to judge them."""

from collections.abc import Mapping

import pytest

from app.evidence.bundle import Timestamp
from app.evidence.verifier import Check, Outcome, StampFinding, StampHolds, StampRefused, Verdict, verify_bundle
from app.merkle.note import parse_note
from app.merkle.plans import consistency_plan
from tests.unit.evidence.builder import NEXT_ORIGIN, ORIGIN, Log, crossing_log, delivered_log

EARLY, LATE, LATER = "2026-11-23T11:00:00.000Z", "2026-11-23T12:00:00.000Z", "2027-01-01T00:00:03.000Z"


def stamp(log: Log, size: int, token: bytes, *, origin: str = ORIGIN) -> Timestamp:
    newest = max(log.shards[origin].notes)
    return Timestamp(
        text=parse_note(log.shards[origin].notes[size]).text,
        token=token,
        consistency=log.shards[origin].proof(consistency_plan(*sorted((size, newest)))),
    )


class Authority:
    """Trusts tokens that it knows by their time, and keeps what it was asked."""

    def __init__(self, times: Mapping[bytes, str]) -> None:
        self._times = times
        self.asked: list[tuple[bytes, bytes]] = []

    def __call__(self, data: bytes, response: bytes) -> StampFinding:
        self.asked.append((data, response))
        if response in self._times:
            return StampHolds(at=self._times[response], authority="CN=Time")
        return StampRefused(reason="it is a forgery")


def judged(log: Log, *stamps: Timestamp, authority: Authority | None = None) -> tuple[Verdict, Check]:
    checker = authority or Authority({b"early": EARLY, b"late": LATE, b"later": LATER})
    report = verify_bundle(log.bundle(timestamps=stamps), vkeys=log.vkeys(), stamps=checker)
    (check,) = (check for check in report.checks if check.name == "timestamps")
    return report.verdict, check


def newest(log: Log, origin: str = ORIGIN) -> int:
    return max(log.shards[origin].notes)


def test_all_facts_existed_when_the_whole_tree_was_stamped() -> None:
    log = delivered_log()
    verdict, check = judged(log, stamp(log, newest(log), b"late"))
    assert (verdict, check.outcome) == (Verdict.VERIFIED, Outcome.HOLDS)
    assert check.sentence == f"All facts existed at {LATE}, says CN=Time by a time stamp that you trust."


def test_the_earliest_of_several_stamps_counts() -> None:
    log = delivered_log()
    whole = newest(log)
    for tokens in ((b"early", b"late"), (b"late", b"early")):
        _, check = judged(log, *(stamp(log, whole, token) for token in tokens))
        assert EARLY in check.sentence


def test_a_stamp_on_a_smaller_tree_speaks_for_its_facts_only() -> None:
    log = delivered_log()
    _, check = judged(log, stamp(log, 4, b"early"))
    assert check.outcome is Outcome.NOT_VOUCHED
    assert check.sentence.startswith(f"The time stamps hold: 1 of 8 facts existed at {EARLY}, says CN=Time;")
    _, check = judged(log, stamp(log, 4, b"early"), stamp(log, newest(log), b"late"))
    assert check.outcome is Outcome.HOLDS
    assert LATE in check.sentence


def test_a_stamp_from_before_all_facts_says_nothing_about_them() -> None:
    log = delivered_log()
    verdict, check = judged(log, stamp(log, 2, b"early"))
    assert (verdict, check.outcome) == (Verdict.VERIFIED, Outcome.NOT_VOUCHED)
    assert "younger" in check.sentence


def test_a_chain_across_shards_existed_when_the_last_of_them_was_stamped() -> None:
    log = crossing_log()
    first = stamp(log, newest(log), b"early")
    _, check = judged(log, first)
    assert check.outcome is Outcome.NOT_VOUCHED
    _, check = judged(log, first, stamp(log, newest(log, NEXT_ORIGIN), b"later", origin=NEXT_ORIGIN))
    assert check.outcome is Outcome.HOLDS
    assert LATER in check.sentence


@pytest.mark.parametrize("place", [0, 1])
def test_one_stamp_that_does_not_hold_refuses_the_bundle(place: int) -> None:
    log = delivered_log()
    stamps = [stamp(log, newest(log), b"late")]
    stamps.insert(place, stamp(log, 4, b"forged"))
    verdict, check = judged(log, *stamps)
    assert (verdict, check.outcome) == (Verdict.REFUSED, Outcome.FAILS)
    assert check.sentence == f"Time stamp {place} does not hold: it is a forgery."


def test_the_checker_is_asked_about_the_text_of_the_note() -> None:
    log = delivered_log()
    authority = Authority({b"late": LATE})
    judged(log, stamp(log, newest(log), b"late"), authority=authority)
    assert authority.asked == [(parse_note(log.shards[ORIGIN].notes[newest(log)]).text.encode(), b"late")]


def test_a_stamp_on_something_else_is_refused_before_it_is_judged() -> None:
    log = delivered_log()
    stray = Timestamp(text=stamp(log, 4, b"").text, token=b"late", consistency=())
    authority = Authority({b"late": LATE})
    verdict, check = judged(log, stray, authority=authority)
    assert (verdict, check.outcome) == (Verdict.REFUSED, Outcome.FAILS)
    assert authority.asked == []


def test_without_stamps_there_is_nothing_to_judge() -> None:
    _, check = judged(delivered_log())
    assert check.outcome is Outcome.NOT_VOUCHED
    assert "carries no time stamp" in check.sentence

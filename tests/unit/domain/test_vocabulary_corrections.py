"""Which event a correction by code takes back."""

from dataclasses import replace
from datetime import timedelta

from app.domain.correction import aimed_at
from app.domain.event import Correction, Event
from app.domain.shipment import Milestone, milestone_of
from tests.unit.domain.coded import FRIDAY, coded, read

MONDAY, TUESDAY = FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=4)


def kept(event: Event, key: bytes, *, corrects: bytes | None = None) -> Milestone:
    return replace(milestone_of(event), key=key, corrects=corrects)


def aim(correction: Event, *known: Milestone) -> bytes | None:
    assert correction.correction is not None
    found = aimed_at(correction.correction, known)
    return found.key if found else None


def test_a_correction_takes_back_the_newest_with_its_code() -> None:
    first, second = kept(read("P_DKAO"), b"first"), kept(read("P_DKAO", at=MONDAY), b"second")
    assert aim(read("P_DKAOK", at=TUESDAY), second, first, kept(read("P_KWD", at=TUESDAY), b"other")) == b"second"


def test_what_was_taken_back_is_not_taken_back_again() -> None:
    first, second = kept(read("P_OWU"), b"first"), kept(read("P_OWU", at=MONDAY), b"second")
    undone = kept(read("P_OWUK", at=TUESDAY), b"undone", corrects=b"second")
    assert aim(read("P_OWUK", at=TUESDAY), first, second, undone) == b"first"


def test_a_record_that_takes_itself_back_does_not_aim_at_itself() -> None:
    notice = kept(read("P_A"), b"notice")
    cancelling = read("P_A", at=MONDAY, cancelled=True)
    assert aim(cancelling, notice, kept(cancelling, b"cancelling")) == b"notice"


def test_the_correction_of_a_way_to_the_undeliverable_aims_at_the_newest_return() -> None:
    decided, sent = kept(read("P_NDZ"), b"decided"), kept(read("P_WDUNP", at=MONDAY), b"sent")
    assert aim(read("P_SDUNPK", at=TUESDAY), decided, sent, kept(read("P_Z", at=TUESDAY), b"way")) == b"sent"


def test_a_correction_without_an_aim_takes_nothing_back() -> None:
    typed = replace(coded("P_A"), record=None, type="pl.awizo.delivery.delivered.v1", quarantine=None)
    assert aimed_at(Correction(action="replace"), [kept(typed, b"typed")]) is None

"""What operators' codes mean for one event: traps, guards, what the event says itself, and what nobody knows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.domain.event import (
    Correction,
    Event,
    Handover,
    LegalRegime,
    PaperNotice,
    Pickup,
)
from app.domain.shipment import milestone_of
from app.domain.vocabularies import built_in
from app.domain.vocabulary import UNMAPPED, VocabularyError, read_vocabularies
from app.domain.vocabulary_table import COLUMNS
from tests.unit.domain.coded import FRIDAY, VOCABULARIES, coded, meaning, read

HEADER = ",".join(COLUMNS)


def test_a_delivery_after_a_return_is_one_to_the_sender() -> None:
    assert meaning(read("P_D", returned_before=True)) == "returned stage=completed"


@pytest.mark.parametrize("code", ["P_OWU", "P_WUPD"])
def test_what_is_collected_after_a_return_is_back_with_the_sender(code: str) -> None:
    assert meaning(read(code, returned_before=True)) == "returned stage=completed"


def test_what_happens_at_the_senders_end_is_no_news_for_the_addressee() -> None:
    codes = [
        "P_WD",
        "P_WDML",
        "P_NDD",
        "P_ND",
        "P_NDPD",
        "P_NDPJ",
        "P_A",
        "P_PA",
        "P_DKAO",
        "P_KWD",
        "P_S",
        "P_R",
        "P_NDZAP",
    ]
    assert {meaning(read(code, returned_before=True)) for code in codes} == {"in_transit"}


def test_a_return_before_changes_no_code_without_that_guard() -> None:
    assert meaning(read("P_NAD", returned_before=True)) == "registered stage=accepted"


def test_an_unsuccessful_attempt_is_a_notice_when_the_record_says_that_one_was_left() -> None:
    assert meaning(read("EMH", "upu")) == "attempt_failed"
    assert meaning(read("EMH", "upu", notice_said=True)) == "notice_left ordinal=1"


def test_an_unsuccessful_attempt_is_a_notice_when_the_event_itself_brings_one() -> None:
    own = PaperNotice(ordinal=2, left_at=FRIDAY, place="letterbox")
    event = read("EMH", "upu", notice=own)
    assert (event.kind, event.notice) == ("notice_left", own)


def test_what_a_record_says_of_a_notice_changes_no_code_without_that_guard() -> None:
    assert meaning(read("P_ND", notice_said=True)) == "attempt_failed"


def test_a_notice_was_left_when_the_event_happened() -> None:
    assert read("P_PA").notice == PaperNotice(ordinal=2, left_at=FRIDAY)


def test_a_record_that_takes_itself_back_corrects_the_newest_with_its_code() -> None:
    event = read("P_A", cancelled=True)
    assert meaning(event) == "corrected corrects=poczta-polska:P_A action=cancel"
    assert event.notice is None


def test_a_record_that_takes_back_what_is_ignored_tells_nobody() -> None:
    assert meaning(read("P_ROZL_CEL", cancelled=True)) == "tracking"


def test_a_correction_that_names_its_aim_keeps_it() -> None:
    own = Correction(action="cancel", source="/operator/tracking", id="17")
    assert read("P_OWUK", correction=own).correction == own
    assert read("P_A", cancelled=True, correction=own).correction == own


def test_corrections_aim_at_the_code_that_events_are_kept_under() -> None:
    aim = read("P_DKAOK", " Poczta-Polska ").correction
    assert aim is not None
    assert milestone_of(read(" P_DKAO", "POCZTA-POLSKA")).code == aim.code


def test_vocabularies_are_the_same_in_either_case_but_codes_are_not() -> None:
    assert read("EMI", "UPU").kind == "delivered"
    assert read("emi", "upu").quarantine == "unknown_code"


def test_blanks_around_a_code_are_none_of_it() -> None:
    assert read(" P_A\n", "\tpoczta-polska ").kind == "notice_left"


@pytest.mark.parametrize(
    ("vocabulary", "code", "reason"),
    [
        ("posta", "P_A", "unknown_vocabulary"),
        ("", "P_A", "unknown_vocabulary"),
        ("poczta-polska", "P_ZZZ", "unknown_code"),
        ("poczta-polska", "", "unknown_code"),
        ("dhl24-pl", "TR", "unknown_code"),
        ("inpost", "P_A", "unknown_code"),
    ],
)
def test_what_nobody_knows_is_set_aside(vocabulary: str, code: str, reason: str) -> None:
    event = read(code, vocabulary)
    assert (event.quarantine, event.mapped_type, event.kind) == (reason, None, "tracking")


def test_a_cancelled_record_with_an_unknown_code_is_set_aside_too() -> None:
    assert read("P_ZZZ", cancelled=True).quarantine == "unknown_code"


def test_an_event_that_names_its_type_wins_over_its_record() -> None:
    typed = replace(coded("P_A"), type="pl.awizo.delivery.delivered.v1", quarantine=None)
    assert VOCABULARIES.interpret(typed, returned_before=True) is typed


def test_an_event_of_an_unknown_type_stays_set_aside() -> None:
    strange = replace(coded("P_A"), quarantine="unknown_type")
    assert VOCABULARIES.interpret(strange, returned_before=False) is strange


@pytest.mark.parametrize(
    ("code", "vocabulary", "own"),
    [
        ("P_A", "poczta-polska", {"notice": PaperNotice(ordinal=2, left_at=FRIDAY, courier="K-7")}),
        ("courier_avizo_in_customer_service_point", "inpost", {"legal_regime": LegalRegime.POSTAL}),
        ("P_NDZ", "poczta-polska", {"stage": "started"}),
        ("avizo", "inpost", {"reason": "not_collected"}),
        ("P_R", "poczta-polska", {"change": "extended"}),
        ("ready_to_pickup", "inpost", {"place": "point"}),
        ("P_NDPJ", "poczta-polska", {"next_attempt": date(2026, 11, 25)}),
        ("ready_to_pickup_from_pok", "inpost", {"pickup": Pickup(until=date(2026, 11, 30))}),
        ("P_OWU", "poczta-polska", {"handover": Handover(mode="letterbox", receiver_role="neighbour")}),
    ],
)
def test_what_an_event_says_itself_wins_over_what_its_code_says(
    code: str, vocabulary: str, own: dict[str, Any]
) -> None:
    event = read(code, vocabulary, **own)
    assert {name: getattr(event, name) for name in own} == own


def test_a_handover_without_a_mode_takes_that_of_the_code() -> None:
    event = read("P_OWU", handover=Handover(receiver_role="addressee"))
    assert event.handover == Handover(mode="collected", receiver_role="addressee")


def test_an_item_waits_until_days_after_it_can_be_had() -> None:
    for starts in (date(2026, 11, 23), datetime(2026, 11, 22, 23, 30, tzinfo=UTC)):
        event = read("ready_to_pickup_from_pok", "inpost", pickup=Pickup(starts=starts))
        assert event.pickup == Pickup(starts=starts, until=date(2026, 11, 26))


def test_days_count_from_the_local_day_of_the_event() -> None:
    event = read("ready_to_pickup_from_pok", "inpost", at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    assert event.pickup == Pickup(until=date(2026, 11, 26))


def test_working_days_leave_out_days_off() -> None:
    tuesday = datetime(2026, 12, 22, 11, 0, tzinfo=UTC)
    event = read("courier_avizo_in_customer_service_point", "inpost", at=tuesday)
    assert event.pickup == Pickup(until=date(2026, 12, 29))  # the 23rd, then the 28th, for 24 to 27 are all off


def test_a_row_of_ones_own_replaces_the_built_in_one_and_leaves_the_others() -> None:
    own = f"{HEADER}\nP_A,Awizo,pl.awizo.delivery.attempt_failed.v1,,,low,\nP_NEW,,ignore,,,normal,\n".encode()
    ours = read_vocabularies(built_in(), {"poczta-polska": own})
    kinds = [read(code, by=ours).kind for code in ("P_A", "P_NEW", "P_PA")]
    assert kinds == ["attempt_failed", "tracking", "notice_left"]


def test_a_table_of_ones_own_adds_a_vocabulary() -> None:
    own = f"{HEADER}\n13,Doreczona,pl.awizo.delivery.delivered.v1,mode=handed_over,,normal,\n".encode()
    ours = read_vocabularies(built_in(), {"dpd": own})
    assert meaning(read("13", "DPD", by=ours)) == "delivered mode=handed_over"


def test_a_guard_takes_of_its_row_what_the_other_type_can_hold() -> None:
    row = "X,,pl.awizo.delivery.attempt_failed.v1,reason=absent;ordinal=2;pickup_days=7,notice_said,normal,"
    ours = read_vocabularies({"dpd": f"{HEADER}\n{row}\n".encode()})
    assert meaning(read("X", "dpd", by=ours)) == "attempt_failed reason=absent"
    told = read("X", "dpd", by=ours, notice_said=True)
    assert meaning(told) == "notice_left ordinal=2 reason=absent until=2026-11-27"


def test_a_faulty_table_is_told_by_its_vocabulary_and_line() -> None:
    with pytest.raises(VocabularyError, match=r"^dpd, line 2: the type must be ignore or that of an event") as told:
        read_vocabularies({"dpd": f"{HEADER}\nX,,delivered,,,normal,\n".encode()})
    assert (told.value.vocabulary, told.value.fault.line) == ("dpd", 2)


def test_a_correction_of_a_code_that_has_no_row_is_a_fault() -> None:
    row = "X_K,,pl.awizo.delivery.corrected.v1,corrects=X;action=cancel,,normal,"
    with pytest.raises(VocabularyError, match="line 2: X_K corrects X, which has no row"):
        read_vocabularies(built_in(), {"upu": f"{HEADER}\n{row}\n".encode()})


def test_versions_differ_with_what_is_in_a_table_and_with_nothing_else() -> None:
    more = f"{HEADER}\nEMZ,,ignore,,,normal,\n".encode()
    ours, built, again = (read_vocabularies(built_in(), own).tables for own in ({"upu": more}, None, None))
    assert ours["upu"].version != built["upu"].version
    assert ours["inpost"].version == built["inpost"].version == again["inpost"].version


def before(*events: Event) -> bool:
    """Whether a P_D on Friday noon comes after a return, given these events."""
    return VOCABULARIES.returned_before(coded("P_D"), [milestone_of(event) for event in events])


def test_a_shipment_was_returned_before_when_an_earlier_event_says_so() -> None:
    thursday, saturday = FRIDAY - timedelta(days=1), FRIDAY + timedelta(days=1)
    assert before(read("P_NDZ", at=thursday))
    assert not before(read("P_NDZ", at=saturday))
    assert not before(read("P_ND", at=thursday))
    assert not before()


def test_a_state_of_return_counts_although_it_tells_nobody() -> None:
    assert before(read("STATE:ZW", at=FRIDAY))
    assert not before(read("STATE:AW", at=FRIDAY))


def test_a_state_of_return_that_was_taken_back_does_not_count() -> None:
    undoing = read("STATE:ZW", cancelled=True)
    assert meaning(undoing) == "corrected corrects=poczta-polska:STATE:ZW action=cancel"
    state = replace(milestone_of(read("STATE:ZW")), key=b"state")
    undone = replace(milestone_of(undoing), key=b"undone", corrects=b"state")
    assert VOCABULARIES.returned_before(coded("P_D"), [state])
    assert not VOCABULARIES.returned_before(coded("P_D"), [state, undone])


def test_a_return_that_was_taken_back_does_not_count() -> None:
    key = b"return"
    decided = replace(milestone_of(read("P_NDZ")), key=key)
    undone = replace(milestone_of(read("P_NDZK")), key=b"undone", corrects=key)
    assert not VOCABULARIES.returned_before(coded("P_D"), [decided, undone])


def test_codes_without_that_guard_never_ask_about_a_return() -> None:
    returned = [milestone_of(read("P_NDZ"))]
    assert VOCABULARIES.returned_before(coded("P_D"), returned)
    assert not VOCABULARIES.returned_before(coded("P_NAD"), returned)
    assert not VOCABULARIES.returned_before(coded("P_D", "inpost"), returned)
    assert not VOCABULARIES.returned_before(coded("P_D", "dpd"), returned)
    assert not VOCABULARIES.returned_before(coded("P_D", cancelled=True), returned)
    assert not VOCABULARIES.returned_before(replace(coded("P_D"), quarantine=None), returned)


def test_another_vocabularys_code_of_that_name_is_no_state_of_return() -> None:
    assert not before(read("STATE:ZW", "inpost"))
    assert not before(replace(read("STATE:ZW"), record=None))


def test_an_event_without_a_record_is_left_alone() -> None:
    bare = Event(
        id="1",
        source="/s",
        type="pl.awizo.tracking.v1",
        time=FRIDAY,
        effective_at=FRIDAY,
        operator="o",
        canonical=b"",
        quarantine=UNMAPPED,
    )
    assert VOCABULARIES.interpret(bare, returned_before=False) is bare
    assert not VOCABULARIES.returned_before(bare, [])

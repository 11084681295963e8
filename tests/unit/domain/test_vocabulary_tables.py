"""What each code of the built-in tables means, written down a second time by what it means."""

import pytest

from tests.unit.domain.coded import VOCABULARIES, meaning, read

# All of them on a Friday, the 20th. `tracking` alone: accepted, and nobody is told.
MEANINGS = {
    "poczta-polska": {
        "registered stage=registered": "P_REJ",
        "registered stage=pre_advice": "P_REJ_KN1",
        "registered stage=accepted": "P_NAD",
        "in_transit": "P_PZL P_WZL P_Z P_WYPL P_WEPL P_WYOC P_WEOC P_PPDN P_OWUWPP P_OWUWPW",
        "in_transit stage=at_delivery_office": "P_RUD",
        "in_transit reason=customs_presented": "P_PCWY P_PCP P_SCP",
        "in_transit reason=customs_released": "P_WPUCPP P_WPUCWKP P_ZWOLDDOR P_ZZC",
        "delayed reason=customs_hold": "P_ZWC P_ZWMC P_ZPUCPP P_ZPUCWKP",
        "out_for_delivery": "P_WD P_WDML P_NDD",
        "attempt_failed": "P_ND A C",
        "attempt_failed next=2026-11-20": "P_NDPD",
        "attempt_failed next=2026-11-21": "P_NDPJ",
        "attempt_failed next=2026-11-23": "B",
        "notice_left ordinal=1": "P_A",
        "notice_left ordinal=2": "P_PA",
        "ready_for_pickup": "P_DKAO P_KWD P_NDZAP",
        "ready_for_pickup place=po_box": "P_S",
        "terms_changed change=hold_requested": "P_R",
        "delivered mode=handed_over": "P_D",
        "delivered mode=collected": "P_OWU",
        "delivered mode=collected_by_authorised": "P_WUPD",
        "returned stage=decided": "P_NDZ",
        "returned stage=started": "P_ZDUN P_CZDKN",
        "returned stage=undeliverable_office": "P_WDUNP",
        "returned stage=completed": "E",
        "corrected corrects=poczta-polska:P_DKAO action=replace": "P_DKAOK",
        "corrected corrects=poczta-polska:P_OWU action=replace": "P_OWUK",
        "corrected corrects=poczta-polska:P_NDZ action=replace": "P_NDZK",
        "corrected corrects=returned action=replace": "P_SDUNPK",
        "item_held reason=inspection": "P_NDZKON G",
        "item_held reason=sender_decision": "D",
        "operator_notified": "P_POWE P_POWS P_POOE P_POOS P_POZE P_POZS P_WSMS",
        "tracking": "P_ROZL_CEL P_UKEPO STATE:PRZ STATE:NA STATE:TR STATE:DOR STATE:AW STATE:ODB STATE:DO STATE:ZW",
    },
    "inpost": {
        "registered stage=draft": "created offers_prepared offer_selected",
        "registered stage=pre_advice": "confirmed",
        "registered stage=accepted": "dispatched_by_sender dispatched_by_sender_to_pok collected_from_sender",
        "in_transit": "taken_by_courier taken_by_courier_from_pok adopted_at_source_branch sent_from_source_branch "
        "adopted_at_sorting_center sent_from_sorting_center",
        "in_transit stage=at_delivery_office": "adopted_at_target_branch",
        "out_for_delivery": "out_for_delivery out_for_delivery_to_address unstack_from_customer_service_point "
        "unstack_from_box_machine",
        "ready_for_pickup place=locker": "ready_to_pickup stack_in_box_machine",
        "ready_for_pickup place=point": "stack_in_customer_service_point",
        "ready_for_pickup place=point until=2026-11-23": "ready_to_pickup_from_pok ready_to_pickup_from_pok_registered",
        "ready_for_pickup place=branch": "ready_to_pickup_from_branch",
        "operator_notified": "pickup_reminder_sent",
        "attempt_failed next=2026-11-23": "pickup_reminder_sent_address",
        "attempt_failed reason=cod_unpaid": "undelivered_cod_cash_receiver",
        "returned stage=started reason=absent_twice": "avizo",
        "returned stage=started": "taken_by_courier_from_customer_service_point returned_to_sender",
        "returned stage=started reason=no_access": "undelivered_lack_of_access_letterbox",
        "returned stage=never_sent": "canceled",
        "returned stage=undeliverable_office": "undelivered",
        "notice_left ordinal=1 regime=courier until=2026-11-25": "courier_avizo_in_customer_service_point",
        "delivered": "delivered return_pickup_confirmation_to_sender",
        "refused": "rejected_by_receiver",
        "pickup_expired": "pickup_time_expired",
        "terms_changed change=place_changed": "stack_parcel_pickup_time_expired "
        "stack_parcel_in_box_machine_pickup_time_expired",
        "terms_changed change=redirect_address": "readdressed",
        "terms_changed change=redirect_locker": "redirect_to_box",
        "terms_changed change=redirect_cancelled": "canceled_redirect_to_box",
        "delayed reason=oversized": "oversized",
        "delayed reason=unspecified": "delay_in_delivery",
        "address_problem reason=wrong": "undelivered_wrong_address",
        "address_problem reason=incomplete": "undelivered_incomplete_address",
        "address_problem reason=unknown_addressee": "undelivered_unknown_receiver",
        "address_problem reason=moved": "undelivered_not_live_address",
        "address_problem reason=no_mailbox": "undelivered_no_mailbox",
        "tracking": "claimed other missing",
    },
    "upu": {
        "registered stage=accepted": "EMA",
        "in_transit": "EMB EMC EMJ EMK EMD EMF EDD EDE",
        "in_transit stage=at_delivery_office": "EMG",
        "in_transit reason=customs_presented": "EXA EDB",
        "in_transit reason=customs_released": "EXC EDC",
        "delayed reason=customs_hold": "EXB EME",
        "delayed reason=facility_hold": "EXD EDA EDF",
        "returned stage=started reason=export_cancelled": "EXX",
        "returned stage=started reason=import_terminated": "EDX",
        "out_for_delivery": "EDG",
        "ready_for_pickup": "EDH",
        "attempt_failed": "EMH",
        "delivered": "EMI",
        "tracking": "EMX",
    },
    "dhl24-pl": {
        "registered stage=pre_advice": "EDWP",
        "registered stage=accepted": "DWP",
        "in_transit": "SORT LP TRM*",
        "out_for_delivery": "LK",
        "attempt_failed": "AWI_ONU ZWW",
        "attempt_failed reason=absent": "AWI",
        "attempt_failed reason=closed": "AWI_OZ",
        "attempt_failed next=2026-11-23": "AWI_DP2",
        "ready_for_pickup": "OWL*",
        "ready_for_pickup place=point": "SP_DSP",
        "operator_notified": "SP_KP OWL_KP",
        "delivered": "DOR* PPDOR",
        "refused": "OP*",
        "address_problem": "AN*",
        "damaged reason=incomplete": "PNK",
        "terms_changed": "SAS",
        "terms_changed change=date": "PNPT SOB",
        "terms_changed change=redirect_address": "ZA",
        "terms_changed change=redirect_point": "PSHOP",
        "pickup_expired": "SP_TO",
        "returned stage=started": "SP_KZW ZWR*",
        "returned stage=completed": "ZWN",
    },
}
EXPECTED = [
    (vocabulary, code, words)
    for vocabulary, meanings in MEANINGS.items()
    for words, codes in meanings.items()
    for code in codes.split()
]


@pytest.mark.parametrize(("vocabulary", "code", "words"), EXPECTED, ids=[f"{v}-{c}" for v, c, _ in EXPECTED])
def test_a_code_means_what_the_operator_means_by_it(vocabulary: str, code: str, words: str) -> None:
    event = read(code.replace("*", "_X1"), vocabulary)
    assert meaning(event) == words
    assert event.quarantine is None


def test_every_row_of_every_table_is_among_them() -> None:
    rows = {(vocabulary, code) for vocabulary, table in VOCABULARIES.tables.items() for code in table.rows}
    assert {(vocabulary, code) for vocabulary, code, _ in EXPECTED} == rows
    assert len(EXPECTED) == len(rows) == 181


def test_a_code_that_is_all_of_a_prefix_is_read_by_it() -> None:
    assert read("DOR", "dhl24-pl").kind == "delivered"


def test_a_whole_code_wins_over_a_prefix_of_it() -> None:
    assert (read("OWL", "dhl24-pl").kind, read("OWL_KP", "dhl24-pl").kind) == ("ready_for_pickup", "operator_notified")

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.event import Facility, Handover, Pickup
from app.rendering.sms import render_sms
from tests.unit.rendering.samples import NUMBER, OFFICE, PICKUP, event, notice_left, notice_of

HEAD = "AWIZO: list polecony"
TAIL = "Odbierz wg operatora do 07.12 (pon). Wez dowod. Nie wysylamy linkow ani doplat."


def text_of(**fields: object) -> str:
    return render_sms(notice_of(notice_left(**fields))).text


def test_a_short_place_leaves_room_for_the_whole_number() -> None:
    facility = Facility(id="1", name="UP Łęg 1", street="Młyn 2", city="Łęg", hours=OFFICE.hours)
    assert text_of(facility=facility) == f"{HEAD} {NUMBER} czeka: UP Leg 1, Mlyn 2, pn-pt 8-20. {TAIL}"


def test_the_number_shrinks_first() -> None:
    assert text_of() == f"{HEAD} nr ..456789 czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20. {TAIL}"


def test_then_the_hours_go() -> None:
    facility = replace(OFFICE, street="Targowa 73/75")
    assert text_of(facility=facility) == f"{HEAD} nr ..456789 czeka: UP Warszawa 32, Targowa 73/75. {TAIL}"


def test_then_the_street_goes() -> None:
    facility = replace(OFFICE, street="Aleja Księcia Józefa Poniatowskiego 123/125")
    assert text_of(facility=facility) == f"{HEAD} nr ..456789 czeka: UP Warszawa 32. {TAIL}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Filia Urzędu Pocztowego Warszawa 32 Praga", "FUP Warszawa 32 Praga"),
        ("Urząd Pocztowy przy Dworcu Wschodnim, Warszawa Praga 32", "UP przy Dworcu Wschodnim.. 32"),
        ("Agencja Pocztowa przy Dworcu Wschodnim, Warszawa Praga", "AP przy Dworcu Wschodnim, Warszawa.."),
        ("X" * 60, "X" * 37 + ".."),
    ],
)
def test_then_the_name_is_shortened_and_its_closing_number_stays(name: str, shown: str) -> None:
    text = text_of(facility=replace(OFFICE, name=name, street="Aleja Księcia Józefa Poniatowskiego 123/125"))
    assert text == f"{HEAD} nr ..456789 czeka: {shown}. {TAIL}"


def test_a_name_that_fits_without_its_street_stays_whole() -> None:
    facility = replace(OFFICE, name="Urząd Pocztowy Warszawa 32", street="Aleja Poniatowskiego 123/125")
    assert f"czeka: Urzad Pocztowy Warszawa 32. {TAIL}" in text_of(facility=facility)


def test_the_town_is_told_with_the_street_unless_the_name_says_it() -> None:
    locker = replace(OFFICE, name="Paczkomat LDZ1", street="Kościelna 1", city="Łódź", hours=None)
    assert "Paczkomat LDZ1, Koscielna 1, Lodz. Odbierz" in text_of(facility=locker)
    assert "Paczkomat LDZ1, Lodz. Odbierz" in text_of(facility=replace(locker, street=None))
    assert "Paczkomat LDZ1. Odbierz" in text_of(facility=replace(locker, street=None, city=None))


def test_the_operators_last_moment_is_told_by_the_local_clock() -> None:
    pickup = Pickup(until=datetime(2026, 11, 25, 13, 30, tzinfo=UTC))
    assert "Odbierz wg operatora do 25.11 (sr) 14:30." in text_of(pickup=pickup)


@pytest.mark.parametrize("pickup", [None, Pickup(starts=PICKUP.starts)])
def test_without_the_operators_date_no_date_is_told(pickup: Pickup | None) -> None:
    text = text_of(pickup=pickup)
    assert (
        text
        == f"{HEAD} {NUMBER} czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20. Wez dowod. Nie wysylamy linkow ani doplat."
    )


def test_a_repeat_notice_says_so() -> None:
    text = render_sms(notice_of(notice_left(2))).text
    assert text.startswith("AWIZO powtorne: list polecony nr ..456789 nadal czeka: UP Warszawa 32")


@pytest.mark.parametrize("number", [None, ""])
def test_without_a_number_the_item_is_told_alone(number: str | None) -> None:
    text = render_sms(notice_of(notice_left(), shipment=number)).text
    assert text == f"{HEAD} czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20. {TAIL}"


def test_a_number_that_grows_in_the_alphabet_is_shortened_after_it_grew() -> None:
    text = render_sms(notice_of(event("returned"), shipment="€" * 40)).text
    assert "list polecony nr ..EUREUR, 23.11 (pon)" in text


def test_a_number_of_eight_characters_is_not_shortened() -> None:
    text = render_sms(notice_of(notice_left(), shipment="12345678")).text
    assert text.startswith(f"{HEAD} 12345678 czeka")


@pytest.mark.parametrize("service", [None, "court_letter", "{{7*7}}", ""])
def test_an_unknown_service_is_a_neutral_item(service: str | None) -> None:
    assert "AWIZO: przesylka nr ..456789 czeka" in text_of(service=service)


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        (None, "doreczenie"),
        ("handed_over", "doreczenie"),
        ("unheard_of", "doreczenie"),
        ("collected", "odbior"),
        ("collected_by_authorised", "odbior"),
        ("locker", "odbior"),
    ],
)
def test_a_delivery_is_told_as_what_the_operator_reports(mode: str | None, word: str) -> None:
    text = render_sms(notice_of(event("delivered", handover=Handover(mode=mode)))).text
    assert text == (
        f"AWIZO: operator zglosil {word}: list polecony {NUMBER}, 23.11 (pon) 11:42."
        " To nie Ty? Zapytaj operatora. Bez linkow i doplat."
    )


def test_a_place_that_the_alphabet_cannot_write_gets_the_general_text() -> None:
    sms = render_sms(notice_of(notice_left(facility=replace(OFFICE, name="郵便局"))))
    assert sms.template == "general"
    assert sms.text.startswith("AWIZO: nowa informacja od operatora: list polecony")


def test_a_general_text_tells_the_date_only_of_what_waits() -> None:
    waiting = render_sms(notice_of(notice_left(facility=None))).text
    moved = render_sms(notice_of(event("terms_changed", pickup=PICKUP))).text
    assert "Odbierz wg operatora do 07.12 (pon)." in waiting
    assert "07.12" not in moved


@pytest.mark.parametrize(
    "field",
    [{"name": "UP 32 evil.example"}, {"street": "Targowa 73 https://evil.example"}, {"city": "www.evil.example"}],
)
def test_a_link_in_an_operators_field_is_taken_out(field: dict[str, str]) -> None:
    facility = Facility(**{"id": "1", "name": "UP 32", **field})
    assert "evil" not in text_of(facility=facility)


def test_a_link_that_only_transliteration_makes_is_broken_up() -> None:
    assert "evil.com" not in text_of(facility=replace(OFFICE, name="UP 32 evil.c\u0332om", street=None))

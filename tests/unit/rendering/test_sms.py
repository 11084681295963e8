"""SMS about what waits: what stands in them, and what goes first when they are too long."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.domain.event import Facility, Pickup
from app.rendering.sms import render_sms
from tests.unit.rendering.samples import NUMBER, OFFICE, PICKUP, SAFE, event, notice_left, notice_of, told

HEAD = "AWIZO: list polecony"
TAIL = "Odbierz do 07.12 (pon). Wez dowod. Nie wysylamy linkow ani doplat."


def text_of(**fields: object) -> str:
    return render_sms(notice_of(told(notice_left(**fields), collect_by=SAFE))).text


def test_a_first_notice_tells_what_where_and_until_when() -> None:
    assert text_of() == f"{HEAD} {NUMBER} czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20. {TAIL}"


def test_the_number_shrinks_first() -> None:
    facility = replace(OFFICE, street="Targowa 73/75 lok. 4")
    assert text_of(facility=facility) == (
        f"{HEAD} nr ..456789 czeka: UP Warszawa 32, Targowa 73/75 lok. 4, pn-pt 8-20. {TAIL}"
    )


def test_then_the_hours_go() -> None:
    facility = replace(OFFICE, street="Aleja Zieleniecka 73/75 B")
    assert text_of(facility=facility) == f"{HEAD} nr ..456789 czeka: UP Warszawa 32, Aleja Zieleniecka 73/75 B. {TAIL}"


def test_then_the_street_goes() -> None:
    facility = replace(OFFICE, street="Aleja Księcia Józefa Poniatowskiego 123/125")
    assert text_of(facility=facility) == f"{HEAD} nr ..456789 czeka: UP Warszawa 32. {TAIL}"


def test_then_what_to_bring_goes_and_the_no_links_sentence_is_put_briefly() -> None:
    facility = replace(OFFICE, name="Urząd Pocztowy Konstancin-Jeziorna przy Rynku Głównym 1")
    assert text_of(facility=facility) == (
        f"{HEAD} nr ..456789 czeka: Urzad Pocztowy Konstancin-Jeziorna przy Rynku Glownym 1."
        " Odbierz do 07.12 (pon). Bez linkow i doplat."
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (f"Filia Urzędu Pocztowego {'Warszawa ' * 6}nr 32", f"FUP {'Warszawa ' * 6}nr 32"),
        (f"Urząd Pocztowy {'Warszawa ' * 10}Praga 32", f"UP {'Warszawa ' * 6}Warszawa.. 32"),
        (f"Agencja Pocztowa {'Warszawa ' * 10}Praga", f"AP {'Warszawa ' * 6}Warszawa.."),
        ("X" * 90, "X" * 73 + ".."),
    ],
)
def test_then_the_name_is_shortened_and_its_closing_number_stays(name: str, shown: str) -> None:
    text = text_of(facility=replace(OFFICE, name=name))
    stop = "" if shown.endswith(".") else "."
    assert text == f"{HEAD} nr ..456789 czeka: {shown}{stop} Odbierz do 07.12 (pon). Bez linkow i doplat."


def test_the_town_is_told_with_the_street_unless_the_name_says_it() -> None:
    locker = replace(OFFICE, name="Paczkomat LDZ1", street="Kościelna 1", city="Łódź", hours=None)
    assert "Paczkomat LDZ1, Koscielna 1, Lodz. Odbierz" in text_of(facility=locker)
    assert "Paczkomat LDZ1, Lodz. Odbierz" in text_of(facility=replace(locker, street=None))
    assert "Paczkomat LDZ1. Odbierz" in text_of(facility=replace(locker, street=None, city=None))


def test_the_safe_day_is_the_only_date_told() -> None:
    text = text_of(pickup=Pickup(starts=PICKUP.starts, until=date(2026, 12, 9)))
    assert "Odbierz do 07.12 (pon)." in text
    assert "09.12" not in text


def test_the_hour_is_told_where_the_operators_last_moment_is_on_the_safe_day() -> None:
    ready = event("ready_for_pickup", facility=OFFICE, pickup=Pickup(until=datetime(2026, 12, 7, 13, 30, tzinfo=UTC)))
    assert "Odbierz do 07.12 (pon) 14:30." in render_sms(notice_of(told(ready, collect_by=SAFE))).text
    assert "Odbierz do 05.12 (sob)." in render_sms(notice_of(told(ready, collect_by=date(2026, 12, 5)))).text


@pytest.mark.parametrize(
    ("until", "shown"),
    [(date(2026, 12, 7), "07.12 (pon)"), (datetime(2026, 11, 25, 13, 30, tzinfo=UTC), "25.11 (sr) 14:30")],
)
def test_without_a_safe_day_the_operators_date_is_told_as_such(until: date, shown: str) -> None:
    for ordinal in (1, 2):
        text = render_sms(notice_of(notice_left(ordinal, pickup=Pickup(until=until)))).text
        assert f" Odbierz wg operatora do {shown}. " in text


@pytest.mark.parametrize("pickup", [None, Pickup(starts=PICKUP.starts)])
def test_without_either_no_date_is_told(pickup: Pickup | None) -> None:
    assert render_sms(notice_of(notice_left(pickup=pickup))).text == (
        f"{HEAD} {NUMBER} czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20. Wez dowod. Nie wysylamy linkow ani doplat."
    )


def test_a_repeat_notice_says_so_and_names_the_last_safe_day() -> None:
    assert render_sms(notice_of(told(notice_left(2), collect_by=SAFE))).text == (
        "AWIZO powtorne: list polecony nr ..456789 nadal czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20."
        " Ostatni bezpieczny dzien: 07.12 (pon). Bez linkow i doplat."
    )


@pytest.mark.parametrize("number", [None, ""])
def test_without_a_number_the_item_is_told_alone(number: str | None) -> None:
    text = render_sms(notice_of(told(notice_left(), collect_by=SAFE), shipment=number)).text
    assert text == f"{HEAD} czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20. {TAIL}"


def test_a_number_that_grows_in_the_alphabet_is_shortened_after_it_grew() -> None:
    text = render_sms(notice_of(event("returned"), shipment="€" * 40)).text
    assert "list polecony nr ..EUREUR, 23.11 (pon)" in text


def test_a_number_of_eight_characters_is_not_shortened() -> None:
    text = render_sms(notice_of(notice_left(), shipment="12345678")).text
    assert text.startswith(f"{HEAD} 12345678 czeka")


@pytest.mark.parametrize("service", [None, "court_letter", "{{7*7}}", ""])
def test_an_unknown_service_is_a_neutral_item(service: str | None) -> None:
    assert f"AWIZO: przesylka {NUMBER} czeka" in text_of(service=service)


@pytest.mark.parametrize(
    ("place", "lead"),
    [
        ("locker", "czeka w automacie paczkowym"),
        ("point", "czeka w punkcie odbioru"),
        ("branch", "czeka w placowce"),
        ("po_box", "czeka w skrytce pocztowej"),
        (None, "jest do odbioru"),
        ("balloon", "jest do odbioru"),
    ],
)
def test_what_is_ready_is_told_with_the_kind_of_place(place: str | None, lead: str) -> None:
    ready = event("ready_for_pickup", service="parcel", facility=OFFICE, place=place)
    assert render_sms(notice_of(told(ready, collect_by=SAFE), shipment="12345678")).text == (
        f"AWIZO: paczka 12345678 {lead}: UP Warszawa 32, Targowa 73, pn-pt 8-20."
        " Odbierz do 07.12 (pon). Bez linkow i doplat."
    )


def test_a_place_that_the_alphabet_cannot_write_gets_the_general_text() -> None:
    sms = render_sms(notice_of(told(notice_left(facility=replace(OFFICE, name="郵便局")), collect_by=SAFE)))
    assert sms.template == "general"
    assert sms.text == (
        f"{HEAD} {NUMBER} czeka. Odbierz do 07.12 (pon). Wez dowod. Szczegoly u operatora."
        " Nie wysylamy linkow ani doplat."
    )


def test_a_ukrainian_name_is_romanised_in_every_language() -> None:
    assert "czeka: Poshta Shchaslyvoho 1, " in text_of(facility=replace(OFFICE, name="Пошта Щасливого 1"))


@pytest.mark.parametrize(
    "field",
    [{"name": "UP 32 evil.example"}, {"street": "Targowa 73 https://evil.example"}, {"city": "www.evil.example"}],
)
def test_a_link_in_an_operators_field_is_taken_out(field: dict[str, str]) -> None:
    facility = Facility(**{"id": "1", "name": "UP 32", **field})
    assert "evil" not in text_of(facility=facility)


def test_a_link_that_only_transliteration_makes_is_broken_up() -> None:
    assert "evil.com" not in text_of(facility=replace(OFFICE, name="UP 32 evil.c\u0332om", street=None))
    assert "evil.com" not in text_of(facility=replace(OFFICE, name="UP 32 evil.сom", street=None))

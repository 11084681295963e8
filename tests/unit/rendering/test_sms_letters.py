"""SMS in the person's own letters and with their own phrase, and Ukrainian in Latin ones."""

from dataclasses import replace

import pytest

from app.domain.message import SmsText
from app.domain.recipient import Letters
from app.rendering.sms import render_sms
from app.rendering.sms.fitting import shortened
from app.rendering.sms_segments import GSM7, UCS2
from tests.unit.rendering.samples import OFFICE, SAFE, event, notice_left, notice_of, told

LONG_STREET = replace(OFFICE, street="Aleja Zieleniecka 73/75 B")


def sms_of(language: str = "pl", letters: Letters = Letters.PLAIN, **fields: object) -> SmsText:
    phrase = fields.pop("safety_phrase", None)
    notice = notice_of(told(notice_left(**fields), collect_by=SAFE, letters=letters, safety_phrase=phrase))
    return render_sms(replace(notice, language=language))


def test_polish_letters_stay_where_the_person_wants_them() -> None:
    sms = sms_of(letters=Letters.NATIVE)
    assert sms.text == (
        "AWIZO: list polecony nr ..456789 czeka: UP Warszawa 32, Targowa 73."
        " Odbierz do 07.12 (pon). Weź dowód. Nie wysyłamy linków ani dopłat."
    )
    assert (sms.encoding, sms.parts) == (UCS2, 2)


def test_ukrainian_letters_stay_where_the_person_wants_them() -> None:
    sms = sms_of("uk", Letters.NATIVE)
    assert sms.text == (
        "AWIZO: рекомендований лист № ..456789 чекає: UP Warszawa 32."
        " Заберіть до 07.12 (пн). Візьміть документ. Без посилань і доплат."
    )
    assert (sms.encoding, sms.parts) == (UCS2, 2)


def test_ukrainian_is_otherwise_in_official_latin_letters() -> None:
    sms = sms_of("uk")
    assert sms.text == (
        "AWIZO: rekomendovanyi lyst 00759007734123456789 chekaie: UP Warszawa 32, Targowa 73, pn-pt 8-20."
        " Zaberit do 07.12 (pn). Vizmit dokument. Bez posylan i doplat."
    )
    assert (sms.encoding, sms.parts) == (GSM7, 1)


def test_own_letters_that_the_alphabet_has_take_one_part() -> None:
    sms = sms_of("en", Letters.NATIVE)
    assert (sms.encoding, sms.parts) == (GSM7, 1)
    assert len(sms.text) <= 160


def test_one_foreign_letter_leaves_an_english_text_two_short_parts() -> None:
    sms = sms_of("en", Letters.NATIVE, facility=replace(OFFICE, street="Święta 1"))
    assert (sms.encoding, sms.parts) == (UCS2, 2)
    assert len(sms.text) <= 134


@pytest.mark.parametrize("letters", Letters)
def test_a_name_outside_the_basic_plane_is_cut_to_fit(letters: Letters) -> None:
    sms = sms_of(letters=letters, facility=replace(OFFICE, name="Punkt " + "😀" * 60))
    assert sms.parts == (1 if letters is Letters.PLAIN else 2)
    assert "07.12 (pon)" in sms.text


def test_a_phrase_of_the_persons_own_stands_before_the_no_links_sentence() -> None:
    text = sms_of(safety_phrase="zielony czajnik").text
    assert text == (
        "AWIZO: list polecony nr ..456789 czeka: UP Warszawa 32. Odbierz do 07.12 (pon). Wez dowod."
        " Twoja fraza: zielony czajnik. Nie wysylamy linkow ani doplat."
    )


def test_a_phrase_goes_before_the_places_name_is_shortened_and_gives_its_room_back() -> None:
    facility = replace(OFFICE, name="Urząd Pocztowy Konstancin-Jeziorna przy Rynku 1", street="Rynek 1")
    text = sms_of(facility=facility, safety_phrase="bardzo długa fraza, o której nikt nie wie").text
    assert text == (
        "AWIZO: list polecony nr ..456789 czeka: Urzad Pocztowy Konstancin-Jeziorna przy Rynku 1."
        " Odbierz do 07.12 (pon). Wez dowod. Nie wysylamy linkow ani doplat."
    )


def test_a_phrase_never_makes_a_message_longer_than_it_may_be() -> None:
    text = sms_of(safety_phrase="słowo " * 40).text
    assert "Twoja fraza" not in text
    assert text.startswith("AWIZO: list polecony 00759007734123456789 czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20.")


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("кіт Мурчик", "Twoja fraza: kit Murchyk. "),
        ("kot.", "Twoja fraza: kot. "),
        ("rock'n'roll", "Twoja fraza: rock'n'roll. "),
        ("kot https://evil.example", "Twoja fraza: kot. "),
    ],
)
def test_a_phrase_is_spelled_and_tamed_like_other_words(phrase: str, said: str) -> None:
    notice = notice_of(told(event("lost"), safety_phrase=phrase))
    assert said in render_sms(notice).text


@pytest.mark.parametrize("phrase", [None, "", "郵便局", "https://evil.example", "..."])
def test_a_phrase_of_which_nothing_is_left_is_not_told(phrase: str | None) -> None:
    assert "fraza" not in render_sms(notice_of(told(event("lost"), safety_phrase=phrase))).text


@pytest.mark.parametrize(
    ("name", "room", "expected"),
    [
        ("UP Warszawa 32", 14, "UP Warszawa 32"),
        ("Punkt przy Dworcu Wschodnim 32", 22, "Punkt przy Dworcu.. 32"),
        ("Punkt przy Dworcu Wschodnim 32", 24, "Punkt przy Dworcu.. 32"),
        ("Punkt przy Dworcu Wschodnim 32", 20, "Punkt przy.. 32"),
        ("Punkt u Wschodniego 32", 18, "Punkt u Wscho.. 32"),
        ("Punkt przy Dworcu Wschodnim", 22, "Punkt przy Dworcu.."),
        ("Wschodnia", 5, "Wsc.."),
        ("Wschodnia", 2, ".."),
    ],
)
def test_a_name_is_cut_at_a_word_where_that_leaves_most_of_it(name: str, room: int, expected: str) -> None:
    assert shortened(name, room) == expected

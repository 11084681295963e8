"""SMS about what does not wait: handed over, gone back, changed, taken back, gone wrong."""

from datetime import UTC, date, datetime

import pytest

from app.domain.event import Correction, Event, Handover, Pickup, Window
from app.rendering.sms import render_sms
from tests.unit.rendering.samples import LOCKER, NUMBER, OFFICE, PICKUP, SAFE, STAY, Sample, event, notice_of, told

LETTER = f"list polecony {NUMBER}"
SHORT = "list polecony nr ..456789"
END = "Bez linkow i doplat."


def text_of(reported: Event | Sample) -> str:
    return render_sms(notice_of(reported)).text


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
    assert text_of(event("delivered", handover=Handover(mode=mode))) == (
        f"AWIZO: operator zglosil {word}: {LETTER}, 23.11 (pon) 11:42. To nie Ty? Zapytaj operatora. {END}"
    )


@pytest.mark.parametrize(
    ("starts", "until", "said"),
    [
        (datetime(2026, 11, 23, 11, 0, tzinfo=UTC), datetime(2026, 11, 23, 14, 30, tzinfo=UTC), "12:00-15:30"),
        (datetime(2026, 11, 24, 7, 0, tzinfo=UTC), datetime(2026, 11, 24, 9, 0, tzinfo=UTC), "24.11 (wt) 8:00-10:00"),
        (
            datetime(2026, 11, 24, 21, 0, tzinfo=UTC),
            datetime(2026, 11, 25, 1, 0, tzinfo=UTC),
            "24.11 (wt) 22:00 - 25.11 (sr) 2:00",
        ),
    ],
)
def test_the_couriers_hours_are_told_by_the_local_clock(starts: datetime, until: datetime, said: str) -> None:
    text = text_of(event("out_for_delivery", window=Window(starts=starts, until=until)))
    assert text.startswith("AWIZO: operator przekazal do doreczenia: list polecony ")
    assert f" Godziny wg operatora: {said}. " in text


def test_without_hours_none_are_told() -> None:
    assert text_of(event("out_for_delivery")) == (
        f"AWIZO: operator przekazal do doreczenia: {LETTER}, 23.11 (pon). {END}"
    )


def test_a_failed_attempt_tells_the_next_one() -> None:
    text = text_of(event("attempt_failed", next_attempt=date(2026, 11, 24)))
    assert text == (
        f"AWIZO: operator zglosil nieudana probe doreczenia: {SHORT}."
        f" Nastepna proba: 24.11 (wt). Szczegoly u operatora. {END}"
    )


def test_a_refusal_is_told_without_blame() -> None:
    assert text_of(event("refused", reason="cod_unpaid")) == (
        f"AWIZO: operator zglosil odmowe przyjecia: {LETTER}, 23.11 (pon) 11:42. To nie Ty? Zapytaj operatora. {END}"
    )


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        (True, "Odbior jeszcze mozliwy."),
        (date(2026, 11, 30), "Odbior jeszcze mozliwy do 30.11 (pon)."),
        (datetime(2026, 11, 30, 9, tzinfo=UTC), "Odbior jeszcze mozliwy do 30.11 (pon) 10:00."),
    ],
)
@pytest.mark.parametrize("kind", ["refused", "returned", "pickup_expired"])
def test_a_last_chance_is_told(kind: str, chance: bool | date, said: str) -> None:
    assert f" {said} " in text_of(event(kind, last_chance=chance))


@pytest.mark.parametrize("chance", [None, False])
def test_without_a_last_chance_nothing_is_said_of_one(chance: bool | None) -> None:
    expired = event("pickup_expired", facility=OFFICE, last_chance=chance)
    assert text_of(expired) == f"AWIZO: minal czas na odbior: {LETTER}. Szczegoly u operatora. {END}"


def test_a_last_chance_tells_the_place() -> None:
    expired = event(
        "pickup_expired", service="parcel", facility=LOCKER, last_chance=datetime(2026, 11, 30, 9, tzinfo=UTC)
    )
    assert text_of(expired) == (
        "AWIZO: minal czas na odbior: paczka nr ..456789. Odbior jeszcze mozliwy do 30.11 (pon) 10:00:"
        f" Paczkomat WAW01A, Koscielna 1, Lodz. {END}"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("hold_requested", "AWIZO zmiana (przechowanie u operatora na zyczenie): "),
        ("extended", "AWIZO zmiana (dluzszy czas na odbior): "),
        ("redirect_point", "AWIZO zmiana (odbior w punkcie): "),
        ("redirect_locker", "AWIZO zmiana (odbior z automatu paczkowego): "),
        ("place_changed", "AWIZO zmiana (inne miejsce odbioru): "),
        ("unheard_of", "AWIZO zmiana: "),
        (None, "AWIZO zmiana: "),
    ],
)
def test_a_change_tells_what_place_and_date_are_now(change: str | None, said: str) -> None:
    changed = event("terms_changed", change=change, facility=OFFICE, pickup=PICKUP)
    text = text_of(told(changed, collect_by=SAFE))
    assert text.startswith(f"{said}list polecony")
    assert ". Miejsce: UP Warszawa 32" in text
    assert text.endswith(f" Odbierz do 07.12 (pon). {END}")


@pytest.mark.parametrize("change", ["redirect_address", "redirect_cancelled", "date"])
def test_what_comes_to_the_address_is_not_to_be_looked_for_anywhere(change: str) -> None:
    changed = event("terms_changed", change=change, next_attempt=date(2026, 11, 25))
    text = text_of(told(changed, stay=STAY, collect_by=SAFE))
    assert "UP Warszawa 32" not in text
    assert "07.12" not in text
    assert " Nowy termin wg operatora: 25.11 (sr). " in text


def test_a_correction_of_something_that_waits_after_all_tells_where() -> None:
    reported = told(event("corrected", correction=Correction(action="cancel")), corrected="delivered", stay=STAY)
    waiting = told(reported.event, **{**reported.told, "collect_by": SAFE})
    assert text_of(waiting) == (
        f"AWIZO sprostowanie: {LETTER} czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20. Odbierz do 07.12 (pon). {END}"
    )


def test_a_correction_says_what_no_longer_holds() -> None:
    corrected = event("corrected", correction=Correction(action="cancel"))
    assert text_of(told(corrected, corrected="returned")) == (
        f'AWIZO odwoluje wczesniejsza wiadomosc: {SHORT}. Operator wycofal: "przesylka wraca do nadawcy".'
        f" Szczegoly u operatora. {END}"
    )


def test_a_correction_of_a_handover_says_what_is_reported_now() -> None:
    correction = Correction(action="replace")
    corrected = event("corrected", correction=correction, handover=Handover(mode="collected_by_authorised"))
    assert " Teraz operator podaje: odbior przez osobe upowazniona. " in text_of(told(corrected, corrected="delivered"))


def test_a_correction_of_something_unknown_is_told_as_well() -> None:
    assert text_of(event("corrected")) == (
        f"AWIZO odwoluje wczesniejsza wiadomosc: {LETTER}. Szczegoly u operatora. {END}"
    )


def test_damage_is_told_with_what_is_known_of_it() -> None:
    text = text_of(event("damaged", severity="minor", reason="incomplete", action_until=date(2026, 11, 30)))
    assert text == (
        f"AWIZO: operator zglosil uszkodzenie: {LETTER}, 23.11 (pon). Uszkodzenie wg operatora: niewielkie."
        " Operator podaje: przesylka jest niekompletna. Operator czeka na kontakt do 30.11 (pon)."
        f" Zapisalismy to zgloszenie. {END}"
    )


def test_a_loss_is_told_in_one_part() -> None:
    assert text_of(event("lost")) == (
        f"AWIZO: operator zglosil zaginiecie: {LETTER}, 23.11 (pon). Szczegoly u operatora."
        f" Zapisalismy to zgloszenie. {END}"
    )


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("wrong", " Powod: adres jest bledny."),
        ("incomplete", " Powod: adres jest niepelny."),
        ("moved", " Powod: adresat zmienil adres."),
        ("unheard_of", ""),
        (None, ""),
    ],
)
def test_a_problem_with_the_address_tells_why_and_until_when(reason: str | None, said: str) -> None:
    text = text_of(event("address_problem", reason=reason, action_until=date(2026, 11, 27)))
    assert text == (
        f"AWIZO: operator zglosil problem z adresem: {LETTER}. Operator czeka na kontakt do 27.11 (pt).{said} {END}"
    )


def test_a_delay_tells_the_new_date_or_that_there_is_none() -> None:
    assert " Nowy termin wg operatora: 27.11 (pt). Powod: odprawa celna. " in text_of(
        event("delayed", reason="customs_hold", new_eta=date(2026, 11, 27))
    )
    assert " Operator nie podal nowego terminu. " in text_of(event("delayed", reason="unspecified"))


def test_why_an_item_is_held_is_nobodys_business() -> None:
    assert text_of(event("item_held", reason="inspection")) == (
        f"AWIZO: operator zglosil zatrzymanie: {LETTER}, 23.11 (pon). Szczegoly u operatora. {END}"
    )


@pytest.mark.parametrize("kind", ["registered", "in_transit", "operator_notified", "tracking", "", "unheard_of"])
def test_a_kind_without_words_of_its_own_is_told_neutrally(kind: str) -> None:
    text = text_of(event(kind, facility=OFFICE, pickup=Pickup(until=date(2026, 12, 7))))
    assert text == f"AWIZO: nowa informacja od operatora: {LETTER}. Szczegoly u operatora. {END}"

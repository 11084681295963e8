"""What letters say: the safe day and the operator's, reminders, changes and corrections, and codes only in words."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from app.domain.decision import TELLS
from app.domain.event import AREA_INCIDENT_KINDS, Correction, Event, Handover, Outage, PaperNotice, Pickup
from app.rendering import words
from app.rendering.letter import Letter, Section, letter_of
from app.rendering.notice import TEMPLATE_VERSIONS, Item, Notice
from tests.unit.rendering.area_samples import EVERY_SAMPLE
from tests.unit.rendering.samples import (
    LOCKER,
    NUMBER,
    OFFICE,
    PICKUP,
    SAFE,
    SAMPLES,
    STAY,
    WARSAW,
    Sample,
    event,
    notice_left,
    notice_of,
    told,
)

SENT_ON = date(2026, 11, 23)
SAFE_DAY = "Ostatni bezpieczny dzień odbioru"


def letter(reported: Event | Sample | Notice, language: str = "pl") -> Letter:
    return letter_of(reported if isinstance(reported, Notice) else notice_of(reported, language), sent_on=SENT_ON)


def section(written: Letter, title: str) -> Section:
    [found] = [each for each in written.sections if each.title == title]
    return found


def lines(written: Letter) -> list[str]:
    """Everything it says, line by line."""
    parts = [line for each in written.sections for line in (each.title, each.headline, *each.lines)]
    return [written.subject, written.preheader, written.heading, written.lead, *parts, *written.closing]


def waiting(until: date | datetime | None, collect_by: date | None = SAFE) -> Letter:
    return letter(told(notice_left(pickup=Pickup(until=until) if until else None), collect_by=collect_by))


@pytest.mark.parametrize("kind", TELLS)
def test_every_kind_that_people_are_told_of_has_a_template_and_a_sample(kind: str) -> None:
    assert kind in TEMPLATE_VERSIONS
    assert kind in {letter(sample).template for sample in EVERY_SAMPLE.values()}


def test_the_safe_day_is_shown_with_the_operators_own_and_why_they_differ() -> None:
    until = section(waiting(date(2026, 12, 8)), SAFE_DAY)
    assert until.headline == "poniedziałek, 7 grudnia 2026"
    assert until.lines[0] == "Termin podany przez operatora: wtorek, 8 grudnia 2026"
    assert until.lines[1].startswith("Bezpieczny dzień może wypadać wcześniej: ")


def test_an_operators_day_that_is_the_safe_one_needs_no_explanation() -> None:
    assert section(waiting(SAFE), SAFE_DAY).lines == ("Operator podał ten sam dzień.",)


def test_an_hour_at_which_the_safe_day_ends_is_shown() -> None:
    until = section(waiting(datetime(2026, 12, 7, 14, 30, tzinfo=WARSAW)), SAFE_DAY)
    assert (until.headline, until.lines) == (
        "poniedziałek, 7 grudnia 2026, do godz. 14:30",
        ("Dzień i godzinę podał operator.",),
    )


def test_a_safe_day_stands_alone_where_the_operator_gave_none() -> None:
    [explained] = section(waiting(None), SAFE_DAY).lines
    assert explained.startswith("To ostatni dzień, w którym placówka jest czynna")


def test_without_a_safe_day_the_operators_is_shown_as_his() -> None:
    written = waiting(date(2026, 12, 8), collect_by=None)
    assert section(written, "Do kiedy, według operatora").headline == "wtorek, 8 grudnia 2026"
    assert "według operatora" in written.subject


def test_without_either_no_date_is_shown() -> None:
    written = waiting(None, collect_by=None)
    assert not {SAFE_DAY, "Do kiedy, według operatora"} & {each.title for each in written.sections}
    assert not any("grudnia" in line for line in lines(written))


def test_a_safe_day_that_the_operator_has_since_cut_short_is_not_shown() -> None:
    written = waiting(date(2026, 12, 1))
    assert section(written, "Do kiedy, według operatora").headline == "wtorek, 1 grudnia 2026"
    assert not any("7 grudnia" in line for line in lines(written))


def test_hours_are_listed_up_to_the_safe_day() -> None:
    days = section(waiting(date(2026, 12, 14)), "Godziny otwarcia podane przez operatora").days
    assert days[-1].day == "poniedziałek, 7 grudnia"


def test_a_repeat_notice_says_when_the_first_was_left() -> None:
    assert section(letter(SAMPLES["notice_left_repeat"]), "Przesyłka").lines[1:] == (
        "Pierwsze awizo: poniedziałek, 23 listopada 2026, godz. 11:40",
    )


def test_what_was_left_before_does_not_stand_in_the_first_notice() -> None:
    assert len(section(letter(told(notice_left(), stay=STAY)), "Przesyłka").lines) == 1


def test_a_reminder_says_both_notices() -> None:
    assert section(letter(SAMPLES["reminder_after_repeat"]), "Przesyłka").lines[1:] == (
        "Pierwsze awizo: poniedziałek, 23 listopada 2026, godz. 11:40",
        "Powtórne awizo: wtorek, 1 grudnia 2026, godz. 11:40",
    )


def test_a_reminder_of_what_waits_without_a_paper_notice_says_since_when_and_of_no_slip() -> None:
    written = letter(SAMPLES["reminder_locker"])
    assert section(written, "Przesyłka").lines[1:] == ("Czeka od: poniedziałek, 23 listopada 2026",)
    assert "Papierowe awizo" not in {each.title for each in written.sections}


@pytest.mark.parametrize(
    ("others", "heading"),
    [
        (0, "Nadal czeka na Ciebie list polecony"),
        (1, "Nadal czekają na Ciebie 2 przesyłki"),
        (4, "Nadal czeka na Ciebie 5 przesyłek"),
        (21, "Nadal czekają na Ciebie 22 przesyłki"),
    ],
)
def test_a_reminder_of_several_items_counts_them_in_good_grammar(others: int, heading: str) -> None:
    notice = replace(notice_of(SAMPLES["reminder"]), others=(Item(shipment=NUMBER),) * others)
    assert letter(notice).heading == heading


def test_several_items_are_listed_with_their_numbers_and_since_when_they_wait() -> None:
    assert section(letter(SAMPLES["reminder_of_three"]), "Przesyłki").lines == (
        "List polecony, numer 0075 9007 7341 2345 6789 – czeka od 23 listopada 2026 (poniedziałek)",
        "List polecony, numer 0075 9007 7341 2345 0001 – czeka od 20 listopada 2026 (piątek)",
        "Paczka, numer RR123456789PL",
    )


def test_an_item_without_a_number_is_listed_by_its_kind() -> None:
    notice = replace(notice_of(SAMPLES["reminder"]), others=(Item(service="parcel"),))
    assert section(letter(notice), "Przesyłki").lines[1] == "Paczka"


@pytest.mark.parametrize(
    ("told_on", "heading"),
    [
        (SAFE - timedelta(days=1), "Jutro jest ostatni bezpieczny dzień odbioru: list polecony"),
        (SAFE, "Dziś jest ostatni bezpieczny dzień odbioru: list polecony"),
        (
            SAFE - timedelta(days=3),
            "Ostatni bezpieczny dzień odbioru to 7 grudnia 2026 (poniedziałek): list polecony",
        ),
    ],
)
def test_the_last_day_is_named_by_the_day_on_which_it_is_told(told_on: date, heading: str) -> None:
    written = letter(replace(notice_of(SAMPLES["last_day_today"]), told_on=told_on))
    assert written.heading == heading
    assert "7 grudnia 2026 (poniedziałek)" in written.subject
    assert section(written, SAFE_DAY).soon


def test_a_last_day_that_is_no_longer_known_becomes_a_reminder() -> None:
    notice = replace(notice_of(SAMPLES["last_day_today"]), collect_by=None)
    assert letter(notice).subject == "Przypomnienie: list polecony – odbiór do 8 grudnia 2026 (wtorek) według operatora"
    assert (
        letter(replace(notice, pickup=None)).subject == "Przypomnienie z 7 grudnia 2026 (poniedziałek): list polecony"
    )


def test_a_reminder_without_a_place_says_until_when() -> None:
    written = letter(replace(notice_of(SAMPLES["reminder"]), facility=None))
    assert [each.title for each in written.sections] == ["Przesyłka", SAFE_DAY, "Papierowe awizo"]


def test_a_day_that_is_not_near_is_not_marked() -> None:
    assert not section(letter(SAMPLES["reminder"]), SAFE_DAY).soon


def test_the_first_day_is_told_only_while_it_is_still_to_come() -> None:
    starts = "Odbiór od: wtorek, 24 listopada 2026"
    assert starts in section(letter(SAMPLES["notice_left_first"]), "Gdzie").lines
    assert starts not in section(letter(SAMPLES["reminder"]), "Gdzie").lines


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("locker", "Skrytkę otwiera kod odbioru albo aplikacja operatora."),
        ("po_box", "Zabierz klucz do swojej skrytki pocztowej."),
        ("point", "Zabierz dokument tożsamości ze zdjęciem albo kod odbioru, jeśli operator Ci go przysłał."),
        (None, "Zabierz dokument tożsamości ze zdjęciem albo kod odbioru, jeśli operator Ci go przysłał."),
    ],
)
def test_what_to_bring_depends_on_the_place(place: str | None, expected: str) -> None:
    written = letter(event("ready_for_pickup", facility=LOCKER, place=place))
    assert section(written, "Co zabrać i kto jeszcze może odebrać").lines[0] == expected


def test_what_waits_after_a_paper_notice_asks_for_it_wherever_that_is_known_from() -> None:
    written = letter(told(event("ready_for_pickup", facility=OFFICE), stay=STAY))
    assert "papierowe awizo" in section(written, "Co zabrać i kto jeszcze może odebrać").lines[0]


def test_an_unknown_kind_of_place_is_not_said() -> None:
    assert section(letter(notice_left(place="x-place")), "Gdzie").lines[0] == "Targowa 73"


@pytest.mark.parametrize("change", ["redirect_address", "redirect_cancelled", "date"])
def test_what_will_be_brought_is_not_said_to_wait(change: str) -> None:
    written = letter(told(event("terms_changed", change=change, pickup=PICKUP), stay=STAY, collect_by=SAFE))
    assert [each.title for each in written.sections] == ["Przesyłka", "Co się zmieniło", "Coś się nie zgadza?"]
    assert "Przesyłka nie czeka na odbiór w placówce." in lines(written)
    assert not any("grudnia" in line for line in lines(written))


def test_what_is_moved_nobody_said_where_has_neither_its_old_place_nor_its_old_date() -> None:
    written = letter(told(event("terms_changed", change="redirect_point"), stay=STAY, collect_by=SAFE))
    assert "Operator nie podał jeszcze nowego miejsca." in lines(written)
    assert not any("UP Warszawa" in line or "grudnia" in line for line in lines(written))


def test_a_longer_time_is_told_with_the_place() -> None:
    written = letter(SAMPLES["terms_changed_extended"])
    assert section(written, "Co się zmieniło").headline == "Dłuższy czas na odbiór"
    assert section(written, "Gdzie").headline == "UP Warszawa 32"
    assert written.subject == "Zmiana: list polecony – odbiór do 7 grudnia 2026 (poniedziałek)"


def test_a_change_in_no_known_words_says_so() -> None:
    assert "Operator nie podał, co dokładnie się zmieniło." in lines(letter(event("terms_changed", change="x")))


def test_a_new_day_of_delivery_is_told() -> None:
    changed = event("terms_changed", change="date", new_eta=date(2026, 11, 27))
    assert "Nowy termin według operatora: piątek, 27 listopada 2026" in lines(letter(changed))


def test_a_correction_names_the_news_that_is_taken_back() -> None:
    written = letter(SAMPLES["corrected_cancelled"])
    assert section(written, "Co jest nieaktualne").lines == (
        "Wcześniejsza informacja: przesyłkę doręczono lub odebrano.",
        "Operator wycofał tę informację.",
    )
    assert section(written, "Co obowiązuje teraz").lines == ("Operator nie podał, co obowiązuje zamiast niej.",)


def test_a_correction_of_what_never_waited_warns_before_a_needless_way() -> None:
    cancelled = told(event("corrected", correction=Correction(action="cancel")), corrected="notice_left")
    assert "Zanim pójdziesz po odbiór, zapytaj operatora, czy przesyłka czeka." in lines(letter(cancelled))


def test_a_cancelled_notice_shows_no_place_even_if_the_correction_names_one() -> None:
    cancelled = event("corrected", correction=Correction(action="cancel"), facility=OFFICE, pickup=PICKUP)
    assert not any("UP Warszawa" in line for line in lines(letter(told(cancelled, corrected="notice_left"))))


def test_a_correction_says_where_the_item_waits_after_all() -> None:
    written = letter(SAMPLES["corrected_still_waiting"])
    assert section(written, "Gdzie").headline == "UP Warszawa 32"
    assert section(written, SAFE_DAY).headline == "poniedziałek, 7 grudnia 2026"


def test_a_replaced_notice_says_what_stands_instead() -> None:
    written = letter(SAMPLES["corrected_replaced"])
    assert "Operator zastąpił ją innymi danymi." in lines(written)
    assert "Pierwsze awizo: poniedziałek, 23 listopada 2026, godz. 11:40" in lines(written)


def test_a_replaced_handover_says_when_how_and_by_whom() -> None:
    assert section(letter(SAMPLES["corrected_replaced_handover"]), "Co obowiązuje teraz").lines == (
        "Przesyłkę doręczono lub odebrano.",
        "Kiedy: wtorek, 24 listopada 2026, godz. 9:05",
        "Sposób: odbiór w placówce",
        "Kto odebrał, według zapisu operatora: osoba upoważniona",
    )


def test_a_correction_of_nobody_knows_what_is_told_as_one() -> None:
    assert "Jedna z wcześniejszych informacji o tej przesyłce jest nieaktualna." in lines(
        letter(SAMPLES["corrected_unknown"])
    )


def test_an_interval_within_a_day_names_the_day_once_and_a_longer_one_both_ends() -> None:
    notice = notice_of(SAMPLES["out_for_delivery_with_window"])
    assert "Przewidywany czas według operatora: poniedziałek, 23 listopada 2026, 14:00–16:00" in lines(letter(notice))
    assert notice.window
    longer = replace(notice, window=replace(notice.window, until=datetime(2026, 11, 24, 12, 0, tzinfo=WARSAW)))
    assert (
        "Przewidywany czas według operatora: od poniedziałek, 23 listopada 2026, godz. 14:00 do "
        "wtorek, 24 listopada 2026, godz. 12:00"
    ) in lines(letter(longer))


@pytest.mark.parametrize(
    ("last_chance", "sentence"),
    [
        (True, "Według operatora przesyłkę można jeszcze odebrać."),
        (False, "Według operatora przesyłki nie można już odebrać."),
        (date(2026, 11, 30), "Według operatora przesyłkę można jeszcze odebrać do: poniedziałek, 30 listopada 2026"),
    ],
)
@pytest.mark.parametrize("kind", ["refused", "pickup_expired", "returned"])
def test_what_goes_back_may_still_be_had(kind: str, last_chance: bool | date, sentence: str) -> None:
    assert sentence in lines(letter(event(kind, last_chance=last_chance)))
    assert not any("można" in line and "odebrać" in line for line in lines(letter(event(kind))))


@pytest.mark.parametrize(
    ("kind", "field", "table"),
    [
        ("attempt_failed", "reason", words.ATTEMPT_REASONS),
        ("refused", "reason", words.REFUSAL_REASONS),
        ("returned", "reason", words.RETURN_REASONS),
        ("returned", "stage", words.RETURN_STAGES),
        ("delayed", "reason", words.DELAY_REASONS),
        ("damaged", "reason", words.DAMAGES),
        ("damaged", "severity", words.SEVERITIES),
        ("address_problem", "reason", words.ADDRESS_PROBLEMS),
        ("item_held", "reason", words.HOLD_REASONS),
        ("terms_changed", "change", words.CHANGES),
    ],
)
def test_codes_are_told_in_words_and_unknown_ones_not_at_all(kind: str, field: str, table: dict[str, str]) -> None:
    unsaid = lines(letter(event(kind), "en"))
    assert lines(letter(event(kind, **{field: "x-secret"}), "en")) == unsaid
    for code, message in table.items():
        said = " ".join(lines(letter(event(kind, **{field: code}), "en"))).lower()
        assert message.lower() in said
        assert message.lower() not in " ".join(unsaid).lower()


@pytest.mark.parametrize("kind", ["delayed", "damaged", "lost", "address_problem", "item_held"])
def test_who_is_expected_to_answer_is_told_until_when_and_never_that_there_is_nothing_to_do(kind: str) -> None:
    told_until = lines(letter(event(kind, action_until=date(2026, 11, 27)), "en"))
    assert "The operator expects an answer by: Friday, 27 November 2026" in told_until
    assert "There is nothing you need to do." not in told_until


@pytest.mark.parametrize("kind", words.NEWS)
def test_a_correction_has_words_for_every_kind_of_news(kind: str) -> None:
    taken_back = told(event("corrected", correction=Correction(action="cancel")), corrected=kind)
    assert f"Earlier report: {words.NEWS[kind]}." in lines(letter(taken_back, "en"))


def test_there_are_words_for_all_news_of_an_item_but_reminders_and_corrections() -> None:
    assert set(words.NEWS) == set(TELLS) - {"reminder", "last_day", "corrected", *AREA_INCIDENT_KINDS}


def test_the_safety_phrase_stands_labelled_and_harmless() -> None:
    phrased = told(notice_left(), safety_phrase="zielony\nczajnik https://evil.example")
    assert letter(phrased).phrase == "Twoja fraza bezpieczeństwa: zielony czajnik"
    assert letter(notice_left()).phrase == ""
    assert "czajnik" not in repr(letter(phrased))


def test_what_was_handed_over_asks_whether_the_reader_has_it() -> None:
    written = letter(event("delivered", handover=Handover(mode="letterbox")))
    assert section(written, "Czy to Ty masz tę przesyłkę?").lines[0] == "Tak: nic nie trzeba robić."


def test_a_notice_left_elsewhere_is_looked_for_at_the_address() -> None:
    paper = PaperNotice(ordinal=1, left_at=datetime(2026, 11, 23, 11, 40, tzinfo=WARSAW), place="door")
    assert section(letter(notice_left(notice=paper)), "Papierowe awizo").lines[0] == (
        "Papierowe awizo powinno być też pod Twoim adresem."
    )


def test_the_hour_told_is_the_one_at_which_an_incident_begins_where_the_operators_own_is_later() -> None:
    until = datetime(2026, 12, 7, 14, 30, tzinfo=WARSAW)
    noon = datetime(2026, 12, 7, 12, tzinfo=WARSAW)
    locker = replace(LOCKER, outages=(Outage(starts=noon, until=None),))
    ready = told(event("ready_for_pickup", facility=locker, pickup=Pickup(until=until)), collect_by=SAFE)
    safe = section(letter(ready), SAFE_DAY)
    assert safe.headline == "poniedziałek, 7 grudnia 2026, do godz. 12:00"
    assert safe.lines == ("Termin podany przez operatora: poniedziałek, 7 grudnia 2026, godz. 14:30",)

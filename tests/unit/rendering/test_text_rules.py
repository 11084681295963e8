"""The linter of everything we say, in every language."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import app.rendering
from app.rendering.catalog import letter_speaker, sms_speaker
from app.rendering.email import render_email
from app.rendering.sms import render_sms
from tests.unit.rendering.area_samples import EVERY_SAMPLE
from tests.unit.rendering.golden import rendered
from tests.unit.rendering.rules import FORBIDDEN, faults, links
from tests.unit.rendering.samples import ENVELOPE, LANGUAGES, notice_left, notice_of
from tests.unit.rendering.test_catalogs import used_messages


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_catalog_text_breaks_a_rule(language: str) -> None:
    speakers = {"sms": sms_speaker(language), "letter": letter_speaker(language), "words": letter_speaker(language)}
    texts = [(domain, text) for domain in speakers for text in used_messages(domain)]
    values = {name: "x" for _, text in texts for name in re.findall(r"%\((\w+)\)s", text)}
    said = [speakers[domain](text, **values) for domain, text in texts]
    assert [(text, found) for text in said if (found := list(faults(text)))] == []


@pytest.mark.parametrize("path", sorted(rendered()))
def test_no_rendered_message_breaks_a_rule(path: str) -> None:
    text = rendered()[path].replace("<!", "<")
    assert list(faults(text.partition("</style>")[2] or text)) == []


@pytest.mark.parametrize("path", sorted(path for path in rendered() if path.endswith(".sms.txt")))
def test_no_sms_holds_a_link(path: str) -> None:
    assert links(rendered()[path]) == []


@pytest.mark.parametrize("path", sorted(path for path in rendered() if path.endswith(".email.txt")))
def test_an_email_holds_no_link_but_its_page_and_the_way_out_or_the_page_of_its_code(path: str) -> None:
    of_code = notice_of(EVERY_SAMPLE[Path(path).name.partition(".")[0]]).page
    text = rendered()[path]
    for allowed in [of_code] if of_code else [ENVELOPE.notice_url, ENVELOPE.unsubscribe_url]:
        text = text.replace(allowed, "")
    assert links(text) == []


def test_templates_say_nothing_themselves() -> None:
    templates = Path(app.rendering.__path__[0]) / "templates"
    for template in templates.iterdir():
        text = template.read_text(encoding="utf-8")
        assert list(faults(text.partition("</style>")[2].replace("<!", "<"))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_names_neither_sender_nor_court_nor_courier(language: str) -> None:
    reported = replace(
        notice_left(), source="/sad-rejonowy/wola", reason="divorce", recipient="kowalski", service="court_letter"
    )
    notice = notice_of(reported, language)
    said = render_sms(notice).text + repr(render_email(notice, ENVELOPE).mime)
    assert not any(secret in said.lower() for secret in ("sad-rejonowy", "divorce", "kowalski", "court", "k-0421"))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Skorzystaj z oferty kuriera", "promotion"),
        ("Get a discount today", "promotion"),
        ("Gwarantujemy dostarczenie", "promise"),
        ("Your letter will be delivered", "promise"),
        ("To nie nasza wina", "blame"),
        ("Unfortunately you failed to answer", "blame"),
        ("Przepraszamy za kłopot", "apology"),
        ("Termin na odwołanie mija jutro", "legal advice"),
        ("Termin na odpowiedź: 07.12", "a deadline for an answer"),
        ("Термін на відповідь: 07.12", "a deadline for an answer"),
        ("Акція: вигідна пропозиція", "promotion"),
        ("Aktsiia i znyzhky", "promotion"),
        ("Гарантуємо вручення", "promise"),
        ("На жаль, це Ваша вина", "blame"),
        ("Перепрошуємо", "apology"),
        ("Строк оскарження рішення", "legal advice"),
        ("Терміново заберіть", "pressure"),
        ("Nehaino zaberit", "pressure"),
        ("Odbierz natychmiast!", "pressure"),
    ],
)
def test_the_linter_finds_what_it_is_there_to_find(text: str, rule: str) -> None:
    assert rule in {fault.partition(":")[0] for fault in faults(text)}


def test_every_rule_has_a_text_that_breaks_it() -> None:
    marks = test_the_linter_finds_what_it_is_there_to_find.pytestmark  # type: ignore[attr-defined]
    assert {rule for _, rule in marks[0].args[1]} == set(FORBIDDEN)


@pytest.mark.parametrize("text", ["Ostatni bezpieczny dzień: 07.12", "Last safe day: 7 Dec", "Останній безпечний день"])
def test_the_safe_day_may_be_told(text: str) -> None:
    assert list(faults(text)) == []


@pytest.mark.parametrize("link", ["https://a.b", "www.a.b", "a.pl/x", "x@y.pl", "mailto:x", "evil.example", "1.2.3.4"])
def test_the_linter_finds_links(link: str) -> None:
    assert links(f"Odbierz {link} dzis")


@pytest.mark.parametrize(
    "text", ["07.12 (pon). Wez dowod.", "nr ..456789", "pn-pt 8-20, so 9-13", "godz. 11:40", "S.A."]
)
def test_the_linter_takes_dates_and_hours_for_no_links(text: str) -> None:
    assert links(text) == []

"""The words of the first page."""

import re

import pytest

from app.domain.decision import TELLS
from app.evidence.catalogue import CATALOGUE, CONSENT_FACTS, EVENT_FACTS, SEALED_NAMES, Chain
from app.rendering.catalog import Say, speaker_of
from app.rendering.statement_pdf.account import Account, UnsoundBundleError, account_of
from app.rendering.statement_pdf.fact_words import DATA, FIELDS, NEWS, REASONS, TYPES
from app.rendering.statement_pdf.summary import summary
from app.rendering.statement_pdf.telling import headline, paragraph, sureness
from tests.unit.evidence.builder import edited
from tests.unit.rendering.statement.stories import (
    accepted,
    account,
    concluded,
    delivered,
    ended,
    reported,
    started,
    story,
    suppressed,
)


def speaker(language: str) -> Say:
    return speaker_of("app.rendering.statement_pdf", "statement", language)


def told(account: Account, language: str) -> str:
    """Headline, paragraph and sureness on one line, with ordinary spaces."""
    say = speaker(language)
    words = " ".join((headline(account, say), paragraph(account, language, say), sureness(account, say)))
    return words.replace("\u00a0", " ")


def test_a_delivered_message_is_told_with_its_times_and_what_they_rest_on() -> None:
    words = told(account(delivered()), "pl")
    assert words == (
        "Wysłano SMS i zgłoszono jego doręczenie Wiadomość (SMS; numer +48600100200, adresat customer-4711) miała "
        "powiadomić, że zostawiono papierowe awizo. Chodziło o przesyłkę nr 0075 9007 7341 2345 6789 (operator: Poczta "
        "Polska). Serwis awizo przekazał ją dostawcy (twilio) dnia 23 listopada 2026 (poniedziałek) o godz. 11:42:12 "
        "(UTC+1). Raport o jej doręczeniu nadszedł tego samego dnia o godz. 11:42:15; podany w nim czas: 11:42:14. "
        "Opiera się to na stopniu 2 z 5: raport dostawcy. Raport podpisano kluczem, który znają dostawca i serwis: "
        "nikomu innemu to niczego nie dowodzi. Nie pokazuje to, czy ktokolwiek wiadomość przeczytał."
    )


def test_the_same_is_told_in_english() -> None:
    words = told(account(delivered()), "en")
    assert "on 23 November 2026 (Monday) at 11:42:12 (UTC+1)" in words
    assert "the same day at 11:42:15; the time that it gives: 11:42:14" in words
    assert "grade 2 of 5: a provider's report" in words


@pytest.mark.parametrize(
    ("log", "polish", "english"),
    [
        (suppressed("no_consent"), "Powód: osoba nie wyraziła zgody.", "the person had given no consent."),
        (story(concluded("cancelled", reason="collected")), "Powód: przesyłkę już odebrano.", "had been collected."),
        (
            story(started(), ended("unknown")),
            "ani że osobę powiadomiono, ani że jej nie powiadomiono",
            "neither that the person was told nor that they were not",
        ),
        (story(ended("unknown", code="restored")), "odtworzono z kopii zapasowej", "restored from a backup"),
        (story(started(), accepted()), "Czy wiadomość dotarła, tego nikt nie zgłosił.", "arrived, nobody has said."),
        (
            story(started(), accepted(), reported("delivered", via="dsn", signature="dkim")),
            "stopniu 4 z 5: podpisany raport serwera pocztowego. Raport podpisał serwer pocztowy (DKIM).",
            "grade 4 of 5: a mail server's signed report. The report is signed by the mail server (DKIM).",
        ),
    ],
)
def test_each_ending_says_why_and_what_does_not_follow(log: object, polish: str, english: str) -> None:
    known = account(log)  # type: ignore[arg-type]
    assert polish in told(known, "pl")
    assert english in told(known, "en")


def test_nothing_that_a_bundle_keeps_closed_is_told() -> None:
    known = account(delivered(), closed=("contact", "recipient", "shipment", "content"))
    for language in ("pl", "en"):
        words = told(known, language) + str(summary(known, language, speaker(language)))
        assert not re.search("600100|customer|7341|czeka\\.", words)
    assert "numer zapieczętowany, tu niepokazany, adresat zapieczętowany" in told(known, "pl")
    assert "The number of the item is sealed here" in told(known, "en")


def test_what_is_not_published_yet_is_counted_and_may_change_it() -> None:
    assert "1 nowszy zapis nie był" in told(account(delivered(), pending=1), "pl")
    assert "5 nowszych zapisów nie było" in told(account(delivered(), pending=5), "pl")


def test_a_time_on_another_day_or_beyond_a_change_of_the_clock_is_given_in_full() -> None:
    words = str(summary(account(delivered()), "en", speaker("en")))
    assert "was given on 3 November 2026 (Tuesday) at 11:42:03 (UTC+1), as the person said" in words


def test_several_items_are_listed_and_many_are_cut() -> None:
    log = story(shipment=b"\n".join(b"A-%d" % number for number in range(9)))
    assert "items A-0, A-1, A-2, A-3, A-4 …;" in told(account(log), "en")


def test_what_the_person_said_afterwards_is_told() -> None:
    log = story(
        started(), accepted(), ("recipient.disputed", {"method": "page", "reference": "r-1"}, {"statement": b"x"})
    )
    assert "The person objected to it on 23 November 2026" in told(account(log), "en")


def test_a_bundle_that_is_not_sound_is_not_told() -> None:
    bundle = edited(delivered().bundle(), lambda raw: raw["facts"][0]["document"].update(n=1))
    with pytest.raises(UnsoundBundleError, match=r"fact 0"):
        account_of(bundle)


def test_a_missing_statement_of_completeness_is_said() -> None:
    known = account_of(delivered().bundle(statement=False))
    assert "there may be others" in str(summary(known, "en", speaker("en")))


def test_every_kind_type_and_field_that_can_be_in_a_bundle_has_words() -> None:
    chained = {name for name, row in CATALOGUE.items() if row.chain is not Chain.NEVER}
    assert TYPES.keys() == chained | EVENT_FACTS | CONSENT_FACTS
    assert TELLS.keys() <= NEWS.keys()
    assert FIELDS.keys() == SEALED_NAMES
    assert DATA.keys() <= {key for row in CATALOGUE.values() for key in row.data}
    assert "no_consent" in REASONS

from dataclasses import replace
from datetime import date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from app.domain.event import Handover, Pickup
from app.rendering.email import EmailEnvelope, render_email
from app.rendering.mime import MessageRefusedError
from app.rendering.notice import TEMPLATE_VERSIONS, Notice
from tests.unit.rendering.area_samples import EVERY_SAMPLE
from tests.unit.rendering.golden import body
from tests.unit.rendering.markup import Markup
from tests.unit.rendering.samples import (
    ENVELOPE,
    LANGUAGES,
    LOCKER,
    OFFICE,
    PICKUP,
    REFERENCE,
    STOCKTAKING,
    WARSAW,
    event,
    notice_left,
    notice_of,
)
from tests.unit.rendering.service_samples import CODE, SERVICE_SAMPLES, service_notice

SETTINGS = "https://example.org/preferences"


def read(notice: Notice, envelope: EmailEnvelope = ENVELOPE) -> EmailMessage:
    message = message_from_bytes(render_email(notice, envelope).mime, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def text_of(notice: Notice, envelope: EmailEnvelope = ENVELOPE) -> str:
    return body(read(notice, envelope), "plain")


def links_of(name: str) -> set[str]:
    """The links of that sample: its page and the way out, or of a message about the service the page of its code."""
    page = notice_of(EVERY_SAMPLE[name]).page
    return {page} if page else {ENVELOPE.notice_url, ENVELOPE.unsubscribe_url}


def test_the_headers_are_those_of_an_automatic_message_with_a_way_out() -> None:
    message = read(notice_of(notice_left()))
    assert dict(message.items()) == {
        "From": "Awizo <awizo@example.org>",
        "To": "jan@example.com",
        "Subject": "Awizo: list polecony – odbiór do 7 grudnia 2026 (poniedziałek) według operatora",
        "Date": "Mon, 23 Nov 2026 11:45:00 +0100",
        "Message-ID": f"<{REFERENCE}@example.org>",
        "List-Unsubscribe": f"<{ENVELOPE.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "pl",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_awizo-alternative"',
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EVERY_SAMPLE)
def test_text_and_html_say_the_same(name: str, language: str) -> None:
    message = read(notice_of(EVERY_SAMPLE[name], language))
    html = Markup(body(message, "html")).visible
    for line in body(message, "plain").splitlines():
        as_cells = line[2:].replace(": ", " ", 1) if line.startswith("* ") else line
        for link in links_of(name):
            as_cells = as_cells.replace(f": {link}", "")
        assert as_cells.strip("-") in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EVERY_SAMPLE)
def test_html_says_nothing_that_the_text_does_not(name: str, language: str) -> None:
    message = read(notice_of(EVERY_SAMPLE[name], language))
    preheader, *words = [said for data in Markup(body(message, "html")).words if (said := " ".join(data.split()))]
    text = " ".join(body(message, "plain").split())
    assert preheader
    assert [said for said in words if said not in text and not said.startswith("[if mso]")] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EVERY_SAMPLE)
def test_html_is_closed_speaks_its_language_and_loads_nothing(name: str, language: str) -> None:
    markup = Markup(body(read(notice_of(EVERY_SAMPLE[name], language)), "html"))
    assert markup.open == []
    assert markup.tags[0] == ("html", (("lang", language),))
    assert not {"img", "script", "link", "iframe", "object", "form"} & {tag for tag, _ in markup.tags}
    assert set(markup.links) == links_of(name)


@pytest.mark.parametrize("name", SERVICE_SAMPLES)
def test_nobody_leaves_by_a_message_about_the_service_itself(name: str) -> None:
    message = read(SERVICE_SAMPLES[name])
    assert (message["List-Unsubscribe"], message["List-Unsubscribe-Post"]) == (None, None)
    assert ENVELOPE.unsubscribe_url not in body(message, "plain")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["confirmation", "sign_in"])
def test_a_code_stands_in_the_letter_and_not_in_what_passes_by_it(kind: str, language: str) -> None:
    message = read(replace(service_notice(kind), language=language))
    assert CODE in body(message, "plain").splitlines()
    assert "11:50" in body(message, "plain")
    html = body(message, "html")
    assert CODE not in html[: html.index("</title>")] + "".join(str(value) for value in message.values())
    assert CODE not in html[html.index("preheader") : html.index("<h1>")]


def test_the_page_of_a_code_is_on_no_other_host_than_ours() -> None:
    with pytest.raises(MessageRefusedError):
        render_email(replace(service_notice("sign_in"), page="https://evil.example/preferences"), ENVELOPE)


def test_the_preheader_says_place_and_date() -> None:
    html = body(read(notice_of(notice_left())), "html")
    place_and_date = "UP Warszawa 32, Targowa 73, 03-729 Warszawa – do 7 grudnia 2026 (poniedziałek) według operatora"
    assert f'<div class="preheader">{place_and_date}</div>' in html


def test_without_the_operators_date_none_is_shown_and_the_subject_carries_the_notices() -> None:
    message = read(notice_of(notice_left(pickup=None)))
    assert message["Subject"] == "Awizo z 23 listopada 2026 (poniedziałek): list polecony"
    assert "Do kiedy" not in body(message, "plain")
    assert '<div class="preheader">UP Warszawa 32, Targowa 73, 03-729 Warszawa</div>' in body(message, "html")


@pytest.mark.parametrize("name", EVERY_SAMPLE)
def test_every_subject_carries_a_date(name: str) -> None:
    assert " 2026 (" in read(notice_of(EVERY_SAMPLE[name]))["Subject"]


def test_hours_are_listed_from_the_first_day_up_to_the_date() -> None:
    listed = [line for line in text_of(notice_of(notice_left())).splitlines() if line.startswith("* ")]
    assert listed[0] == "* wtorek, 24 listopada: 8:00–20:00"
    assert listed[-1] == "* poniedziałek, 7 grudnia: 8:00–20:00"
    assert len(listed) == 14


def test_days_before_the_message_are_not_listed() -> None:
    late = replace(ENVELOPE, date=datetime(2026, 12, 4, 10, 0, tzinfo=WARSAW))
    listed = [line for line in text_of(notice_of(notice_left()), late).splitlines() if line.startswith("* ")]
    assert listed[0] == "* piątek, 4 grudnia: 8:00–20:00"


def test_unknown_hours_are_not_listed_but_announced_closures_are_told() -> None:
    facility = replace(OFFICE, hours=None, closures=(STOCKTAKING,))
    text = text_of(notice_of(notice_left(facility=facility)))
    assert "* " not in text
    assert "Godziny otwarcia" not in text
    assert "Nieczynne, jak zapowiedział operator: 01.12-02.12\n" in text
    assert "Nieczynne" not in text_of(notice_of(notice_left(facility=replace(facility, closures=()))))


def test_a_place_that_never_closes_is_said_in_a_line() -> None:
    text = text_of(notice_of(event("ready_for_pickup", facility=LOCKER, pickup=PICKUP)))
    assert "Czynne całą dobę.\n" in text
    assert "* " not in text


def test_a_place_known_by_name_alone_is_enough() -> None:
    facility = replace(OFFICE, street=None, post_code=None, city=None, hours=None)
    assert "Gdzie\n-----\nUP Warszawa 32\n\n" in text_of(notice_of(notice_left(facility=facility, pickup=None)))


def test_the_operators_first_and_last_moment_are_told_by_the_local_clock() -> None:
    pickup = Pickup(
        starts=datetime(2026, 11, 23, 12, 0, tzinfo=WARSAW), until=datetime(2026, 11, 25, 14, 30, tzinfo=WARSAW)
    )
    text = text_of(notice_of(event("ready_for_pickup", facility=LOCKER, pickup=pickup)))
    assert "Odbiór od: poniedziałek, 23 listopada 2026, godz. 12:00\n" in text
    assert "środa, 25 listopada 2026, godz. 14:30\n" in text


def test_a_first_day_that_is_a_date_has_no_time() -> None:
    pickup = Pickup(starts=date(2026, 11, 24))
    assert "Odbiór od: wtorek, 24 listopada 2026\n" in text_of(notice_of(notice_left(pickup=pickup)))


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("letterbox", "Papierowe awizo powinno być w Twojej skrzynce na listy."),
        (None, "Papierowe awizo powinno być w Twojej skrzynce na listy."),
        ("door", "Papierowe awizo powinno być też pod Twoim adresem."),
    ],
)
def test_the_paper_notice_is_where_the_operator_left_it(place: str | None, sentence: str) -> None:
    notice = replace(notice_of(notice_left()), paper_place=place)
    assert sentence in text_of(notice)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("00759007734123456789", "0075 9007 7341 2345 6789"),
        ("RR123456789PL", "RR123456789PL"),
        ("12345678901", "12345678901"),
        ("www.evil.example", "www evil example"),
    ],
)
def test_a_long_number_of_digits_is_grouped(number: str, shown: str) -> None:
    assert f"List polecony, numer {shown}\n" in text_of(notice_of(notice_left(), shipment=number))


def test_without_a_number_there_is_no_line_for_it() -> None:
    assert "numer " not in text_of(notice_of(event("returned"), shipment=None)).partition("Co możesz")[0]


def test_how_and_by_whom_is_told_only_in_known_words() -> None:
    known = Handover(mode="letterbox", receiver_role="neighbour")
    unknown = Handover(mode="x-mode", receiver_role="Jan Kowalski")
    said = text_of(notice_of(event("delivered", handover=known)))
    assert "Sposób: włożenie do skrzynki na listy\nKto odebrał, według zapisu operatora: sąsiad lub sąsiadka\n" in said
    unsaid = text_of(notice_of(event("delivered", handover=unknown)))
    assert not any(word in unsaid for word in ("Sposób", "Kto odebrał", "x-mode", "Kowalski"))


def test_a_reason_is_told_only_in_known_words() -> None:
    assert "Powód podany przez operatora: przesyłki nie przyjęto" in text_of(
        notice_of(event("returned", reason="refused"))
    )
    unsaid = text_of(notice_of(event("returned", reason="secret-case")))
    assert "Powód" not in unsaid
    assert "secret" not in unsaid


def test_an_operator_whose_name_is_a_link_is_just_the_operator() -> None:
    assert "Źródło tej informacji: Operator." in text_of(notice_of(event("returned", operator="evil.example")))


def test_the_proof_reference_is_the_notification() -> None:
    assert f"Numer potwierdzenia: {REFERENCE}\n" in text_of(notice_of(notice_left()))


def test_settings_on_our_own_host_are_linked() -> None:
    message = read(notice_of(notice_left()), replace(ENVELOPE, preferences_url=SETTINGS))
    assert f"Twoje ustawienia: {SETTINGS}\n" in body(message, "plain")
    assert Markup(body(message, "html")).links[-2:] == [SETTINGS, ENVELOPE.unsubscribe_url]


def test_where_a_slip_may_be_missing_the_link_to_report_it_stands_right_there() -> None:
    message = read(notice_of(notice_left()))
    assert Markup(body(message, "html")).links == [ENVELOPE.notice_url, ENVELOPE.notice_url, ENVELOPE.unsubscribe_url]
    section = body(message, "plain").partition("Papierowe awizo\n")[2]
    assert f"\nZgłoś brak awiza: {ENVELOPE.notice_url}\n" in section.partition("\n\n")[0] + "\n"


def test_where_no_slip_was_left_none_can_be_missing() -> None:
    message = read(notice_of(EVERY_SAMPLE["delivered_by_hand"]))
    assert Markup(body(message, "html")).links == [ENVELOPE.notice_url, ENVELOPE.unsubscribe_url]


@pytest.mark.parametrize(
    "changed",
    [
        {"preferences_url": "https://example.org.evil.example/preferences"},
        {"preferences_url": "http://example.org/preferences"},
        {"unsubscribe_url": "https://example.org/u/x>\r\nBcc: x"},
        {"notice_url": "https://example.org.evil.example/n/x"},
        {"notice_url": "https://example.org/n/x\r\nBcc: x"},
        {"to": "jan@example.com\r\nBcc: x@example.org"},
        {"message_id": "x"},
        {"sender": "nobody"},
    ],
)
def test_an_envelope_that_cannot_stand_in_headers_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(MessageRefusedError):
        render_email(notice_of(notice_left()), replace(ENVELOPE, **changed))


def test_equal_values_give_equal_bytes() -> None:
    assert render_email(notice_of(notice_left()), ENVELOPE) == render_email(notice_of(notice_left()), ENVELOPE)


@pytest.mark.parametrize("name", EVERY_SAMPLE)
def test_the_content_names_its_template_and_version(name: str) -> None:
    content = render_email(notice_of(EVERY_SAMPLE[name]), ENVELOPE)
    assert name.startswith(content.template)
    assert content.template_version == TEMPLATE_VERSIONS[content.template]


def test_contact_and_links_show_in_no_repr() -> None:
    assert "jan@" not in repr(ENVELOPE)
    assert "AAAA" not in repr(ENVELOPE)
    assert "Subject" not in repr(render_email(notice_of(notice_left()), ENVELOPE))

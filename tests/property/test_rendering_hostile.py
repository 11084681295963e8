"""Whatever stands in an event's fields becomes no header, expression's result, markup, link or second part."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.decision import TELLS
from app.domain.event import Closure, Event, Facility, Handover, OpeningInterval, PaperNotice, Pickup
from app.rendering.email import render_email
from app.rendering.sms import render_sms
from app.rendering.sms_segments import count_parts, encoding_of, units
from tests.unit.rendering.golden import body
from tests.unit.rendering.markup import Markup
from tests.unit.rendering.rules import links
from tests.unit.rendering.samples import ENVELOPE, LANGUAGES, NUMBER, SAMPLES, event, notice_left, notice_of

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]

POISON = (
    "\r\nBcc: eva@evil.example",
    "\n\n<script>alert(1)</script>",
    "\r.\r\nMAIL FROM:<x@evil.example>",
    "=?utf-8?q?=0D=0ABcc:_x=40evil.example?=",
    "--=_awizo-alternative--",
    "{{7654*4321}}",
    "{% for x in range(9) %}x{% endfor %}",
    "{{ ''.__class__.__mro__ }}",
    "%(item)s %s %n %",
    "{0.__class__}",
    '"><img src=x onerror=alert(1)>',
    "</style><a href='https://evil.example'>x</a>",
    "javascript:alert(1)",
    "https://evil.example/doplata",
    "evil.example",
    "EVIL.COM",
    "evil．com",
    "ev\u200bil.com",
    "evil.c\u0332om",
    "evil\u3002com",
    "x@evil.example",
    "www.evil",
    "1.2.3.4",
    "+48 600 100 200",
    "\u202e\u2066moc.live\u2069",
    "\x00\x1b[31m\x7f\x85\u2028",
    "\ud800",
    "Ω€[]{}~^|\\",
    "ąćęłńóśźż",
    "😀👩‍👩‍👧",
    "ﷺ",
    "Z̸̡̢a̵l̶g̷o",
    ".",
    "..",
    "a" * 300,
)

anything = st.one_of(
    st.sampled_from(POISON),
    st.text(max_size=60),
    st.lists(st.one_of(st.sampled_from(POISON), st.text(max_size=12)), max_size=4).map(" ".join),
    st.lists(st.one_of(st.sampled_from(POISON), st.text(max_size=12)), max_size=4).map("".join),
    st.text(alphabet=st.sampled_from("aZ1.:/@ -。\u0332\u200b(), "), max_size=30),
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Mn"]), max_size=10),
)
maybe = st.none() | anything
moments = st.datetimes(timezones=st.just(UTC))
days = st.dates()
interval = st.builds(OpeningInterval, opens=st.times(), closes=st.times())
hours = st.lists(st.lists(interval, max_size=3).map(tuple), min_size=7, max_size=7).map(tuple)
closure = st.builds(Closure, first_on=days, last_on=days, reason=maybe)

facilities = st.builds(
    Facility,
    id=anything,
    name=anything,
    street=maybe,
    post_code=maybe,
    city=maybe,
    hours=st.none() | hours,
    closures=st.lists(closure, max_size=3).map(tuple),
)
pickups = st.builds(Pickup, starts=st.none() | days | moments, until=st.none() | days | moments)
events = st.builds(
    event,
    kind=st.sampled_from(sorted(TELLS)) | anything,
    effective_at=moments,
    operator=anything,
    recipient=maybe,
    service=st.sampled_from(["registered_letter", "parcel", None]) | anything,
    notice=st.none()
    | st.builds(PaperNotice, ordinal=st.sampled_from([1, 2]), left_at=moments, place=maybe, courier=maybe),
    facility=st.none() | facilities,
    pickup=st.none() | pickups,
    handover=st.none() | st.builds(Handover, mode=maybe, delivered_at=st.none() | moments, receiver_role=maybe),
    reason=maybe,
)
languages = st.sampled_from(LANGUAGES)
INCIDENTS = ("delayed", "damaged", "lost", "address_problem", "item_held")

EXPRESSION_RESULT = str(7654 * 4321)
BENIGN_TAGS = frozenset(
    (tag, name, value)
    for sample in SAMPLES.values()
    for tag, attributes in Markup(
        body(message_from_bytes(render_email(notice_of(sample), ENVELOPE).mime, policy=SMTP), "html")  # type: ignore[arg-type] # the policy makes it one
    ).tags
    for name, value in [*attributes, ("", "")]
    if name != "aria-label"
) | {(tag, "lang", language) for tag in ("html", "div") for language in LANGUAGES}


def assert_harmless_sms(reported: Event, language: str, shipment: str | None) -> None:
    """One part of GSM-7 in one line (of an incident two), without any link, template text as written."""
    text = render_sms(notice_of(reported, language, shipment)).text
    assert encoding_of(text) == "gsm7"
    assert count_parts(text) <= (2 if reported.kind in INCIDENTS else 1)
    assert units(text) == len(text)
    assert text.startswith("AWIZO")
    assert text.isprintable()
    assert links(text) == []
    assert EXPRESSION_RESULT not in text


def assert_harmless_email(reported: Event, language: str, shipment: str | None) -> None:
    """The headers we meant, two parts, only our own markup and our own link, nothing evaluated."""
    mime = render_email(notice_of(reported, language, shipment), ENVELOPE).mime
    assert mime.isascii()
    assert mime.count(b"\r\n") == mime.count(b"\n") == mime.count(b"\r")
    assert max(len(line) for line in mime.split(b"\r\n")) <= 998
    message = message_from_bytes(mime, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert message.keys() == HEADERS
    assert (message["From"], message["To"]) == (ENVELOPE.sender, ENVELOPE.to)
    assert message["Subject"].isprintable()
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text, markup = body(message, "plain"), Markup(body(message, "html"))
    # The subject, word by word: what it may hold is held to further down.
    labels = {v for _, attributes in markup.tags for n, v in attributes if n == "aria-label"}
    assert labels == {message["Subject"]}
    tags = {(t, n, v) for t, attributes in markup.tags for n, v in [*attributes, ("", "")] if n != "aria-label"}
    assert tags <= BENIGN_TAGS
    assert markup.open == []
    assert markup.links[-1] == ENVELOPE.unsubscribe_url
    assert set(markup.links[:-1]) == {ENVELOPE.notice_url}
    for said in (text, markup.visible, message["Subject"]):
        assert links(said.replace(ENVELOPE.unsubscribe_url, "").replace(ENVELOPE.notice_url, "")) == []
        assert EXPRESSION_RESULT not in said
        assert all(char.isprintable() or char == "\n" for char in said)


@settings(max_examples=400, deadline=None)
@given(reported=events, language=languages, shipment=maybe)
def test_no_event_makes_an_sms_more_than_one_harmless_part(
    reported: Event, language: str, shipment: str | None
) -> None:
    assert_harmless_sms(reported, language, shipment)


@settings(max_examples=300, deadline=None)
@given(reported=events, language=languages, shipment=maybe)
def test_no_event_makes_an_email_say_more_than_words(reported: Event, language: str, shipment: str | None) -> None:
    assert_harmless_email(reported, language, shipment)


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_value_in_every_field_of_every_kind_stays_harmless(poison: str) -> None:
    for sample in SAMPLES.values():
        facility = Facility(
            id=poison, name="UP 1 " + poison, street=poison, post_code=poison, city=poison,
            closures=(Closure(first_on=date(2026, 11, 24), last_on=date(2026, 11, 24), reason=poison),),
        )  # fmt: skip
        reported = replace(
            sample.event,
            operator=poison,
            service=poison,
            facility=facility if sample.event.facility else None,
            handover=Handover(mode=poison, receiver_role=poison),
            reason=poison,
        )
        for language in LANGUAGES:
            assert_harmless_sms(reported, language, poison)
            assert_harmless_email(reported, language, poison)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_expression_in_every_field_stays_text(language: str) -> None:
    expression = "{{7654*4321}}"
    facility = Facility(id=expression, name=expression, street=expression, city=expression)
    notice = notice_of(notice_left(facility=facility, operator=expression), language, expression)
    message = message_from_bytes(render_email(notice, ENVELOPE).mime, policy=SMTP)
    assert isinstance(message, EmailMessage)
    # Operator, number, name, street and town; the preheader repeats the last three.
    assert body(message, "plain").count(expression) == 5
    assert body(message, "html").count(expression) == 8
    assert "((7654*4321))" in render_sms(notice).text


@pytest.mark.parametrize("extreme", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_dates_at_the_ends_of_the_calendar_can_be_told(extreme: datetime) -> None:
    pickup = Pickup(starts=extreme.date(), until=extreme)
    reported = notice_left(pickup=pickup, notice=PaperNotice(ordinal=1, left_at=extreme))
    assert_harmless_sms(reported, "pl", NUMBER)
    assert_harmless_email(reported, "pl", NUMBER)


def test_an_open_day_of_any_length_can_be_told() -> None:
    odd = OpeningInterval(opens=time(20), closes=time(2))
    facility = Facility(id="x", name="UP 1", hours=((odd,),) * 7)
    assert "pn-nd 20-2" in render_sms(notice_of(notice_left(facility=facility), shipment="1")).text

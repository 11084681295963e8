"""The page of honest figures: what it shows is what was counted, in words, pictures and tables, and nothing besides."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.duty import Downtime, Duty
from app.domain.recipient import LANGUAGES
from app.web.catalog import speaker
from app.web.status import operator_names
from app.web.status_view import ANOMALIES, DOWNTIMES_LISTED, DUTIES, OTHER_REASON, REASONS, status_view
from tests.unit.web.figures import (
    NOW,
    PAST,
    PRESENT,
    days,
    downtime,
    lags,
    not_counted,
    nothing_happened,
    some_figures,
)
from tests.unit.web.status_site import Records, get
from tests.unit.web.test_pages import Elements

CHARTS = ("sent", "delivered", "unknown", "withheld", "lag")


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    told = Records(ended=PAST)
    told.tell(monkeypatch)
    return told


def table_of(html: str, chart: str) -> list[list[str]]:
    """The cells of each row of the table that belongs to a chart, as text."""
    (section,) = re.findall(rf'<section class="whole" aria-labelledby="{chart}">(.*?)</section>', html, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", section.partition("<tbody>")[2], re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_chart_is_a_picture_with_a_name_a_description_and_its_numbers(
    records: Records, language: str
) -> None:
    html = (await get(f"?lang={language}")).text
    elements = Elements(html)
    pictures = elements.named("svg")
    assert [(each["role"], each["aria-labelledby"]) for each in pictures] == [
        ("img", f"{name}-title {name}-words") for name in CHARTS
    ]
    assert [each["id"] for each in elements.named("desc")] == [f"{name}-words" for name in CHARTS]
    assert len(elements.named("table")) == len(elements.named("details")) == len(CHARTS)
    assert len({found["id"] for _, found in elements.found if "id" in found}) == sum(
        "id" in found for _, found in elements.found
    )


async def test_the_tables_say_what_was_counted(records: Records) -> None:
    html = (await get("?lang=en")).text
    counted = days()
    for chart, counts in (
        ("sent", [day.sent for day in counted]),
        ("delivered", [day.delivered for day in counted]),
        ("unknown", [day.unknown for day in counted]),
    ):
        rows = table_of(html, chart)
        assert [int(row[1].replace(",", "")) for row in rows] == counts
        assert (rows[0][0], rows[-1][0]) == ("Sunday, 25 October", "Monday, 23 November")
    withheld = {name: int(count.replace(",", "")) for name, count in table_of(html, "withheld")}
    say = speaker("en")
    assert {name.replace("&#39;", "'"): count for name, count in withheld.items()} == {
        say(name): sum(day.suppressed[code] for day in counted) for code, name in REASONS.items()
    }
    assert [int(row[1]) for row in table_of(html, "lag")] == [lag.notices for lag in lags()]
    assert table_of(html, "lag")[19] == ["19:00–20:00", str(lags()[19].notices), "1 hr 19 mins"]
    assert table_of(html, "lag")[3] == ["3:00–4:00", "0", "–"]


async def test_the_sums_are_those_of_the_days(records: Records) -> None:
    shown = dict(status_view(some_figures(), (), (), now=NOW, language="en").sums)
    counted = days()
    assert {name: int(value.replace(",", "")) for name, value in shown.items() if not value.endswith("mins")} == {
        "messages sent": sum(day.sent for day in counted),
        "reported as delivered": sum(day.delivered for day in counted),
        "could not be sent or delivered": sum(day.failed for day in counted),
        "unknown at first whether they had left": sum(day.unknown for day in counted),
        "not sent, for a reason": sum(sum(day.suppressed.values()) for day in counted),
        "reports from operators": 31_905,
    }
    assert shown["from a paper notice until we learn of it (half sooner, half later)"] == "19 mins"


async def test_the_checkpoint_is_named_with_its_link(records: Records) -> None:
    answer = await get("?lang=en")
    for said in ("awizo.example/log/2026h2", "184,220", "Monday, 23 November 2026, 12:04"):
        assert said in answer.text
    assert {"href": "/log/checkpoint?lang=en"} in Elements(answer.text).named("a")


async def test_of_a_log_that_is_not_published_no_address_is_given(records: Records) -> None:
    html = (await get("?lang=en", log_public=False)).text
    assert "/log/checkpoint" not in html
    assert "This log is not published." in html


async def test_anybody_may_keep_the_page_for_a_minute_and_each_language_by_itself(records: Records) -> None:
    answer = await get("?lang=en")
    assert (answer.headers["cache-control"], answer.headers["vary"]) == ("public, max-age=60", "Accept-Language")
    assert answer.headers["x-robots-tag"] == "all"
    assert "script" not in answer.headers["content-security-policy"]


async def test_one_operator_is_shown_by_name_and_its_link_says_so(records: Records) -> None:
    html = (await get("?operator=poczta-polska&lang=en")).text
    assert "30 days in short: Poczta Polska" in html
    (current,) = [link for link in Elements(html).named("a") if link.get("aria-current") == "page"]
    assert current["href"] == "/status?operator=poczta-polska&lang=en"


def test_operators_that_are_called_the_same_are_told_apart_by_their_codes() -> None:
    assert operator_names(["dhl", "dhl24-pl", "inpost", "x<y"]) == {
        "dhl": "DHL (dhl)",
        "dhl24-pl": "DHL (dhl24-pl)",
        "inpost": "InPost",
        "x<y": "x<y",
    }


async def test_the_name_of_an_operator_stays_text(records: Records) -> None:
    records.operators = ("<script>alert(1)</script>",)
    html = (await get()).text
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.parametrize("operator", ["nobody", "", "InPost", "%3Cb%3E", "%00", "x" * 5000])
async def test_an_operator_of_whom_nothing_is_counted_gets_a_page_that_says_so(records: Records, operator: str) -> None:
    answer = await get(f"?operator={operator}&lang=en")
    assert answer.status_code == 404
    assert "There are no figures of this operator" in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_without_a_database_the_page_says_so_and_is_not_kept(records: Records) -> None:
    records.away = True
    answer = await get("?lang=en")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "We cannot show the figures right now" in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_figures_of_a_log_that_is_not_trusted_are_not_shown(records: Records) -> None:
    answer = await get("?lang=en", fault="The database went back")
    assert answer.status_code == 503
    assert "went back" not in answer.text
    assert "messages sent" not in answer.text


async def test_before_the_first_count_the_page_says_so_and_shows_no_chart(records: Records) -> None:
    records.figures, records.ended = not_counted(), ()
    html = (await get("?lang=en")).text
    assert "Nothing is counted yet" in html
    assert "In the last 30 days there was no such time." in html
    assert Elements(html).named("svg") == []


async def test_a_month_without_messages_is_said_in_words(records: Records) -> None:
    records.figures = nothing_happened()
    html = (await get("?lang=en")).text
    assert Elements(html).named("svg") == []
    assert html.count("There was nothing of this in these 30 days.") == len(CHARTS) + 1


async def test_downtimes_are_listed_with_their_time_and_their_place_in_the_log(records: Records) -> None:
    text = re.sub(r"<[^>]+>", "", (await get("?lang=en")).text)
    assert (
        "Saturday, 21 November 2026, 10:05 – 10:47 (42 mins): we could not send text messages. "
        "Recorded as entry 183871 of 2026h2."
    ) in text
    assert (
        "Sunday, 8 November 2026, 12:05 – Monday, 9 November 2026, 1:10 (13 hrs 5 mins): "
        "we could not take in what operators report."
    ) in text
    assert "Something does not work right now" not in text


async def test_what_does_not_work_right_now_stands_first(records: Records) -> None:
    records.ended, records.ongoing = (), PRESENT
    html = (await get("?lang=en")).text
    assert "Since Monday, 23 November 2026, 11:41 (24 mins): we could not send e-mails." in html
    assert html.index("Something does not work right now") < html.index("All operators")
    assert "there was no such time" not in html


def test_a_downtime_that_no_checkpoint_covers_yet_names_no_place() -> None:
    fresh = downtime(Duty.SEAL, hours_ago=1, lasting=timedelta(minutes=2))
    (shown,) = status_view(some_figures(), (fresh,), (), now=NOW, language="en").downtimes
    assert shown.place == ""


def many_downtimes(count: int) -> tuple[Downtime, ...]:
    """So many, each over two days and recorded far on in the log."""
    return tuple(
        downtime(Duty.ACCEPT, hours_ago=20 + hour, lasting=timedelta(hours=19, minutes=59), index=10**9 + hour)
        for hour in range(count)
    )


def test_of_very_many_downtimes_the_newest_are_listed_and_the_rest_is_counted() -> None:
    view = status_view(some_figures(), many_downtimes(1000), (), now=NOW, language="en")
    assert (len(view.downtimes), view.downtimes_left_out) == (DOWNTIMES_LISTED, "970")


def test_reasons_without_a_name_are_counted_together() -> None:
    odd = replace(days()[0], suppressed={"stale": 2, "brand_new": 3, "newer_still": 4, "paused": 0})
    view = status_view(replace(some_figures(), days=(odd,)), (), (), now=NOW, language="en")
    assert view.charts[3].table.rows == ((OTHER_REASON, "7"), ("it would have come too late", "2"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_a_reason_leave_room_for_its_number_on_a_telephone(language: str) -> None:
    say = speaker(language)
    assert [say(name) for name in (*REASONS.values(), OTHER_REASON) if len(say(name)) > 30] == []


def test_every_duty_has_its_words() -> None:
    assert DUTIES.keys() == set(Duty)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, ("0\u00a0sek.", "0 secs", "0\u00a0с")),
        (-300, ("0\u00a0sek.", "0 secs", "0\u00a0с")),
        (59.4, ("59\u00a0sek.", "59 secs", "59\u00a0с")),
        (60, ("1\u00a0min", "1 min", "1\u00a0хв")),
        (3600, ("1\u00a0godz.", "1 hr", "1\u00a0год")),
        (7500, ("2\u00a0godz. 5\u00a0min", "2 hrs 5 mins", "2\u00a0год 5\u00a0хв")),
        (604_800, ("7\u00a0dni", "7 days", "7\u00a0дн.")),
        (100_800, ("1\u00a0dzień 4\u00a0godz.", "1 day 4 hrs", "1\u00a0дн. 4\u00a0год")),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds: float, said: tuple[str, str, str]) -> None:
    figures = replace(some_figures(), median_lag_seconds=seconds)
    told = tuple(
        status_view(figures, (), (), now=NOW, language=language).sums[-1][1].replace("\u00a0", " ")
        for language in LANGUAGES
    )
    assert told == tuple(each.replace("\u00a0", " ") for each in said)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_fullest_page_there_can_be_is_small(records: Records, language: str) -> None:
    records.ended, records.ongoing = many_downtimes(1000), PRESENT
    records.operators = [f"an-operator-with-a-long-name-{number}" for number in range(40)]
    records.figures = replace(some_figures(), days=days(size=9_000_000), anomalies=dict.fromkeys(ANOMALIES, 10**7))
    assert len((await get(f"?lang={language}")).content) < 60_000


async def test_a_look_without_a_body_is_answered_like_one_with_it(records: Records) -> None:
    assert (await get("?lang=en", method="HEAD")).headers["content-language"] == "en"

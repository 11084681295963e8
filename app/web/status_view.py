"""What the page of figures says, in one language: every number in words, every chart with its table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.numbers import format_decimal
from babel.units import format_unit

from app.domain.calendar import DEFAULT_TIME_ZONE, zone
from app.domain.duty import Downtime, Duty
from app.domain.figures import DayOutcomes, LagOfHour, PublicFigures
from app.rendering.catalog import Say, marked
from app.rendering.dates import day_of_list, full_date, local, sms_day
from app.web.catalog import speaker
from app.web.charts import Bar, Row, columns, rows
from app.web.pages import LOCALES, moment_in_words

ZONE = zone(DEFAULT_TIME_ZONE)
DOWNTIMES_LISTED = 30

DUTIES = {
    Duty.ACCEPT: marked("we could not take in what operators report"),
    Duty.SMS: marked("we could not send text messages"),
    Duty.EMAIL: marked("we could not send e-mails"),
    Duty.SEAL: marked("we could not seal records in the log"),
}

# At most 30 characters in any language: they stand above their bars on a telephone, their number beside them.
REASONS = {
    "no_contact_point": marked("no phone or e-mail known"),
    "contact_disabled": marked("phone or e-mail out of use"),
    "unverified": marked("phone or e-mail not confirmed"),
    "no_consent": marked("no consent was given"),
    "opted_out": marked("consent was withdrawn"),
    "paused": marked("paused at the person's wish"),
    "stale": marked("it would have come too late"),
    "superseded": marked("newer news took its place"),
    "duplicate_content": marked("the same had been sent"),
    "merged": marked("part of another message"),
    "destination_not_allowed": marked("country that we do not serve"),
    "rate_limited": marked("too many messages that day"),
}
OTHER_REASON = marked("other reasons")

ANOMALIES = {
    "second_notice_missing": marked("no second paper notice was reported in time"),
    "paper_notice_missing": marked("somebody said that there is no paper notice"),
    "second_notice_early": marked("the second paper notice was left too early"),
    "no_open_day": marked("no day was left on which the place is open"),
    "future_time": marked("an event was dated in the future"),
    "correction_without_target": marked("something was corrected that nobody had reported"),
}
OTHER_ANOMALY = marked("something else")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The numbers of a chart: what each row is about, then its numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture of upright bars (`bars`) or of lying ones (`lying`), and the same in words and numbers.

    `top` is the largest value, `ends` what stands at the ends of the axis. Without bars there was nothing to show.
    """

    name: str
    heading: str
    lead: str
    words: str
    table: Table
    bars: tuple[Bar, ...] = ()
    top: str = ""
    ends: tuple[str, str] = ("", "")
    lying: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """A time in which a duty was not done, in words; `place` says where the record of it stands, if it does."""

    time: str
    duty: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """The page without its surroundings. `sums` are pairs of words and a number; `source` of words and a value."""

    sums: tuple[tuple[str, str], ...]
    charts: tuple[Chart, ...]
    irregular: tuple[tuple[str, str], ...]
    source: tuple[tuple[str, str], ...]
    ongoing: tuple[Interruption, ...]
    downtimes: tuple[Interruption, ...]
    downtimes_left_out: str


def status_view(
    figures: PublicFigures, ended: Sequence[Downtime], ongoing: Sequence[Downtime], *, now: datetime, language: str
) -> StatusView:
    """What there is to say of these figures and downtimes; both are listed newest first."""
    words = _Words(speaker(language), language)
    left_out = len(ended) - DOWNTIMES_LISTED
    return StatusView(
        sums=_sums(figures, words),
        charts=(*_day_charts(figures.days, words), _withheld_chart(figures.days, words), _lag_chart(figures, words)),
        irregular=_counted(figures.anomalies, ANOMALIES, OTHER_ANOMALY, words),
        source=_source(figures, words),
        ongoing=tuple(_interruption(each, words, now) for each in ongoing),
        downtimes=tuple(_interruption(each, words, now) for each in ended[:DOWNTIMES_LISTED]),
        downtimes_left_out=words.number(left_out) if left_out > 0 else "",
    )


class _Words:
    """Numbers, dates and times in one language."""

    def __init__(self, say: Say, language: str) -> None:
        self.say, self.language, self._locale = say, language, LOCALES[language]

    def number(self, count: int) -> str:
        return format_decimal(count, locale=self._locale)

    def lasting(self, seconds: float) -> str:
        """`40 s`, `12 min`, `2 h 5 min`, `3 d 4 h`, each in the language's own short words."""
        whole = max(round(seconds), 0)
        minutes, hours, days = whole // 60, whole // 3600, whole // 86400
        if not minutes:
            parts = [(whole, "second")]
        elif not hours:
            parts = [(minutes, "minute")]
        elif not days:
            parts = [(hours, "hour"), (minutes % 60, "minute")]
        else:
            parts = [(days, "day"), (hours % 24, "hour")]
        said = [part for index, part in enumerate(parts) if part[0] or not index]
        return " ".join(
            format_unit(value, f"duration-{unit}", length="short", locale=self._locale) for value, unit in said
        )

    def day(self, day: date) -> str:
        return full_date(day, self.language)

    def moment(self, moment: datetime) -> str:
        return moment_in_words(moment, ZONE, self.language)


def _sums(figures: PublicFigures, words: _Words) -> tuple[tuple[str, str], ...]:
    say, days = words.say, figures.days
    withheld = sum(sum(day.suppressed.values()) for day in days)
    sums = [
        (say("messages sent"), sum(day.sent for day in days)),
        (say("reported as delivered"), sum(day.delivered for day in days)),
        (say("could not be sent or delivered"), sum(day.failed for day in days)),
        (say("unknown at first whether they had left"), sum(day.unknown for day in days)),
        (say("not sent, for a reason"), withheld),
        (say("reports from operators"), figures.events),
    ]
    told = [(name, words.number(count)) for name, count in sums]
    if figures.median_lag_seconds is not None:
        lag = say("from a paper notice until we learn of it (half sooner, half later)")
        told.append((lag, words.lasting(figures.median_lag_seconds)))
    return tuple(told)


def _day_charts(days: Sequence[DayOutcomes], words: _Words) -> Iterable[Chart]:
    say = words.say
    yield _day_chart(
        "sent",
        (say("Sent"), say("A provider or a mail server took the message over from us.")),
        days,
        lambda day: day.sent,
        words,
    )
    yield _day_chart(
        "delivered",
        (say("Delivered"), say("A provider or a mail server reported that the message arrived.")),
        days,
        lambda day: day.delivered,
        words,
    )
    yield _day_chart(
        "unknown",
        (
            say("Unknown"),
            say(
                "The answer was lost, so nobody could tell at once whether the message had left. We do not simply send "
                "it again; what is found out later counts as sent as well."
            ),
        ),
        days,
        lambda day: day.unknown,
        words,
    )


def _day_chart(
    name: str,
    said: tuple[str, str],
    days: Sequence[DayOutcomes],
    count: Callable[[DayOutcomes], int],
    words: _Words,
) -> Chart:
    say = words.say
    counts = [count(day) for day in days]
    most = max(counts, default=0)
    fullest = next((day.day for day, value in zip(days, counts, strict=True) if value == most), None)
    picture = say(
        "One bar a day. Altogether: %(all)s. Most on one day: %(most)s (%(day)s).",
        all=words.number(sum(counts)),
        most=words.number(most),
        day=words.day(fullest) if fullest else "",
    )
    return Chart(
        name=name,
        heading=said[0],
        lead=said[1],
        words=picture,
        table=Table(
            heads=(say("Day"), say("Messages")),
            rows=tuple(
                (day_of_list(day.day, words.language), words.number(value))
                for day, value in zip(days, counts, strict=True)
            ),
        ),
        bars=columns(counts),
        top=words.number(most),
        ends=_ends(days, words),
    )


def _ends(days: Sequence[DayOutcomes], words: _Words) -> tuple[str, str]:
    return (sms_day(days[0].day, words.language), sms_day(days[-1].day, words.language)) if days else ("", "")


def _withheld_chart(days: Sequence[DayOutcomes], words: _Words) -> Chart:
    say = words.say
    total: dict[str, int] = {}
    for day in days:
        for reason, count in day.suppressed.items():
            total[reason] = total.get(reason, 0) + count
    named = _by_name(total, REASONS, OTHER_REASON, words)
    return Chart(
        name="withheld",
        heading=say("Not sent, and why"),
        lead=say("Not to send a message is a decision, too, and is recorded with its reason."),
        words=say("One bar a reason. Altogether: %(all)s.", all=words.number(sum(total.values()))),
        table=Table(
            heads=(say("Reason"), say("Messages")),
            rows=tuple((name, words.number(count)) for name, count in named),
        ),
        lying=rows([(name, words.number(count), count) for name, count in named]),
    )


def _lag_chart(figures: PublicFigures, words: _Words) -> Chart:
    say = words.say
    medians = [lag.median_seconds for lag in figures.lags]
    longest = max((median for median in medians if median is not None), default=0)
    return Chart(
        name="lag",
        heading=say("How late we learn of a paper notice"),
        lead=say(
            "From when the notice was left until its operator told us, by the hour in which it was left: "
            "half of the reports took longer."
        ),
        words=say(
            "One bar an hour of the day. Longest: %(longest)s. Paper notices: %(notices)s.",
            longest=words.lasting(longest),
            notices=words.number(figures.notices),
        ),
        table=Table(
            heads=(say("Hour"), say("Paper notices"), say("Half took longer than")),
            rows=tuple(_lag_row(lag, words) for lag in figures.lags),
        ),
        bars=columns(medians),
        top=words.lasting(longest),
        ends=("0:00", "24:00"),
    )


def _lag_row(lag: LagOfHour, words: _Words) -> tuple[str, str, str]:
    median = "–" if lag.median_seconds is None else words.lasting(lag.median_seconds)
    return f"{lag.hour}:00–{lag.hour + 1}:00", words.number(lag.notices), median


def _by_name(counts: Mapping[str, int], names: Mapping[str, str], other: str, words: _Words) -> list[tuple[str, int]]:
    """The counts above nothing by what their codes are called, the largest first; codes without a name together."""
    named: dict[str, int] = {}
    for code, count in counts.items():
        name = words.say(names.get(code, other))
        named[name] = named.get(name, 0) + count
    return sorted(((name, count) for name, count in named.items() if count), key=lambda each: (-each[1], each[0]))


def _counted(
    counts: Mapping[str, int], names: Mapping[str, str], other: str, words: _Words
) -> tuple[tuple[str, str], ...]:
    return tuple((name, words.number(count)) for name, count in _by_name(counts, names, other, words))


def _source(figures: PublicFigures, words: _Words) -> tuple[tuple[str, str], ...]:
    """Which checkpoint the figures were computed at; nothing before the first."""
    if figures.origin is None or figures.size is None or figures.counted_at is None:
        return ()
    say = words.say
    return (
        (say("Log"), figures.origin),
        (say("Entries counted"), words.number(figures.size)),
        (say("Counted on"), words.moment(figures.counted_at)),
    )


def _interruption(downtime: Downtime, words: _Words, now: datetime) -> Interruption:
    say = words.say
    lasted = words.lasting(((downtime.ended_at or now) - downtime.began_at) / timedelta(seconds=1))
    if downtime.ended_at is None:
        time = say("Since %(moment)s (%(lasting)s)", moment=words.moment(downtime.began_at), lasting=lasted)
    else:
        time = f"{words.moment(downtime.began_at)} – {_end(downtime.began_at, downtime.ended_at, words)} ({lasted})"
    place = ""
    if downtime.shard is not None and downtime.index is not None:
        place = say("Recorded as entry %(index)s of %(shard)s.", index=str(downtime.index), shard=downtime.shard)
    return Interruption(time=time, duty=say(DUTIES[downtime.duty]), place=place)


def _end(began_at: datetime, ended_at: datetime, words: _Words) -> str:
    """The end of a time, without its day where that is the one on which it began."""
    began, ended = local(began_at, ZONE), local(ended_at, ZONE)
    if began.date() == ended.date():
        return f"{ended.hour}:{ended.minute:02}"
    return words.moment(ended_at)

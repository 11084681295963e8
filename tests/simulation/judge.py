"""The judge: from the journal and the posted events alone, what awizo should have done and not done."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tests.simulation import texts
from tests.simulation.books import Books, Row
from tests.simulation.hearing import Item, Standing, standing
from tests.simulation.journal import Journal, Sent
from tests.simulation.parcels import WARSAW
from tests.simulation.people import Person
from tests.simulation.second_plan import is_quiet
from tests.simulation.stories import Story

HOUR = timedelta(hours=1)
EXAMPLES_MAX = 5

VIOLATIONS = {
    "closed_day": "a reminder on a day on which the place is closed",
    "unasked": "a reminder that no plan asked for",
    "not_waiting": "a reminder of an item that does not wait any more",
    "wrong_day": "a message that names a day that is not the safe one",
    "too_late_day": "a message that names a day after the operator's or after the end of storage",
    "shut_safe_day": "a message that names a day on which the place is closed",
    "too_many_sms": "more than four SMS about one waiting item to one number",
    "too_long": "an SMS over its limit of parts",
    "quiet": "an SMS in quiet hours that could have waited",
    "missing": "a reminder missing that the plan demands",
    "missing_anomaly": "a second notice missing, and no anomaly noted",
    "unmerged": "two reminders of two items at one office and hour",
    "told_twice": "an incident told twice, or its end to somebody who was not told of it",
    "unconcerned": "a shut place told to somebody for whom nothing waits there",
    "untold": "a shut place not told to somebody for whom something waits there",
    "link": "a link in an SMS",
    "language": "a message in another language",
    "unconsented": "a message that nobody agreed to",
    "words": "a text whose words, numbers or address are not those of what it is about",
    "books": "the books and the journal disagree",
    "open_end": "a notification that has come to no end",
    "log": "the evidence log does not hold",
}
_PURPOSES = {"out_for_delivery": "progress", "delivered": "progress"} | dict.fromkeys(
    ("delayed", "damaged", "lost", "address_problem", "item_held", "facility_unavailable", "resolved"), "incident"
)


@dataclass(kw_only=True)
class Verdict:
    """How often each violation was found, with examples; and what may be and was counted apart."""

    found: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    apart: Counter[str] = field(default_factory=Counter)

    def fault(self, code: str, what: str) -> None:
        self.found[code] += 1
        if len(self.examples[code]) < EXAMPLES_MAX:
            self.examples[code].append(what)


@dataclass(kw_only=True)
class Told:
    """A message with what it is about: its row in the books, its items' numbers, and who got it."""

    sent: Sent
    row: Row
    numbers: Sequence[str]
    person: Person

    @property
    def at(self) -> datetime:
        return self.sent.at

    @property
    def purpose(self) -> str:
        return _PURPOSES.get(self.row.kind, "delivery")

    @property
    def is_reminder(self) -> bool:
        return self.row.kind in {"reminder", "last_day"}

    def __str__(self) -> str:
        when = self.at.astimezone(WARSAW)
        if self.row.incident is not None:
            return f"{self.row.kind} by {self.sent.channel} at {when:%a %Y-%m-%d %H:%M} about {self.row.incident}"
        return f"{self.row.kind} by {self.sent.channel} at {when:%a %Y-%m-%d %H:%M} about {', '.join(self.numbers)}"


@dataclass(kw_only=True)
class Court:
    """What all checks look at: the story, the items as they were heard, the messages, and the verdict so far."""

    story: Story
    items: dict[str, Item]
    told: Sequence[Told]
    of_incidents: Sequence[Told]
    books: Books
    verdict: Verdict
    owned: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _of_item: dict[str, list[Told]] = field(init=False)
    _standings: dict[tuple[str, datetime], Standing | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._of_item = defaultdict(list)
        for told in self.told:
            for number in told.numbers:
                self._of_item[number].append(told)

    def about(self, number: str) -> Sequence[Told]:
        """The messages about an item, in the order in which they left."""
        return self._of_item.get(number, ())

    def standing(self, number: str, now: datetime) -> Standing | None:
        """Where the item stood for whoever had heard everything before that moment."""
        item = self.items[number]
        last = max((at for at in item.moments if at < now), default=now)
        is_settled = all(each.effective <= last for each in item.heard if each.at < now)
        key = number, last if is_settled else now
        if key not in self._standings:
            self._standings[key] = standing(self.items[number], now)
        return self._standings[key]

    def stood(self, moment: datetime) -> bool:
        """Whether no worker ran then."""
        return any(since <= moment < until for since, until in self.story.standing)

    def idle(self, moment: datetime, person: Person, channel: str) -> bool:
        """Whether nothing could leave for that person then: no worker ran or, for an SMS, it was quiet."""
        return self.stood(moment) or (channel == "sms" and is_quiet(person.quiet, moment))


def hours(since: datetime, until: datetime) -> list[datetime]:
    """The full hours from `since` on, before `until`."""
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hour = hour if hour >= since else hour + HOUR
    found = []
    while hour < until - timedelta(minutes=30):  # the clock goes on a little while an hour's work is done
        found.append(hour)
        hour += HOUR
    return found


def local_day(moment: datetime) -> date:
    return moment.astimezone(WARSAW).date()


def open_court(story: Story, journal: Journal, items: dict[str, Item], books: Books) -> Court:
    """Everything at hand. A message that the books do not know is a fault at once."""
    verdict = Verdict()
    people = {contact: each for each in story.people for contact in (*each.phones, each.email) if contact}
    told: list[Told] = []
    of_incidents: list[Told] = []
    for sent in journal.sent:
        if sent.notification not in books.rows or sent.to not in people:
            verdict.fault("books", f"a message that nobody planned, at {sent.at}")
            continue
        row = books.rows[sent.notification]
        if row.incident is not None:
            of_incidents.append(Told(sent=sent, row=row, numbers=(), person=people[sent.to]))
            continue
        numbers = _spoken_of(sent, books.items(row.id), items)
        if texts.count(sent.text) not in {None, len(numbers)}:
            verdict.fault("words", f"{len(numbers)} items: {sent.text[:160]}")
        told.append(Told(sent=sent, row=row, numbers=numbers, person=people[sent.to]))
    return Court(story=story, items=items, told=told, of_incidents=of_incidents, books=books, verdict=verdict)


def _spoken_of(sent: Sent, numbers: Sequence[str], items: dict[str, Item]) -> list[str]:
    """The items of a message: its own, and those for which it was to speak that still wait, or are named anyway."""
    text = texts.squeezed(sent.text)
    own, *others = numbers
    waiting = {each for each in others if (where := standing(items[each], sent.at)) is not None and where.waits}
    return [own, *(each for each in others if each in waiting or each[-6:] in text)]

"""Cutting an SMS to size: what goes when it is too long, and in which order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from app.domain.recipient import Letters
from app.rendering.sms_segments import GSM7, count_parts, encoding_of, units

SEPTETS_MAX = 160
SEPTETS_OF_TWO_PARTS = 306
PARTS_MAX = 2
UNITS_OF_TWO_PARTS = 134

_NAMES_SHORTENED = (
    ("Filia Urzedu Pocztowego", "FUP"),
    ("Filia Urzędu Pocztowego", "FUP"),
    ("Urzad Pocztowy", "UP"),
    ("Urząd Pocztowy", "UP"),
    ("Agencja Pocztowa", "AP"),
    ("Punkt Pocztowy", "PP"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an item waits: its name stays, street (with town) and hours may go."""

    name: str
    street: str = ""
    hours: str = ""

    def written(self) -> str:
        """`UP Warszawa 32, Targowa 73, pn-pt 8-20`."""
        return ", ".join([part for part in (self.name, self.street, self.hours) if part])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message before it is cut to size, all of it spelled.

    `lead` says the first sentence with one of `items`, which are ever shorter; `place` follows it after `joint`.
    `facts` always stay, and so does the `closing` (the usual one, then a shorter one that says the same). `asides`
    go before any of the place, the last one first; when the place's name would have to be shortened, `extras` go,
    `barest` stands for the item, and `brief` for the facts.
    """

    lead: Callable[[str], str]
    items: Sequence[str] = field(repr=False)
    closing: Sequence[str]
    brief: Sequence[str] = ()
    place: Place | None = None
    joint: str = ": "
    facts: Sequence[str] = ()
    barest: str = field(default="", repr=False)
    asides: Sequence[str] = ()
    extras: Sequence[str] = ()
    phrase: str = field(default="", repr=False)

    def text(self, item: str, place: Place | None, asides: Sequence[str] = ()) -> str:
        """The message with that item, that much of the place and these asides."""
        first = f"{self.lead(item)}{self.joint}{place.written()}" if place else self.lead(item)
        stop = "" if first.endswith(".") else "."
        sentences = (first + stop, *self.facts, *self.extras, *asides, self.phrase, self.closing[0])
        return " ".join([sentence for sentence in sentences if sentence])

    def without_extras(self) -> "Draft":
        """With nothing but what must be said, as briefly as it can be."""
        return replace(self, asides=(), extras=(), closing=self.closing[-1:])

    def bare(self) -> "Draft":
        """The same, with neither the phrase nor more of the item than it takes."""
        items = (self.barest,) if self.barest else self.items[-1:]
        return replace(self.without_extras(), phrase="", items=items, facts=self.brief or self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much room a message has: in GSM-7 one part or, for incidents, two; in the person's own letters two."""

    letters: Letters
    gsm7_parts: int = 1

    def excess(self, text: str) -> int:
        """By how many septets or code units the text is too long; 0 when it fits."""
        if self.letters is Letters.PLAIN:
            return max(len(text) - self._septets, 0)
        if encoding_of(text) == GSM7:
            return max(units(text) - self._septets, 0 if count_parts(text) <= self.gsm7_parts else 1)
        return max(units(text) - UNITS_OF_TWO_PARTS, 0 if count_parts(text) <= PARTS_MAX else 1)

    @property
    def _septets(self) -> int:
        return SEPTETS_MAX if self.gsm7_parts == 1 else SEPTETS_OF_TWO_PARTS


def fitted(draft: Draft, limit: Limit) -> str:
    """The first of ever shorter texts that keeps to the limit.

    The number shrinks to its last six, asides go, then the hours, then the street, then what is good to know besides.
    A phrase of the person's own goes last, and makes room for all that again. Then the place's name is shortened.
    """
    for text in _ever_shorter(draft):
        if not limit.excess(text):
            return text
    return _with_shortened_name(draft.bare(), limit)


def _ever_shorter(draft: Draft) -> Iterator[str]:
    for kept in (draft, replace(draft, phrase="")) if draft.phrase else (draft,):
        yield from _with_less_of_the_place(kept)
        yield from _with_less_of_the_place(kept.without_extras())
    if draft.barest or draft.brief:
        yield from _with_less_of_the_place(draft.bare())


def _with_less_of_the_place(draft: Draft) -> Iterator[str]:
    place, shortest = draft.place, draft.items[-1]
    for asides in _fewer(draft.asides):
        for item in draft.items:
            yield draft.text(item, place, asides)
    if place is not None and place.hours:
        yield draft.text(shortest, Place(name=place.name, street=place.street))
    if place is not None and place.street:
        yield draft.text(shortest, Place(name=place.name))


def _fewer(asides: Sequence[str]) -> Iterator[Sequence[str]]:
    """Without the last one, and so on; then the last one alone, which is usually the shortest; then none."""
    for kept in range(len(asides), 0, -1):
        yield asides[:kept]
    if len(asides) > 1:
        yield asides[-1:]
    yield ()


def _with_shortened_name(draft: Draft, limit: Limit) -> str:
    """The texts leave at least 20 characters for a name; without a place they always fit."""
    item, place = draft.items[0], draft.place
    if place is None:
        return draft.text(item, None)
    name = abbreviated(place.name)
    room = len(name)
    while room > 0:
        text = draft.text(item, Place(name=shortened(name, room)))
        excess = limit.excess(text)
        if not excess:
            return text
        room -= max(excess // 2, 1)  # a character takes up to two units
    return draft.text(item, None)


def shortened(name: str, room: int) -> str:
    """`name` in at most `room` characters: words are left out before a closing number."""
    if len(name) <= room:
        return name
    start, _, end = name.rpartition(" ")
    closing = f".. {end}" if start and len(end) <= 5 and any(char.isdigit() for char in end) else ".."
    end_of_kept = max(room - len(closing), 0)
    kept = name[:end_of_kept]
    whole = kept if name[end_of_kept : end_of_kept + 1] == " " else kept.rpartition(" ")[0]
    return (whole if len(whole) * 3 >= len(kept) * 2 else kept).rstrip(" .,-") + closing


def abbreviated(name: str) -> str:
    """`name` with the kind of office in its usual letters: `UP Warszawa 32`."""
    for long, short in _NAMES_SHORTENED:
        name = name.replace(long, short)
    return name

"""What an SMS is about: the item and its number, whole or as short as people still recognise it."""

from collections.abc import Mapping, Sequence

from app.rendering.catalog import marked
from app.rendering.free_text import plain_number
from app.rendering.notice import Item, Notice
from app.rendering.sms.voice import Voice
from app.rendering.words import SERVICES, UNKNOWN_SERVICE

_END = 6
_SHORT_MAX = 8
_NUMBERS_MAX = 6

_LETTERS = frozenset({"registered_letter", "registered", "letter"})
_PARCELS = frozenset({"parcel", "locker_parcel", "small_packet"})

# Languages with cases need a form of their own for "the last day to collect …" and for "got … already?".
_TO_COLLECT = {"letter": marked("your letter"), "parcel": marked("your parcel"), "item": marked("your item")}
_COLLECTED = {"letter": marked("the letter"), "parcel": marked("the parcel"), "item": marked("the item")}


def named(notice: Notice, voice: Voice) -> tuple[str, ...]:
    """The service with its whole number, then with the last six characters of it."""
    return _numbered(voice.say(SERVICES.get(notice.service or "", UNKNOWN_SERVICE)), notice.number, voice)


def item_named(item: Item, voice: Voice) -> tuple[str, ...]:
    """The same of one item among others."""
    number = plain_number(item.shipment) if item.shipment else ""
    return _numbered(voice.say(SERVICES.get(item.service or "", UNKNOWN_SERVICE)), number, voice)


def named_on(when: str, notice: Notice, voice: Voice) -> tuple[str, ...]:
    """The same, with the day or moment of the report as long as there is room for it."""
    items = named(notice, voice)
    return (*(f"{item}, {when}" for item in items), items[-1])


def items_waiting(notice: Notice, voice: Voice) -> tuple[str, ...]:
    """For a reminder: that it waits, ever shorter; of several at last only how many."""
    say = voice.say
    if not notice.others:
        return (say("AWIZO reminder: %(item)s is still waiting", item=named(notice, voice)[-1]),)
    count = 1 + len(notice.others)
    waiting = say.plural(
        "AWIZO reminder: %(count)s item is still waiting", "AWIZO reminder: %(count)s items are still waiting", count
    )
    return tuple(f"{waiting} {numbers}".rstrip() for numbers in _lists(notice, voice))


def items_to_collect(notice: Notice, voice: Voice) -> tuple[str, ...]:
    """For the eve of the last day: what to collect, ever shorter; of several at last only how many."""
    say = voice.say
    if not notice.others:
        return _numbered(say(_form(_TO_COLLECT, notice)), notice.number, voice)[-1:]
    counted = say.plural("your %(count)s item", "your %(count)s items", 1 + len(notice.others))
    return tuple(f"{counted} {numbers}".rstrip() for numbers in _lists(notice, voice))


def item_collected(notice: Notice, voice: Voice) -> str:
    """What the person may have got already."""
    say = voice.say
    return say(_form(_COLLECTED, notice))


def _form(forms: Mapping[str, str], notice: Notice) -> str:
    service = notice.service or ""
    return forms["letter" if service in _LETTERS else "parcel" if service in _PARCELS else "item"]


def _numbered(service: str, shipment: str, voice: Voice) -> tuple[str, ...]:
    number = voice.spelled(shipment) if shipment else ""
    if not number:
        return (service,)
    full = f"{service} {number}"
    if len(number) <= _SHORT_MAX:
        return (full,)
    say = voice.say
    return full, say("%(service)s no. ..%(end)s", service=service, end=number[-_END:].strip())


def _lists(notice: Notice, voice: Voice) -> Sequence[str]:
    """The items' short numbers in brackets, from as many as there are to one, then nothing."""
    numbers = [short_number(each, voice) for each in (Item(shipment=notice.shipment), *notice.others)]
    known = [number for number in numbers if number]
    shown = range(min(len(known), _NUMBERS_MAX), 0, -1)
    return [*(_list(known[:many], voice, whole=many == len(numbers)) for many in shown), ""]


def _list(numbers: Sequence[str], voice: Voice, *, whole: bool) -> str:
    say, listed = voice.say, ", ".join(numbers)
    return say("(no. %(numbers)s)", numbers=listed) if whole else say("(incl. no. %(numbers)s)", numbers=listed)


def short_number(item: Item, voice: Voice) -> str:
    """The number of an item, of a long one its end: `..456789`; empty when unknown."""
    plain = plain_number(item.shipment) if item.shipment else ""
    number = voice.spelled(plain) if plain else ""
    return number if len(number) <= _SHORT_MAX else f"..{number[-_END:].strip()}"

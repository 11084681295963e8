"""Stories of registered letters: two paper notices, and all that comes between them and the counter."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import holidays

from tests.simulation.parcels import DAY, INCIDENTS, Parcel, wall
from tests.simulation.places import Place

BY_LAW = ("kpa", "ppsa", "op", "kpc", "kpk", "dfp", "unknown")
_DAYS_OFF = holidays.country_holidays("PL")


def letter(parcel: Parcel, day: date, elsewhere: Place) -> None:
    """The life of one letter whose first notice is left on `day`; `elsewhere` is where some are moved to."""
    chance = parcel.chance
    if chance.random() < 0.5:
        parcel.say("registered", wall(day - 2 * DAY, 14), code="P_NAD", stage="accepted")
    if chance.random() < 0.6:
        parcel.say("out_for_delivery", wall(day, 6, 30), code="P_WD")
    if chance.random() < 0.04:
        _incident(parcel, wall(day, 7, 15))
    first_at = wall(day, chance.randrange(8, 17), chance.randrange(60))
    first = _notice(parcel, first_at, 1, _until(parcel, day))
    if chance.random() < 0.3:
        parcel.say("ready_for_pickup", wall(day + DAY, 7, 30), code="P_DKAO", **_where(parcel, day))
    if chance.random() < 0.02:
        parcel.take_back(first, parcel.arrived(first) + timedelta(hours=chance.randrange(1, 50)))
    gone_at = _gone_at(chance, first_at)
    _middle(parcel, first_at, elsewhere)
    _second(parcel, day, gone_at)
    _end(parcel, day, gone_at)
    _noise(parcel)


def _notice(parcel: Parcel, at: datetime, ordinal: int, until: date | None) -> dict[str, Any]:
    pickup = {"from": (at.date() + (DAY if ordinal == 1 else 0 * DAY)).isoformat()}
    pickup |= {"until": until.isoformat()} if until else {}
    regime = {"legal_regime": parcel.regime} if parcel.regime else {}
    paper = (
        {} if parcel.vocabulary else {"notice": {"ordinal": ordinal, "left_at": at.isoformat(), "place": "letterbox"}}
    )
    said = _where(parcel, at.date()) | regime | paper | {"pickup": pickup}
    return parcel.say("notice_left", at, code="P_A" if ordinal == 1 else "P_PA", **said)


def _where(parcel: Parcel, day: date) -> dict[str, Any]:
    return {"facility": parcel.place.described_on(day)}


def _until(parcel: Parcel, day: date) -> date | None:
    kind = parcel.chance.random()
    if parcel.regime in BY_LAW and kind < 0.3:
        return None
    return day + timedelta(days=14 if kind < 0.85 else parcel.chance.choice((7, 10, 12, 15, 16)))


def _gone_at(chance: Random, first_at: datetime) -> datetime | None:
    """When it is collected, refused or taken away again; None when nobody comes."""
    if chance.random() < 0.35:
        return None
    day = first_at.date() + timedelta(days=int(14 * chance.random() ** 1.3))
    return max(wall(day, chance.randrange(8, 19), chance.randrange(60)), first_at + timedelta(hours=2))


def _middle(parcel: Parcel, first_at: datetime, elsewhere: Place) -> None:
    chance = parcel.chance
    if chance.random() < 0.04:
        _incident(parcel, first_at + timedelta(hours=chance.randrange(3, 150)))
    kind = chance.random()
    changes = 1 if kind < 0.07 else chance.randrange(3, 6) if kind < 0.1 else 0
    at = first_at
    for _ in range(changes):
        at += timedelta(hours=chance.randrange(4, 70))
        _change(parcel, at, elsewhere)


def _change(parcel: Parcel, at: datetime, elsewhere: Place) -> None:
    chance = parcel.chance
    until = at.date() + timedelta(days=chance.randrange(4, 16))
    if chance.random() < 0.4:
        parcel.place = elsewhere
        parcel.say("terms_changed", at, change="place_changed", **_where(parcel, at.date()))
    else:
        parcel.say("terms_changed", at, change="extended", pickup={"until": until.isoformat()})


def _second(parcel: Parcel, day: date, gone_at: datetime | None) -> None:
    chance, kind = parcel.chance, parcel.chance.random()
    if kind < 0.12 or (parcel.regime == "postal" and kind < 0.5):
        return
    if kind < 0.17:
        on = day + timedelta(days=chance.randrange(3, 8))
    else:
        on = _working(day + 8 * DAY)
        for _ in range(0 if kind < 0.9 else chance.choice((1, 2, 3))):
            on = _working(on + DAY)
    at = wall(on, chance.randrange(8, 16), chance.randrange(60))
    if gone_at is None or at < gone_at:
        _notice(parcel, at, 2, on + 7 * DAY if chance.random() < 0.7 else None)


def _working(day: date) -> date:
    while day.isoweekday() > 5 or day in _DAYS_OFF:
        day += DAY
    return day


def _end(parcel: Parcel, day: date, gone_at: datetime | None) -> None:
    chance = parcel.chance
    if gone_at is None:
        over = wall(day + timedelta(days=chance.choice((15, 16, 18, 22))), 6)
        if chance.random() < 0.7:
            parcel.say("pickup_expired", over)
        parcel.say("returned", over + DAY, code="P_ZDUN", stage="started")
        return
    kind = chance.random()
    if kind < 0.05:
        parcel.say("refused", gone_at)
        parcel.say("returned", gone_at + DAY, code="P_NDZ", stage="decided")
    elif kind < 0.1:
        parcel.say("out_for_delivery", gone_at, code="P_WD")
        if chance.random() < 0.6:
            back = gone_at + timedelta(hours=9)
            parcel.say("ready_for_pickup", back, code="P_DKAO", **_where(parcel, back.date()))
            _delivered(parcel, back + timedelta(hours=chance.randrange(20, 90)))
    else:
        delivered = _delivered(parcel, gone_at)
        if chance.random() < 0.04:
            taken_back_at = parcel.arrived(delivered) + timedelta(hours=chance.randrange(1, 60))
            parcel.take_back(delivered, taken_back_at)


def _delivered(parcel: Parcel, at: datetime) -> dict[str, Any]:
    return parcel.say("delivered", at, code="P_OWU", mode="collected", delivered_at=at.isoformat())


def _incident(parcel: Parcel, at: datetime) -> None:
    parcel.say(parcel.chance.choices(INCIDENTS, (30, 25, 5, 20, 20))[0], at, reason="unspecified")


def _noise(parcel: Parcel) -> None:
    """What operators' systems do: repeat themselves, and date things by a wrong clock."""
    chance = parcel.chance
    if chance.random() < 0.05:
        parcel.repeat()
    if chance.random() < 0.03:
        parcel.echo()
    if chance.random() < 0.01:
        at = parcel.posts[0].at
        parcel.say_late("registered", at + timedelta(hours=3), at + timedelta(minutes=5), stage="accepted")

"""Stories of parcels in lockers and at collection points, whose operators count hours or days of their own."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.simulation.parcels import DAY, Parcel, wall
from tests.simulation.places import Place


def locker_parcel(parcel: Parcel, day: date, elsewhere: Place) -> None:
    """A parcel that is put into a locker, or brought to a point, on `day`."""
    chance = parcel.chance
    parcel.say("registered", wall(day - 2 * DAY, 18), code="collected_from_sender", stage="accepted")
    parcel.say("out_for_delivery", wall(day, 6), code="out_for_delivery")
    if chance.random() < 0.05:
        parcel.say("attempt_failed", wall(day, 9), code="pickup_reminder_sent_address", reason="absent")
    at = wall(day, chance.randrange(9, 23), chance.randrange(60))
    until = _wait(parcel, at)
    if chance.random() < 0.06:
        longer = until + timedelta(hours=24)
        parcel.say("terms_changed", at + timedelta(hours=10), change="extended", pickup=_pickup(parcel, at, longer))
        until = longer
    _end(parcel, at, until, elsewhere)
    if chance.random() < 0.05:
        parcel.repeat()


def _wait(parcel: Parcel, at: datetime) -> datetime:
    """Say that it waits; until when."""
    until = at.astimezone(UTC) + timedelta(hours=48) if parcel.place.is_locker else at + 4 * DAY
    regime = {"legal_regime": parcel.regime} if parcel.regime else {}
    said: dict[str, Any] = {"facility": parcel.place.described_on(at.date()), "pickup": _pickup(parcel, at, until)}
    kind = "locker" if parcel.place.is_locker else "point"
    code = "ready_to_pickup" if parcel.place.is_locker else "ready_to_pickup_from_pok"
    place = {} if parcel.vocabulary else {"place": kind}
    parcel.say("ready_for_pickup", at, code=code, **said, **regime, **place)
    return until


def _pickup(parcel: Parcel, at: datetime, until: datetime) -> dict[str, str]:
    if parcel.place.is_locker:
        return {"from": at.isoformat(), "until": until.isoformat()}
    return {"from": at.date().isoformat(), "until": until.date().isoformat()}


def _end(parcel: Parcel, at: datetime, until: datetime, elsewhere: Place) -> None:
    chance = parcel.chance
    kind = chance.random()
    if kind < 0.7:
        taken_at = at + (until - at) * chance.random()
        parcel.say("delivered", taken_at, code="delivered", mode="locker", delivered_at=taken_at.isoformat())
        return
    parcel.say("pickup_expired", until + timedelta(minutes=10), code="pickup_time_expired")
    if kind < 0.78:
        parcel.place = elsewhere
        _wait(parcel, until + timedelta(hours=12))
        return
    parcel.say("returned", until + DAY, code="returned_to_sender", stage="started")

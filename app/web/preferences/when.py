"""When messages come: quiet hours, and a pause until a day."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from app.domain.calendar import local_day
from app.domain.own_choices import Pause, SetSettings
from app.domain.quiet_hours import QuietHours, QuietRule
from app.web.catalog import speaker
from app.web.preferences.cookies import Change
from app.web.preferences.forms import Form
from app.web.preferences.settings import PAUSE_DAYS_MAX, pause_fields, pause_typed, quiet_fields, quiet_typed
from app.web.preferences.visits import HOME, Visit, changed, doing, seeing, shown
from app.web.preferences.words import pause_in_words

router = APIRouter(include_in_schema=False)


@router.api_route("/preferences/quiet", methods=["GET", "HEAD"])
async def quiet(request: Request) -> Response:
    """The form of quiet hours."""

    async def show(visit: Visit) -> Response:
        return _quiet_page(visit, quiet_fields(visit.person.quiet_hours))

    return await seeing(request, show)


@router.post("/preferences/quiet")
async def set_quiet(request: Request) -> Response:
    """Keep the quiet hours."""

    async def act(visit: Visit, form: Form) -> Response:
        fields = {name: form.one(name) for name in ("rule", "from", "to")}
        hours = quiet_typed(fields["rule"], fields["from"], fields["to"])
        if hours is None:
            say = speaker(visit.language)
            return _quiet_page(visit, fields, mistake=say("Write two different times, such as 21:00 and 7:30."))
        await visit.services.database.transact(
            lambda tx: visit.change(tx, SetSettings(quiet_hours=hours), act="quiet_hours", rule=hours.rule.value)
        )
        change = Change(what="quiet", now=quiet_fields(hours), was=quiet_fields(visit.person.quiet_hours))
        return changed(visit, f"{HOME}/quiet", change)

    return await doing(request, act)


def _quiet_page(visit: Visit, fields: dict[str, str], *, mistake: str = "") -> Response:
    usual = quiet_fields(QuietHours(rule=QuietRule.OWN))
    mistakes = (("from", mistake),) if mistake else ()
    return shown(visit, "quiet.html", 422 if mistake else 200, fields=usual | fields, mistakes=mistakes)


@router.api_route("/preferences/pause", methods=["GET", "HEAD"])
async def pause(request: Request) -> Response:
    """The form of the pause."""

    async def show(visit: Visit) -> Response:
        return _pause_page(visit, "")

    return await seeing(request, show)


@router.post("/preferences/pause")
async def set_pause(request: Request) -> Response:
    """Pause all messages about items until a day; without a day, end the pause."""

    async def act(visit: Visit, form: Form) -> Response:
        person, typed = visit.person, form.one("until")
        until = pause_typed(typed, person.time_zone, now=visit.now) if typed else None
        if (typed or form.one("begin")) and until is None:
            say = speaker(visit.language)
            return _pause_page(visit, typed, mistake=say("Choose a day from tomorrow on, within a year."))
        now = pause_fields(until, person.time_zone, now=visit.now)
        await visit.services.database.transact(lambda tx: visit.change(tx, Pause(until=until), act="pause", **now))
        was = pause_fields(person.paused_until, person.time_zone, now=visit.now)
        return changed(visit, f"{HOME}/pause", Change(what="pause", now=now, was=was))

    return await doing(request, act)


def _pause_page(visit: Visit, typed: str, *, mistake: str = "") -> Response:
    person, say = visit.person, speaker(visit.language)
    today = local_day(visit.now, person.time_zone)
    is_paused = person.paused_until is not None and person.paused_until > visit.now
    return shown(
        visit,
        "pause.html",
        422 if mistake else 200,
        is_paused=is_paused,
        standing=pause_in_words(person.paused_until, person.time_zone, visit.language, say, now=visit.now),
        typed=typed,
        first=(today + timedelta(days=1)).isoformat(),
        last=(today + timedelta(days=PAUSE_DAYS_MAX)).isoformat(),
        mistakes=(("until", mistake),) if mistake else (),
    )

"""The code that a person shows to an operator, which then knows whose contact points and consents these are."""

from fastapi import APIRouter, Request, Response

from app.domain.calendar import zone
from app.storage.database import Tx
from app.usecases.bind_recipient import BindCode, make_bind_code
from app.web.preferences.forms import Form
from app.web.preferences.visits import HOME, Visit, doing, redirect, seeing, shown

router = APIRouter(include_in_schema=False)

PATH = f"{HOME}/bind-code"


@router.api_route("/preferences/bind-code", methods=["GET", "HEAD"])
async def ask(request: Request) -> Response:
    """What the code is for, and the button that makes one; to look at the page makes none."""

    async def show(visit: Visit) -> Response:
        return shown(visit, "bind_code.html", is_proven=visit.is_proven)

    return await seeing(request, show)


@router.post("/preferences/bind-code")
async def make(request: Request) -> Response:
    """Make a code and show it on this very page, because it stands nowhere else; one from before is worthless.

    As an operator learns contact points by it, it needs a fresh code of the person's own.
    """

    async def act(visit: Visit, _form: Form) -> Response:
        if not visit.is_proven:
            return redirect(request, f"{HOME}/again", then="bind-code")

        async def new_code(tx: Tx) -> BindCode:
            await visit.hold(tx)
            return await make_bind_code(tx, visit.record.id, surroundings=visit.services.surroundings)

        made = await visit.services.database.transact(new_code)
        until = made.expires_at
        return shown(visit, "bind_code_made.html", code=made.code, until=until, zone=zone(visit.person.time_zone))

    return await doing(request, act)

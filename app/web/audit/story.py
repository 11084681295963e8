"""The story of one item, closed for everybody who may read it, open for who says why."""

import base64
from collections.abc import Collection
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.reason import REASON_MAX
from app.rendering.catalog import marked
from app.rendering.dates import day_of_list
from app.storage.database import Tx
from app.usecases.find_record import operator_of
from app.usecases.read_access import seal_reading
from app.usecases.read_story import Story, read_story
from app.web.audit.browser_script import POLICY, SCRIPT
from app.web.audit.view import ZONE, story_view, to_the_second
from app.web.audit.visits import AuditVisit, doing, not_found, reason_in, seeing, shown, unsealable
from app.web.audit.words import LANES
from app.web.catalog import speaker
from app.web.preferences.forms import Form

router = APIRouter(include_in_schema=False)

NO_REASON = marked("Say why you open the fields, in at most %(most)s characters.")
_NOTHING: Collection[str] = frozenset()


@router.api_route("/audit/story/{record:uuid}", methods=["GET", "HEAD"])
async def story(request: Request, record: UUID) -> Response:
    """The story with all of its sealed fields closed: that shows nothing personal, so it leaves no fact."""

    async def show(visit: AuditVisit) -> Response:
        found = await _read(visit, record, _NOTHING)
        return not_found(request) if found is None else _page(visit, record, found)

    return await seeing(request, show)


@router.post("/audit/story/{record:uuid}")
async def open_story(request: Request, record: UUID) -> Response:
    """The same with its fields open. Who opens them, and why, is sealed before they are shown."""

    async def act(visit: AuditVisit, form: Form) -> Response:
        closed = await _read(visit, record, _NOTHING)
        if closed is None:
            return not_found(request)
        reason = reason_in(form)
        if reason is None:
            wrong = (("reason", speaker(visit.language)(NO_REASON, most=str(REASON_MAX))),)
            return _page(visit, record, closed, status=422, mistakes=wrong)
        if not visit.can_be_sealed:
            return unsealable(request)
        await seal(visit, closed.operator, closed.people, reason)
        opened = await _read(visit, record, None)
        if opened is None:
            return not_found(request)
        if newcomers := opened.people - closed.people:  # who was told something between the two looks
            await seal(visit, opened.operator, newcomers, reason)
        return _page(visit, record, opened, reason=reason)

    return await doing(request, act)


async def seal(visit: AuditVisit, operator: str, people: Collection[UUID], reason: str) -> None:
    """Put on record that the auditor reads proofs about these people, in a transaction of its own."""
    reading = visit.reading("proof", reason)
    sealing = partial(seal_reading, operator=operator, people=people, reading=reading)
    await visit.services.database.transact(partial(sealing, surroundings=visit.services.surroundings))


async def _read(visit: AuditVisit, record: UUID, opened: Collection[str] | None) -> Story | None:
    async with visit.services.database.read() as tx:
        operator = await _operator(tx, visit, record)
        if operator is None:
            return None
        return await read_story(tx, record, operator, opened=opened, proving=visit.proving)


async def _operator(tx: Tx, visit: AuditVisit, record: UUID) -> str | None:
    """Whose record it is; None alike when there is none and when it is foreign."""
    operator = await operator_of(tx, record)
    return operator if operator is not None and visit.caller.may_act_for(operator) else None


def _page(
    visit: AuditVisit,
    record: UUID,
    found: Story,
    *,
    status: int = 200,
    reason: str = "",
    mistakes: tuple[tuple[str, str], ...] = (),
) -> Response:
    """The page; open proofs travel in it, so that none is read, and put on record, a second time."""
    view, root = story_view(found, visit.language), visit.request.scope.get("root_path", "")
    carried = [base64.b64encode(each.bundle.data).decode() for each in found.told if each.bundle and reason]
    proofs = [str(each.notification.id) for each in found.told if each.bundle]
    return shown(
        visit,
        "story.html",
        status,
        headers={"Content-Security-Policy": POLICY},
        record=record,
        view=view,
        lanes=LANES,
        zone=ZONE,
        day_of_list=day_of_list,
        to_the_second=to_the_second,
        reason=reason,
        reason_max=REASON_MAX,
        mistakes=mistakes,
        script=SCRIPT,
        carried=carried,
        sources=[] if reason else [f"{root}/audit/proof/{each}" for each in proofs],
        keys=[f"{root}/log/vkey", *(f"{root}/log/{shard}/vkey" for shard in view.shards)],
    )

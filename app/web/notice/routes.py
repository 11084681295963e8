"""The page's addresses: looking, saying something, and the day for a calendar.

The token is the authority, so whoever holds the link may use it and nobody else can; there is no session that another
site could ride on. GET and HEAD change nothing, because scanners and previews follow links.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import assert_never
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.statement import Statement, StatementKind
from app.rendering.catalog import letter_speaker, marked
from app.rendering.letter.parts import Draft, items
from app.rendering.letter.place import place_in_a_line, place_of
from app.rendering.letter.term import last_day
from app.rendering.notice import Notice
from app.storage.database import CommitUnknownError, DatabaseUnavailableError
from app.usecases.notice_link import notification_of_notice
from app.usecases.read_notice import NoticeNow, Unreadable, read_notice
from app.usecases.say_about_notice import Recorded, Saying, Unsaid, say_about_notice
from app.web.body import read_body
from app.web.catalog import speaker
from app.web.notice.answers import answers_of, wording_of
from app.web.notice.calendar import MEDIA_TYPE, calendar_file
from app.web.notice.view import notice_view
from app.web.pages import PAGE_HEADERS, address, commit_unknown, message_page, page, page_language
from app.web.services import services_of
from app.web.transport import transport_headers

router = APIRouter(include_in_schema=False)

Show = Callable[[NoticeNow], Response]


@router.api_route("/n/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str, said: str = "") -> Response:
    """The notice as it stands now; with `said`, the receipt for what was said. Changes nothing, however often."""

    def answer(found: NoticeNow) -> Response:
        statement = next((one for kind, one in found.said.items() if kind == said), None)
        return _notice(request, token, found) if statement is None else _receipt(request, token, found, statement)

    return await _with_notice(request, token, answer)


@router.api_route("/n/{token}/calendar.ics", methods=["GET", "HEAD"])
async def calendar(request: Request, token: str) -> Response:
    """The last safe day as a calendar file; 404 where there is none any more."""

    def answer(found: NoticeNow) -> Response:
        notice = _in_language(request, found)
        day, draft = last_day(notice), _draft(notice)
        place = place_of(draft)
        if day is None or found.known is None or not found.known.waits:
            return message_page(
                request,
                404,
                marked("There is no day to put into a calendar"),
                marked("The item no longer waits, or nobody has said until when."),
            )
        services = services_of(request)
        mac = services.database.vault.mac(
            "calendar", found.recipient.id.bytes, found.notification.shipment_index or b""
        )
        file = calendar_file(
            uid=UUID(bytes=mac[:16]),
            day=day,
            place=place_in_a_line(place) if place else "",
            say=speaker(notice.language),
            now=services.surroundings.clock(),
        )
        named = {"Content-Disposition": 'attachment; filename="awizo.ics"'}
        return Response(file, headers=PAGE_HEADERS | transport_headers(request) | named, media_type=MEDIA_TYPE)

    return await _with_notice(request, token, answer)


@router.post("/n/{token}")
async def say(request: Request, token: str) -> Response:
    """Record one answer for good, then lead to its receipt. Repeating it records nothing and leads there as well."""
    services = services_of(request)

    async def record(notification: UUID) -> Response:
        kind = _asked_for(await read_body(request) or b"")
        if kind is None:
            return _not_understood(request)
        async with services.database.read() as tx:
            found = await read_notice(tx, notification, now=services.surroundings.clock())
        if isinstance(found, Unreadable):
            return _unreadable(request, found)
        language = page_language(request, found.recipient.language)
        button = speaker(language)(wording_of(kind, found.notification.kind).button)
        saying = Saying(kind=kind, words=button, language=language)
        told = await services.database.transact(
            lambda tx: say_about_notice(tx, notification, saying, surroundings=services.surroundings)
        )
        match told:
            case Unsaid.NOBODY:
                return _unreadable(request, Unreadable.GONE)
            case Unsaid.NOT_ASKED:
                return _not_understood(request)
            case Recorded(is_new=is_new):
                if is_new:
                    services.metrics.statements.labels(kind).inc()
                there = address(request, f"/n/{token}", said=kind)
                return Response(
                    status_code=303, headers=PAGE_HEADERS | transport_headers(request) | {"Location": there}
                )
            case _:
                assert_never(told)

    return await _with_token(request, token, record)


def _asked_for(body: bytes) -> StatementKind | None:
    """Which answer a form gives, None when it is none."""
    given = parse_qs(body.decode("utf-8", "replace")).get("answer", [])
    return StatementKind(given[0]) if len(given) == 1 and given[0] in set(StatementKind) else None


async def _with_notice(request: Request, token: str, answer: Show) -> Response:
    """What `answer` makes of the notice that a genuine token opens."""
    services = services_of(request)

    async def look(notification: UUID) -> Response:
        async with services.database.read() as tx:
            found = await read_notice(tx, notification, now=services.surroundings.clock())
        return _unreadable(request, found) if isinstance(found, Unreadable) else answer(found)

    return await _with_token(request, token, look)


async def _with_token(request: Request, token: str, answer: Callable[[UUID], Awaitable[Response]]) -> Response:
    """What `answer` says about a genuine token; a page that says why not, for any other or while we cannot keep it."""
    services = services_of(request)
    if services.log_watch.fault is not None:
        return _unavailable(request, retry_after=60)
    notification = notification_of_notice(services.database.vault, token)
    if notification is None:
        return _unreadable(request, Unreadable.UNKNOWN)
    try:
        return await answer(notification)
    except CommitUnknownError:
        return commit_unknown(request)
    except DatabaseUnavailableError:
        return _unavailable(request, retry_after=2)


def _in_language(request: Request, found: NoticeNow) -> Notice:
    return replace(found.notice, language=page_language(request, found.recipient.language))


def _draft(notice: Notice) -> Draft:
    return Draft(notice=notice, today=notice.happened_on, say=letter_speaker(notice.language))


def _notice(request: Request, token: str, found: NoticeNow) -> Response:
    notice = _in_language(request, found)
    view = notice_view(found, notice)
    return page(
        request,
        "notice/notice.html",
        language=found.recipient.language,
        view=view,
        answers=answers_of(found),
        zone=notice.zone,
        here=f"/n/{token}",
        has_day=view.place is not None and last_day(notice) is not None,
    )


def _receipt(request: Request, token: str, found: NoticeNow, statement: Statement) -> Response:
    notice = _in_language(request, found)
    return page(
        request,
        "notice/receipt.html",
        language=found.recipient.language,
        wording=wording_of(statement.kind, notice.kind),
        statement=statement,
        items=_items(notice),
        operator=notice.operator,
        zone=notice.zone,
        here=f"/n/{token}",
    )


def _items(notice: Notice) -> list[tuple[str, str]]:
    """What the notice is about, one row each, under the name of all."""
    sections = items(_draft(notice))
    return [(section.title, line) for section in sections for line in section.lines[: 1 + len(notice.others)]]


def _unreadable(request: Request, why: Unreadable) -> Response:
    match why:
        case Unreadable.UNKNOWN:
            return message_page(
                request,
                404,
                marked("This link does not work"),
                marked(
                    "Part of the address may be missing. "
                    "Open the link in the e-mail once more, from the message itself."
                ),
                marked("The paper notice stays as before."),
            )
        case Unreadable.GONE:
            return message_page(
                request,
                410,
                marked("This notice is no longer kept"),
                marked("We keep notices for a limited time, and no longer when somebody asks us to delete their data."),
                marked("The paper notice stays as before. The operator can tell you where the item is."),
            )
        case _:
            assert_never(why)


def _not_understood(request: Request) -> Response:
    return message_page(
        request,
        422,
        marked("We cannot record this answer"),
        marked("Nothing has changed."),
        marked("Open the link from the e-mail again and use the button on the page."),
    )


def _unavailable(request: Request, *, retry_after: int) -> Response:
    return message_page(
        request,
        503,
        marked("We cannot show or record anything right now"),
        marked("Nothing has changed."),
        marked("Try again in a few minutes. The link from the e-mail stays valid."),
        headers={"Retry-After": str(retry_after)},
    )

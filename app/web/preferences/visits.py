"""Who is at a page and may do what there: sessions, forms that only our own pages can have posted, designed errors."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.domain.contact_value import masked
from app.domain.own_choices import Choice
from app.domain.recipient import Recipient
from app.evidence.canonical import canonical_json
from app.rendering.catalog import marked
from app.rendering.words import OPERATORS
from app.storage import recipients as recipient_store
from app.storage import sessions as session_store
from app.storage.database import CommitUnknownError, DatabaseUnavailableError, Tx
from app.storage.recipients import RecipientRecord
from app.usecases.change_own_record import Changed, Said, change_own_record
from app.usecases.send_codes import Confirming
from app.usecases.sessions import Visitor, digest_of, needs_noting, visitor_of
from app.web.pages import address, message_page, page, page_language
from app.web.preferences.changes import ChangeBox, change_box
from app.web.preferences.cookies import (
    Change,
    change_of,
    end_token,
    forget_change,
    form_token,
    is_form_token,
    is_from_elsewhere,
    set_change,
    token_of,
)
from app.web.preferences.forms import Form, read_form
from app.web.services import WebServices, services_of

HOME = "/preferences"
SEE_OTHER = 303


class NobodyThereError(Exception):
    """The person whose session it is was erased a moment ago; nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of somebody with a session. `person` is whose record is open."""

    request: Request
    services: WebServices
    token: str = field(repr=False)
    visitor: Visitor
    record: RecipientRecord
    person: Recipient
    now: datetime

    @property
    def language(self) -> str:
        """The language of the page."""
        return page_language(self.request, self.person.language)

    @property
    def is_proven(self) -> bool:
        """Whether the person gave a code within the last ten minutes."""
        return self.visitor.is_proven(self.now)

    async def change(self, tx: Tx, choice: Choice, **said: str | bool | None) -> Changed:
        """Do what the person chose, sealed with what they said, in the language in which they said it.

        Raises NobodyThereError when they were erased after the page had read who they are.
        """
        statement = canonical_json({**said, "language": self.language, "method": "preferences"})
        contact = self.visitor.contact.id if self.visitor.contact else None
        confirming = Confirming(limits=self.services.code_limits, surroundings=self.services.surroundings)
        changed = await change_own_record(
            tx, self.record.id, choice, said=Said(statement=statement, contact=contact), confirming=confirming
        )
        if changed is None:
            raise NobodyThereError
        return changed

    async def hold(self, tx: Tx) -> None:
        """Keep the person from being erased until the transaction ends. Raises NobodyThereError when they were."""
        held = await recipient_store.by_ids(tx, [self.record.id], lock=True, for_update=True)
        if self.record.id not in held or held[self.record.id].recipient is None:
            raise NobodyThereError


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What every page of a signed-in person shows. `contact` is masked; `form` goes into each form."""

    operator: str
    contact: str | None = field(repr=False)
    several: bool
    form: str = field(repr=False)
    change: ChangeBox | None = field(repr=False)


Answer = Callable[[Visit], Awaitable[Response]]
Act = Callable[[Visit, Form], Awaitable[Response]]


async def answered(request: Request, answer: Callable[[], Awaitable[Response]]) -> Response:
    """What `answer` says, or why nothing can be said or kept just now."""
    if services_of(request).log_watch.fault is not None:
        return unavailable(request, retry_after=60)
    try:
        return await answer()
    except CommitUnknownError:
        return message_page(
            request,
            503,
            marked("We do not know whether your change was kept"),
            marked("Look at your settings in a minute. If the change is missing, make it once more."),
            headers={"Retry-After": "60"},
        )
    except DatabaseUnavailableError:
        return unavailable(request, retry_after=2)


async def seeing(request: Request, show: Answer) -> Response:
    """A page of the person who is signed in; without a session, the page on which one signs in."""

    async def answer() -> Response:
        visit = await _visit(request)
        return await show(visit) if isinstance(visit, Visit) else visit

    return await answered(request, answer)


async def posting(request: Request, act: Callable[[Form], Awaitable[Response]]) -> Response:
    """What somebody does by a form that no other site has sent."""

    async def answer() -> Response:
        if is_from_elsewhere(request):
            return refused(request)
        form = await read_form(request)
        return unreadable(request) if form is None else await act(form)

    return await answered(request, answer)


async def doing(request: Request, act: Act) -> Response:
    """What the person who is signed in does by one of our own forms."""

    async def answer(form: Form) -> Response:
        visit = await _visit(request)
        if not isinstance(visit, Visit):
            return visit
        if not is_form_token(request, visit.token, form.one("form")):
            return refused(request)
        try:
            return await act(visit, form)
        except NobodyThereError:
            return session_over(request)

    return await posting(request, answer)


async def _visit(request: Request) -> Visit | Response:
    """Who is at the page, or where to go instead."""
    services, token = services_of(request), token_of(request)
    now = services.surroundings.clock()
    if token is None:
        return redirect(request, HOME)
    visitor = await visitor_at(request, token)
    if visitor is None:
        return session_over(request)
    if needs_noting(visitor.session, now=now):
        await services.database.transact(lambda tx: session_store.seen(tx, digest_of(token), now=now))
    record = visitor.record
    if record is None or record.recipient is None:
        return redirect(request, f"{HOME}/whose")
    return Visit(
        request=request,
        services=services,
        token=token,
        visitor=visitor,
        record=record,
        person=record.recipient,
        now=now,
    )


async def visitor_at(request: Request, token: str) -> Visitor | None:
    """Who has the session of that token."""
    services = services_of(request)
    async with services.database.read() as tx:
        return await visitor_of(tx, token, now=services.surroundings.clock())


def session_over(request: Request) -> Response:
    """To the page on which one signs in, which says why."""
    return end_token(redirect(request, HOME, ended="yes"))


def shown(visit: Visit, template: str, status: int = 200, **context: Any) -> Response:
    """A page of somebody who is signed in. What was changed on the page before is said on it, once."""
    change = change_of(visit.request)
    here = Here(
        operator=OPERATORS.get(visit.person.operator, visit.person.operator),
        contact=masked(visit.visitor.contact.channel, visit.visitor.contact.value) if visit.visitor.contact else None,
        several=len(visit.visitor.people) > 1,
        form=form_token(visit.request, visit.token),
        change=change_box(change, visit.person, visit.language) if change else None,
    )
    response = page(
        visit.request, f"preferences/{template}", status, language=visit.person.language, here=here, **context
    )
    return forget_change(response) if change else response


def redirect(request: Request, path: str, **query: str) -> Response:
    """Go on there with a GET, so that nothing is sent twice by reloading a page."""
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(address(request, path, **query), SEE_OTHER, headers)


def changed(visit: Visit, path: str, change: Change | None) -> Response:
    """Go on to a page that says what was changed, if anything was."""
    response = redirect(visit.request, path)
    return set_change(response, change) if change and change.now != change.was else response


def refused(request: Request) -> Response:
    """A form that none of our pages has sent, or one of a session that has ended since."""
    return message_page(
        request,
        403,
        marked("We cannot accept this form"),
        marked("Nothing has changed."),
        marked("It did not come from a page of yours that is still open. Open your settings and try once more."),
    )


def unreadable(request: Request) -> Response:
    """A form that cannot be read."""
    return message_page(
        request, 400, marked("We cannot accept this form"), marked("Nothing has changed."), marked("Try once more.")
    )


def unavailable(request: Request, *, retry_after: int) -> Response:
    """Nothing can be read or kept just now."""
    return message_page(
        request,
        503,
        marked("Your settings cannot be opened right now"),
        marked("Nothing has changed."),
        marked("Try again in a few minutes. Messages are sent as you last set them."),
        headers={"Retry-After": str(retry_after)},
    )


def not_found(request: Request) -> Response:
    """There is no such page, or not for this person."""
    return message_page(
        request,
        404,
        marked("There is nothing at this address"),
        marked("Nothing has changed."),
        marked("Open your settings and choose from there."),
    )

"""The one search field. What is looked for stands in the body of a POST, never in an address."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.names import is_name
from app.domain.notification import Notification
from app.domain.reason import REASON_MAX
from app.rendering.catalog import marked
from app.storage.search import Search
from app.usecases.find_record import owned, record_by_leaf, record_of_shipment
from app.usecases.search_notifications import seal_search, search_notifications
from app.web.audit.terms import Term, read_term
from app.web.audit.view import ZONE
from app.web.audit.visits import HOME, AuditVisit, doing, reason_in, shown, unsealable
from app.web.audit.words import Told, told_in_words
from app.web.catalog import speaker
from app.web.preferences.forms import Form
from app.web.preferences.visits import redirect

router = APIRouter(include_in_schema=False)

PAGE = 50

WRITE_SOMETHING = marked("Write a number, a name or an address to look for.")
CHOOSE_OPERATOR = marked("Say whose it is: numbers and names are an operator's own.")
NOT_YOURS = marked("This key may not read that operator's records.")
SAY_WHY = marked(
    "There is no item of that name. If it is a person, a phone number or an e-mail address, say why you ask."
)
TOO_LONG = marked("A reason has at most 1,000 characters.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, as the form shows it again, and what is wrong with it: pairs of a field's id and a text."""

    term: str = field(repr=False)
    operator: str
    reason: str = field(repr=False)
    mistakes: tuple[tuple[str, str], ...] = ()
    found_nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What was told to whom the term names. `older` is where the next page goes on."""

    told: tuple[Told, ...]
    older: str


@router.api_route("/audit/search", methods=["GET", "HEAD"])
async def search_again(request: Request) -> Response:
    """A result is no address: going back to one leads to the search."""
    return redirect(request, HOME)


@router.post("/audit/search")
async def search(request: Request) -> Response:
    """Lead to the record that is meant, or list what was told to the person who is."""

    async def act(visit: AuditVisit, form: Form) -> Response:
        term, operator = read_term(form.one("term")), _operator(visit, form)
        asked = Asked(term=form.one("term"), operator=operator, reason=form.one("reason"))
        wrong = _mistake(visit, term, asked)
        if wrong is not None:
            return _again(visit, asked, wrong)
        found = await _record(visit, term, operator)
        if found is not None:
            return redirect(request, f"{HOME}/story/{found}")
        if not (term.needs_operator and operator):
            return _nothing(visit, asked)
        return await _people(visit, term, asked, form)

    return await doing(request, act)


def _operator(visit: AuditVisit, form: Form) -> str:
    """Whose names the term is one of: the only operator of the key, or the one that was chosen."""
    own = visit.caller.operators
    return next(iter(own)) if own is not None and len(own) == 1 else form.one("operator")


def _mistake(visit: AuditVisit, term: Term, asked: Asked) -> tuple[str, str] | None:
    if not term.is_anything:
        return "term", WRITE_SOMETHING
    if asked.operator and not (is_name(asked.operator) and visit.caller.may_act_for(asked.operator)):
        return "operator", NOT_YOURS
    if term.needs_operator and not asked.operator:
        return "operator", CHOOSE_OPERATOR
    return ("reason", TOO_LONG) if len(asked.reason) > REASON_MAX else None


async def _record(visit: AuditVisit, term: Term, operator: str) -> UUID | None:
    async with visit.services.database.read() as tx:
        named = term.id
        if term.leaf is not None:
            named = await record_by_leaf(tx, term.leaf)
        found = await owned(tx, named, visit.caller)
        if found is None and term.name is not None and operator:
            found = await record_of_shipment(tx, operator, term.name)
    return found


async def _people(visit: AuditVisit, term: Term, asked: Asked, form: Form) -> Response:
    """What was told to the person whom the term names; that somebody asked is sealed before they are answered."""
    reason = reason_in(form)
    if reason is None:
        return _again(visit, asked, ("reason", SAY_WHY))
    if not visit.can_be_sealed:
        return unsealable(visit.request)
    before = _position(form.one("before"))
    for search in _searches(term, asked.operator):
        reading, database = visit.reading("search", reason), visit.services.database
        await seal_search(database, search, reading, surroundings=visit.services.surroundings)
        async with database.read() as tx:
            found = await search_notifications(tx, search, before=before, limit=PAGE)
        if found.notifications or found.following:
            older = _cursor(found.following) if found.following else ""
            return shown(visit, "people.html", asked=asked, people=_told(visit, found.notifications, older), zone=ZONE)
    return _nothing(visit, asked)


def _searches(term: Term, operator: str) -> list[Search]:
    searches = []
    if term.contact is not None:
        searches.append(Search(operators=(operator,), contact=term.contact))
    if term.name is not None:
        searches.append(Search(operators=(operator,), recipient=term.name))
    return searches


def _told(visit: AuditVisit, found: Sequence[Notification], older: str) -> People:
    say = speaker(visit.language)
    return People(told=tuple(told_in_words(each, say) for each in found), older=older)


def _again(visit: AuditVisit, asked: Asked, wrong: tuple[str, str]) -> Response:
    said = (wrong[0], speaker(visit.language)(wrong[1]))
    again = Asked(term=asked.term, operator=asked.operator, reason=asked.reason, mistakes=(said,))
    return shown(visit, "search.html", 422, asked=again)


def _nothing(visit: AuditVisit, asked: Asked) -> Response:
    again = Asked(term=asked.term, operator=asked.operator, reason=asked.reason, found_nothing=True)
    return shown(visit, "search.html", 404, asked=again)


def _cursor(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def _position(cursor: str) -> UUID | None:
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor.encode("ascii") + b"==")) if cursor else None
    except ValueError:
        return None

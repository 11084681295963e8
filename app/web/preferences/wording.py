"""How messages are written: their language, the letters of SMS, and a few words of the person's own in each."""

from fastapi import APIRouter, Request, Response

from app.domain.own_choices import SetSettings
from app.domain.recipient import LANGUAGES, Letters, Recipient
from app.rendering.safety_phrase import LENGTH_MAX, PhraseFault, safety_phrase
from app.web.catalog import speaker
from app.web.pages import LANGUAGE_NAMES
from app.web.preferences.cookies import Change
from app.web.preferences.forms import Form
from app.web.preferences.visits import HOME, Visit, changed, doing, seeing, shown
from app.web.preferences.words import LETTERS

router = APIRouter(include_in_schema=False)


@router.api_route("/preferences/wording", methods=["GET", "HEAD"])
async def wording(request: Request) -> Response:
    """The form."""

    async def show(visit: Visit) -> Response:
        return _page(visit, _fields(visit.person))

    return await seeing(request, show)


@router.post("/preferences/wording")
async def set_wording(request: Request) -> Response:
    """Keep the three settings, as far as they changed; the form that takes a change back says only those that did."""

    async def act(visit: Visit, form: Form) -> Response:
        was = _fields(visit.person)
        now = {name: form.one(name) if name in form.fields else kept for name, kept in was.items()}
        phrase = safety_phrase(now["phrase"]) if now["phrase"] else ""
        if isinstance(phrase, PhraseFault):
            return _page(visit, now, fault=phrase)
        if now["language"] not in LANGUAGES or now["letters"] not in set(Letters):
            return _page(visit, was)
        now["phrase"] = phrase
        choice = SetSettings(
            language=now["language"] if now["language"] != was["language"] else None,
            letters=Letters(now["letters"]) if now["letters"] != was["letters"] else None,
            safety_phrase=phrase if phrase != was["phrase"] else None,
        )
        await visit.services.database.transact(lambda tx: visit.change(tx, choice, act="wording"))
        before = {name: kept for name, kept in was.items() if kept != now[name]}
        change = Change(what="wording", now=now, was=before) if before else None
        return changed(visit, f"{HOME}/wording", change)

    return await doing(request, act)


def _fields(person: Recipient) -> dict[str, str]:
    return {"language": person.language, "letters": person.letters.value, "phrase": person.safety_phrase or ""}


def _page(visit: Visit, fields: dict[str, str], *, fault: PhraseFault | None = None) -> Response:
    say = speaker(visit.language)
    match fault:
        case None:
            mistakes: tuple[tuple[str, str], ...] = ()
        case PhraseFault.NOT_VISIBLE:
            mistakes = (("phrase", say("At most %(count)s letters and signs, on one line.", count=str(LENGTH_MAX))),)
        case PhraseFault.LINK:
            mistakes = (("phrase", say("It must not look like an address, a link or a phone number.")),)
        case PhraseFault.CODE:
            mistakes = (("phrase", say("It must not look like one of our codes.")),)
    return shown(
        visit,
        "wording.html",
        422 if fault else 200,
        fields=fields,
        names=[(each, LANGUAGE_NAMES[each]) for each in LANGUAGES],
        letters=[(each.value, LETTERS[each]) for each in Letters],
        mistakes=mistakes,
    )

"""What one agrees to, read before agreeing: one text, one purpose, one channel at a time."""

from fastapi import APIRouter, Request, Response

from app.domain.consent_texts import published_texts
from app.web.preferences.cookies import set_change
from app.web.preferences.forms import Form
from app.web.preferences.messages import PATH, change_of_boxes, granted, set_consent
from app.web.preferences.visits import HOME, Visit, changed, doing, redirect, seeing, shown
from app.web.preferences.words import CHANNELS, PURPOSES, Box, box_name, boxes_named

router = APIRouter(include_in_schema=False)


@router.api_route("/preferences/agree", methods=["GET", "HEAD"])
async def agree(request: Request, want: str = "") -> Response:
    """The text of the first of what is wanted and not agreed to yet, in the language of the person's messages."""

    async def show(visit: Visit) -> Response:
        waiting = _waiting(visit, want)
        if not waiting:
            return redirect(request, PATH)
        channel, purpose = waiting[0]
        texts = published_texts()
        text = texts.find(texts.newest, visit.person.language, channel, purpose)
        if text is None:
            raise LookupError("a purpose has no consent text")
        return shown(
            visit,
            "agree.html",
            purpose=PURPOSES[purpose],
            channel=CHANNELS[channel],
            text=text,
            want=" ".join(map(box_name, waiting)),
            after=len(waiting) - 1,
        )

    return await seeing(request, show)


@router.post("/preferences/agree")
async def agreed(request: Request) -> Response:
    """The person agrees to the text that was shown, and goes on to the next."""

    async def act(visit: Visit, form: Form) -> Response:
        want = form.one("want")
        waiting = _waiting(visit, want)
        if not waiting:
            return redirect(request, PATH)
        box, rest = waiting[0], " ".join(map(box_name, waiting[1:]))
        text = form.one("text")
        if text != published_texts().newest or form.one("box") != box_name(box):
            return redirect(request, f"{HOME}/agree", want=want)  # what was read is not what one would agree to
        await visit.services.database.transact(lambda tx: set_consent(tx, visit, box, granted=True, text=text))
        before = granted(visit.person)
        change = change_of_boxes(visit.person, before, before | {box})
        if rest:
            return set_change(redirect(request, f"{HOME}/agree", want=rest), change)
        return changed(visit, PATH, change)

    return await doing(request, act)


def _waiting(visit: Visit, want: str) -> tuple[Box, ...]:
    on = granted(visit.person)
    return tuple(box for box in boxes_named(want.split()) if box not in on)

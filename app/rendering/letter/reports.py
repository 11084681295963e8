"""Letters about what an operator did with an item: it is on its way, was handed over, or goes back."""

from app.domain.shipment import WAITING_KINDS
from app.rendering.dates import clock, local
from app.rendering.letter.parts import (
    Draft,
    Letter,
    Section,
    does_not_match,
    for_you,
    items,
    recorded,
    source,
    what_you_can_do,
)
from app.rendering.letter.place import kind_of_place, place_in_a_line, place_of
from app.rendering.letter.term import until_when
from app.rendering.words import (
    ATTEMPT_REASONS,
    COLLECTED,
    MODES,
    RECEIVER_ROLES,
    REFUSAL_REASONS,
    RETURN_REASONS,
    RETURN_STAGES,
)


def out_for_delivery(draft: Draft) -> Letter:
    """A courier has it."""
    say = draft.say
    expected = _expected(draft) or say("The operator has given no hours.")
    return draft.letter(
        subject=say("With the courier, %(date)s: %(service)s", date=draft.happened_on, service=draft.service),
        preheader=expected,
        heading=say("With the courier: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(draft, expected),
            what_you_can_do(draft, say("The courier may ask for an identity document or a signature.")),
        ),
    )


def _expected(draft: Draft) -> str:
    """When the courier means to come; empty when the operator does not say."""
    say, notice = draft.say, draft.notice
    if notice.window is None:
        return ""
    starts, until = local(notice.window.starts, notice.zone), local(notice.window.until, notice.zone)
    if starts.date() == until.date():
        return say(
            "Expected, per the operator: %(date)s, %(start)s–%(end)s",
            date=draft.full(starts.date()),
            start=clock(starts.time()),
            end=clock(until.time()),
        )
    return say(
        "Expected, per the operator: between %(start)s and %(end)s",
        start=draft.moment(notice.window.starts),
        end=draft.moment(notice.window.until),
    )


def attempt_failed(draft: Draft) -> Letter:
    """Nobody got it: another try, if the operator says so."""
    say, notice = draft.say, draft.notice
    tried = notice.next_attempt
    return draft.letter(
        subject=say(
            "Unsuccessful delivery attempt, %(date)s: %(service)s", date=draft.happened_on, service=draft.service
        ),
        preheader=say("When: %(when)s", when=draft.happened),
        heading=say("The operator reports an unsuccessful delivery attempt: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(
                draft,
                reason_given(draft, ATTEMPT_REASONS.get(notice.reason or "")),
                say("Next attempt, per the operator: %(when)s", when=draft.full(tried))
                if tried
                else say("The operator has not said when the next attempt follows."),
            ),
            for_you(draft, say("This is not a notice: no place and no date for collecting have been given.")),
            _ask_what_happens(draft),
        ),
    )


def delivered(draft: Draft) -> Letter:
    """It was handed over or collected."""
    say, service, handover = draft.say, draft.service, draft.notice.handover
    collected = handover is not None and handover.mode in COLLECTED
    date = draft.happened_on
    return draft.letter(
        subject=say("Collected on %(date)s, per the operator: %(service)s", date=date, service=service)
        if collected
        else say("Delivered on %(date)s, per the operator: %(service)s", date=date, service=service),
        preheader=say("When: %(when)s", when=draft.happened),
        heading=say("The operator reports collection: %(service)s", service=service)
        if collected
        else say("The operator reports delivery: %(service)s", service=service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(draft, *handed_over(draft)),
            Section(
                title=say("Do you have it?"),
                lines=(
                    say("Yes: there is nothing to do."),
                    say(
                        "No: ask the operator. Give the number of the item and the proof reference from the end of "
                        "this message."
                    ),
                ),
            ),
        ),
    )


def refused(draft: Draft) -> Letter:
    """It was not accepted."""
    say, notice = draft.say, draft.notice
    return draft.letter(
        subject=say(
            "Not accepted, %(date)s, per the operator: %(service)s", date=draft.happened_on, service=draft.service
        ),
        preheader=say("When: %(when)s", when=draft.happened),
        heading=say("The operator reports that it was not accepted: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(draft, reason_given(draft, REFUSAL_REASONS.get(notice.reason or "")), _last_chance(draft)),
            for_you(draft, say("An item that was not accepted usually goes back to the sender.")),
            what_you_can_do(
                draft,
                say(
                    "Did you not refuse it, or would you like to have it after all? "
                    "Ask the operator and give its number."
                ),
            ),
        ),
    )


def pickup_expired(draft: Draft) -> Letter:
    """The time for collecting is over."""
    say, facility = draft.say, place_of(draft)
    place = say("Place of pick-up: %(place)s", place=place_in_a_line(facility)) if facility else ""
    return draft.letter(
        subject=say("Time for collecting ended, %(date)s: %(service)s", date=draft.happened_on, service=draft.service),
        preheader=_last_chance(draft) or say("When: %(when)s", when=draft.happened),
        heading=say("The operator reports that the time for collecting ended: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(draft, place, _last_chance(draft)),
            _ask_what_happens(draft),
            does_not_match(draft),
        ),
    )


def returned(draft: Draft) -> Letter:
    """It goes back to the sender, or to the office for what can be given to nobody."""
    say, notice, service = draft.say, draft.notice, draft.service
    stage = RETURN_STAGES.get(notice.stage or "")
    undeliverable = notice.stage == "undeliverable_office"
    return draft.letter(
        subject=say(
            "To the office for undeliverable items, %(date)s: %(service)s", date=draft.happened_on, service=service
        )
        if undeliverable
        else say("Return to the sender, %(date)s: %(service)s", date=draft.happened_on, service=service),
        preheader=say("When: %(when)s", when=draft.happened),
        heading=say("The operator sent it to the office for undeliverable items: %(service)s", service=service)
        if undeliverable
        else say("The operator reports a return to the sender: %(service)s", service=service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(
                draft,
                say("Stage: %(stage)s", stage=say(stage)) if stage else "",
                reason_given(draft, RETURN_REASONS.get(notice.reason or "")),
                _last_chance(draft),
            ),
            _ask_what_happens(draft),
            does_not_match(draft),
        ),
    )


def general(draft: Draft) -> Letter:
    """News that there are no other words for, or that lacks what they need."""
    say, waits = draft.say, draft.notice.kind in WAITING_KINDS
    return draft.letter(
        subject=say("News from the operator, %(date)s: %(service)s", date=draft.happened_on, service=draft.service),
        preheader=say("Reported: %(when)s.", when=draft.happened),
        heading=say("There is news about: %(service)s", service=draft.service),
        lead=say("%(operator)s sends news about it. Reported: %(when)s.", operator=draft.operator, when=draft.happened),
        sections=(
            *items(draft),
            *((*kind_of_place(draft), *until_when(draft)) if waits else ()),
            what_you_can_do(
                draft,
                say("We were not given enough details to say more here."),
                say("Please ask the operator, or look at the paper notice if you have one."),
            ),
        ),
    )


def handed_over(draft: Draft) -> tuple[str, ...]:
    """How, and to whom by role, in known words only."""
    say, handover = draft.say, draft.notice.handover
    mode = MODES.get(handover.mode or "") if handover else None
    role = RECEIVER_ROLES.get(handover.receiver_role or "") if handover else None
    how = (say("How: %(how)s", how=say(mode)),) if mode else ()
    return (*how, say("Who took it, as the operator recorded: %(who)s", who=say(role))) if role else how


def reason_given(draft: Draft, message: str | None) -> str:
    """The operator's reason; empty where its code is unknown."""
    say = draft.say
    return say("Reason given by the operator: %(reason)s", reason=say(message)) if message else ""


def _last_chance(draft: Draft) -> str:
    say = draft.say
    match draft.notice.last_chance:
        case None:
            return ""
        case True:
            return say("According to the operator, the item can still be collected.")
        case False:
            return say("According to the operator, the item cannot be collected any more.")
        case until:
            return say(
                "According to the operator, the item can still be collected until: %(when)s", when=draft.full(until)
            )


def _ask_what_happens(draft: Draft) -> Section:
    say = draft.say
    return what_you_can_do(draft, say("To learn what happens to the item now, ask the operator and give the number."))

"""Letters about an item with which something is the matter: what happened, what it means, what can be done."""

from app.rendering.letter.parts import Draft, Letter, Section, for_you, items, recorded, source, what_you_can_do
from app.rendering.letter.reports import reason_given
from app.rendering.words import ADDRESS_PROBLEMS, DAMAGES, DELAY_REASONS, HOLD_REASONS, SEVERITIES


def delayed(draft: Draft) -> Letter:
    """It comes later than it was to come."""
    say, eta = draft.say, draft.notice.new_eta
    expected = (
        say("New date, per the operator: %(when)s", when=draft.full(eta))
        if eta is not None
        else say("The operator has given no new date.")
    )
    return draft.letter(
        subject=say(
            "Delay: %(service)s – new date, per the operator: %(date)s",
            service=draft.service,
            date=draft.day_in_sentence(eta),
        )
        if eta is not None
        else say("Delay, %(date)s: %(service)s", service=draft.service, date=draft.happened_on),
        preheader=expected,
        heading=say("The operator reports a delay: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(draft, reason_given(draft, DELAY_REASONS.get(draft.notice.reason or "")), expected, _waits(draft)),
            _later(draft),
            _nothing_to_do(draft),
        ),
    )


def damaged(draft: Draft) -> Letter:
    """It is damaged or incomplete."""
    say, notice = draft.say, draft.notice
    damage, severity = DAMAGES.get(notice.reason or ""), SEVERITIES.get(notice.severity or "")
    return draft.letter(
        subject=say("Damage reported on %(date)s: %(service)s", service=draft.service, date=draft.happened_on),
        preheader=say("When: %(when)s", when=draft.happened),
        heading=say("The operator reports damage: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(
                draft,
                say("Description: %(damage)s", damage=say(damage)) if damage else "",
                say("Extent of the damage: %(extent)s", extent=say(severity)) if severity else "",
                _waits(draft),
            ),
            for_you(draft, say("The item or what is in it may be damaged or incomplete.")),
            what_you_can_do(
                draft,
                say("When you get the item, look at it and ask for what is damaged to be written down."),
                say("To learn more, ask the operator and give the number."),
            ),
        ),
    )


def lost(draft: Draft) -> Letter:
    """The operator does not know where it is."""
    say = draft.say
    return draft.letter(
        subject=say("Item not found, %(date)s: %(service)s", service=draft.service, date=draft.happened_on),
        preheader=say("When: %(when)s", when=draft.happened),
        heading=say("The operator cannot find the item: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(draft, _waits(draft)),
            for_you(draft, say("There is no place at present where the item can be collected.")),
            what_you_can_do(
                draft,
                say("To learn more, ask the operator and give the number."),
                say("You can tell the sender about it as well."),
            ),
        ),
    )


def address_problem(draft: Draft) -> Letter:
    """The address has to be cleared up, by a day where the operator says so."""
    say, until, waits = draft.say, draft.notice.action_until, _waits(draft)
    return draft.letter(
        subject=say(
            "Address to be clarified by %(date)s, per the operator: %(service)s",
            service=draft.service,
            date=draft.day_in_sentence(until),
        )
        if until is not None
        else say(
            "Address to be clarified, reported on %(date)s: %(service)s", service=draft.service, date=draft.happened_on
        ),
        preheader=waits or say("When: %(when)s", when=draft.happened),
        heading=say("The operator reports a problem with the address: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(draft, reason_given(draft, ADDRESS_PROBLEMS.get(draft.notice.reason or "")), waits),
            for_you(draft, say("Until the address is clarified, delivery may take longer.")),
            what_you_can_do(
                draft,
                say("Give the operator your full current address and the number of the item."),
                say("Please do not send the address in a reply to this e-mail."),
            ),
        ),
    )


def item_held(draft: Draft) -> Letter:
    """The operator keeps it for now; why, only in neutral words."""
    say = draft.say
    return draft.letter(
        subject=say("With the operator for now, %(date)s: %(service)s", service=draft.service, date=draft.happened_on),
        preheader=say("When: %(when)s", when=draft.happened),
        heading=say("With the operator for now: %(service)s", service=draft.service),
        lead=source(draft),
        sections=(
            *items(draft),
            recorded(draft, reason_given(draft, HOLD_REASONS.get(draft.notice.reason or "")), _waits(draft)),
            _later(draft),
            _nothing_to_do(draft),
        ),
    )


def _later(draft: Draft) -> Section:
    return for_you(draft, draft.say("Delivery or collection may come later."))


def _waits(draft: Draft) -> str:
    """Until when the operator waits to hear from the person; empty when it does not."""
    say, until = draft.say, draft.notice.action_until
    return say("The operator expects an answer by: %(when)s", when=draft.full(until)) if until is not None else ""


def _nothing_to_do(draft: Draft) -> Section:
    say = draft.say
    more = say("To learn more, ask the operator and give the number.")
    if draft.notice.action_until is not None:
        return what_you_can_do(draft, more)
    return what_you_can_do(draft, say("There is nothing you need to do."), more)

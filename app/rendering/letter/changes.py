"""Letters about what was true before: the operator changed it, or takes it back."""

from app.domain.shipment import WAITING_KINDS
from app.rendering.letter.parts import Draft, Letter, Section, capitalised, does_not_match, items, source
from app.rendering.letter.place import paper_notice, place_of
from app.rendering.letter.reports import handed_over
from app.rendering.letter.term import day_of_subject
from app.rendering.letter.waiting import collecting, place_and_day
from app.rendering.words import CHANGES, DELIVERING_CHANGES, MOVING_CHANGES, NEWS


def terms_changed(draft: Draft) -> Letter:
    """Another place, another time, or another way to get the item."""
    say, service = draft.say, draft.service
    now = _waiting_now(draft)
    day = day_of_subject(draft) if now else ""
    return draft.letter(
        subject=say("Change: %(service)s – collect by %(date)s", service=service, date=day)
        if day
        else say("Change of %(date)s: %(service)s", service=service, date=draft.happened_on),
        preheader=place_and_day(draft) if now else say("Reported: %(when)s.", when=draft.happened),
        heading=say("The operator reports a change: %(service)s", service=service),
        lead=source(draft),
        sections=(*items(draft), _what_changed(draft, now), *now, does_not_match(draft)),
    )


def corrected(draft: Draft) -> Letter:
    """What was told is not so; what stands instead, where that is known."""
    say, notice = draft.say, draft.notice
    waits = notice.collect_by is not None or (notice.replaced and notice.handover is None)
    now = (*collecting(draft), *paper_notice(draft)) if waits and place_of(draft) else ()
    day = day_of_subject(draft) if now else ""
    return draft.letter(
        subject=say("Correction: %(service)s – collect by %(date)s", service=draft.service, date=day)
        if day
        else say("Correction of %(date)s: %(service)s", service=draft.service, date=draft.happened_on),
        preheader=_taken_back(draft),
        heading=say("Correction by the operator: %(service)s", service=draft.service),
        lead=" ".join((source(draft), say("Reported: %(when)s.", when=draft.happened))),
        sections=(
            *items(draft),
            Section(title=say("What is out of date"), lines=(_taken_back(draft), _how(draft, now))),
            Section(title=say("What applies now"), lines=_what_stands(draft, now)),
            *now,
            does_not_match(draft),
        ),
    )


def _waiting_now(draft: Draft) -> tuple[Section, ...]:
    """Where and until when it waits after the change; nothing when it is brought, or moved and nobody knows where."""
    change = draft.notice.change
    if change in DELIVERING_CHANGES or (change in MOVING_CHANGES and place_of(draft) is None):
        return ()
    return collecting(draft)


def _what_changed(draft: Draft, now: tuple[Section, ...]) -> Section:
    say, notice = draft.say, draft.notice
    change = CHANGES.get(notice.change or "")
    lines = [say("When: %(when)s", when=draft.happened)]
    if notice.new_eta is not None:
        lines.append(say("New date, per the operator: %(when)s", when=draft.full(notice.new_eta)))
    if now:
        lines.append(say("What applies now is below."))
    elif notice.change in DELIVERING_CHANGES:
        lines.append(say("The item is not waiting to be collected."))
    elif notice.change in MOVING_CHANGES:
        lines.append(say("The operator has not given the new place yet."))
    elif change is None:
        lines.append(say("The operator has not said what exactly has changed."))
    return Section(
        title=say("What has changed"), headline=capitalised(say(change)) if change else "", lines=tuple(lines)
    )


def _taken_back(draft: Draft) -> str:
    say, news = draft.say, NEWS.get(draft.notice.corrected or "")
    if news is None:
        return say("One of the earlier reports about this item has been withdrawn.")
    return say("Earlier report: %(news)s.", news=say(news))


def _how(draft: Draft, now: tuple[Section, ...]) -> str:
    if draft.notice.replaced and (now or draft.notice.handover is not None):
        return draft.say("The operator has replaced it with other details.")
    return draft.say("The operator has withdrawn it.")


def _what_stands(draft: Draft, now: tuple[Section, ...]) -> tuple[str, ...]:
    say, notice = draft.say, draft.notice
    if now:
        return (say("The item is waiting for you. Where and until when: see below."),)
    if notice.replaced and notice.handover is not None:
        at = notice.handover.delivered_at
        when = (say("When: %(when)s", when=draft.moment(at)),) if at else ()
        return (say("The item was delivered or collected."), *when, *handed_over(draft))
    unknown = say("The operator has not said what applies instead.")
    if notice.corrected in WAITING_KINDS:
        return unknown, say("Before you go to collect it, ask the operator whether it is waiting.")
    return (unknown,)

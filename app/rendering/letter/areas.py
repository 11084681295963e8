"""Letters about incidents of areas: what happened, what it means for the items and the places, and what can be done."""

from app.domain.event import Facility
from app.rendering.area_news import (
    Way,
    changes_of,
    closes,
    had_begun,
    is_ahead,
    is_open_again,
    is_over,
    kind_of_area,
    outcome_of,
    touched,
)
from app.rendering.free_text import plain
from app.rendering.letter.area_parts import (
    days_in_sentence,
    facts,
    items_at,
    lines_of_place,
    operator_of,
    outcome_in_words,
    section_of_place,
)
from app.rendering.letter.parts import Draft, Letter, Section, capitalised, for_you, item_line, what_you_can_do
from app.rendering.letter.place import another_place, place_in_a_line, what_to_bring
from app.rendering.notice import IncidentNews, PlaceTouched
from app.rendering.opening_hours import compact_hours, days_to_show


def incidents(draft: Draft) -> Letter:
    """One incident with all there is to say of it; of several of the same day a section each."""
    told = draft.notice.incidents
    return _one(draft, told[0]) if len(told) == 1 else _several(draft)


def _one(draft: Draft, news: IncidentNews) -> Letter:
    say, title = draft.say, _title(draft, news)
    when = draft.happened_on if is_over(news) else days_in_sentence(draft, news)
    places = _places_to_tell(news)
    ways = [outcome_of(place, _substitute(news)).way for place in places]
    said = outcome_in_words(draft, places[0], _substitute(news)) if places and closes(news) else ""
    return draft.letter(
        subject=say("%(title)s, %(when)s", title=title, when=when),
        preheader=said or say("Reported: %(when)s.", when=draft.happened),
        heading=title,
        lead=_source(draft),
        sections=(
            *_recorded(draft, news),
            *(_closure(draft, news, places, ways) if closes(news) else _disruption(draft, news)),
        ),
    )


def _several(draft: Draft) -> Letter:
    say, told = draft.say, draft.notice.incidents
    title = say.plural("%(count)s report of incidents", "%(count)s reports of incidents", len(told))
    return draft.letter(
        subject=say("%(title)s, %(when)s", title=title, when=draft.happened_on),
        preheader=_title(draft, told[0]),
        heading=title,
        lead=_source(draft),
        sections=(
            *(Section(title=_title(draft, news), lines=_in_short(draft, news)) for news in told),
            what_you_can_do(draft, say("To learn more, ask the operator.")),
        ),
    )


def _in_short(draft: Draft, news: IncidentNews) -> tuple[str, ...]:
    """All of one incident among others, its place of substitution with its hours in a line."""
    lines = [*facts(draft, news)]
    if not closes(news):
        return (*lines, *_consequences(draft, news), *_concerned(draft, news))
    substitute, places = _substitute(news), _places_to_tell(news)
    for place in places:
        lines += lines_of_place(draft, place, substitute)
    instead = [outcome for place in places if (outcome := outcome_of(place, substitute)).way is Way.INSTEAD]
    if substitute is not None and instead:
        by = max((each.by for each in instead if each.by), default=None)
        hours = compact_hours(substitute, days_to_show(draft.today, by), draft.say, draft.notice.language)
        place_and_hours = ", ".join(part for part in (place_in_a_line(substitute), hours) if part)
        lines.append(draft.say("Another place to collect, given by the operator: %(place)s", place=place_and_hours))
    return (*lines, *(item_line(draft, item) for item in news.items))


def _closure(
    draft: Draft, news: IncidentNews, places: tuple[PlaceTouched, ...], ways: list[Way]
) -> tuple[Section, ...]:
    say, substitute = draft.say, _substitute(news)
    sections = [section_of_place(draft, place, substitute) for place in places]
    if elsewhere := [item_line(draft, item) for item in news.items]:
        sections.append(Section(title=say("Items"), lines=tuple(elsewhere)))
    if substitute is not None and Way.INSTEAD in ways:
        by = max((place.substitute_by for place in places if place.substitute_by), default=None)
        title = say("Another place to collect, given by the operator")
        sections.append(another_place(draft, title, substitute, until=by))
    if {Way.INSTEAD, Way.THERE} & set(ways):
        sections.append(what_to_bring(draft))
    left = [item for place in places if outcome_of(place, substitute).way is Way.NOWHERE for item in place.items]
    return (*sections, what_you_can_do(draft, _question(draft, len(left))))


def _question(draft: Draft, left: int) -> str:
    """What to ask the operator, where so many items can be collected nowhere."""
    say = draft.say
    if left == 0:
        return say("To learn more, ask the operator.")
    if left == 1:
        return say("To learn what happens to the item now, ask the operator and give the number.")
    return say("To learn what happens to the items now, ask the operator and give the numbers.")


def _disruption(draft: Draft, news: IncidentNews) -> tuple[Section, ...]:
    say, concerned = draft.say, _concerned(draft, news)
    sections = [for_you(draft, *consequences)] if (consequences := _consequences(draft, news)) else []
    if concerned:
        sections.append(Section(title=say("What it concerns"), lines=concerned))
    done = [] if is_over(news) else [say("There is nothing you need to do.")]
    return (*sections, what_you_can_do(draft, *done, say("To learn more, ask the operator.")))


def _consequences(draft: Draft, news: IncidentNews) -> tuple[str, ...]:
    return () if is_over(news) else (draft.say("Deliveries and collections may come later than usual."),)


def _concerned(draft: Draft, news: IncidentNews) -> tuple[str, ...]:
    """The person's items, places with their safe days, and post codes; nothing of what is over."""
    say = draft.say
    if is_over(news):
        return ()
    lines = [item_line(draft, item) for item in news.items]
    for place in news.places:
        lines.append(place_in_a_line(place.facility) or say("Place of pick-up"))
        lines += [*items_at(draft, place)]
        if place.collect_by is not None:
            lines.append(say("Last safe day: %(date)s", date=draft.full(place.collect_by)))
    if codes := [code for each in news.post_codes if (code := plain(each))]:
        lines.append(say("Post codes: %(codes)s", codes=", ".join(codes)))
    return tuple(lines)


def _title(draft: Draft, news: IncidentNews) -> str:
    """What happened to which place, or with whom; that it changed, or is over."""
    if is_over(news):
        return _title_of_end(draft, news)
    title = _title_while_it_lasts(draft, news)
    changes = changes_of(news)
    if changes is None or not changes.any:
        return title
    return draft.say("Change – %(news)s", news=title[:1].lower() + title[1:])


def _title_while_it_lasts(draft: Draft, news: IncidentNews) -> str:
    say = draft.say
    if not closes(news):
        if kind_of_area(news) == "maintenance_planned":
            return say("Planned work: %(operator)s", operator=operator_of(draft, news))
        return say("Disruption: %(operator)s", operator=operator_of(draft, news))
    if is_ahead(news, draft.today, draft.notice.zone):
        return say("Will be closed: %(places)s", places=_names(draft, news))
    return say("Closed: %(places)s", places=_names(draft, news))


def _title_of_end(draft: Draft, news: IncidentNews) -> str:
    say, ended = draft.say, news.kind == "resolved"
    begun = had_begun(news, draft.notice.happened_at, draft.notice.zone)
    if closes(news):
        places = _names(draft, news)
        if not ended:
            return say("The closure does not concern your items any more: %(places)s", places=places)
        if not begun:
            return say("No closure after all: %(places)s", places=places)
        if not news.places:
            return say("The closure is over: %(places)s", places=places)
        if all(is_open_again(place, draft.notice.happened_at) for place in news.places):
            return say("Open again: %(places)s", places=places)
        return say("One of the closures is over: %(places)s", places=places)
    operator, is_work = operator_of(draft, news), kind_of_area(news) == "maintenance_planned"
    if not ended:
        title = say("The planned work does not concern you any more") if is_work else ""
        title = title or say("The disruption does not concern you any more")
    elif begun:
        title = say("The planned work is over") if is_work else say("The disruption is over")
    else:
        title = say("No planned work after all") if is_work else say("No disruption after all")
    return say("%(news)s: %(operator)s", news=title, operator=operator)


def _recorded(draft: Draft, news: IncidentNews) -> tuple[Section, ...]:
    """What the operator said of it."""
    say, changes = draft.say, changes_of(news)
    title = say("What was reported before") if is_over(news) else say("What the operator recorded")
    if changes is not None and changes.any:
        title = say("What has changed")
    lines = facts(draft, news)
    return (Section(title=title, lines=lines),) if lines else ()


def _names(draft: Draft, news: IncidentNews) -> str:
    """One place by its name, several by how many they are beside it."""
    say = draft.say
    names = list(dict.fromkeys(name for place in touched(news) if (name := plain(place.facility.name))))
    if not names:
        return say("place of pick-up")
    if len(names) <= 2:
        return ", ".join(names)
    return say.plural("%(place)s and %(count)s more", "%(place)s and %(count)s others", len(names) - 1, place=names[0])


def _source(draft: Draft) -> str:
    """Who says so, and when the newest of it was reported."""
    operators = dict.fromkeys(operator_of(draft, news) for news in draft.notice.incidents)
    return " ".join(
        (
            draft.say("Source of this information: %(operator)s.", operator=capitalised(", ".join(operators))),
            draft.say("Reported: %(when)s.", when=draft.happened),
        )
    )


def _places_to_tell(news: IncidentNews) -> tuple[PlaceTouched, ...]:
    """All of them; of a change those of which something is new."""
    changes = changes_of(news)
    return changes.places if changes is not None and changes.any else news.places


def _substitute(news: IncidentNews) -> Facility | None:
    return None if is_over(news) else news.substitute

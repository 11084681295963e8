"""Letters about the service itself: a code to type in, or that somebody changed the contact data."""

from dataclasses import replace

from app.rendering.free_text import plain
from app.rendering.letter.parts import Draft, Letter, Section, what_you_can_do


def confirmation(draft: Draft) -> Letter:
    """The code that shows that an address is theirs."""
    say = draft.say
    title = say("Confirm your e-mail address")
    lead = (
        say("%(operator)s was given this address for notifications about letters and parcels.", operator=draft.operator)
        if plain(draft.notice.operator)
        else say("This address was given for notifications about letters and parcels.")
    )
    return _with_code(draft, title, lead, say("Until you do, no notifications about items come to this address."))


def sign_in(draft: Draft) -> Letter:
    """The code that opens their settings."""
    say = draft.say
    return _with_code(
        draft,
        say("Your sign-in code"),
        say("Somebody asked to sign in to the notification settings with this address."),
        say("The code opens your contact data, your choices and what was sent to you."),
    )


def contact_changed(draft: Draft) -> Letter:
    """Somebody changed the contact data, and what to do if it was not them."""
    say = draft.say
    title = say("Your contact data was changed")
    whose = say("It is about notifications from %(operator)s.", operator=draft.operator)
    return _letter(
        draft,
        title,
        preheader=say("When: %(when)s", when=draft.happened),
        lead=say("Somebody who was signed in to your notification settings changed your contact data."),
        sections=(
            Section(
                title=say("What was changed"),
                lines=(
                    say("A phone number or an e-mail address was added or removed."),
                    say("When: %(when)s", when=draft.happened),
                    *((whose,) if plain(draft.notice.operator) else ()),
                ),
            ),
            what_you_can_do(
                draft,
                say("Was it you? There is nothing you need to do."),
                say("Was it not you? Sign in, look at your contact data and remove what is not yours."),
                *((say("Then tell the operator."),) if plain(draft.notice.operator) else ()),
            ),
        ),
    )


def _with_code(draft: Draft, title: str, lead: str, purpose: str) -> Letter:
    """A letter whose one big thing is the code. Raises ValueError without one."""
    notice, say = draft.notice, draft.say
    if notice.code is None or notice.valid_until is None:
        raise ValueError("a message with a code has one, and its end")
    until = say("Valid until: %(when)s", when=draft.moment(notice.valid_until))
    return _letter(
        draft,
        title,
        preheader=until,
        lead=lead,
        sections=(
            Section(
                title=say("Your code"),
                headline=notice.code,
                lines=(
                    until,
                    say("Open the page at the end of this message and type the code in. To open it changes nothing."),
                    purpose,
                ),
            ),
            Section(
                title=say("Is it not you?"),
                lines=(say("Ignore this message: without the code nothing changes."), say("Tell the code to nobody.")),
            ),
        ),
    )


def _letter(draft: Draft, title: str, *, preheader: str, lead: str, sections: tuple[Section, ...]) -> Letter:
    subject = draft.say("%(title)s, %(when)s", title=title, when=draft.happened_on)
    letter = draft.letter(subject=subject, preheader=preheader, heading=title, lead=lead, sections=sections)
    return replace(letter, closing=letter.closing[1:])  # it is about no item, so it replaces no paper

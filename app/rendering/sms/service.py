"""SMS about the service itself: a code to type in, or that somebody changed the contact data."""

from app.rendering.catalog import marked
from app.rendering.notice import Notice
from app.rendering.sms.fitting import Draft
from app.rendering.sms.voice import Voice


def confirmation(notice: Notice, voice: Voice) -> Draft:
    """The code that shows that a phone is theirs."""
    return _with_code(marked("AWIZO: confirmation code %(code)s"), notice, voice)


def sign_in(notice: Notice, voice: Voice) -> Draft:
    """The code that opens their settings."""
    return _with_code(marked("AWIZO: sign-in code %(code)s"), notice, voice)


def contact_changed(notice: Notice, voice: Voice) -> Draft:
    """Somebody changed the contact data, and what to do if it was not them."""
    say = voice.say
    when = voice.when(notice.happened_at, notice.zone), voice.short_date(notice.happened_on)
    return Draft(
        lead=lambda at: say("AWIZO: contact data for your notifications changed, %(when)s", when=at),
        items=when,
        facts=(
            say("Not you? Check your settings and ask the operator.")
            if notice.operator
            else say("Not you? Check your settings."),
        ),
        closing=(say("No links, no fees."),),
    )


def _with_code(lead: str, notice: Notice, voice: Voice) -> Draft:
    """How long it holds is counted from when it was made. Raises ValueError without a code."""
    if notice.code is None or notice.valid_until is None:
        raise ValueError("a message with a code has one, and its end")
    say, minutes = voice.say, (notice.valid_until - notice.happened_at).total_seconds() // 60
    return Draft(
        lead=lambda code: say(lead, code=code),
        items=(notice.code,),
        facts=(
            say("Type it in on the page of notification settings."),
            say("Valid %(minutes)s min.", minutes=str(int(minutes))),
        ),
        closing=(say("Tell it to nobody. Not you? Ignore this."),),
    )

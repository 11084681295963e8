"""The last page: how to check a statement without its maker, and what its own signature is worth."""

from app.rendering.catalog import Say
from app.rendering.statement_pdf.account import Account
from app.rendering.statement_pdf.letters import grouped, printable, shortened
from app.rendering.statement_pdf.seal import Seal, Stamp
from app.rendering.statement_pdf.sheet import LEFT, NOTE, NOTE_BOLD, SMALL, WIDTH, Sheet

_KEYS_NAMED = 8
_HEIGHT = 165.0  # more than it usually takes, so that it stands on one page
_KEY_LONGEST = 200


def attachment_name(account: Account) -> str:
    """The file name of the attached proof."""
    return f"awizo-{account.notification}.json"


def steps(account: Account, say: Say) -> list[tuple[str, str]]:
    """What to do, one after another: in a few words, then how."""
    return [
        (
            say("Take the proof out of this document."),
            say(
                "It is attached as %(file)s: PDF readers show it beside a paper clip; on a command line, "
                "pdfdetach -save 1 -o proof.json FILE.pdf takes it out. The proof counts; these pages only tell it. "
                "Where the two differ, believe the proof.",
                file=attachment_name(account),
            ),
        ),
        (
            say("Get the key of the log by another way."),
            say(
                "From the operator's website (its address ends in /log/vkey), in a letter, or from somebody who kept "
                "it. The keys below come from the proof itself: compare them, but do not rely on them alone."
            ),
        ),
        (
            say("Check the proof."),
            say(
                "On the page /verify of the operator's website, which sends nothing anywhere and works offline, or on "
                "a command line with awizo verify proof.json --vkey key.txt. Whoever wants neither can use the court "
                "pack, which needs only sh and OpenSSL, or a program of their own: the formats are public."
            ),
        ),
        (
            say("Compare the reference."),
            say(
                "The proof ends with its digest. It stands at the foot of each page, and the square code on the first "
                "page holds it, and nothing else: %(digest)s",
                digest=account.digest,
            ),
        ),
    ]


def signature_in_words(seal: Seal, say: Say) -> list[str]:
    """Who signed the document, who vouches for that, and whether the signature is stamped."""
    told = [
        say(
            "This document is signed (PAdES). A PDF reader, or pdfsig, shows whether it was changed since. Holder of "
            "the certificate: %(holder)s. SHA-256 of the certificate: %(fingerprint)s",
            holder=printable(seal.holder),
            fingerprint=grouped(seal.fingerprint),
        )
    ]
    if seal.is_self_signed:
        told.append(
            say(
                "The holder issued this certificate to itself, and nobody else vouches for it: compare its SHA-256 "
                "with what the operator gives you by another way. The proof needs no certificate."
            )
        )
    match seal.stamp:
        case Stamp.CARRIED:
            told.append(say("The signature carries a time stamp of an authority (RFC 3161)."))
        case Stamp.NOT_TO_BE_HAD:
            told.append(say("The time stamping authority could not be reached: the signature carries no time stamp."))
        case Stamp.NONE_ASKED:
            told.append(say("The signature carries no time stamp: its time is the service's own word."))
    return told


def draw_closing(sheet: Sheet, account: Account, seal: Seal, say: Say) -> None:
    """Headed paragraphs from the present height on, or on a page of their own."""
    sheet.make_room(_HEIGHT)
    sheet.heading(say("How to check this"))
    for number, (short, how) in enumerate(steps(account, say), start=1):
        sheet.make_room(NOTE_BOLD.leading + 3 * NOTE.leading)
        sheet.put(f"{number}.", NOTE_BOLD, x=LEFT, y=sheet.y)
        sheet.flow(short, NOTE_BOLD, x=LEFT + 7, width=WIDTH - 7, after=0.4)
        sheet.flow(sheet.prose(how), NOTE, x=LEFT + 7, width=WIDTH - 7, after=2.4)
    sheet.set_y(sheet.y + 2)
    sheet.heading(say("The signature of this document"))
    for text in signature_in_words(seal, say):
        sheet.flow(sheet.prose(text), NOTE, after=1.6)
    sheet.set_y(sheet.y + 2)
    sheet.heading(say("The keys that the proof names"))
    for key in account.vkeys[:_KEYS_NAMED]:
        sheet.flow(shortened(printable(key), _KEY_LONGEST)[0], SMALL, after=0.8)
    if len(account.vkeys) > _KEYS_NAMED:
        sheet.flow(say("Others: %(count)s", count=str(len(account.vkeys) - _KEYS_NAMED)), SMALL)

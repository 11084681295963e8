"""Renders every sample, and keeps the golden files and the digests of the templates' versions.

Run as `python -m tests.unit.rendering.golden` after a text was changed on purpose and its version raised.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path

from app.domain.recipient import Letters
from app.rendering import words
from app.rendering.catalog import letter_speaker
from app.rendering.email import render_email
from app.rendering.notice import TEMPLATE_VERSIONS
from app.rendering.sms import render_sms
from tests.unit.rendering.area_samples import EVERY_SAMPLE
from tests.unit.rendering.samples import ENVELOPE, LANGUAGES, notice_of

FOLDER = Path(__file__).parents[2] / "golden" / "rendering"
VERSIONS = FOLDER / "versions.json"


@cache
def rendered() -> dict[str, str]:
    """The content of each golden file by its path in the folder."""
    texts = {}
    for language in LANGUAGES:
        texts[f"{language}/words.txt"] = _words(language)
        texts[f"{language}/facility_unavailable.words.txt"] = _reasons(language)
        for name, event in EVERY_SAMPLE.items():
            notice = notice_of(event, language)
            message = message_from_bytes(render_email(notice, ENVELOPE).mime, policy=default)
            assert isinstance(message, EmailMessage)
            texts[f"{language}/{name}.sms.txt"] = render_sms(notice).text + "\n"
            in_own_letters = render_sms(replace(notice, letters=Letters.NATIVE))
            texts[f"{language}/{name}.native.sms.txt"] = in_own_letters.text + "\n"
            texts[f"{language}/{name}.email.txt"] = f"Subject: {message['Subject']}\n\n{body(message, 'plain')}"
            texts[f"{language}/{name}.email.html"] = body(message, "html")
    return texts


def body(message: EmailMessage, subtype: str) -> str:
    """The text or HTML alternative, decoded, with LF line ends."""
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def digests() -> dict[str, str]:
    """For each template the hex SHA-256 over all golden files that it and the tables of words have a part in."""
    return {template: _digest(template) for template in TEMPLATE_VERSIONS}


def recorded_digests() -> dict[str, dict[str, str]]:
    """For each template its digests by version, as kept."""
    recorded: dict[str, dict[str, str]] = json.loads(VERSIONS.read_text(encoding="utf-8"))
    return recorded


def _digest(template: str) -> str:
    digest = hashlib.sha256()
    for path, text in sorted(rendered().items()):
        name = path.partition("/")[2]
        if name.startswith((template, "words")):
            digest.update(f"{path}\0{text}\0".encode())
    return digest.hexdigest()


def _words(language: str) -> str:
    """All tables of words, one line a code."""
    say = letter_speaker(language)
    tables = {
        "service": {**words.SERVICES, "anything else": words.UNKNOWN_SERVICE},
        "mode": words.MODES,
        "receiver role": words.RECEIVER_ROLES,
        "reason for return": words.RETURN_REASONS,
    }
    return "".join(
        f"{table}: {code} = {say(message)}\n" for table, codes in tables.items() for code, message in codes.items()
    )


def _reasons(language: str) -> str:
    """Why a place is shut or a service disturbed, one line a code."""
    say = letter_speaker(language)
    return "".join(f"{code} = {say(message)}\n" for code, message in words.AREA_REASONS.items())


def _faults() -> Iterator[str]:
    recorded = recorded_digests() if VERSIONS.exists() else {}
    for template, digest in digests().items():
        version = str(TEMPLATE_VERSIONS[template])
        if recorded.get(template, {}).get(version, digest) != digest:
            yield f"{template}: its texts changed, raise its version in app/rendering/notice.py first"


def _write() -> None:
    for old in [*FOLDER.rglob("*.txt"), *FOLDER.rglob("*.html")]:
        old.unlink()
    for path, text in rendered().items():
        file = FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    recorded = recorded_digests() if VERSIONS.exists() else {}
    for template, digest in digests().items():
        recorded.setdefault(template, {})[str(TEMPLATE_VERSIONS[template])] = digest
    VERSIONS.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    faults = list(_faults())
    if faults:
        sys.exit("\n".join(faults))
    _write()

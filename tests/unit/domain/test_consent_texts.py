"""The texts that people agree to: whole in every language, true about how often, never changed once published."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from app.domain.channel import Channel, Purpose
from app.domain.consent_texts import ConsentText, published_texts, read_texts
from app.domain.merge import CONSENT_PURPOSES
from app.domain.recipient import LANGUAGES
from app.domain.reminder import SMS_PER_ITEM_MAX, Step
from tests.unit.rendering.rules import faults, links

# `<digest> <version> <language> <channel> <purpose>`, one line for each text that was ever published.
PINNED = Path(__file__).parents[2] / "golden" / "consent_texts"

TEXTS = published_texts().texts
NAMES = ["-".join(text.key) for text in TEXTS]
HOW_OFTEN = {"pl": "Jak często: ", "en": "How often: ", "uk": "Як часто: "}
FOUR_SMS = {"pl": "najwyżej cztery SMS-y", "en": "at most four SMS", "uk": "щонайбільше чотири SMS"}
THREE = {"pl": "najwyżej trzy przypomnienia", "en": "at most three reminders", "uk": "щонайбільше три нагадування"}
LINK = {"pl": "link w każdym e-mailu", "en": "link in each e-mail", "uk": "посилання в кожному листі"}
SETTINGS = {"pl": "w ustawieniach", "en": "settings", "uk": "у налаштуваннях"}
EMAIL = {"pl": "e-mail", "en": "e-mail", "uk": "лист"}

GOOD = "[sms delivery]\nI agree.\n\nHow often: once.\n\n[email progress]\nI agree, too.\n"


def each_text() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("text", TEXTS, ids=NAMES)


def test_a_published_text_is_never_changed_nor_withdrawn() -> None:
    """What differs here was agreed to as it was: a change of words is a new version, and new lines."""
    assert [" ".join((text.digest, *text.key)) for text in TEXTS] == PINNED.read_text("utf-8").splitlines()


def test_every_version_has_a_text_for_each_channel_and_purpose_in_each_language() -> None:
    versions = {text.version for text in TEXTS}
    assert {text.key for text in TEXTS} == {
        (version, language, channel, purpose)
        for version in versions
        for language in LANGUAGES
        for channel in Channel
        for purpose in CONSENT_PURPOSES
    }


def test_no_two_texts_are_the_same() -> None:
    assert len({text.digest for text in TEXTS}) == len(TEXTS)


@each_text()
def test_a_text_says_nothing_that_no_message_may_say(text: ConsentText) -> None:
    assert [*faults(text.text), *links(text.text)] == []


@each_text()
def test_a_text_asks_for_one_channel_alone(text: ConsentText) -> None:
    other = EMAIL[text.language] if text.channel is Channel.SMS else "SMS"
    own = "SMS" if text.channel is Channel.SMS else EMAIL[text.language]
    assert (own in text.text, other in text.text) == (True, False)


@each_text()
def test_a_text_says_how_often_and_how_to_leave(text: ConsentText) -> None:
    way_out = "STOP" if text.channel is Channel.SMS else LINK[text.language]
    said = [HOW_OFTEN[text.language] in text.text, way_out in text.text, SETTINGS[text.language] in text.text]
    assert said == [True, True, True]


@each_text()
def test_a_text_holds_nothing_that_a_page_would_show_otherwise(text: ConsentText) -> None:
    lines = text.text.split("\n")
    assert [line for line in lines if line != line.strip()] == []
    assert all(line.isprintable() for line in lines)
    assert "\n\n\n" not in text.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_newest_texts_say_of_how_often_is_what_the_program_keeps(language: str) -> None:
    published = published_texts()
    sms, email = (published.find(published.newest, language, channel, Purpose.DELIVERY) for channel in Channel)
    assert sms is not None
    assert email is not None
    assert (FOUR_SMS[language] in sms.text, THREE[language] in email.text) == (True, True)
    assert (SMS_PER_ITEM_MAX, len(Step)) == (4, 3)


def test_a_digest_is_that_of_the_text_alone() -> None:
    texts = read_texts({"v-1.en.txt": GOOD.encode()})
    found = texts.find("v-1", "en", Channel.SMS, Purpose.DELIVERY)
    assert found is not None
    assert found.text == "I agree.\n\nHow often: once."
    assert found.digest == sha256(b"I agree.\n\nHow often: once.").hexdigest()


@pytest.mark.parametrize(
    "key",
    [
        (None, "en", Channel.SMS, Purpose.DELIVERY),
        ("v-2", "en", Channel.SMS, Purpose.DELIVERY),
        ("v-1", "pl", Channel.SMS, Purpose.DELIVERY),
        ("v-1", "en", Channel.EMAIL, Purpose.DELIVERY),
        ("v-1", "en", Channel.SMS, Purpose.PROGRESS),
    ],
)
def test_what_is_not_published_is_not_found(key: tuple[str | None, str, Channel, Purpose]) -> None:
    assert read_texts({"v-1.en.txt": GOOD.encode()}).find(*key) is None


def test_the_newest_version_is_the_last_by_name() -> None:
    names = ("awizo-2026-11.en.txt", "awizo-2027-02.en.txt", "awizo-2026-12.en.txt")
    assert read_texts(dict.fromkeys(names, GOOD.encode())).newest == "awizo-2027-02"


@pytest.mark.parametrize(
    "sources",
    [
        {"en.txt": GOOD},
        {".en.txt": GOOD},
        {"v-1..txt": GOOD},
        {"v-1.en.txt": "I agree.\n"},
        {"v-1.en.txt": "I agree.\n" + GOOD},
        {"v-1.en.txt": GOOD + GOOD},
        {"v-1.en.txt": GOOD.replace("sms", "fax")},
        {"v-1.en.txt": GOOD.replace("delivery", "promotion")},
        {"v-1.en.txt": ""},
    ],
)
def test_files_that_are_no_consent_texts_are_refused(sources: Mapping[str, str]) -> None:
    with pytest.raises(ValueError, match=r"consent text|is not a valid"):
        read_texts({name: text.encode() for name, text in sources.items()})

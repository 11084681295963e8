"""What no message may say: promotion, promises, blame, apologies, legal advice, computed dates, links in SMS."""

import re
from collections.abc import Iterator, Mapping

# Stems, so that Polish endings do not hide a word. They are looked for at the start of words, case aside.
FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    "promotion": (
        *("promoc", "rabat", "zniżk", "znizk", "ofert", "okazj", "gratis", "bezpłatn", "kup ", "kupon", "zyskaj"),
        *("promotion", "discount", "offer", "bargain", "free of charge", "buy ", "voucher", "deal", "newsletter"),
    ),
    "promise": (
        *("gwarant", "obiecuj", "na pewno", "zapewniamy", "z pewnością", "zawsze", "nigdy", "dotrze", "doręczymy"),
        *("guarantee", "promise", "certainly", "definitely", "always", "never", "we will", "will be delivered"),
    ),
    "blame": (
        *("nie nasza wina", "nie z naszej", "z twojej winy", "twoja wina", "z winy", "niestety", "zaniedb"),
        *("not our fault", "your fault", "you failed", "you forgot", "unfortunately", "negligen", "fault"),
    ),
    "apology": ("przepraszamy", "przykro", "sorry", "apolog", "regret"),
    "legal advice": (
        *("odwołan", "odwolan", "zażalen", "zazalen", "skutek doręczenia", "uznaje się", "fikcj", "sąd", "sprawy"),
        *("appeal", "deemed", "legal effect", "court", "lawsuit"),
    ),
    "a date we did not get": ("bezpieczn", "safe day", "safe date", "last safe"),
    "pressure": ("pilne", "natychmiast", "ostatnia szansa", "urgent", "immediately", "last chance", "!"),
}

LINK = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|www\.|mailto:|tel:|\S@\S|[\w-]+\.[^\W\d_]{2,}|\d+\.\d+\.\d+\.\d+")


def faults(text: str) -> Iterator[str]:
    """The name of each rule that `text` breaks, with the words that break it."""
    lowered = text.lower()
    for rule, stems in FORBIDDEN.items():
        for stem in stems:
            if re.search(rf"(?<!\w){re.escape(stem)}", lowered) or (stem == "!" and "!" in text):
                yield f"{rule}: {stem}"


def links(text: str) -> list[str]:
    """What in `text` a phone or mail reader could make tappable."""
    return LINK.findall(text)

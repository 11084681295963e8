"""What no message may say: promotion, promises, blame, apologies, legal advice, pressure, links in SMS."""

import re
from collections.abc import Iterator, Mapping

from app.rendering.sms_segments import transliterate

# Stems, so that endings do not hide a word: Polish, English, Ukrainian. They are looked for at the start of words,
# case aside, as they are written and as an SMS in plain letters spells them.
FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    "promotion": (
        *("promoc", "rabat", "zniżk", "ofert", "okazj", "gratis", "bezpłatn", "kup ", "kupon", "zyskaj"),
        *("promotion", "discount", "offer", "bargain", "free of charge", "buy ", "voucher", "deal", "newsletter"),
        *("акці", "знижк", "пропозиц", "безкоштовн", "безплатн", "купуй", "купіть", "купон", "вигідн", "розпродаж"),
    ),
    "promise": (
        *("gwarant", "obiecuj", "na pewno", "zapewniamy", "z pewnością", "zawsze", "nigdy", "dotrze", "doręczymy"),
        *("guarantee", "promise", "certainly", "definitely", "always", "never", "we will", "will be delivered"),
        *("гарант", "обіця", "запевня", "обовʼязков", "напевно", "завжди", "ніколи", "доставимо", "вручимо"),
    ),
    "blame": (
        *("nie nasza wina", "nie z naszej", "z twojej winy", "twoja wina", "z winy", "niestety", "zaniedb"),
        *("not our fault", "your fault", "you failed", "you forgot", "unfortunately", "negligen", "fault"),
        *("не наша вина", "не з нашої", "з вашої вини", "ваша вина", "на жаль", "недбал", "ви забули", "провин"),
    ),
    "apology": ("przepraszamy", "przykro", "sorry", "apolog", "regret", "вибач", "перепрош", "прикро", "шкодуємо"),
    "legal advice": (
        *("odwołan", "odwolan", "zażalen", "skutek doręczenia", "uznaje się", "fikcj", "sąd", "sprawy"),
        *("appeal", "deemed", "legal effect", "court", "lawsuit"),
        *("оскарж", "апеляц", "скарг", "вважається врученим", "правові наслідки", "судов", "позов"),
    ),
    "a deadline for an answer": (
        *("termin na odpowied", "czas na odpowied", "odpowiedz do", "termin na wniesien", "termin procesow"),
        *("deadline for", "time limit for", "reply by", "reply until", "respond by"),
        *("термін на відповідь", "строк на відповідь", "строк для відповіді", "відповідайте до", "процесуальн"),
    ),
    "pressure": (
        *("pilne", "natychmiast", "ostatnia szansa", "urgent", "immediately", "last chance", "!"),
        *("терміново", "негайно", "останній шанс", "поспіш"),
    ),
}

LINK = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|www\.|mailto:|tel:|\S@\S|[\w-]+\.[^\W\d_]{2,}|\d+\.\d+\.\d+\.\d+")


def _pattern(stem: str) -> re.Pattern[str]:
    spellings = {stem, transliterate(stem, "uk") + (" " if stem.endswith(" ") else "")}
    start = "" if stem == "!" else r"(?<!\w)"
    return re.compile(start + "(?:" + "|".join(map(re.escape, sorted(spellings))) + ")")


_PATTERNS = [(rule, stem, _pattern(stem)) for rule, stems in FORBIDDEN.items() for stem in stems]


def faults(text: str) -> Iterator[str]:
    """The name of each rule that `text` breaks, with the words that break it."""
    lowered = text.lower().replace("’", "ʼ")
    for rule, stem, pattern in _PATTERNS:
        if pattern.search(lowered):
            yield f"{rule}: {stem}"


def links(text: str) -> list[str]:
    """What in `text` a phone or mail reader could make tappable."""
    return LINK.findall(text)

import pytest

from app.rendering.sms_segments import GSM7, UCS2, count_parts, encoding_of, transliterate, units

# 3GPP TS 23.038 §6.2.1, row by row from 0x00, written out a second time; 0x1B is the escape.
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\x0c^{}\\[~]|€"


def test_the_default_alphabet_has_127_characters_and_an_escape() -> None:
    assert len(ALPHABET) == 128
    assert [char for char in ALPHABET if encoding_of(char) == UCS2] == ["\x1b"]


@pytest.mark.parametrize("char", ALPHABET.replace("\x1b", ""))
def test_a_character_of_the_default_alphabet_is_one_septet(char: str) -> None:
    assert (encoding_of(char), units(char)) == (GSM7, 1)


@pytest.mark.parametrize("char", EXTENSION)
def test_a_character_of_the_extension_table_is_two_septets(char: str) -> None:
    assert (encoding_of(char), units(char)) == (GSM7, 2)


@pytest.mark.parametrize("char", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻç„”–—’…іїєґЖ☃")
def test_one_foreign_character_makes_the_text_ucs2(char: str) -> None:
    assert encoding_of("AWIZO " + char) == UCS2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ò" * 71, 1),
        ("ó" * 71, 2),
        ("ą" * 70, 1),
        ("ą" * 71, 2),
        ("ą" * 134, 2),
        ("ą" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_parts_are_counted_as_phones_count_them(text: str, parts: int) -> None:
    assert count_parts(text) == parts


def test_an_escape_sequence_is_not_split_over_two_parts() -> None:
    assert count_parts("a" * 152 + "€" + "a" * 152) == 3
    assert count_parts("a" * 151 + "€" + "a" * 153) == 2


def test_a_surrogate_pair_is_not_split_over_two_parts() -> None:
    assert count_parts("ą" * 66 + "😀" + "ą" * 66) == 3
    assert count_parts("ą" * 65 + "😀" + "ą" * 67) == 2


@pytest.mark.parametrize(
    ("text", "gsm7"),
    [
        ("Zażółć gęślą jaźń", "Zazolc gesla jazn"),
        ("ZAŻÓŁĆ GĘŚLĄ JAŹŃ", "ZAZOLC GESLA JAZN"),
        ("z\u0307o\u0301łc\u0301", "zolc"),
        ("„Sklep” – ‘u Ani’ — taniej…", "\"Sklep\" - 'u Ani' - taniej..."),
        ("Müller & Söhne, Straße", "Müller & Söhne, Straße"),
        ("façade Český ő", "facade Cesky o"),
        ("5 € [a] {b} \\c ~d |e ^f", "5 EUR (a) (b) /c -d /e 'f"),
        ("ﬁn ½ Ⅻ ²", "fin 1/2 XII 2"),
        ("UP\r\nWarszawa\t32\x0c", "UP Warszawa 32"),
        ("U\u200bP\u202e 3\u00ad2\ud800", "UP 32"),
        ("Пошта 郵便局 1", "Poshta ? 1"),
        ("Объект", "Ob?ekt"),
        ("", "?"),
        ("\u0301", "?"),
        ("\x1b", "?"),
    ],
)
def test_text_becomes_gsm7_without_extension(text: str, gsm7: str) -> None:
    assert transliterate(text, "pl") == gsm7


@pytest.mark.parametrize(("language", "word"), [("pl", "nr 5"), ("en", "No 5")])
def test_the_numero_sign_is_a_word_of_the_language(language: str, word: str) -> None:
    assert transliterate("№ 5", language) == word

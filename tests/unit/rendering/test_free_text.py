import pytest

from app.rendering.free_text import LENGTH_MAX, plain, plain_number


@pytest.mark.parametrize(
    "text",
    [
        "UP Warszawa 32",
        "Targowa 73/75 m. 4",
        "al. Jerozolimskie 120A",
        "Sklep ABC S.A.",
        "Żabka (przy dworcu), wejście od ul. 3 Maja",
        "03-729",
        "Targowa 173 175 03-729 Warszawa",
    ],
)
def test_ordinary_names_and_addresses_stay_as_they_are(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ul.Targowa 73", "ul. Targowa 73"),
        ("pl.Wolności 1", "pl. Wolności 1"),
        ("al.3 Maja", "al. 3 Maja"),
        ("m.st.Warszawa", "m. st. Warszawa"),
        ("Punkt:Targowa", "Punkt: Targowa"),
    ],
)
def test_words_that_run_together_get_a_blank(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/pay",
        "HTTP://EVIL",
        "www.evil.example",
        "evil.com",
        "EVIL.COM",
        "Evil.Pl/doplata",
        "doplata-poczta.online",
        "t.me/poczta",
        "bit.ly/x",
        "(evil.example)",
        "jan@evil.example",
        "mailto:jan@evil.example",
        "evil。com",
        "evil．com",
        "ｅｖｉｌ.ｃｏｍ",
        "ev\u200bil.c\u00adom",
    ],
)
def test_links_are_taken_out(link: str) -> None:
    assert plain(f"UP {link} 32") == "UP 32"


@pytest.mark.parametrize(
    "phone",
    [
        "+48 600 100 200",
        "+48 (22) 100-20-30",
        "600100200",
        "600 100 200",
        "600.100.200",
        "22-100-20-30",
        "(22) 100 20 30",
    ],
)
def test_phone_numbers_are_taken_out(phone: str) -> None:
    assert plain(f"UP 32 tel {phone} Targowa 73") == "UP 32 tel Targowa 73"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("192.168.0.1", "192. 168. 0. 1"),
        ("Evil.Example", "Evil. Example"),
        ("ul.com", "ul. com"),
        (".com", ". com"),
        ("tel:123", "tel: 123"),
        ("a//b", "a/b"),
    ],
)
def test_what_could_be_read_as_a_link_is_broken_up(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("UP\r\nBcc: x", "UP Bcc: x"),
        ("UP\x00\x1b[31m 32", "UP [31m 32"),
        ("\u202eexe.UP\u202c", "exe. UP"),
        ("U\u2028P", "U P"),
        ("\ud800UP", "UP"),
        ("  UP   32  ", "UP 32"),
        ("\u200b", ""),
    ],
)
def test_nothing_invisible_stays_and_everything_is_one_line(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_long_text_is_cut_with_an_ellipsis() -> None:
    shown = plain("Urząd " * 100_000)
    assert len(shown) <= LENGTH_MAX
    assert shown.endswith("Urząd…")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("00759007734123456789", "00759007734123456789"),
        ("RR_12-3~PL", "RR_12-3~PL"),
        ("www.evil.com", "www evil com"),
        ("tel:600", "tel 600"),
        ("a@b.c/d", "a b c d"),
    ],
)
def test_a_number_keeps_its_characters_but_those_that_make_links(number: str, shown: str) -> None:
    assert plain_number(number) == shown

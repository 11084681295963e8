import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.transliteration import romanised

ALPHABET = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"


# The examples that the table of resolution 55 gives for its letters.
@pytest.mark.parametrize(
    ("ukrainian", "latin"),
    [
        ("Алушта Андрій", "Alushta Andrii"),
        ("Борщагівка Борисенко", "Borshchahivka Borysenko"),
        ("Вінниця Володимир", "Vinnytsia Volodymyr"),
        ("Гадяч Богдан Згурський", "Hadiach Bohdan Zghurskyi"),
        ("Ґалаґан Ґорґани", "Galagan Gorgany"),
        ("Донецьк Дмитро", "Donetsk Dmytro"),
        ("Рівне Олег Есмань", "Rivne Oleh Esman"),
        ("Єнакієве Гаєвич Короп’є", "Yenakiieve Haievych Koropie"),
        ("Житомир Жанна Жежелів", "Zhytomyr Zhanna Zhezheliv"),
        ("Закарпаття Казимирчук", "Zakarpattia Kazymyrchuk"),
        ("Медвин Михайленко", "Medvyn Mykhailenko"),
        ("Іванків Іващенко", "Ivankiv Ivashchenko"),
        ("Їжакевич Кадиївка Мар’їне", "Yizhakevych Kadyivka Marine"),
        ("Йосипівка Стрий Олексій", "Yosypivka Stryi Oleksii"),
        ("Київ Коваленко", "Kyiv Kovalenko"),
        ("Лебедин Леонід", "Lebedyn Leonid"),
        ("Миколаїв Маринич", "Mykolaiv Marynych"),
        ("Ніжин Наталія", "Nizhyn Nataliia"),
        ("Одеса Онищенко", "Odesa Onyshchenko"),
        ("Полтава Петро", "Poltava Petro"),
        ("Решетилівка Рибчинський", "Reshetylivka Rybchynskyi"),
        ("Суми Соломія", "Sumy Solomiia"),
        ("Тернопіль Троць", "Ternopil Trots"),
        ("Ужгород Уляна", "Uzhhorod Uliana"),
        ("Фастів Філіпчук", "Fastiv Filipchuk"),
        ("Харків Христина", "Kharkiv Khrystyna"),
        ("Біла Церква Стеценко", "Bila Tserkva Stetsenko"),
        ("Чернівці Шевченко", "Chernivtsi Shevchenko"),
        ("Шостка Кишеньки", "Shostka Kyshenky"),
        ("Щербухи Гоща Гаращенко", "Shcherbukhy Hoshcha Harashchenko"),
        ("Юрій Корюківка", "Yurii Koriukivka"),
        ("Яготин Ярошенко Костянтин Знам’янка Феодосія", "Yahotyn Yaroshenko Kostiantyn Znamianka Feodosiia"),
    ],
)
def test_the_examples_of_the_official_table(ukrainian: str, latin: str) -> None:
    assert romanised(ukrainian) == latin


@pytest.mark.parametrize(("ukrainian", "latin"), [("Згорани", "Zghorany"), ("Розгон", "Rozghon"), ("ЗГОДА", "ZGHODA")])
def test_zh_is_not_taken_for_another_letter(ukrainian: str, latin: str) -> None:
    assert romanised(ukrainian) == latin


@pytest.mark.parametrize("apostrophe", "'’ʼ")
def test_an_apostrophe_inside_a_word_goes_and_does_not_begin_one(apostrophe: str) -> None:
    assert romanised(f"під{apostrophe}їзд, З{apostrophe}ЇЗД") == "pidizd, ZIZD"


def test_what_is_not_ukrainian_stays() -> None:
    text = "O'Neill, rock'n'roll, 'UP' Łódź 郵便局 Ω"
    assert romanised(text) == text
    assert romanised("'лист'") == "'lyst'"


@pytest.mark.parametrize(
    ("ukrainian", "latin"),
    [("ЩО", "SHCHO"), ("Що", "Shcho"), ("Щ", "Shch"), ("ЮРІЙ", "YURII"), ("Я", "Ya"), ("ПОШТОМАТ-Щ", "POSHTOMAT-Shch")],
)
def test_capitals_follow_those_around_them(ukrainian: str, latin: str) -> None:
    assert romanised(ukrainian) == latin


@pytest.mark.parametrize(
    ("ukrainian", "latin"),
    [("Івано-Яна", "Ivano-Yana"), ("2Я", "2Ya"), ("(їжа)", "(yizha)"), ("Xя", "Xia"), ("йя", "yia")],
)
def test_a_word_begins_where_no_letter_stands_before(ukrainian: str, latin: str) -> None:
    assert romanised(ukrainian) == latin


def test_letters_written_in_two_parts_are_read_as_one() -> None:
    assert romanised("и\u0306од, і\u0308жак") == "yod, yizhak"


def test_letters_of_other_cyrillic_alphabets_stay() -> None:
    assert romanised("Крым, объезд") == "Krыm, obъezd"


@given(text=st.text(alphabet=ALPHABET + ALPHABET.upper() + "'’ʼ -.", max_size=60))
def test_no_ukrainian_letter_is_left_over(text: str) -> None:
    latin = romanised(text)
    assert not set(latin) & set(ALPHABET + ALPHABET.upper())
    assert romanised(latin) == latin


@given(words=st.lists(st.text(alphabet=ALPHABET, min_size=1, max_size=12), min_size=1, max_size=6))
def test_words_are_spelled_one_by_one(words: list[str]) -> None:
    assert romanised(" ".join(words)) == " ".join(romanised(word) for word in words)

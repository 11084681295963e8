import pytest

from app.api.negotiation import preferred, preferred_language

JSON, ZIP = "application/json", "application/zip"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ([], JSON),
        ([""], JSON),
        ([" , "], JSON),
        (["*/*"], JSON),
        (["application/*"], JSON),
        (["application/*;q=0.1"], JSON),
        (["application/json"], JSON),
        (["APPLICATION/JSON ; charset=utf-8"], JSON),
        (["application/zip"], ZIP),
        (["Application/Zip;Q=0.3"], ZIP),
        (["application/json, application/zip"], JSON),
        (["application/zip, application/json"], JSON),
        (["application/zip;q=0.9, application/json;q=0.8"], ZIP),
        (["application/zip;q=0.8, application/json;q=0.9"], JSON),
        (["application/json;q=0.8", "application/zip"], ZIP),
        (["application/zip, */*"], ZIP),
        (["application/zip, */*;q=0.1"], ZIP),
        (["application/zip;q=0.5, */*"], JSON),
        (["application/zip;q=0.2, application/*;q=0.1"], ZIP),
        (["text/html, application/xml;q=0.9, */*;q=0.1"], JSON),
        (["application/json;q=0, */*"], ZIP),
        (["application/json;q=0.000, application/*;q=0.5"], ZIP),
        (["*/*;q=1, application/json;q=0, application/zip;q=0"], None),
        (["application/json;q=0"], None),
        (["*/*;q=0"], None),
        (["application/pdf"], None),
        (["text/html, image/*;q=0.5"], None),
        (["*/json"], None),
        (["application/jsonp"], None),
        (["garbage"], None),
        ([";"], None),
        ([";q=1"], None),
    ],
)
def test_the_most_precise_range_weighs_a_type_and_the_heaviest_type_wins(
    accept: list[str], expected: str | None
) -> None:
    assert preferred(accept, (JSON, ZIP)) == expected


@pytest.mark.parametrize("weight", ["2", "-1", "1.1", "0.1234", "x", "", "nan", "inf", "1e0", "٣"])
def test_a_range_with_something_else_for_a_weight_accepts_nothing(weight: str) -> None:
    assert preferred([f"application/zip;q={weight}"], (JSON, ZIP)) is None
    assert preferred([f"application/zip;q={weight}, */*;q=0.1"], (JSON, ZIP)) == JSON


def test_the_first_of_equal_types_is_the_first_offered() -> None:
    assert preferred(["*/*"], (ZIP, JSON)) == ZIP


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], "pl"),
        ([""], "pl"),
        (["en"], "en"),
        (["en-GB,en;q=0.9"], "en"),
        (["EN-us"], "en"),
        (["uk, en;q=0.5, pl;q=0.4"], "en"),
        (["uk"], "pl"),
        (["de, *;q=0.5"], "pl"),
        (["pl;q=0, *"], "en"),
        (["pl;q=0"], "pl"),
        (["pl;q=0.2", "en;q=0.3"], "en"),
        (["en, pl"], "pl"),
        ([";;,,=", "en;q=x"], "pl"),
        (["x," * 5000 + "en"], "pl"),
    ],
)
def test_the_heaviest_language_that_is_offered_wins_and_polish_else(fields: list[str], expected: str) -> None:
    assert preferred_language(fields, ("pl", "en")) == expected

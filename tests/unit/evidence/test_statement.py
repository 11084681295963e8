import pytest

from app.evidence.statement import Statement, StatementError, parse_statement, statement_key_name

STATEMENT = Statement(
    notification="0198c0de-0000-7000-8000-00000000a11c",
    issued_at="2026-11-23T10:42:03.120Z",
    facts=5,
    pending=0,
    last_leaf=bytes(range(32)),
    size=73894,
)


def test_a_statement_has_seven_lines() -> None:
    assert STATEMENT.text() == (
        "awizo-statement/v1\n"
        "0198c0de-0000-7000-8000-00000000a11c\n"
        "2026-11-23T10:42:03.120Z\n"
        "5\n"
        "0\n"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        "73894\n"
    )


def test_a_statement_is_read_as_it_is_written() -> None:
    assert parse_statement(STATEMENT.text()) == STATEMENT


def test_the_key_is_named_after_the_shard() -> None:
    assert statement_key_name("awizo.example/log/2026h2") == "awizo.example/log/2026h2/statements"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("awizo-statement/v1", "awizo-statement/v2"),
        ("0198c0de", "0198C0DE"),
        (".120Z", "Z"),
        ("\n5\n", "\n05\n"),
        ("\n0\n", "\n-0\n"),
        ("0001", "00"),
        ("73894\n", "73894"),
        ("73894\n", "73894\n\n"),
        ("73894\n", ""),
    ],
)
def test_another_form_is_refused(old: str, new: str) -> None:
    assert old in STATEMENT.text()
    with pytest.raises(StatementError):
        parse_statement(STATEMENT.text().replace(old, new, 1))

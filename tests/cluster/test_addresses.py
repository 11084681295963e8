"""Addresses of databases: what cannot work stops the start with one sentence, which repeats nothing of a password."""

import pytest

from app.settings import Settings, SettingsError, load_settings

DIRECT = "postgresql+asyncpg://awizo:canary@db/awizo"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://awizo:canary@db/awizo", "must begin with sqlite+aiosqlite: or postgresql+asyncpg:."),
        (
            "postgresql+asyncpg://awizo:canary@/awizo?host=db1&host=db2:5432",
            "is not the address of a database; each of several hosts needs its port.",
        ),
        (
            "postgresql+asyncpg://awizo:canary@db/awizo?sslmode=require",
            "may have these parameters only: host, port, ssl, target_session_attrs, passfile, service, servicefile.",
        ),
        (
            "postgresql+asyncpg://awizo:canary@/awizo?host=db1:5432&host=db2:5432&target_session_attrs=standby",
            "must ask for a server that takes writes: target_session_attrs=read-write or primary.",
        ),
    ],
)
@pytest.mark.parametrize("name", ["AWIZO_DATABASE_URL", "AWIZO_DATABASE_DIRECT_URL"])
def test_an_address_that_cannot_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str, sentence: str
) -> None:
    monkeypatch.setenv("AWIZO_DATABASE_URL", DIRECT)
    monkeypatch.setenv(name, address)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value) == f"{name} {sentence}"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+asyncpg://awizo@/awizo?host=db1:5432&host=db2:5432",
        "postgresql+asyncpg://awizo@/awizo?host=db1,db2&port=5432,5432&target_session_attrs=primary",
        "postgresql+asyncpg://awizo@db/awizo?ssl=verify-full&passfile=/run/secrets/pgpass",
        "postgresql+asyncpg://awizo@/awizo?host=/var/run/postgresql",
    ],
)
def test_an_address_of_one_host_or_of_several_is_taken(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("AWIZO_DATABASE_URL", address)
    assert load_settings().database_url.get_secret_value() == address


def test_a_pooler_is_of_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWIZO_DATABASE_DIRECT_URL", DIRECT)
    with pytest.raises(SettingsError, match="AWIZO_DATABASE_DIRECT_URL is for PostgreSQL behind a pooler only"):
        load_settings()


def test_an_empty_direct_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWIZO_DATABASE_DIRECT_URL", "")
    assert load_settings().database_direct_url is None


def test_both_addresses_are_secrets() -> None:
    settings = Settings(_env_file=None, database_url=DIRECT, database_direct_url=DIRECT)
    assert "canary" not in repr(settings)

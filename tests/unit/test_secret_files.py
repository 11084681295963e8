"""Settings that are files of a directory, as containers are given their secrets."""

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, load_settings

URL = "postgresql+asyncpg://awizo:canary@db/awizo"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    directory = tmp_path / "secrets"
    directory.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWIZO_SECRETS_DIR", str(directory))
    monkeypatch.delenv("AWIZO_DATABASE_URL", raising=False)
    return directory


def database_url(settings: Settings) -> str:
    return settings.database_url.get_secret_value()


def test_a_file_of_the_directory_is_the_setting_of_its_name(secrets: Path) -> None:
    (secrets / "awizo_database_url").write_text(f"{URL}\n")
    assert database_url(load_settings()) == URL


def test_a_file_comes_before_a_variable_which_an_image_may_have_of_its_own(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "awizo_database_url").write_text(URL)
    monkeypatch.setenv("AWIZO_DATABASE_URL", "sqlite+aiosqlite:///here.db")
    assert database_url(load_settings()) == URL


def test_what_has_no_file_is_a_variable(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWIZO_DATABASE_URL", "sqlite+aiosqlite:///here.db")
    assert database_url(load_settings()) == "sqlite+aiosqlite:///here.db"


def test_a_wrong_file_stops_the_start_without_repeating_it(secrets: Path) -> None:
    (secrets / "awizo_database_url").write_text("mysql://awizo:canary@db/awizo")
    with pytest.raises(SettingsError, match=r"^AWIZO_DATABASE_URL must begin with") as refused:
        load_settings()
    assert "canary" not in str(refused.value)


def test_a_file_that_cannot_be_read_stops_the_start(secrets: Path) -> None:
    (secrets / "awizo_smtp_url").write_bytes(b"smtp://canary:\xff@relay")
    with pytest.raises(SettingsError, match=r"^AWIZO_SECRETS_DIR holds a file that cannot be read\.$"):
        load_settings()


def test_a_directory_that_is_not_there_stops_the_start(secrets: Path) -> None:
    secrets.rmdir()
    with pytest.raises(SettingsError, match=r"^AWIZO_SECRETS_DIR cannot be read\.$"):
        load_settings()


def test_without_a_directory_the_defaults_hold(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWIZO_SECRETS_DIR", "")
    assert database_url(load_settings()) == "sqlite+aiosqlite:///./var/awizo.db"

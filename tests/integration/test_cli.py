"""The `awizo` command: exit codes, one sentence for each failure, and what stands on stdout."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from app.domain.access import parse_token
from tests.integration.api.service import bearer, open_service
from tests.integration.command import Awizo
from tests.integration.proving import prove_one

ROOT = Path(__file__).parents[2]
EXIT_REFUSED, EXIT_USAGE, EXIT_UNVOUCHED = 1, 2, 3


# awizo itself


def test_help_lists_the_commands_and_needs_no_settings() -> None:
    command = [Path(sys.executable).parent / "awizo", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env={"AWIZO_POOL_SIZE": "nonsense"})
    for name in ("serve", "migrate", "keys", "verify", "log", "openapi", "sandbox", "run", "demo"):
        assert f" {name} " in ended.stdout
    assert ended.stderr == ""


def test_an_unknown_command_or_option_is_a_usage_error(awizo: Awizo) -> None:
    for arguments in (["nonsense"], ["keys", "create"], ["serve", "--port", "99999"], ["serve", "--role", "queen"]):
        assert awizo(*arguments).code == EXIT_USAGE


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"database_url": "mysql://user:canary@host/db"}, "AWIZO_DATABASE_URL"),
        ({"database_url": "postgresql+asyncpg://user:canary@host:canary/db"}, "AWIZO_DATABASE_URL"),
        ({"database_url": ""}, "AWIZO_DATABASE_URL"),
        ({"pool_size": "0"}, "AWIZO_POOL_SIZE"),
        ({"pool_size": "canary"}, "AWIZO_POOL_SIZE"),
        ({"log_level": "canary"}, "AWIZO_LOG_LEVEL"),
        ({"public_url": "canary"}, "AWIZO_PUBLIC_URL"),
        ({"public_url": "https://awizo.test/?canary"}, "AWIZO_PUBLIC_URL"),
        ({"public_url": "https://user:canary@awizo.test"}, "AWIZO_PUBLIC_URL"),
        ({"public_url": "https://awizo.test:80canary"}, "AWIZO_PUBLIC_URL"),
        ({"twilio_base_url": "https://user:canary@twilio.test"}, "AWIZO_TWILIO_BASE_URL"),
        ({"sms_providers": "canary"}, "AWIZO_SMS_PROVIDERS"),
        ({"email_providers": "canary"}, "AWIZO_EMAIL_PROVIDERS"),
        ({"smsapi_token": "can\nary"}, "AWIZO_SMSAPI_TOKEN"),
        ({"twilio_auth_token": "can ary"}, "AWIZO_TWILIO_AUTH_TOKEN"),
        ({"twilio_account_sid": "AC1/../canary"}, "AWIZO_TWILIO_ACCOUNT_SID"),
        ({"twilio_from": "can\rary"}, "AWIZO_TWILIO_FROM"),
        ({"sms_providers": "twilio"}, "AWIZO_TWILIO_ACCOUNT_SID"),
        ({"sms_providers": "twilio", "twilio_account_sid": "AC0"}, "AWIZO_TWILIO_AUTH_TOKEN"),
        ({"email_providers": "smtp", "smtp_url": "smtp://u:canary@h"}, "AWIZO_EMAIL_FROM"),
        ({"operator_verified": "canary"}, "AWIZO_OPERATOR_VERIFIED"),
    ],
)
def test_a_bad_setting_is_one_sentence_that_names_it_and_never_its_value(
    awizo: Awizo, settings: dict[str, str], named: str
) -> None:
    ended = awizo("keys", "list", **settings)
    assert ended.code == EXIT_REFUSED
    assert ended.sentence.startswith(f"{named} ")
    assert ended.sentence.endswith(".")
    assert "canary" not in ended.sentence


def test_a_database_that_cannot_be_reached_is_one_sentence_and_shows_no_password(awizo: Awizo) -> None:
    url = "postgresql+asyncpg://user:canary@127.0.0.1:1/db"
    for arguments in (["keys", "list"], ["migrate"], ["log", "check"], ["serve", "--port", "0"]):
        ended = awizo(*arguments, database_url=url)
        assert ended.code == EXIT_REFUSED
        assert ended.sentence == "The database cannot be reached; check AWIZO_DATABASE_URL."


def test_a_data_directory_that_cannot_be_used_is_named(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = awizo("keys", "list", data_dir=str(tmp_path / "file" / "data"))
    assert ended.code == EXIT_REFUSED
    assert "/file/data" in ended.sentence


def test_sqlite_serves_in_one_process_only(awizo: Awizo) -> None:
    for role in ("api", "worker"):
        ended = awizo("serve", "--role", role, "--port", "0")
        assert (ended.code, ended.sentence) == (
            EXIT_REFUSED,
            f"--role {role} needs PostgreSQL: SQLite serves one process.",
        )


# migrate and keys


def test_migrate_brings_an_empty_database_to_the_schema_and_may_be_repeated(awizo: Awizo, postgres_url: str) -> None:
    before = awizo("keys", "list", database_url=postgres_url)
    assert (before.code, before.sentence) == (
        EXIT_REFUSED,
        "The database has another schema than this version needs; run `awizo migrate`.",
    )
    first, again = (awizo("migrate", database_url=postgres_url) for _ in range(2))
    assert (first.code, again.code) == (0, 0)
    assert first.out == again.out
    assert awizo("keys", "list", database_url=postgres_url).code == 0


def test_the_token_stands_alone_on_stdout_and_opens_the_service(
    awizo: Awizo, database_url: str, tmp_path: Path
) -> None:
    ended = awizo(
        *("keys", "create", "--name", "sorting", "--operator", "poczta-polska", "--operator", "inpost"),
        *("--scope", "shipments:read", "--scope", "proofs:read", "--expires", "2099-12-31"),
        database_url=database_url,
        data_dir=str(tmp_path),
    )
    assert (ended.code, ended.err) == (0, "")
    (token,) = ended.out.splitlines()
    assert parse_token(token) is not None

    async def statuses() -> list[int]:
        async with open_service(database_url, tmp_path) as service:
            calls = ("/v1/notifications", "/v1/notifications?operator=inpost", "/v1/notifications?operator=dpd")
            return [(await service.client.get(call, headers=bearer(token))).status_code for call in calls]

    assert asyncio.run(statuses()) == [200, 200, 403]


def test_keys_are_listed_without_secrets_and_end_when_revoked(awizo: Awizo, database_url: str) -> None:
    settings = {"database_url": database_url}
    tokens = [
        awizo("keys", "create", "--name", name, "--scope", "admin", **settings).out.strip() for name in ("one", "two")
    ]
    listed = awizo("keys", "list", **settings).out
    rows = json.loads(awizo("keys", "list", "--json", **settings).out)
    assert [row["name"] for row in rows] == ["one", "two"]
    assert [row["operators"] for row in rows] == [None, None]
    assert [token.split("_")[1] for token in tokens] == [row["id"] for row in rows]
    assert not any(token.split("_", 2)[2] in listed for token in tokens)
    assert awizo("keys", "revoke", rows[0]["id"], **settings).code == 0
    again = awizo("keys", "revoke", rows[0]["id"], **settings)
    assert (again.code, again.sentence) == (EXIT_REFUSED, "There is no live key with that id.")
    after = json.loads(awizo("keys", "list", "--json", **settings).out)
    assert [row["revoked_at"] is None for row in after] == [False, True]


def test_a_key_works_until_the_end_of_its_last_day(awizo: Awizo, database_url: str) -> None:
    today = datetime.now(UTC).date()
    create = ("keys", "create", "--name", "x", "--scope", "admin", "--expires")
    assert awizo(*create, today.isoformat(), database_url=database_url).code == 0
    (row,) = json.loads(awizo("keys", "list", "--json", database_url=database_url).out)
    assert row["expires_at"].startswith(f"{today}T23:59:59.999")
    for day in ((today - timedelta(days=1)).isoformat(), "tomorrow", "2027-02-30"):
        ended = awizo(*create, day, database_url=database_url)
        assert (ended.code, ended.sentence.startswith("--expires ")) == (EXIT_USAGE, True)


def test_a_key_that_would_be_too_wide_or_wrong_is_not_made(awizo: Awizo, database_url: str) -> None:
    for arguments in (
        ["--scope", "events:write"],
        ["--scope", "everything", "--operator", "inpost"],
        ["--scope", "events:write", "--operator", "a b"],
        ["--scope", "events:write", "--operator", ""],
    ):
        ended = awizo("keys", "create", "--name", "x", *arguments, database_url=database_url)
        assert (ended.code, ended.sentence.endswith(".")) == (EXIT_USAGE, True)
    assert json.loads(awizo("keys", "list", "--json", database_url=database_url).out) == []


# log check


@pytest.fixture
def sealed(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The settings of a deployment whose log has something in it."""
    asyncio.run(prove_one(database_url, tmp_path / "data"))
    return {"database_url": database_url, "data_dir": str(tmp_path / "data"), "public_url": "https://awizo.test"}


def as_superuser(database_url: str, *statements: str) -> None:
    """Change the database behind the service's back."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(url.database or "")) as connection:
            connection.executescript(";".join(statements))
        return

    async def execute() -> None:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())


def triggers_off(database_url: str, table: str) -> str:
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(make_url(database_url).database or "")
        found = connection.execute("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name=?", [table])
        dropped = ";".join(f"DROP TRIGGER {name}" for (name,) in found)
        connection.close()
        assert dropped
        return dropped
    return f"ALTER TABLE {table} DISABLE TRIGGER ALL"


def test_a_sound_log_is_said_to_agree(awizo: Awizo, sealed: dict[str, str]) -> None:
    ended = awizo("log", "check", **sealed)
    assert (ended.code, ended.err) == (0, "")
    assert "signed checkpoints agree." in ended.out


@pytest.mark.parametrize("table", ["leaves", "checkpoints"])
def test_the_database_itself_refuses_to_change_what_was_sealed(sealed: dict[str, str], table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET shard = 'x'"):
        with pytest.raises((sqlite3.IntegrityError, asyncpg.PostgresError)):
            as_superuser(sealed["database_url"], statement)


@pytest.mark.parametrize(
    ("table", "statement", "said"),
    [
        ("leaves", "UPDATE leaves SET commitment = salt FROM facts WHERE leaf_index = 2", "entry 2"),
        ("leaves", "DELETE FROM leaves WHERE leaf_index = 3", "missing"),
        ("checkpoints", "DELETE FROM leaves WHERE leaf_index >= 4", "missing"),
        ("checkpoints", "UPDATE checkpoints SET root = (SELECT commitment FROM leaves WHERE leaf_index = 1)", "root"),
        (None, "UPDATE facts SET salt = document WHERE type = 'attempt.accepted'", "changed"),
        (None, "DELETE FROM facts WHERE type = 'attempt.accepted'", "missing"),
        (None, "UPDATE facts SET document = salt WHERE type = 'attempt.accepted'", "changed"),
        (None, "DELETE FROM tree_heads", "holds no log"),
    ],
)  # fmt: skip
def test_whatever_a_superuser_changes_is_found_and_its_place_named(
    awizo: Awizo, sealed: dict[str, str], table: str | None, statement: str, said: str
) -> None:
    url = sealed["database_url"]
    off = [triggers_off(url, each) for each in ("leaves", "checkpoints")] if table else []
    as_superuser(url, *off, statement)
    ended = awizo("log", "check", **sealed)
    assert ended.code == EXIT_REFUSED
    assert said in ended.sentence


def test_a_database_without_the_log_that_was_signed_is_a_difference(
    awizo: Awizo, sealed: dict[str, str], migrated_sqlite: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.db"
    empty.write_bytes(migrated_sqlite.read_bytes())
    ended = awizo("log", "check", **sealed | {"database_url": f"sqlite+aiosqlite:///{empty}"})
    assert (ended.code, ended.sentence) == (
        EXIT_REFUSED,
        "The database holds no log, but a checkpoint was signed before.",
    )


def test_a_new_deployment_has_no_log_yet(awizo: Awizo) -> None:
    assert awizo("migrate").code == 0  # makes the keys
    ended = awizo("log", "check")
    assert (ended.code, ended.out) == (0, "The log has not been opened yet.\n")


def test_a_log_is_not_checked_under_keys_made_for_the_occasion(awizo: Awizo) -> None:
    ended = awizo("log", "check")
    assert ended.code == EXIT_USAGE
    assert "check AWIZO_DATA_DIR" in ended.sentence


# openapi


def test_openapi_prints_the_file_that_is_in_the_repository(awizo: Awizo) -> None:
    ended = awizo("openapi")
    assert ended.code == 0
    assert ended.out == (ROOT / "openapi.yaml").read_text("utf-8")

"""Settings become SMS providers, or one sentence that names the setting."""

from pathlib import Path
from typing import Any

import pytest

from app.ports import ReceiptParser
from app.settings import Settings, SettingsError
from app.storage.vault import Vault
from app.wiring import providers_of, receipt_parsers
from tests.contract.gateway_file import example

SECRET = "canary-7421"


def settings(tmp_path: Path, providers: str, **changes: Any) -> Settings:
    path = tmp_path / "gateway.toml"
    if not path.exists():
        path.write_text(example(), encoding="utf-8")
    given = {
        "sms_providers": providers,
        "twilio_account_sid": "AC0",
        "twilio_auth_token": SECRET,
        "twilio_from": "Awizo",
        "smsapi_token": SECRET,
        "smsapi_from": "Awizo",
        "gateway_file": path,
    }
    return Settings(_env_file=None, **(given | changes))


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_GATEWAY_TOKEN", SECRET)


async def built(given: Settings) -> list[tuple[str, int, bool, bool, bool]]:
    """Name, weight, and what each provider can be asked or told."""
    providers = providers_of(given, Vault(bytes(32)))
    for provider in providers:
        assert SECRET not in repr(provider)
        await provider.transport.close()
    return [
        (p.transport.name, p.weight, p.transport.looks_up, p.transport.reports, p.transport.has_keys) for p in providers
    ]


async def test_each_provider_comes_with_its_weight_and_what_it_can(tmp_path: Path) -> None:
    assert await built(settings(tmp_path, "twilio=70,smsapi=30,gateway=0")) == [
        ("twilio", 70, True, True, False),
        ("smsapi", 30, False, True, True),
        ("gateway", 0, False, True, True),
    ]


async def test_nobody_is_built_where_nobody_is_named(tmp_path: Path) -> None:
    assert await built(settings(tmp_path, "")) == []


def parsers(given: Settings) -> dict[str, ReceiptParser]:
    return receipt_parsers(given)


def test_each_provider_that_reports_has_a_parser(tmp_path: Path) -> None:
    found = parsers(settings(tmp_path, "twilio,smsapi,gateway"))
    assert sorted(found) == ["gateway", "smsapi", "twilio"]
    assert SECRET not in repr(found)


def test_a_gateway_that_does_not_report_has_none(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(example().partition("[callback]")[0], encoding="utf-8")
    assert parsers(settings(tmp_path, "smsapi,gateway")).keys() == {"smsapi"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "AWIZO_GATEWAY_FILE is no TOML: Invalid initial character for a key part (at end of document)."),
        ("", "AWIZO_GATEWAY_FILE has a wrong entry: request Field required."),
    ],
)
def test_a_bad_gateway_file_stops_the_start_with_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "gateway.toml").write_text(text, encoding="utf-8")
    for build in (lambda given: providers_of(given, Vault(bytes(32))), receipt_parsers):
        with pytest.raises(SettingsError) as refused:
            build(settings(tmp_path, "gateway"))
        assert str(refused.value) == sentence


def test_a_secret_that_is_missing_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMS_GATEWAY_TOKEN")
    with pytest.raises(
        SettingsError, match=r"^AWIZO_GATEWAY_FILE has a wrong entry: request\.auth\.variable names nothing"
    ):
        providers_of(settings(tmp_path, "gateway"), Vault(bytes(32)))


@pytest.mark.parametrize(
    ("providers", "missing", "setting"),
    [
        ("smsapi", {"smsapi_token": ""}, "AWIZO_SMSAPI_TOKEN"),
        ("smsapi", {"smsapi_from": ""}, "AWIZO_SMSAPI_FROM"),
        ("twilio,gateway", {"gateway_file": None}, "AWIZO_GATEWAY_FILE"),
    ],
)
def test_what_a_named_provider_needs_is_asked_for(
    tmp_path: Path, providers: str, missing: dict[str, Any], setting: str
) -> None:
    with pytest.raises(ValueError, match=f"{setting} is missing"):
        settings(tmp_path, providers, **missing)

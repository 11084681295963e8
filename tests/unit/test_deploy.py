"""What deploy/ promises: hardened containers, secrets as files, and figures that the service really gives out."""

import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from prometheus_client import Metric
from typer.main import get_command

from app.api.metrics import Metrics
from app.cli import app as cli
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ALERTS: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboards" / "awizo.json").read_text())
OURS = ["migrate", "api", "worker"]
# A file that a container is given by its path on the host.
BOUND = re.compile(r"^\./([^:]+):[^:]+:ro$")


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in ALERTS)
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))


def exported() -> dict[str, set[str]]:
    """Every series that /metrics can hold, with its labels."""
    return {name: labels for metric in Metrics().registry.collect() for name, labels in _series(metric)}


def _series(metric: Metric) -> Iterator[tuple[str, set[str]]]:
    labels = set(Metrics().registry._names_to_collectors[metric.name]._labelnames)  # type: ignore[attr-defined]
    match metric.type:
        case "counter":
            yield f"{metric.name}_total", labels
        case "histogram":
            yield f"{metric.name}_bucket", labels | {"le"}
            yield f"{metric.name}_sum", labels
            yield f"{metric.name}_count", labels
        case _:
            yield metric.name, labels


def test_alerts_and_dashboard_name_only_what_the_service_exports() -> None:
    named = {name for expression in expressions() for name in re.findall(r"\bawizo_\w+", expression)}
    assert len(named) > 10
    assert named - exported().keys() == set()


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_alerts_and_dashboard_choose_by_labels_that_the_figures_have(expression: str) -> None:
    names = re.findall(r"\bawizo_\w+", expression)
    known = set().union(*(exported()[name] for name in names)) if names else {"job"}
    chosen = set(re.findall(r"(\w+)\s*=~?\s*\"", expression))
    grouped = {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", expression) for label in labels.split(",")}
    assert chosen | grouped <= known


def test_every_alert_is_explained_and_nothing_else_is() -> None:
    text = (ROOT / "docs" / "alerts.md").read_text()
    explained = re.findall(r"^\| `(Awizo\w+)` \|", text, flags=re.MULTILINE)
    assert sorted(explained) == sorted(rule["alert"] for rule in ALERTS)


@pytest.mark.parametrize("page", ["docs/alerts.md", "docs/backup.md", "deploy/README.md"])
def test_every_command_that_a_page_names_is_one_of_ours(page: str) -> None:
    fence = re.compile(r"^```sh\n.*?^```$", flags=re.MULTILINE | re.DOTALL)
    text = (ROOT / page).read_text()
    code = [*fence.findall(text), *re.findall(r"`[^`]+`", fence.sub("", text))]
    named = re.findall(r"\bawizo ((?:[a-z-]+ ?)+)", "\n".join(code))
    known = set(_commands(get_command(cli)))
    assert named
    for words in (each.split() for each in named):
        assert {" ".join(words[:1]), " ".join(words[:2])} & known, words


def _commands(command: Any, prefix: str = "") -> Iterator[str]:
    context = typer.Context(command)
    for name in getattr(command, "commands", {}):
        inner = command.get_command(context, name)
        deeper = list(_commands(inner, f"{prefix}{name} "))
        yield from deeper or [f"{prefix}{name}"]
        yield f"{prefix}{name}"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_is_without_root_capabilities_and_a_writable_root(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].partition(":")[0] not in {"", "0", "root"}
    assert not service.get("privileged")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    image = SERVICES[name]["image"].removeprefix("${AWIZO_IMAGE:-").removesuffix("}")
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-bookworm)?", image)


def test_the_image_of_the_service_bears_the_version_of_the_project() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert version is not None
    assert f"awizo:{version[1]}" in SERVICES["api"]["image"]
    assert f'image.version="{version[1]}"' in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_has_a_health_check_or_does_without_on_purpose(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check == {"disable": True} if name in {"migrate", "worker"} else check["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_is_reachable_from_other_machines(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_the_database_and_the_figures_have_no_way_out() -> None:
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert SERVICES["db"]["networks"] == SERVICES["prometheus"]["networks"] == ["data"]


def test_no_password_stands_in_an_environment_or_an_argument() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET(?!S_DIR)", name):
                assert name.endswith("_FILE"), name
                assert value.removeprefix("/run/secrets/") in service["secrets"]
        assert not re.search(r"password|secret", str(service.get("command", "")), flags=re.IGNORECASE)


def test_secrets_are_files_that_git_does_not_keep() -> None:
    assert {Path(each["file"]).parent.name for each in COMPOSE["secrets"].values()} == {"secrets"}
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"deploy/secrets/", "deploy/awizo.env"} <= set(ignored)


def test_every_secret_of_the_service_is_a_setting() -> None:
    given = set(SERVICES["api"]["secrets"])
    assert given <= {f"awizo_{name}" for name in Settings.model_fields}
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert {f"awizo_{name}" for name in secret} - given == {"awizo_database_direct_url"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_container_refers_to_is_there(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    assert set(service.get("depends_on", [])) <= SERVICES.keys()
    for volume in service.get("volumes", []):
        bound = BOUND.match(volume)
        if bound is None:
            assert volume.partition(":")[0] in COMPOSE["volumes"]
        else:
            assert bound[1] == "witness-policy" or (DEPLOY / bound[1]).exists(), volume


@pytest.mark.parametrize("name", OURS)
def test_mark_and_data_are_volumes_of_their_own_where_the_image_expects_them(name: str) -> None:
    image = (ROOT / "Dockerfile").read_text()
    for volume, path in (each.split(":") for each in SERVICES[name]["volumes"]):
        assert re.search(rf"^VOLUME.* {re.escape(path)}(?: |$)", image, flags=re.MULTILINE), volume


@pytest.mark.parametrize("name", ["api", "worker"])
def test_nothing_starts_before_the_schema_is_there(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES[name]["stop_grace_period"] == "60s"


def test_several_replicas_of_the_api_find_a_port_each() -> None:
    (port,) = SERVICES["api"]["ports"]
    first, last = map(int, port.split(":")[1].split("-"))
    assert last - first + 1 >= SERVICES["api"]["deploy"]["replicas"] > 1


def test_the_example_of_settings_names_settings() -> None:
    names = re.findall(r"^#?(AWIZO_\w+)=", (DEPLOY / "awizo.env.example").read_text(), flags=re.MULTILINE)
    assert names
    assert set(names) <= {f"AWIZO_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    script = tmp_path / "make-secrets.sh"
    script.write_bytes((DEPLOY / "make-secrets.sh").read_bytes())
    subprocess.run(["sh", str(script)], cwd="/", check=True)
    return tmp_path / "secrets"


def test_the_script_makes_every_secret_and_none_of_them_twice(secrets: Path) -> None:
    assert {each.name for each in secrets.iterdir()} == COMPOSE["secrets"].keys()
    made = ("postgres_password", "awizo_password", "grafana_password")
    passwords = {(secrets / each).read_text() for each in made}
    assert len(passwords) == len(made)
    assert all(re.fullmatch(r"[0-9a-f]{64}", password) for password in passwords)


def test_the_service_is_given_the_password_that_the_database_gets(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = (secrets / "awizo_password").read_text()
    assert (secrets / "awizo_database_url").read_text() == f"postgresql+asyncpg://awizo:{password}@db/awizo"
    Settings(_env_file=None, _secrets_dir=secrets)


def test_only_its_owner_finds_the_secrets_and_every_container_can_read_its_own(secrets: Path) -> None:
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in secrets.iterdir()} == {0o444}


def test_the_script_changes_nothing_that_is_there(secrets: Path) -> None:
    (secrets / "awizo_smtp_url").chmod(0o600)
    (secrets / "awizo_smtp_url").write_text("smtps://relay")
    before = {each.name: each.read_text() for each in secrets.iterdir()}
    subprocess.run(["sh", str(secrets.parent / "make-secrets.sh")], env=os.environ, check=True)
    assert {each.name: each.read_text() for each in secrets.iterdir()} == before

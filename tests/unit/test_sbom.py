"""The bill of materials, as `make sbom` writes it."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]


def written(target: Path) -> bytes:
    command = [sys.executable, "scripts/make_sbom.py", str(target)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"SOURCE_DATE_EPOCH": "1790000000"}, check=True)
    return target.read_bytes()


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("sbom") / "dist" / "sbom.cdx.json").decode()


@pytest.fixture
def bom(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def entries() -> list[str]:
    """Every pinned package of the running service, with its version, hashes and comments."""
    return re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements" / "runtime.txt").read_text())[1:]


def test_it_is_valid_by_the_published_schema(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_schema_refuses_a_member_that_it_does_not_know(bom: dict[str, Any]) -> None:
    bom["components"][0]["colour"] = "red"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bom)) is not None


def test_every_pinned_package_is_in_it_with_its_version_and_nothing_else(bom: dict[str, Any]) -> None:
    pinned = [re.split(r"[ \\]", entry)[0].partition("==") for entry in entries()]
    expected = {f"pkg:pypi/{name.partition('[')[0].replace('_', '-')}@{version}" for name, _, version in pinned}
    assert len(expected) > 50
    assert {component["purl"] for component in bom["components"]} == expected


def test_each_package_has_the_very_hashes_that_installation_demands(bom: dict[str, Any]) -> None:
    stated = {each["name"]: sorted(digest["content"] for digest in each["hashes"]) for each in bom["components"]}
    demanded = {re.split(r"[\[=]", entry)[0]: sorted(re.findall(r"--hash=sha256:(\w+)", entry)) for entry in entries()}
    assert stated == demanded


def test_the_service_needs_what_it_declares(bom: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[<>=]", need)[0] for need in project["dependencies"]}
    needed = {each["ref"]: each.get("dependsOn", []) for each in bom["dependencies"]}
    assert {ref.removeprefix("pkg:pypi/").partition("@")[0] for ref in needed["awizo"]} == declared


def test_every_package_is_needed_by_somebody(bom: dict[str, Any]) -> None:
    needed = {ref for each in bom["dependencies"] for ref in each.get("dependsOn", [])}
    assert {component["bom-ref"] for component in bom["components"]} == needed


def test_a_package_for_one_system_only_says_so(bom: dict[str, Any]) -> None:
    (colorama,) = [each for each in bom["components"] if each["name"] == "colorama"]
    assert colorama["properties"] == [{"name": "awizo:installed-where", "value": "sys_platform == 'win32'"}]


def test_the_same_tree_gives_the_same_bytes(text: str, tmp_path: Path) -> None:
    assert written(tmp_path / "again.json").decode() == text

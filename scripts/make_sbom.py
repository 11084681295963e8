"""Writes the bill of materials: `make sbom`, or python scripts/make_sbom.py FILE.

CycloneDX 1.6 in JSON (ECMA-424): every package that requirements/runtime.txt pins, with the hashes that installation
demands and what needs it. It is made from the files of this tree alone. SOURCE_DATE_EPOCH (seconds), if set, is the
time it bears; the same tree then gives the same bytes.
"""  # noqa: INP001 – a script, run by its path

import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+))?", re.MULTILINE
)
SHA256 = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NEEDED_BY = re.compile(r"^ +#(?: via)? +([a-z0-9._-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package of a requirements file. `marker` says where it is installed, empty: everywhere."""

    name: str
    version: str
    marker: str
    sha256: tuple[str, ...]
    needed_by: tuple[str, ...]


def read_pins(text: str) -> Iterator[Pin]:
    """The packages that `uv pip compile --generate-hashes` wrote down."""
    starts = list(ENTRY.finditer(text))
    ends = [*(start.start() for start in starts[1:]), len(text)]
    for start, end in zip(starts, ends, strict=True):
        block = text[start.start() : end]
        yield Pin(
            name=start["name"],
            version=start["version"],
            marker=(start["marker"] or "").strip(),
            sha256=tuple(SHA256.findall(block)),
            needed_by=tuple(NEEDED_BY.findall(block)),
        )


def describe(project: dict[str, str], pins: list[Pin]) -> Bom:
    """The project, its packages, and which of them needs which."""
    root = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref=project["name"],
        description=project["description"],
        licenses=[LicenseExpression(project["license"])],
    )
    known = {root.name: root} | {pin.name: _component(pin) for pin in pins}
    bom = Bom(components=[known[pin.name] for pin in pins])
    bom.metadata.component = root
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    bom.metadata.timestamp = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    bom.serial_number = uuid5(NAMESPACE_URL, repr((project["version"], pins)))
    for each in known.values():
        bom.register_dependency(each, [known[pin.name] for pin in pins if each.name in pin.needed_by])
    return bom


def _component(pin: Pin) -> Component:
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=pin.name,
        version=pin.version,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.sha256],
        properties=[Property(name="awizo:installed-where", value=pin.marker)] if pin.marker else [],
    )


def main(target: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = list(read_pins((ROOT / "requirements" / "runtime.txt").read_text()))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(JsonV1Dot6(describe(project, pins)).output_as_string(indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
